"""Who comes to a meeting, and to which meetings somebody comes: the questions asked of the sign-ups."""

from collections.abc import Sequence

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Identity
from chassis.identity import NotAllowed
from chassis.paging import PageAsked
from contracts.requests import Standing
from contracts.vocabulary import Role
from services.requests import sign_ups
from services.requests.sign_up_views import GuestsView, GuestView
from services.requests.tables import Listing, SignUp


async def counts_of(session: AsyncSession, listing: Listing) -> tuple[int, int] | None:
    """How many have a place and how many wait; none of a meeting of another node."""
    if listing.node is not None:
        return None
    standings = [row.standing for row in await sign_ups.line(session, listing.offer_id)]
    return standings.count(Standing.PLACE.value), standings.count(Standing.WAITING.value)


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
    mine = col(SignUp.member_id).in_(who.references)
    found: SignUp | None = (await session.exec(select(SignUp).where(SignUp.offer_id == offer_id, mine))).first()
    return found


async def own_sign_ups(session: AsyncSession, who: Identity, paging: PageAsked) -> Sequence[SignUp]:
    """All that the caller signed up for; one more than a page."""
    query = select(SignUp).where(col(SignUp.member_id).in_(who.references))
    if paging.cursor:
        query = query.where(SignUp.sign_up_id < paging.cursor)
    return (await session.exec(query.order_by(col(SignUp.sign_up_id).desc()).limit(paging.limit + 1))).all()
