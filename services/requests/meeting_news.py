"""What becomes of the sign-ups for a meeting when the meeting changes, is called off, comes near or is forgotten."""

from datetime import datetime

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import say, say_later
from contracts.meetings import Meeting, MeetingReminderDue, Standing
from contracts.requests import MeetingCalledOff, MeetingMoved, MeetingNear
from contracts.vocabulary import Kind, Status
from services.requests import listings, sign_up_rules, sign_ups
from services.requests.listings import Change
from services.requests.tables import Listing, SignUp


async def follow(session: AsyncSession, change: Change, now: datetime) -> None:
    """Who signed up hears what changed that they have to know; who waited may have a place now.

    Who has a place comes also when nobody can sign up any more: until the meeting is over, or withdrawn.
    """
    listing, before = change.listing, change.meeting_before
    if before is None:
        return
    if listing.kind != Kind.MEETING:  # that it was withdrawn first may be heard later, and is older then
        if not sign_up_rules.is_over(before, now):
            await call_off(session, listing, before.model_copy(update={"sequence": listing.version}))
        return
    meeting = await listings.meeting_of(session, listing)
    if listing.status == Status.WITHDRAWN:
        if not sign_up_rules.has_been(meeting, now):
            # by the name that who signed up knows: what was taken down says its own no more
            await call_off(session, listing, meeting.model_copy(update={"title": before.title}))
        return
    if sign_up_rules.has_moved(before, meeting) and not sign_up_rules.is_over(meeting, now):
        for row in await _ours(session, listing.offer_id):
            say(session, MeetingMoved(**sign_ups.state(row, meeting)))
        if at := sign_up_rules.reminder_to_come(meeting, now):
            say_later(session, MeetingReminderDue(offer_id=listing.offer_id, version=listing.version), at=at)
    if listing.status == Status.OPEN:
        await sign_ups.fill(session, listing, meeting, now)


async def call_off(session: AsyncSession, listing: Listing, meeting: Meeting) -> None:
    """It does not take place: who signed up hears it, here or of their own node.

    Of a meeting that stands again a node may hear only that, so that the two nodes tell each other of each sign-up.
    """
    for row in await sign_ups.line(session, listing.offer_id):
        row.standing, row.name = Standing.CALLED_OFF.value, None
        session.add(row)
        if row.node is None:
            row.version += 1
            sign_ups.tell_wish(session, listing, row)
            say(session, MeetingCalledOff(**sign_ups.state(row, meeting)))
        else:  # their version counts what they asked
            sign_ups.settle(session, row)


async def remind(session: AsyncSession, offer_id: str, now: datetime) -> None:
    """Who has a place at a meeting of tomorrow is reminded; a timer that comes too early or too late tells nobody."""
    listing = await listings.find(session, offer_id)
    if listing is None or listing.status == Status.WITHDRAWN:
        return
    meeting = await listings.meeting_of(session, listing)
    if sign_up_rules.is_time_to_remind(meeting, now):
        for row in await _ours(session, offer_id):
            if row.standing == Standing.PLACE:
                say(session, MeetingNear(**sign_ups.state(row, meeting)))
    elif at := sign_up_rules.reminder_to_come(meeting, now):
        say_later(session, MeetingReminderDue(offer_id=offer_id, version=listing.version), at=at)


async def forget(session: AsyncSession, member_id: str, node: str | None, now: datetime) -> tuple[list[str], int]:
    """An erased member: their meetings are called off without their words, and their own sign-ups are gone.

    Returns the sign-ups of which nothing is to stay in the streams, and how many of them were the member's own.
    """
    await listings.not_while_erasing(session, alone=True)
    gone = []
    for listing in await listings.of_member(session, member_id, node):
        meeting = await listings.meeting_of(session, listing)
        told = meeting.model_copy(update={"organiser_id": None, "title": "", "venue": None, "organisation_name": None})
        gone += await sign_ups_of(session, listing.offer_id)
        if not sign_up_rules.is_over(meeting, now):
            await call_off(session, listing, told)
        await session.delete(listing)
    own = await release(session, member_id, now) if node is None else []
    await session.flush()
    await session.exec(delete(SignUp).where(col(SignUp.sign_up_id).in_(own)))
    return [*gone, *own], len(own)


async def release(session: AsyncSession, member_id: str, now: datetime) -> list[str]:
    """A member comes nowhere any more: others get their places. Returns the ids of all that they signed up for."""
    rows = (
        await session.exec(select(SignUp).where(SignUp.member_id == member_id).order_by(col(SignUp.offer_id)))
    ).all()
    for row in rows:
        listing = await listings.find(session, row.offer_id)
        if listing is not None and row.standing in sign_up_rules.WANTED:
            sign_ups.withdraw(session, row)
            sign_ups.tell_wish(session, listing, row)
            await sign_ups.fill(session, listing, await listings.meeting_of(session, listing), now)
    return [row.sign_up_id for row in rows]


async def sign_ups_of(session: AsyncSession, offer_id: str) -> list[str]:
    """The ids of everybody's sign-ups for a meeting, whatever became of them."""
    return list(await session.exec(select(SignUp.sign_up_id).where(SignUp.offer_id == offer_id)))


async def _ours(session: AsyncSession, offer_id: str) -> list[SignUp]:
    """The sign-ups of members of this node who have a place or wait for one."""
    return [row for row in await sign_ups.line(session, offer_id) if row.node is None]
