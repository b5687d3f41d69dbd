"""To sign up for a meeting and to cancel; the first of the line moves up when somebody does.

Whatever changes the line of a meeting holds the row of that meeting, so that one thing happens at a time.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Reply, say, say_later
from chassis.identity import NotSignedIn
from contracts.event import new_id
from contracts.matching import reference
from contracts.meetings import Meeting, MeetingReminderDue, Standing
from contracts.requests import MeetingCalledOff, PlaceFreed, SignedUp, SignUpAsked, SignUpSettled, SignUpWithdrawn
from contracts.vocabulary import Kind, Status
from services.requests import listings, sign_up_rules, store
from services.requests.calls import Asking
from services.requests.sign_up_rules import WANTED, InLine
from services.requests.sign_up_views import SignUpDraft, SignUpView
from services.requests.tables import Listing, SignUp


async def sign_up(session: AsyncSession, offer_id: str, draft: SignUpDraft, call: Asking) -> Reply:
    """The caller has a place from now on, or waits for one.

    Who is signed up already only changes what is seen: also when nobody can sign up any more, or it has begun.
    """
    if await store.has_left(session, call.who.member_id):
        raise NotSignedIn
    await listings.not_while_erasing(session)
    if await listings.is_erased(session, call.who.member_id):
        raise NotSignedIn
    listing = await _meeting(session, offer_id)
    rows = await of_person(session, offer_id, call.who.references)
    row = next(iter(rows), None)
    if row is None or row.standing not in WANTED:
        row = await _take_in_line(session, listing, row, call)
    for one in (row, *(one for one in rows if one.standing in WANTED)):
        one.name = draft.name
        session.add(one)
    await session.flush()
    return Reply(await view(session, listing, row, call.now), version=row.version)


async def _take_in_line(session: AsyncSession, listing: Listing, row: SignUp | None, call: Asking) -> SignUp:
    """Somebody who comes anew, or again; raises why they cannot."""
    meeting = await listings.meeting_of(session, listing)
    if sign_up_rules.is_over(meeting, call.now):
        raise sign_up_rules.MeetingOver
    if listing.status != Status.OPEN or listing.expires_at <= call.now:
        raise sign_up_rules.MeetingNotFound
    if listing.node is None and listing.member_id in call.who.references:
        raise sign_up_rules.OwnMeeting
    if listing.sign_up_url:
        raise sign_up_rules.SignUpElsewhere
    row = row or _new(listing.offer_id, call.who.member_id, call.now)
    row.asked_at, row.version = call.now, row.version + 1
    row.standing = await _standing(session, listing)
    tell_wish(session, listing, row)
    if row.standing != Standing.ASKED:
        say(session, SignedUp(**state(row, meeting)))
        _set_reminder(session, meeting, call.now)
    return row


async def cancel(session: AsyncSession, offer_id: str, call: Asking) -> Reply:
    """The caller does not come after all, under whatever they signed up; doing it again changes nothing."""
    listing = await _meeting(session, offer_id)
    rows = await of_person(session, offer_id, call.who.references)
    if not rows:
        raise sign_up_rules.NotSignedUp
    row, wanted = rows[0], [one for one in rows if one.standing in WANTED]
    for one in wanted:
        withdraw(session, one)
        tell_wish(session, listing, one)
    if wanted:
        meeting = await listings.meeting_of(session, listing)
        say(session, SignUpWithdrawn(**state(row, meeting)))
        await fill(session, listing, meeting, call.now)
    return Reply(await view(session, listing, row, call.now), version=row.version)


def withdraw(session: AsyncSession, row: SignUp) -> None:
    """A sign-up counts no more, and its organiser sees no name."""
    row.standing, row.name, row.version = Standing.WITHDRAWN.value, None, row.version + 1
    session.add(row)


async def fill(session: AsyncSession, listing: Listing, meeting: Meeting, now: datetime) -> None:
    """Who waits longest gets what places there are."""
    if listing.node is not None or sign_up_rules.is_over(meeting, now):
        return
    await session.flush()
    rows = await line(session, listing.offer_id)
    by_id = {row.sign_up_id: row for row in rows}
    for sign_up_id in sign_up_rules.who_moves_up(_in_line(rows), listing.participants):
        row = by_id[sign_up_id]
        row.standing = Standing.PLACE.value
        session.add(row)
        if row.node is None:
            row.version += 1
            say(session, PlaceFreed(**state(row, meeting)))
        else:  # their version counts what they asked: one that is under way would seem older than this
            settle(session, row)


async def take_in(session: AsyncSession, asked: SignUpAsked, node: str, now: datetime) -> None:
    """A member of another node wants a place at a meeting of this one, or does not come after all.

    Raises `ListingBehind` while their meeting is not listed here yet as it stands.
    """
    listing = await listings.find(session, asked.offer_id)
    own = reference(asked.sign_up_id, node)
    row = next(iter(await of_person(session, asked.offer_id, (own,))), None)
    if row is not None and row.version >= asked.version:
        settle(session, row)  # whoever was put back from a backup hears that more was asked
        return
    row = row or _new(asked.offer_id, own, now, node)
    if row.standing not in WANTED:
        row.asked_at = now
    if not asked.wanted:
        row.standing = Standing.WITHDRAWN.value
    elif listing is None or not await _takes_others(session, listing, now):
        if await listings.is_behind(session, asked.offer_id, listing):
            raise listings.ListingBehind
        row.standing = Standing.REFUSED.value
    elif row.standing not in WANTED:
        row.standing = await _standing(session, listing)
    row.version = asked.version
    session.add(row)
    settle(session, row)
    if listing is not None and not asked.wanted:
        await fill(session, listing, await listings.meeting_of(session, listing), now)


def settle(session: AsyncSession, row: SignUp) -> None:
    """Another node hears what became of the sign-up of its member."""
    if row.node is not None:
        own = row.member_id.removeprefix(f"{row.node}.")
        standing = Standing(row.standing)
        known = {"sign_up_id": own, "offer_id": row.offer_id, "version": row.version}
        say(session, SignUpSettled(**known, standing=standing), to=row.node)


async def take_answer(session: AsyncSession, settled: SignUpSettled, node: str, now: datetime) -> None:
    """The node of the meeting says what became of a sign-up; its member hears it, unless they cancelled meanwhile."""
    row = await session.get(SignUp, settled.sign_up_id)
    if row is None:
        _give_up(session, settled, node)
    listing = await listings.find(session, row.offer_id) if row else None
    if row is None or listing is None or listing.node != node:
        return
    await session.refresh(row)
    if settled.version > row.version:  # what is lost here must not win from what is wanted now
        row.version = settled.version + 1
        row.standing = Standing.ASKED.value if row.standing in WANTED else row.standing
        session.add(row)
        tell_wish(session, listing, row)
        return
    is_off = settled.standing is Standing.CALLED_OFF
    may_change = WANTED if is_off else (Standing.ASKED, Standing.WAITING)  # a place is lost with its meeting alone
    if row.standing not in may_change or settled.version != row.version:
        return
    before, row.standing = row.standing, settled.standing.value
    session.add(row)
    meeting = await listings.meeting_of(session, listing)
    if is_off:
        row.name = None
        say(session, MeetingCalledOff(**state(row, meeting)))
    elif before == Standing.ASKED:
        say(session, SignedUp(**state(row, meeting)))
    elif settled.standing == Standing.PLACE:
        say(session, PlaceFreed(**state(row, meeting)))
    _set_reminder(session, meeting, now)


def _give_up(session: AsyncSession, settled: SignUpSettled, node: str) -> None:
    """A place of a sign-up that was lost here, such as by a restore, is wanted by nobody: who wants it asks anew."""
    if settled.offer_id is not None and settled.standing in WANTED:
        lost = {"sign_up_id": settled.sign_up_id, "offer_id": settled.offer_id, "version": settled.version + 1}
        say(session, SignUpAsked(**lost, wanted=False), to=node)


async def line(session: AsyncSession, offer_id: str) -> Sequence[SignUp]:
    """Who wants to come to a meeting, in the order in which they asked."""
    wanted = col(SignUp.standing).in_([standing.value for standing in WANTED])
    query = select(SignUp).where(SignUp.offer_id == offer_id, wanted)
    return (await session.exec(query.order_by(col(SignUp.asked_at), col(SignUp.sign_up_id)))).all()


async def of_person(
    session: AsyncSession, offer_id: str, references: Sequence[str], *, locked: bool = True
) -> list[SignUp]:
    """What one person signed up for a meeting under all that they are known as; how they stand first."""
    query = select(SignUp).where(SignUp.offer_id == offer_id, col(SignUp.member_id).in_(references))
    if locked:
        query = query.with_for_update().execution_options(populate_existing=True)
    rows = (await session.exec(query)).all()
    return sorted(rows, key=lambda row: (sign_up_rules.rank(Standing(row.standing)), row.asked_at))


async def view(session: AsyncSession, listing: Listing, row: SignUp, now: datetime) -> SignUpView:
    """A sign-up, as its member sees it."""
    rows = await line(session, listing.offer_id)
    waiting = [one.sign_up_id for one in rows if one.standing == Standing.WAITING]
    before = waiting.index(row.sign_up_id) if row.sign_up_id in waiting and listing.node is None else None
    return SignUpView.of(row, before, sign_up_rules.reminder_to_come(listings.as_meeting(listing), now))


def state(row: SignUp, meeting: Meeting) -> dict[str, object]:
    """What is said of a sign-up."""
    known = {"sign_up_id": row.sign_up_id, "member_id": row.member_id, "version": row.version}
    return known | {"standing": Standing(row.standing), "meeting": meeting}


def tell_wish(session: AsyncSession, listing: Listing, row: SignUp) -> None:
    """Of a meeting of another node, that node hears whether a place is wanted."""
    if listing.node is not None:
        wish = {"offer_id": row.offer_id, "wanted": row.standing in WANTED}
        say(session, SignUpAsked(sign_up_id=row.sign_up_id, version=row.version, **wish), to=listing.node)


def _set_reminder(session: AsyncSession, meeting: Meeting, now: datetime) -> None:
    if at := sign_up_rules.reminder_to_come(meeting, now):
        say_later(session, MeetingReminderDue(offer_id=meeting.offer_id), at=at)


async def _standing(session: AsyncSession, listing: Listing) -> str:
    if listing.node is not None:
        return Standing.ASKED.value
    rows = await line(session, listing.offer_id)
    return sign_up_rules.standing_of_new(_in_line(rows), listing.participants).value


def _in_line(rows: Sequence[SignUp]) -> list[InLine]:
    return [InLine(row.sign_up_id, Standing(row.standing)) for row in rows]


async def _meeting(session: AsyncSession, offer_id: str) -> Listing:
    listing = await listings.find(session, offer_id)
    if listing is None or listing.kind != Kind.MEETING:
        raise sign_up_rules.MeetingNotFound
    return listing


async def _takes_others(session: AsyncSession, listing: Listing, now: datetime) -> bool:
    is_ours = listing.node is None and listing.kind == Kind.MEETING and listing.status == Status.OPEN
    return is_ours and not sign_up_rules.is_over(await listings.meeting_of(session, listing), now)


def _new(offer_id: str, member_id: str, now: datetime, node: str | None = None) -> SignUp:
    return SignUp(
        sign_up_id=new_id(), version=0, offer_id=offer_id, member_id=member_id, node=node, standing="", asked_at=now
    )
