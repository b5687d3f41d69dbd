"""What notify hears, and whom it then tells what."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import EventRouter
from contracts.matching import (
    AnswerOverdue,
    IntroductionMade,
    MatchAnswered,
    MatchEndorsed,
    MatchHandedOver,
    MatchLapsed,
    MatchProposed,
    RequestEscalated,
    RequestUnanswered,
)
from contracts.members import (
    AddressReplaced,
    ContactChanged,
    ContactSealed,
    InvitationMade,
    MemberMerged,
    MemberParted,
    NodeTeamJoined,
    NodeTeamLeft,
    SignInRequested,
)
from contracts.notify import DigestDue, NotificationFailed
from contracts.partners import WebhookDisabled
from contracts.requests import InitiativeNews
from services.notify import (
    address_notices,
    asking,
    contacts,
    departures,
    desk,
    digests,
    endpoint_notices,
    erasure,
    expiry,
    forgetting,
    initiative_notices,
    invitation_notices,
    meetings,
    merged_notices,
    one_person,
    opening,
    rules,
    taking_down,
    welcoming,
)
from services.notify.push import devices
from services.notify.push import handlers as push_handlers
from services.notify.settings import NotifySettings
from services.notify.telling import tell

router = EventRouter(first=[erasure.NOT_WHILE_ERASING])
router.include(departures.router)
router.include(desk.router)
router.include(asking.router)
router.include(expiry.router)
router.include(taking_down.router)
router.include(welcoming.router)
router.include(meetings.router)
router.include(forgetting.router)
router.include(push_handlers.router)


@router.hears(ContactChanged)
async def remember_contact(contact: ContactChanged, session: AsyncSession, now: datetime) -> None:
    """The newest way to reach a member counts; mails that waited for it go."""
    await contacts.keep_contact(session, contact, now)


@router.hears(NodeTeamJoined, NodeTeamLeft)
async def remember_team(event: NodeTeamJoined | NodeTeamLeft, session: AsyncSession) -> None:
    """The node's team hears of what nobody else looks after."""
    await contacts.keep_team_member(session, event)


@router.hears(MemberMerged, MemberParted)
async def remember_one_person(
    event: MemberMerged | MemberParted, session: AsyncSession, now: datetime, settings: NotifySettings
) -> None:
    """Two references are of one person, or are not after all: what one chooses of mails holds for the other.

    Who was found to be one hears it, with where to undo it. Who is not any more is told nothing of the other's.
    """
    await one_person.keep(session, event)
    await digests.take_out(session, event.member_id, now)
    if isinstance(event, MemberMerged):
        await tell(session, merged_notices.merged_notices(event, await contacts.team(session)), settings, now)
    else:
        for member_id in (event.member_id, event.from_id):  # nobody can tell in whose hands a device of both is
            await devices.end_all_of(session, member_id)


@router.hears(SignInRequested)
async def send_link(event: SignInRequested, session: AsyncSession, now: datetime, settings: NotifySettings) -> None:
    """Whoever wants to sign in, or joins, gets the link by mail."""
    await tell(session, [rules.sign_in_notice(event)], settings, now)


@router.hears(AddressReplaced)
async def tell_old(event: AddressReplaced, session: AsyncSession, now: datetime, settings: NotifySettings) -> None:
    """Whoever read the address that a member had hears that another took its place."""
    await tell(session, [address_notices.replaced_notice(event, now)], settings, now)


@router.hears(InvitationMade)
async def send_invitation(
    event: InvitationMade, session: AsyncSession, now: datetime, settings: NotifySettings
) -> None:
    """Who is invited gets the link by mail."""
    await tell(session, [invitation_notices.invitation_notice(event)], settings, now)


@router.hears(MatchProposed)
async def ask_ambassadors(match: MatchProposed, session: AsyncSession, now: datetime, settings: NotifySettings) -> None:
    """The ambassadors are asked to look at a proposal."""
    await tell(session, rules.proposal_notices(match), settings, now)


@router.hears(MatchHandedOver)
async def ask_next_ambassadors(
    match: MatchHandedOver, session: AsyncSession, now: datetime, settings: NotifySettings
) -> None:
    """Who got the match handed over is asked to look at it."""
    await tell(session, rules.hand_over_notices(match), settings, now)


@router.hears(MatchEndorsed)
async def ask_both_sides(match: MatchEndorsed, session: AsyncSession, now: datetime, settings: NotifySettings) -> None:
    """Both sides are asked whether they want to meet, with the reasons and without names."""
    await tell(session, rules.question_notices(match), settings, now)


@router.hears(MatchAnswered)
async def show_answer(match: MatchAnswered, session: AsyncSession, now: datetime, settings: NotifySettings) -> None:
    """The ambassadors find the answer in their inbox."""
    await tell(session, rules.answer_notices(match), settings, now)


@router.hears(AnswerOverdue)
async def remind(match: AnswerOverdue, session: AsyncSession, now: datetime, settings: NotifySettings) -> None:
    """Who has not answered is reminded, once."""
    await tell(session, rules.reminder_notices(match), settings, now)


@router.hears(IntroductionMade)
async def introduce(match: IntroductionMade, session: AsyncSession, now: datetime, settings: NotifySettings) -> None:
    """Both sides get each other's contact details, and the ambassadors hear that it worked."""
    await tell(session, rules.introduction_notices(match), settings, now)


@router.hears(MatchLapsed)
async def tell_it_ended(match: MatchLapsed, session: AsyncSession, now: datetime, settings: NotifySettings) -> None:
    """Who knew of the match can read that it ended; who had said yes is mailed."""
    await tell(session, rules.lapse_notices(match), settings, now)


@router.hears(RequestUnanswered)
async def tell_asker_and_team(
    request: RequestUnanswered, session: AsyncSession, now: datetime, settings: NotifySettings
) -> None:
    """Who asked hears that we go on looking, and the node's team that it is up to them."""
    team = await contacts.team(session)
    await tell(session, rules.unanswered_notices(request, team), settings, now)


@router.hears(RequestEscalated)
async def tell_asker_of_escalation(
    request: RequestEscalated, session: AsyncSession, now: datetime, settings: NotifySettings
) -> None:
    """Who asked can read that an answer is sought in the whole country."""
    await tell(session, rules.escalation_notices(request), settings, now)


@router.hears(DigestDue)
async def send_digest(due: DigestDue, session: AsyncSession, now: datetime) -> None:
    """What was gathered for a member goes in one mail."""
    await digests.put_in_post(session, due.digest_id, now)


@router.hears(ContactSealed, elsewhere=True)
async def open_contact(
    event: ContactSealed, session: AsyncSession, now: datetime, settings: NotifySettings, said_by: str
) -> None:
    """The other side of an introduction is of another node: our own side gets its contact details now."""
    await opening.keep(session, event, said_by, now, settings)


@router.hears(NotificationFailed)
async def tell_team_of_refusal(
    failure: NotificationFailed, session: AsyncSession, now: datetime, settings: NotifySettings
) -> None:
    """The node's team hears, once for each refused address, that a member cannot be reached."""
    contact = await contacts.contact_of(session, failure.member_id)
    refused_at = contact.refused_at if contact else None
    team = await contacts.team(session)
    occurrence = rules.refusal_occurrence(refused_at, now)
    notices = rules.refusal_notices(failure, team, occurrence, address_refused=refused_at is not None)
    await tell(session, notices, settings, now)


@router.hears(InitiativeNews)
async def tell_of_initiative(
    event: InitiativeNews, session: AsyncSession, now: datetime, settings: NotifySettings
) -> None:
    """Who does something with another hears what the other did in it, or that nothing happens."""
    await tell(session, initiative_notices.news_notices(event), settings, now)


@router.hears(WebhookDisabled)
async def tell_of_disabled_endpoint(
    event: WebhookDisabled, session: AsyncSession, now: datetime, settings: NotifySettings
) -> None:
    """A partner's people and the node's team hear that an endpoint of the partner gets nothing any more."""
    await tell(session, endpoint_notices.disabled_notices(event, await contacts.team(session), now), settings, now)
