"""What matching hears of other nodes.

The national node keeps what all regions ask and offer, and seeks an answer to what they escalate. A region keeps what
the national node offers to the whole country. What is about a match, its owner and the nodes of its sides tell each
other; each believes of a node only what is that node's to say.
"""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import EventRouter, Streams
from contracts.matching import AnswerGiven, JudgementGiven, MatchTold, PartyErased, RequestEscalated
from contracts.members import MemberErased, NodeAnnounced, NodeKnown, OrganisationChanged, OrganisationRegistered
from contracts.requests import (
    OfferChanged,
    OfferClosed,
    OfferPlaced,
    OfferReopened,
    RequestChanged,
    RequestClosed,
    RequestPlaced,
    RequestReopened,
)
from contracts.vocabulary import Side
from services.matching import copies, erasure, nodes, people, proposing, propositions
from services.matching.meanings import Read, read_meanings
from services.matching.propositions import OfferHeard, RequestHeard
from services.matching.settings import MatchingSettings
from services.matching.store import TAKE_TURN
from services.matching.turns import take_turn_alone

router = EventRouter(first=[TAKE_TURN])


@router.hears(RequestPlaced, RequestChanged, RequestReopened, RequestClosed, prepare=read_meanings, elsewhere=True)
async def seek_in_the_country(
    event: RequestHeard,
    session: AsyncSession,
    now: datetime,
    settings: MatchingSettings,
    prepared: Read | None,
    said_by: str,
) -> None:
    """The national node knows what regions ask, and puts what was escalated next to the offers of the others."""
    if settings.is_national:
        await take_turn_alone(session)
        request = await propositions.keep(session, event, Side.REQUEST, prepared, now, said_by)
        await proposing.go_on_at_once(session, request, now, settings)


@router.hears(OfferPlaced, OfferChanged, OfferReopened, OfferClosed, prepare=read_meanings, elsewhere=True)
async def offer_to_the_country(
    event: OfferHeard,
    session: AsyncSession,
    now: datetime,
    settings: MatchingSettings,
    prepared: Read | None,
    said_by: str,
) -> None:
    """The national node knows what regions offer; a region, what the national node offers to every region."""
    if settings.is_national or said_by == settings.national_node:
        await take_turn_alone(session)
        offer = await propositions.keep(session, event, Side.OFFER, prepared, now, said_by)
        await proposing.go_on_at_once(session, offer, now, settings)


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
    event: MatchTold, session: AsyncSession, now: datetime, settings: MatchingSettings, said_by: str
) -> None:
    """Another node owns a match that one of our people is a side of: its ambassador here, and they, hear of it."""
    await copies.keep(session, event, said_by, now, settings)


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


@router.hears(PartyErased, elsewhere=True)
async def forget_party(
    event: PartyErased,
    session: AsyncSession,
    now: datetime,
    settings: MatchingSettings,
    streams: Streams,
    said_by: str,
) -> None:
    """The other side of a match was erased in a third node; the national node, which owns the match, passes that on."""
    if said_by == settings.national_node != event.node and event.node != settings.node:
        await erasure.forget(session, event.member_id, now, settings, streams, node=event.node)
