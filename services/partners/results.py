"""What came of what partners told: a match, an introduction, an answer, an initiative, a merge; each hears its own.

A question or an offer that a partner told has the id of the partner's record. Of what somebody asks or offers by
themselves no partner hears, nor of anybody who is not one of its people any more: it is they who agreed, with that
partner, that their details go from there to here.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import EventRouter, leads
from contracts import members, requests
from contracts.matching import IntroductionMade, MatchEndorsed
from contracts.members import OrganisationMerged, OrganisationParted
from contracts.partners import (
    InitiativeBegun,
    InitiativeOver,
    MemberIntroduced,
    MemberMatched,
    OfferTakenUp,
    OrganisationJoined,
    QuestionAnswered,
    Thing,
)
from contracts.requests import InitiativeEnded, InitiativeStarted, InitiativeTold, OfferClosed, RequestClosed
from contracts.vocabulary import InitiativeStatus, Status, StoppedBecause
from services.partners import leading, news, store
from services.partners.leading import Lead
from services.partners.promises import NEWS_KEPT_DAYS
from services.partners.settings import PartnersSettings
from services.partners.tables import Record, ToldOnce

router = EventRouter()

RecordAccepted = members.RecordAccepted | requests.RecordAccepted


#: Of an introduction that was not heard by then nobody was told: what was told before is not known for longer than its
#: news was kept. A line that was away for days, or partners, brings it later than what came of it.
HEARD_WITHIN = timedelta(days=NEWS_KEPT_DAYS)


class IntroductionNotHeard(Exception):
    """Another node tells what came of an introduction; our own matching may say that only a little later."""


@router.hears(MatchEndorsed)
async def tell_of_match(match: MatchEndorsed, session: AsyncSession, now: datetime, settings: PartnersSettings) -> None:
    """The partners of both sides hear that something was found for what they told."""
    await _tell_both_sides(session, MemberMatched, match, now, settings.node)


@router.hears(IntroductionMade)
async def tell_of_introduction(
    match: IntroductionMade, session: AsyncSession, now: datetime, settings: PartnersSettings
) -> None:
    """The partners of both sides hear that their people were introduced."""
    await _tell_both_sides(session, MemberIntroduced, match, now, settings.node)


@router.hears(RequestClosed)
async def tell_of_answer(request: RequestClosed, session: AsyncSession, now: datetime) -> None:
    """The partner of who asked hears that the question was answered."""
    if request.status == Status.FULFILLED and (told := await _told_by(session, request.request_id)):
        event = QuestionAnswered(thing="question", version=request.version, **told)
        await _tell(session, event, now, occasion=f"{request.version}")


@router.hears(OfferClosed)
async def tell_of_use(offer: OfferClosed, session: AsyncSession, now: datetime) -> None:
    """The partner of who offered hears that the offer was taken up."""
    if offer.status == Status.FULFILLED and (told := await _told_by(session, offer.offer_id)):
        event = OfferTakenUp(thing="offer", version=offer.version, **told)
        await _tell(session, event, now, occasion=f"{offer.version}")


@router.hears(InitiativeStarted, InitiativeEnded)
@router.hears(InitiativeTold, elsewhere=True)
async def tell_of_initiative(
    event: InitiativeStarted | InitiativeEnded | InitiativeTold, session: AsyncSession, now: datetime, said_by: str
) -> None:
    """The partners of both sides hear that something came of what they told, and how that ended.

    Another node is believed of an introduction to one of its people, which the partner has heard of. Of any other
    nothing is told.
    """
    for thing, record_id in (("question", event.request_id), ("offer", event.offer_id)):
        if not (told := await _told_by(session, record_id)):
            continue
        if isinstance(event, InitiativeTold) and not await _is_theirs(session, told, event, said_by, now):
            continue
        facts = {"thing": thing, "initiative_id": event.initiative_id, "version": event.version, **told}
        await _tell(session, InitiativeBegun(**facts), now, occasion=event.initiative_id)
        if _has_ended(event):
            await _tell(session, InitiativeOver(**facts, status=event.status), now, occasion=event.initiative_id)


async def _is_theirs(
    session: AsyncSession, told: dict[str, Any], event: InitiativeTold, node: str, now: datetime
) -> bool:
    """Whether the other side of an introduction is of a node; raises `IntroductionNotHeard` while that may come."""
    once = _once(MemberIntroduced.wire_name, told["record_id"], event.initiative_id)
    if introduced := await session.get(ToldOnce, (told["partner_id"], once)):
        return introduced.other_node in (None, node)  # a release of before did not keep it
    if await news.is_kept(session, told["partner_id"], once):  # that release told it meanwhile
        return True
    if now - event.started_at < HEARD_WITHIN:
        raise IntroductionNotHeard
    return False


def _has_ended(event: InitiativeStarted | InitiativeEnded | InitiativeTold) -> bool:
    """Whether that is for a partner to hear; that somebody was erased is not."""
    because = None if isinstance(event, InitiativeStarted) else event.because
    return event.status != InitiativeStatus.RUNNING and because != StoppedBecause.ERASED


@router.hears(OrganisationMerged)
async def tell_of_merge(event: OrganisationMerged, session: AsyncSession, now: datetime) -> None:
    """Who told an organisation hears as which one it is known now."""
    if await leading.note(session, event.organisation_id, event.version, event.into):
        await _tell_who_told(session, event.organisation_id, now)


@router.hears(OrganisationParted)
async def tell_of_parting(event: OrganisationParted, session: AsyncSession, now: datetime) -> None:
    """Who told an organisation hears that it stands on its own again."""
    if await leading.note(session, event.organisation_id, event.version, None):
        await _tell_who_told(session, event.organisation_id, now)


async def _tell_who_told(session: AsyncSession, organisation_id: str, now: datetime) -> None:
    stays = await leads.stays(session, Lead, organisation_id)
    for record in await leading.told_as(session, organisation_id):
        await _tell_joined(session, record, stays, now)


async def known_as(session: AsyncSession, record: Record, accepted: RecordAccepted, now: datetime) -> None:
    """Notes what a record is known as here; a partner hears it when its organisation is one that was here already,
    or turned out to be another too."""
    was, record.known_as = record.known_as, accepted.known_as
    if not isinstance(accepted, members.RecordAccepted) or record.thing != Thing.ORGANISATION:
        return
    if was == record.known_as or record.withdrawn or record.subject is None:
        return
    if was is None:  # what becomes of it meanwhile is heard after this, or seen here
        await leading.one_at_a_time(session, accepted.known_as)
    stays = await leads.stays(session, Lead, accepted.known_as)
    before = await leads.stays(session, Lead, was) if was else accepted.known_as
    if accepted.joined or stays != before:
        await _tell_joined(session, record, stays, now)


async def _tell_joined(session: AsyncSession, record: Record, organisation_id: str, now: datetime) -> None:
    told = {"partner_id": record.partner_id, "record_id": record.record_id, "own_id": record.subject}
    event = OrganisationJoined(organisation_id=organisation_id, **told)
    await news.tell(session, event, now, record_id=record.record_id)


async def _tell_both_sides(
    session: AsyncSession,
    kind: type[MemberMatched | MemberIntroduced],
    match: MatchEndorsed | IntroductionMade,
    now: datetime,
    node: str,
) -> None:
    for thing, record_id, found, other in (
        ("question", match.request_id, match.offer_kind, match.offerer),
        ("offer", match.offer_id, match.request_kind, match.asker),
    ):
        if told := await _told_by(session, record_id):
            event = kind(thing=thing, match_id=match.match_id, found=found, version=match.version, **told)
            await _tell(session, event, now, occasion=match.match_id, other_node=other.node or node)


async def _tell(
    session: AsyncSession,
    event: MemberMatched | MemberIntroduced | QuestionAnswered | OfferTakenUp | InitiativeBegun | InitiativeOver,
    now: datetime,
    *,
    occasion: str,
    other_node: str | None = None,
) -> None:
    once = _once(event.wire_name, event.record_id, occasion)
    await news.tell(session, event, now, record_id=event.record_id, once=once, other_node=other_node)


def _once(wire_name: str, record_id: str, occasion: str) -> str:
    return f"{wire_name} {record_id} {occasion}"


async def _told_by(session: AsyncSession, record_id: str) -> dict[str, Any] | None:
    """Which partner told it, and what it calls it and whose it is; none when that is not for it to know.

    Its record is locked: whoever forgets the person waits for our commit, and then sees what we tell.
    """
    record = await store.record(session, record_id)
    if record is None or record.subject is None or record.withdrawn or record.person_id is None:
        return None
    person = await store.look_at(session, record.person_id)
    if person is None or person.subject is None or person.withdrawn:
        return None
    return {
        "partner_id": record.partner_id,
        "record_id": record.record_id,
        "own_id": record.subject,
        "person": person.subject,
    }
