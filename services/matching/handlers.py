"""What matching hears, and what it then does.

What is heard of requests and offers is kept, and what may fit them is sought, before their turn (`seeking`). Then the
handlers take turns (`turns.TAKE_TURN`), so that a request gets as many matches as it may have, and each pair once, in
whatever replica they are heard.
"""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import EventRouter, Streams
from contracts.desk import FollowUpDue
from contracts.former_timers import AnswerAwaited, PatienceEnded, ReminderDue
from contracts.matching import (
    MatchDismissed,
    MatchLapsed,
    MoreToForget,
)
from contracts.members import (
    AmbassadorAppointed,
    AmbassadorStoodDown,
    MemberErased,
    MemberMerged,
    MemberParted,
    NodeTeamJoined,
    NodeTeamLeft,
    OrganisationChanged,
    OrganisationRegistered,
)
from contracts.requests import (
    InitiativeStarted,
    OfferChanged,
    OfferClosed,
    OfferPlaced,
    OfferReopened,
    RequestChanged,
    RequestClosed,
    RequestPlaced,
    RequestReopened,
)
from services.matching import (
    asked_about,
    asking,
    elsewhere,
    erasure,
    feedback,
    following_up,
    handing_over,
    matches,
    one_person,
    people,
    proposing,
    purging,
    recollecting,
)
from services.matching.propositions import OfferHeard, RequestHeard
from services.matching.seeking import Sought, keep_and_seek, seek_next_best
from services.matching.settings import MatchingSettings
from services.matching.turns import TAKE_TURN, take_turn

router = EventRouter(first=[TAKE_TURN])
router.include(elsewhere.router)
router.include(recollecting.router)
router.no_longer_hears(ReminderDue, PatienceEnded, AnswerAwaited)


@router.hears(RequestPlaced, RequestChanged, RequestReopened, RequestClosed, prepare=keep_and_seek)
async def propose_matches(
    event: RequestHeard, session: AsyncSession, now: datetime, settings: MatchingSettings, prepared: Sought | None
) -> None:
    """A request that is open is put next to the offers that fit it best; otherwise its matches end, see `go_on`.

    The offer that it is about comes first. When it is open again, who said that they would help does.
    """
    if event.about_offer_id:
        await asked_about.propose(session, prepared, now, settings)
    await proposing.go_on(session, prepared, now, settings)
    if prepared and not prepared.known.is_new and prepared.known.proposition.is_open(now):
        await asking.help_as_promised(session, event.request_id, now, settings)


@router.hears(OfferPlaced, OfferChanged, OfferReopened, OfferClosed, prepare=keep_and_seek)
async def propose_to_waiting_requests(
    event: OfferHeard, session: AsyncSession, now: datetime, settings: MatchingSettings, prepared: Sought | None
) -> None:
    """An offer that is open is put next to the requests that wait for one; otherwise its matches end, see `go_on`.

    It may be what somebody asked about, or what its member said they would help somebody with.
    """
    await asked_about.propose_to_who_asked(session, prepared, now, settings)
    await proposing.go_on(session, prepared, now, settings)
    await asking.help_as_promised(session, event.offer_id, now, settings)


@router.hears(MatchDismissed, MatchLapsed, prepare=seek_next_best, first=())
async def propose_next_best(
    event: MatchDismissed | MatchLapsed,
    session: AsyncSession,
    now: datetime,
    settings: MatchingSettings,
    prepared: list[Sought],
) -> None:
    """A match that came to nothing leaves room for the next best, on either side, unless that side does not answer.

    Most end because their request does, which leaves nothing to propose, and then nobody waits for a turn.
    """
    if prepared:
        await take_turn(session)
        for sought in prepared:
            await proposing.propose(session, sought, now, settings)


@router.hears(OrganisationRegistered, OrganisationChanged)
async def keep_organisation(event: OrganisationRegistered | OrganisationChanged, session: AsyncSession) -> None:
    """What the organisation is called is shown in its matches."""
    await people.keep_organisation(session, event.organisation_id, event.version, event.name)


@router.hears(AmbassadorAppointed)
async def welcome_ambassador(event: AmbassadorAppointed, session: AsyncSession, now: datetime) -> None:
    """An ambassador gets the matches from now on, and those that nobody was there to look at."""
    if await people.keep_ambassador(session, event.member_id, event.version, event.scope):
        await proposing.find_somebody(session, await matches.waiting_for_nobody(session), now)


@router.hears(AmbassadorStoodDown)
async def replace_ambassador(event: AmbassadorStoodDown, session: AsyncSession, now: datetime) -> None:
    """What an ambassador who stood down looks at goes to somebody else, or stays with who asked them to look."""
    if await people.keep_ambassador(session, event.member_id, event.version, None):
        await proposing.find_successor(session, event.member_id, now)
        await handing_over.answer_for_leaver(session, event.member_id, now)


@router.hears(NodeTeamJoined)
async def welcome_team_member(event: NodeTeamJoined, session: AsyncSession, now: datetime) -> None:
    """The node's team gets the matches that nobody was there to look at."""
    if await people.keep_team_member(session, event.member_id, event.version, is_active=True):
        await proposing.find_somebody(session, await matches.waiting_for_nobody(session), now)


@router.hears(NodeTeamLeft)
async def replace_team_member(event: NodeTeamLeft, session: AsyncSession, now: datetime) -> None:
    """What waits for somebody who left the node's team stays with their colleagues, or goes to somebody else."""
    if await people.keep_team_member(session, event.member_id, event.version, is_active=False):
        await proposing.find_successor(session, event.member_id, now)
        await handing_over.answer_for_leaver(session, event.member_id, now)


@router.hears(MemberMerged, MemberParted)
async def keep_one_person(event: MemberMerged | MemberParted, session: AsyncSession, now: datetime) -> None:
    """Two references are of one person, or not after all: nobody is matched with themselves, or judges that."""
    await proposing.end(session, await one_person.keep(session, event), "closed")
    await proposing.find_another(session, event.member_id, now)


@router.hears(MemberErased)
async def forget_member(
    event: MemberErased, session: AsyncSession, now: datetime, settings: MatchingSettings, streams: Streams
) -> None:
    """Everything about an erased member is removed; who was in a match with them hears that it ended."""
    await erasure.forget(session, event.member_id, now, settings, streams)


@router.hears(MoreToForget, first=())
async def forget_more(event: MoreToForget, session: AsyncSession, streams: Streams, settings: MatchingSettings) -> None:
    """Much was said of who was erased: a part at a time leaves the streams, and matching goes on meanwhile."""
    await purging.go_on(session, streams, event.member_id, event.node, event.removed, settings)


@router.hears(InitiativeStarted)
async def learn_of_initiative(event: InitiativeStarted, session: AsyncSession) -> None:
    """Two who were introduced do something together: a match can lead to nothing better."""
    await feedback.keep_initiative(session, event.initiative_id)


@router.hears(FollowUpDue)
async def bring_back(event: FollowUpDue, session: AsyncSession, now: datetime) -> None:
    """Somebody wanted to come back to something by now: they hear of it."""
    await following_up.come_back(session, event.follow_up_id, now)
