"""What matching hears, and what it then does.

The handlers of one service take turns (`store.take_turn`), so that a request and an offer that are heard at the same
moment, in whatever replica, still find each other, and once.
"""

from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import EventRouter, Streams, say, say_later
from contracts.matching import (
    AnswerAwaited,
    AnswerOverdue,
    MatchDismissed,
    MatchLapsed,
    MemberForgotten,
    PatienceEnded,
    ReminderDue,
    RequestUnanswered,
)
from contracts.members import (
    AmbassadorAppointed,
    AmbassadorStoodDown,
    MemberErased,
    MemberLeft,
    NodeTeamJoined,
    NodeTeamLeft,
    OrganisationChanged,
    OrganisationRegistered,
)
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
from services.matching import matches, people, proposing, propositions, rules, steps
from services.matching.propositions import Known
from services.matching.settings import MatchingSettings
from services.matching.similarity import meanings
from services.matching.store import take_turn

router = EventRouter()

RequestHeard = RequestPlaced | RequestChanged | RequestReopened | RequestClosed
OfferHeard = OfferPlaced | OfferChanged | OfferReopened | OfferClosed


@router.hears(RequestPlaced, RequestChanged, RequestReopened, RequestClosed, prepare=meanings)
async def propose_matches(
    event: RequestHeard, session: AsyncSession, now: datetime, settings: MatchingSettings, prepared: str | None
) -> None:
    """A request that is open is put next to the offers that fit it best; one that closed lets its matches go."""
    await take_turn(session)
    request = await propositions.keep(session, event, Side.REQUEST, prepared, settings.embedding_model)
    if request and request.became_open:
        due = now + timedelta(days=settings.unanswered_after_days)
        say_later(session, AnswerAwaited(request_id=event.request_id), at=due)
    await _propose_or_end(session, request, now, settings)


@router.hears(OfferPlaced, OfferChanged, OfferReopened, OfferClosed, prepare=meanings)
async def propose_to_waiting_requests(
    event: OfferHeard, session: AsyncSession, now: datetime, settings: MatchingSettings, prepared: str | None
) -> None:
    """An offer that is open is put next to the requests that wait for one; one that closed lets its matches go."""
    await take_turn(session)
    offer = await propositions.keep(session, event, Side.OFFER, prepared, settings.embedding_model)
    await _propose_or_end(session, offer, now, settings)


async def _propose_or_end(
    session: AsyncSession, heard: Known | None, now: datetime, settings: MatchingSettings
) -> None:
    if heard and heard.proposition.is_open(now):
        await proposing.propose(session, heard, now, settings)
    elif heard and heard.proposition.status in rules.CLOSED:
        await proposing.end(session, await matches.running_of(session, heard.proposition.id), "closed")


@router.hears(MatchDismissed, MatchLapsed)
async def propose_next_best(
    event: MatchDismissed | MatchLapsed, session: AsyncSession, now: datetime, settings: MatchingSettings
) -> None:
    """A match that came to nothing leaves room: the next best offer has its turn."""
    await take_turn(session)
    request = await propositions.get(session, event.request_id)
    if request and request.proposition.is_open(now):
        await proposing.propose(session, request, now, settings)


@router.hears(OrganisationRegistered, OrganisationChanged)
async def keep_organisation(event: OrganisationRegistered | OrganisationChanged, session: AsyncSession) -> None:
    """What the organisation is called is shown in its matches."""
    await take_turn(session)
    await people.keep_organisation(session, event.organisation_id, event.version, event.name)


@router.hears(AmbassadorAppointed)
async def welcome_ambassador(
    event: AmbassadorAppointed, session: AsyncSession, now: datetime, settings: MatchingSettings
) -> None:
    """An ambassador gets the matches from now on, and those that nobody was there to look at."""
    await take_turn(session)
    if await people.keep_ambassador(session, event.member_id, event.version, event.scope):
        await proposing.find_somebody(session, await matches.waiting_for_nobody(session), now, settings)


@router.hears(AmbassadorStoodDown)
async def replace_ambassador(
    event: AmbassadorStoodDown, session: AsyncSession, now: datetime, settings: MatchingSettings
) -> None:
    """What waits for an ambassador who stood down goes to somebody else."""
    await take_turn(session)
    if await people.keep_ambassador(session, event.member_id, event.version, None):
        waiting = await matches.waiting_for(session, event.member_id)
        await proposing.find_somebody(session, waiting, now, settings, instead_of=event.member_id)


@router.hears(NodeTeamJoined)
async def welcome_team_member(
    event: NodeTeamJoined, session: AsyncSession, now: datetime, settings: MatchingSettings
) -> None:
    """The node's team gets the matches that nobody was there to look at."""
    await take_turn(session)
    if await people.keep_team_member(session, event.member_id, event.version, is_active=True):
        await proposing.find_somebody(session, await matches.waiting_for_nobody(session), now, settings)


@router.hears(NodeTeamLeft)
async def replace_team_member(
    event: NodeTeamLeft, session: AsyncSession, now: datetime, settings: MatchingSettings
) -> None:
    """What waits for somebody who left the node's team stays with their colleagues, or goes to somebody else."""
    await take_turn(session)
    if await people.keep_team_member(session, event.member_id, event.version, is_active=False):
        waiting = await matches.waiting_for(session, event.member_id)
        await proposing.find_somebody(session, waiting, now, settings, instead_of=event.member_id)


@router.hears(MemberLeft)
async def end_matches_of_member(event: MemberLeft, session: AsyncSession) -> None:
    """Who left asks and offers nothing any more: their matches end."""
    await take_turn(session)
    await people.withdraw_propositions(session, event.member_id)
    await proposing.end(session, await matches.running_of_member(session, event.member_id), "closed")


@router.hears(MemberErased)
async def forget_member(
    event: MemberErased, session: AsyncSession, now: datetime, settings: MatchingSettings, streams: Streams
) -> None:
    """Everything about an erased member is removed; who was in a match with them hears that it ended."""
    await take_turn(session)
    ended = [
        steps.lapse_erased(match, event.member_id)
        for match in await matches.running_of_member(session, event.member_id)
    ]
    waiting = await matches.waiting_for(session, event.member_id)
    removed = await people.forget(session, event.member_id, now)
    gone = {*removed["matches"]}
    left = [match for match in waiting if match.match_id not in gone]
    await proposing.find_somebody(session, left, now, settings, instead_of=event.member_id)
    purged = await streams.forget(session, speaker="matching", entity_ids=[*gone, *removed["propositions"]])
    for match in ended:
        say(session, MatchLapsed(**match.told_of_lapse()))
    counts = {what: len(ids) for what, ids in removed.items() if ids} | {"stream-messages": purged}
    say(session, MemberForgotten(member_id=event.member_id, removed=counts))


@router.hears(ReminderDue)
async def remind(event: ReminderDue, session: AsyncSession, now: datetime, settings: MatchingSettings) -> None:
    """Whoever has not answered by now is reminded, once for each step of a match."""
    await take_turn(session)
    match = await matches.find_locked(session, event.match_id)
    if match is None or match.state not in steps.RUNNING or match.reminded_at:
        return
    if not steps.is_due(match, timedelta(hours=settings.reminder_after_hours), now):
        proposing.remind_later(session, match, settings)
        return
    if match.waits_for():
        match = steps.remind(match, now)
        await matches.save(session, match)
        say(session, AnswerOverdue(**match.told(), waiting_for=match.waits_for()))
    patience_ends = match.waiting_since + timedelta(hours=settings.patience_hours)
    say_later(session, PatienceEnded(match_id=match.match_id), at=patience_ends)


@router.hears(PatienceEnded)
async def give_up(event: PatienceEnded, session: AsyncSession, now: datetime, settings: MatchingSettings) -> None:
    """A match that nobody answered lapses."""
    await take_turn(session)
    match = await matches.find_locked(session, event.match_id)
    if match is None or match.state not in steps.RUNNING:
        return
    patience = timedelta(hours=settings.patience_hours)
    if steps.is_due(match, patience, now):
        await proposing.end(session, [match], "unanswered")
    else:
        say_later(session, PatienceEnded(match_id=match.match_id), at=match.waiting_since + patience)


@router.hears(AnswerAwaited)
async def mark_unanswered(event: AnswerAwaited, session: AsyncSession, now: datetime) -> None:
    """A request that has led to no introduction by now is unanswered: that is said, once."""
    await take_turn(session)
    request = await propositions.mark_unanswered(session, event.request_id, now)
    if request:
        member_id, title, version = request
        say(
            session,
            RequestUnanswered(request_id=event.request_id, version=version, member_id=member_id, title=title),
        )
