"""What requests hears, and what it then does."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import EventRouter, say
from contracts.former_timers import OfferExpiryDue, RequestExpiryDue
from contracts.matching import IntroductionMade
from contracts.members import MemberJoined, MemberLeft, OrganisationMerged, OrganisationParted
from contracts.partners import PropositionTold, RecordWithdrawn, Thing
from contracts.requests import RecordAccepted
from services.requests import (
    following,
    forgetting,
    life,
    listing_handlers,
    meeting_news,
    recollecting,
    rules,
    store,
    told,
)
from services.requests.initiatives import handlers as initiatives
from services.requests.rules import Step
from services.requests.settings import RequestsSettings

router = EventRouter()
router.include(recollecting.router)
router.include(initiatives.router)
router.include(forgetting.router)
router.include(listing_handlers.router)
router.no_longer_hears(RequestExpiryDue, OfferExpiryDue)


@router.hears(IntroductionMade)
async def begin_conversation(
    event: IntroductionMade, session: AsyncSession, now: datetime, settings: RequestsSettings
) -> None:
    """Two people talk now: nobody else is proposed to them, until it is fulfilled, withdrawn or reopened."""
    for proposition_id in (event.request_id, event.offer_id):
        proposition = await store.find(session, proposition_id)
        if proposition is None or not rules.is_taken_up(proposition.side, proposition.kind):
            continue
        if event.match_id in proposition.match_ids:  # counted already; it may have been reopened since
            continue
        proposition.match_ids = [*proposition.match_ids, event.match_id]
        if rules.can_take(proposition.status, Step.CONVERSE):
            life.move(session, proposition, Step.CONVERSE, now, settings)


@router.hears(MemberLeft)
async def withdraw_what_stands(
    event: MemberLeft, session: AsyncSession, now: datetime, settings: RequestsSettings
) -> None:
    """Who left asks and offers nothing any more, nor comes to a meeting; what closed stays, but a meeting to come."""
    if await store.note_left(session, event.member_id, event.version):
        await meeting_news.release(session, event.member_id, now)
        for proposition in await store.standing_of(session, event.member_id):
            life.move(session, proposition, Step.WITHDRAW, now, settings)


@router.hears(MemberJoined)
async def note_who_takes_part(event: MemberJoined, session: AsyncSession) -> None:
    """A partner network may tell again what they ask and offer."""
    await store.note_joined(session, event.member_id, event.version)


@router.hears(OrganisationMerged)
async def follow_organisation(event: OrganisationMerged, session: AsyncSession) -> None:
    """What a merged organisation asks and offers is of the one that stays."""
    await following.follow(session, event)


@router.hears(OrganisationParted)
async def return_to_organisation(event: OrganisationParted, session: AsyncSession) -> None:
    """They were two after all: each has again what was its own."""
    await following.come_back(session, event)


@router.hears(PropositionTold)
async def keep_told(
    event: PropositionTold, session: AsyncSession, now: datetime, settings: RequestsSettings, said_at: datetime
) -> None:
    """A partner network told what one of its people asks or offers."""
    known_as = await told.keep(session, event, now, settings, said_at=said_at)
    say(session, RecordAccepted(record_id=event.record_id, version=event.version, known_as=known_as))


@router.hears(RecordWithdrawn)
async def withdraw_told(
    event: RecordWithdrawn, session: AsyncSession, now: datetime, settings: RequestsSettings
) -> None:
    """A partner network told that something is not asked or offered any more."""
    if event.thing in (Thing.REQUEST, Thing.OFFER):
        await told.withdraw(session, event, now, settings)
        say(session, RecordAccepted(record_id=event.record_id, version=event.version, known_as=event.known_as))
