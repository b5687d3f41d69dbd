"""What is heard of initiatives: time that passes, and what other nodes tell."""

from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import EventRouter, Streams
from contracts.matching import IntroductionMade
from contracts.members import NodeKnown, NodeRestored
from contracts.requests import InitiativeNoteTold, InitiativeQuietDue, InitiativeTold
from contracts.vocabulary import InitiativeStatus
from services.requests.initiatives import keeping, rules, store, telling
from services.requests.settings import RequestsSettings

router = EventRouter()


@router.hears(IntroductionMade, apart="initiatives")
async def remember_introduction(
    event: IntroductionMade, session: AsyncSession, now: datetime, settings: RequestsSettings, said_at: datetime
) -> None:
    """Two people were introduced, now or before there were initiatives: they can start something together."""
    await keeping.introduce(session, event, now, settings, introduced_at=said_at)


@router.hears(InitiativeQuietDue)
async def remind_of_silence(
    event: InitiativeQuietDue, session: AsyncSession, now: datetime, settings: RequestsSettings
) -> None:
    """When nothing was noted for a while, both are reminded, once for each silence."""
    known = await store.introduction(session, event.initiative_id)
    initiative = await store.initiative(session, event.initiative_id)
    if known is None or initiative is None or initiative.status != InitiativeStatus.RUNNING:
        return
    quiet, after = telling.quiet_since(initiative), timedelta(days=settings.quiet_days)
    if rules.must_remind(quiet, initiative.reminded_at, after, now):
        initiative.reminded_at = now
        await telling.to_people(session, known, initiative, "quiet", known.own_sides())
    elif initiative.reminded_at is None or initiative.reminded_at < quiet:
        telling.look_whether_quiet(session, initiative, settings.quiet_days, now)


@router.hears(InitiativeTold, elsewhere=True)
async def keep_initiative_elsewhere(
    event: InitiativeTold,
    session: AsyncSession,
    now: datetime,
    settings: RequestsSettings,
    streams: Streams,
    said_by: str,
) -> None:
    """The other side of one of our people started something with them, or ended it, in its own node."""
    await keeping.keep_told(session, event, said_by, now, settings, streams)


@router.hears(InitiativeNoteTold, elsewhere=True)
async def keep_note_elsewhere(
    event: InitiativeNoteTold, session: AsyncSession, now: datetime, settings: RequestsSettings, said_by: str
) -> None:
    """The other side noted something in its own node."""
    await keeping.keep_note(session, event, said_by, now, settings)


@router.hears(NodeRestored, NodeKnown, elsewhere=True)
async def tell_initiatives_again(
    event: NodeRestored | NodeKnown, session: AsyncSession, settings: RequestsSettings, said_by: str
) -> None:
    """A node that was put back from a backup may have lost what it was told since.

    A region does not hear that of another region, but that it has a new key, which such a node has, and which the
    national node passes on. Heard again it changes nothing.
    """
    restored = isinstance(event, NodeRestored) and said_by == event.node
    if restored or (isinstance(event, NodeKnown) and said_by == settings.national_node):
        await keeping.tell_again(session, event.node)
