"""What members hears: its own erasures and timers, and what the others removed."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import EventRouter, Streams, forget_heard, forget_messages, forget_replies, say
from contracts import matching, notify, partners, requests
from contracts.deeds import DeedDone
from contracts.matching import IntroductionMade, PartyErased
from contracts.members import (
    InvitationLapseDue,
    JoiningLapseDue,
    MemberChanged,
    MemberErased,
    MemberJoined,
    NodeAnnounced,
    NodeKnown,
    OrganisationChanged,
    OrganisationRegistered,
    RecordAccepted,
)
from contracts.partners import AmbassadorTold, OrganisationTold, PersonTold, RecordWithdrawn, Thing
from services.members import deeds, erased, invitations, joining, nodes, sealing, told
from services.members.merging import look_for_the_same
from services.members.merging_persons import look_for_the_same_person
from services.members.settings import MembersSettings

router = EventRouter()

MemberForgotten = (
    requests.MemberForgotten | matching.MemberForgotten | notify.MemberForgotten | partners.MemberForgotten
)


@router.hears(MemberErased)
async def purge_what_was_said(event: MemberErased, session: AsyncSession, now: datetime, streams: Streams) -> None:
    """What members said of an erased person leaves the streams, but for the erasure itself, which others must hear.

    So do the replies that are kept for replay: those to calls that shared the erasure's transaction are there by now.
    """
    erasure = await erased.erasure_of(session, event.member_id)
    if erasure is None:
        return
    own_ids = [event.member_id, *erasure.sign_in_ids]
    replies = await forget_replies(session, own_ids)
    entity_ids = [*own_ids, *await erased.forget_sealed(session, event.member_id)]
    purged = await forget_messages(streams, session, speaker="members", entity_ids=entity_ids, keep=[MemberErased])
    known = await deeds.of_whom(session, event.member_id)
    purged += await forget_messages(streams, session, speaker="chassis", entity_ids=known)
    deed_ids = await deeds.forget(session, event.member_id)  # which locks: only what came meanwhile is left to purge
    purged += await forget_messages(streams, session, speaker="chassis", entity_ids={*deed_ids} - {*known})
    removed = erasure.removed | {"stored-replies": replies, "deeds": len(deed_ids), "stream-messages": purged}
    await erased.keep_erasure_part(session, event.member_id, "members", removed, now)


@router.hears(MemberErased, elsewhere=True)
async def purge_what_was_heard(event: MemberErased, session: AsyncSession, streams: Streams, said_by: str) -> None:
    """What another node said here of a member whom it erased leaves the streams, but for the erasure itself.

    Nothing is sealed for them any more, nor for their node's next key.
    """
    sealed = await erased.forget_sealed_for(session, said_by, event.member_id)
    await forget_messages(streams, session, speaker="members", entity_ids=sealed)
    about = [event.member_id]  # a reference may be of a member of ours as well, of whom it is not theirs to say
    await forget_heard(streams, said_by, speaker="members", entity_ids=about, keep=[MemberErased])


@router.hears(PartyErased, elsewhere=True)
async def seal_no_more(
    event: PartyErased, session: AsyncSession, streams: Streams, settings: MembersSettings, said_by: str
) -> None:
    """As above: the third node that erased somebody says so, and the national node passes that on."""
    if event.node != settings.node and said_by in (event.node, settings.national_node):
        sealed = await erased.forget_sealed_for(session, event.node, event.member_id)
        await forget_messages(streams, session, speaker="members", entity_ids=sealed)


@router.hears(IntroductionMade)
async def make_known_to_other_node(match: IntroductionMade, session: AsyncSession, now: datetime) -> None:
    """Who is introduced to somebody of another node is made known there: sealed, and to that node alone."""
    await sealing.seal_for_introduction(session, match, now)


@router.hears(NodeAnnounced, NodeKnown, elsewhere=True)
async def keep_node(
    event: NodeAnnounced | NodeKnown, session: AsyncSession, now: datetime, settings: MembersSettings, said_by: str
) -> None:
    """Another node takes part, or has another name or key."""
    await nodes.keep(session, event, said_by, now, settings)


@router.hears(requests.MemberForgotten, matching.MemberForgotten, notify.MemberForgotten, partners.MemberForgotten)
async def complete_report(event: MemberForgotten, session: AsyncSession, now: datetime) -> None:
    """Another service told what it removed of an erased person."""
    await erased.keep_erasure_part(session, event.member_id, event.speaker(), event.removed, now)


@router.hears(OrganisationRegistered, OrganisationChanged)
async def find_the_same(
    event: OrganisationRegistered | OrganisationChanged, session: AsyncSession, now: datetime
) -> None:
    """An organisation may be one that is here already, told by another network: see `merging`."""
    await look_for_the_same(session, event.organisation_id, now)


@router.hears(MemberJoined, MemberChanged)
async def find_the_same_person(event: MemberJoined | MemberChanged, session: AsyncSession, now: datetime) -> None:
    """A member may be here already under another address: see `merging_persons`."""
    await look_for_the_same_person(session, event.member_id, now)


@router.hears(DeedDone)
async def keep_deed(event: DeedDone, session: AsyncSession, now: datetime, streams: Streams) -> None:
    """Somebody did something for or to others: kept for a year."""
    if await deeds.keep(session, event, now):
        await forget_messages(streams, session, speaker="chassis", entity_ids=[event.deed_id])


@router.hears(InvitationLapseDue)
async def forget_invitation(event: InvitationLapseDue, session: AsyncSession, now: datetime) -> None:
    """After fourteen days nothing of an invitation is kept."""
    await invitations.lapse(session, event.invitation_id, now)


@router.hears(JoiningLapseDue)
async def forget_unconfirmed(event: JoiningLapseDue, session: AsyncSession, now: datetime) -> None:
    """Somebody asked to join and never followed a link: what they filled in is removed."""
    await joining.lapse(session, event.member_id, now)


@router.hears(OrganisationTold, PersonTold, AmbassadorTold)
async def keep_told(
    event: OrganisationTold | PersonTold | AmbassadorTold, session: AsyncSession, now: datetime
) -> None:
    """A partner network told of an organisation, a person or an ambassador: known already, or new."""
    joined = False
    if isinstance(event, OrganisationTold):
        known_as, joined = await told.keep_organisation(session, event, now)
    elif isinstance(event, PersonTold):
        known_as = await told.keep_person(session, event, now)
    else:
        known_as = await told.keep_ambassador(session, event, now)
    of = {"record_id": event.record_id, "version": event.version}
    say(session, RecordAccepted(known_as=known_as, joined=joined, **of))


@router.hears(RecordWithdrawn)
async def withdraw_told(event: RecordWithdrawn, session: AsyncSession, now: datetime) -> None:
    """What a partner network told is no more; what others know of it stays."""
    if event.thing in (Thing.ORGANISATION, Thing.PERSON, Thing.AMBASSADOR):
        await told.withdraw(session, event, now)
        say(session, RecordAccepted(record_id=event.record_id, version=event.version, known_as=event.known_as))
