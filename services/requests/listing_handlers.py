"""What requests hears of the tips and meetings that everybody can read, and of who comes to a meeting.

Its own too, so that those of this node and of others go one way. A region keeps what the national node offers to the
whole country; the national node what every region does.
"""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import EventRouter
from contracts.meetings import MeetingReminderDue
from contracts.members import OrganisationChanged, OrganisationRegistered
from contracts.requests import (
    OfferChanged,
    OfferClosed,
    OfferPlaced,
    OfferReopened,
    PropositionLost,
    SignUpAsked,
    SignUpSettled,
)
from services.requests import listings, meeting_news, sign_ups
from services.requests.listings import OfferHeard
from services.requests.rules import LISTED
from services.requests.settings import RequestsSettings

router = EventRouter()


@router.hears(OfferPlaced, OfferChanged, OfferReopened, OfferClosed)
async def list_own(event: OfferHeard, session: AsyncSession, now: datetime) -> None:
    """A tip or a meeting of this node can be read by everybody, as it now is; who comes hears what changed."""
    if event.kind in LISTED and (change := await listings.keep(session, event, None, now)):
        await meeting_news.follow(session, change, now)


@router.hears(OfferPlaced, OfferChanged, OfferReopened, OfferClosed, elsewhere=True)
async def list_theirs(
    event: OfferHeard, session: AsyncSession, now: datetime, settings: RequestsSettings, said_by: str
) -> None:
    """The same of another node whose tips and meetings are read here."""
    is_read_here = settings.is_national or said_by == settings.national_node
    if is_read_here and event.kind in LISTED and (change := await listings.keep(session, event, said_by, now)):
        await meeting_news.follow(session, change, now)


@router.hears(PropositionLost, elsewhere=True)
async def lose_theirs(event: PropositionLost, session: AsyncSession, said_by: str) -> None:
    """Another node was put back from a backup and does not know it any more: it takes place no longer."""
    listing = await listings.find(session, event.proposition_id)
    if listing is None or listing.node != said_by:
        return
    until = event.draft_version or event.heard_version
    if until is None or listing.version <= until:
        await meeting_news.call_off(session, listing, await listings.meeting_of(session, listing))
        await session.delete(listing)


@router.hears(OrganisationRegistered, OrganisationChanged)
async def keep_name(
    event: OrganisationRegistered | OrganisationChanged, session: AsyncSession, settings: RequestsSettings
) -> None:
    """What an organisation is called is shown with its tips and meetings."""
    await listings.keep_name(session, event, settings.node, is_ours=True)


@router.hears(OrganisationRegistered, OrganisationChanged, elsewhere=True)
async def keep_name_elsewhere(
    event: OrganisationRegistered | OrganisationChanged, session: AsyncSession, said_by: str
) -> None:
    """The same of another node."""
    await listings.keep_name(session, event, said_by, is_ours=False)


@router.hears(MeetingReminderDue)
async def remind(event: MeetingReminderDue, session: AsyncSession, now: datetime) -> None:
    """Who comes to a meeting of tomorrow is reminded of it."""
    await meeting_news.remind(session, event.offer_id, now)


@router.hears(SignUpAsked, elsewhere=True)
async def take_in_sign_up(event: SignUpAsked, session: AsyncSession, now: datetime, said_by: str) -> None:
    """A member of another node wants a place at a meeting of this one, or does not come after all."""
    await sign_ups.take_in(session, event, said_by, now)


@router.hears(SignUpSettled, elsewhere=True)
async def take_answer(event: SignUpSettled, session: AsyncSession, now: datetime, said_by: str) -> None:
    """The node of a meeting says whether there is a place for a member of this one."""
    await sign_ups.take_answer(session, event, said_by, now)
