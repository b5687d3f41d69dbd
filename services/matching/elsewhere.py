"""What matching hears of other nodes.

The national node keeps what all regions ask and offer, and seeks an answer to what they escalate. A region keeps what
the national node offers to the whole country. What is about a match, its owner and the nodes of its sides tell each
other; each believes of a node only what is that node's to say.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import EventRouter, Service, Streams, forget_heard
from contracts.matching import (
    AnswerGiven,
    JudgementGiven,
    MatchesForgotten,
    MatchLapsed,
    MatchTold,
    PartyErased,
    RequestEscalated,
)
from contracts.members import MemberErased, NodeAnnounced, NodeKnown, OrganisationChanged, OrganisationRegistered
from contracts.requests import (
    InitiativeStarted,
    InitiativeTold,
    OfferChanged,
    OfferClosed,
    OfferPlaced,
    OfferReopened,
    RequestChanged,
    RequestClosed,
    RequestPlaced,
    RequestReopened,
)
from services.matching import asked_about, copies, erasure, feedback, nodes, people, proposing, propositions
from services.matching.propositions import Heard, OfferHeard, RequestHeard
from services.matching.seeking import Sought, keep_and_seek
from services.matching.settings import MatchingSettings
from services.matching.turns import TAKE_TURN, take_turn_alone

router = EventRouter(first=[TAKE_TURN])


async def keep_theirs(events: Sequence[Heard], service: Service, said_by: Sequence[str]) -> list[Sought | None]:
    """Keeps what other nodes ask and offer, and seeks what fits it; none for what is not for this node to keep."""
    settings = cast(MatchingSettings, service.settings)
    ours = [number for number, event in enumerate(events) if _is_kept_here(event, said_by[number], settings)]
    found = await keep_and_seek([events[number] for number in ours], service, [said_by[number] for number in ours])
    sought = dict(zip(ours, found, strict=True))
    return [sought.get(number) for number in range(len(events))]


def _is_kept_here(event: Heard, said_by: str, settings: MatchingSettings) -> bool:
    """The national node keeps what regions ask and offer; a region, what the national node offers to every region."""
    return settings.is_national or (hasattr(event, "offer_id") and said_by == settings.national_node)


@router.hears(RequestPlaced, RequestChanged, RequestReopened, RequestClosed, prepare=keep_theirs, elsewhere=True)
async def seek_in_the_country(
    event: RequestHeard, session: AsyncSession, now: datetime, settings: MatchingSettings, prepared: Sought | None
) -> None:
    """The national node puts what a region asks next to the offers of the others, when it was escalated."""
    await proposing.go_on(session, prepared, now, settings)


@router.hears(OfferPlaced, OfferChanged, OfferReopened, OfferClosed, prepare=keep_theirs, elsewhere=True)
async def offer_to_the_country(
    event: OfferHeard, session: AsyncSession, now: datetime, settings: MatchingSettings, prepared: Sought | None
) -> None:
    """What a region offers is put next to what others escalated; what the nation offers, next to what is asked here.

    What somebody here asked about it comes first.
    """
    await asked_about.propose_to_who_asked(session, prepared, now, settings)
    await proposing.go_on(session, prepared, now, settings)


@router.hears(RequestEscalated, elsewhere=True)
async def take_up_escalation(
    event: RequestEscalated, session: AsyncSession, now: datetime, settings: MatchingSettings, said_by: str
) -> None:
    """A region asks the national node to seek an answer; the request itself may have been heard or is yet to be."""
    if not settings.is_national:
        return
    await take_turn_alone(session)
    if await nodes.escalate(session, event.request_id, said_by, now):
        known = await propositions.get(session, event.request_id)
        if known and known.proposition.node == said_by and known.proposition.is_open(now):
            await proposing.propose_at_once(session, known, now, settings)


@router.hears(OrganisationRegistered, OrganisationChanged, elsewhere=True)
async def keep_organisation_elsewhere(
    event: OrganisationRegistered | OrganisationChanged, session: AsyncSession, said_by: str
) -> None:
    """What an organisation of another node is called is shown in matches with it."""
    await people.keep_organisation(session, event.organisation_id, event.version, event.name, said_by)


@router.hears(NodeAnnounced, NodeKnown, elsewhere=True)
async def keep_node(
    event: NodeAnnounced | NodeKnown, session: AsyncSession, settings: MatchingSettings, said_by: str
) -> None:
    """What another node is called: it says so itself, or the national node does."""
    if said_by in (event.node, settings.national_node):
        await nodes.keep(session, event.node, event.version, event.shown_name)


@router.hears(MatchTold, elsewhere=True)
async def keep_match_elsewhere(
    event: MatchTold,
    session: AsyncSession,
    now: datetime,
    settings: MatchingSettings,
    streams: Streams,
    said_by: str,
) -> None:
    """Another node owns a match that one of our people is a side of: its ambassador here, and they, hear of it."""
    await copies.keep(session, event, said_by, now, settings, streams)


@router.hears(JudgementGiven, elsewhere=True)
async def take_judgement(
    event: JudgementGiven, session: AsyncSession, now: datetime, settings: MatchingSettings, said_by: str
) -> None:
    """The ambassador of a side in another node judged a match of ours."""
    await copies.take_judgement(session, event, said_by, now, settings)


@router.hears(AnswerGiven, elsewhere=True)
async def take_answer(event: AnswerGiven, session: AsyncSession, now: datetime, said_by: str) -> None:
    """A side in another node answered a match of ours."""
    await copies.take_answer(session, event, said_by, now)


@router.hears(InitiativeStarted, InitiativeTold, elsewhere=True)
async def learn_of_initiative_elsewhere(
    event: InitiativeStarted | InitiativeTold, session: AsyncSession, said_by: str
) -> None:
    """What two of a match of ours do together, one of them says in another node."""
    await feedback.keep_initiative(session, event.initiative_id, said_by)


@router.hears(MemberErased, elsewhere=True)
async def forget_member_elsewhere(
    event: MemberErased,
    session: AsyncSession,
    now: datetime,
    settings: MatchingSettings,
    streams: Streams,
    said_by: str,
) -> None:
    """What we know of an erased member of another node is removed, and the other side of their matches is told."""
    await erasure.forget(session, event.member_id, now, settings, streams, node=said_by)


@router.hears(MatchesForgotten, elsewhere=True, first=())
async def forget_what_was_heard(event: MatchesForgotten, streams: Streams, said_by: str) -> None:
    """Most matches within a region are kept nowhere here, but for what was said of them."""
    ids, lapsed = event.match_ids, event.lapsed_ids
    await forget_heard(streams, said_by, speaker="matching", entity_ids=ids)
    await forget_heard(streams, said_by, speaker="matching", entity_ids=lapsed, keep=[MatchLapsed])


@router.hears(PartyErased, elsewhere=True)
async def forget_party(
    event: PartyErased,
    session: AsyncSession,
    now: datetime,
    settings: MatchingSettings,
    streams: Streams,
    said_by: str,
) -> None:
    """The other side of a match was erased in a third node: it says so, and the national node passes that on."""
    if event.node != settings.node and said_by in (event.node, settings.national_node):
        await erasure.forget(session, event.member_id, now, settings, streams, node=event.node)
