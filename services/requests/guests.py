"""Who comes to a meeting, and to which meetings somebody comes: the questions asked of the sign-ups."""

from collections.abc import Sequence
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Identity
from chassis.identity import NotAllowed
from chassis.paging import PageAsked
from contracts.meetings import Standing
from contracts.vocabulary import Kind, Role, Status
from services.requests import listings, sign_up_rules, sign_ups
from services.requests.sign_up_views import GuestsView, GuestView, MeetingView
from services.requests.tables import Listing, SignUp


async def meeting_views(session: AsyncSession, found: Sequence[Listing], now: datetime) -> list[MeetingView]:
    """Meetings, as everybody reads them."""
    names = await listings.names_of(session, {one.organisation_id for one in found})
    counts = await _counts(session, [one.offer_id for one in found])
    return [
        MeetingView.of_meeting(
            one,
            names.get(one.organisation_id),
            is_open=one.status == Status.OPEN
            and one.expires_at > now
            and not sign_up_rules.is_over(listings.as_meeting(one), now),
            is_called_off=one.status == Status.WITHDRAWN and not sign_up_rules.has_been(listings.as_meeting(one), now),
            counts=None if one.node else counts.get(one.offer_id, (0, 0)),
        )
        for one in found
    ]


async def _counts(session: AsyncSession, offer_ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """How many have a place and how many wait, by meeting."""
    has = {standing: sa.func.count().filter(col(SignUp.standing) == standing.value) for standing in Standing}
    query = select(SignUp.offer_id, has[Standing.PLACE], has[Standing.WAITING])
    query = query.where(col(SignUp.offer_id).in_(offer_ids)).group_by(col(SignUp.offer_id))
    return {offer_id: (taken, waiting) for offer_id, taken, waiting in await session.exec(query)}


async def guests_of(session: AsyncSession, listing: Listing, who: Identity) -> GuestsView:
    """Who comes, for the organiser and the node's team; raises `NotAllowed` for anybody else."""
    is_organiser = listing.node is None and listing.member_id in who.references
    if not is_organiser and not who.has(Role.NODE_TEAM):
        raise NotAllowed
    rows = await sign_ups.line(session, listing.offer_id)
    guests = tuple(GuestView(standing=Standing(row.standing), name=row.name) for row in rows)
    standings = [guest.standing for guest in guests]
    return GuestsView(
        is_mine=is_organiser,
        places=listing.participants,
        places_taken=standings.count(Standing.PLACE),
        waiting=standings.count(Standing.WAITING),
        guests=guests,
    )


async def sign_up_of(session: AsyncSession, offer_id: str, who: Identity) -> SignUp | None:
    """The caller's own sign-up for a meeting, if they ever signed up."""
    return next(iter(await sign_ups.of_person(session, offer_id, who.references, locked=False)), None)


async def own_sign_ups(
    session: AsyncSession, who: Identity, paging: PageAsked, *, to_come_from: date | None = None
) -> Sequence[tuple[SignUp, Listing]]:
    """All that the caller signed up for and is still known, what they asked first last; one more than a page.

    From a day on: what is to come and they did not cancel, in the order of the days.
    """
    query = select(SignUp, Listing).join(Listing, col(Listing.offer_id) == col(SignUp.offer_id))
    query = query.where(col(SignUp.member_id).in_(who.references), Listing.kind == Kind.MEETING)
    if to_come_from:
        query = query.where(col(SignUp.standing).in_([one.value for one in sign_up_rules.WANTED]))
        query = listings.to_come(query, paging, to_come_from)
    else:
        if paging.cursor:
            query = query.where(SignUp.sign_up_id < paging.cursor)
        query = query.order_by(col(SignUp.sign_up_id).desc())
    return (await session.exec(query.limit(paging.limit + 1))).all()
