"""What the two do: start it, note what happened, tell how it ended."""

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import FieldErrors, Reply, check_version
from contracts.event import new_id
from contracts.vocabulary import InitiativeStatus
from services.requests import rules as days
from services.requests.calls import Asking
from services.requests.initiatives import rules, store, telling
from services.requests.initiatives.inputs import Change, Ending, InitiativeDraft, NoteDraft
from services.requests.initiatives.tables import Initiative, Note
from services.requests.initiatives.views import NoteView, view_of


async def start(session: AsyncSession, draft: InitiativeDraft, call: Asking) -> Reply:
    """Either of the two starts it, once."""
    known = await store.introduction(session, draft.match_id)
    side = store.side_of(known, call.who) if known else None
    if known is None or side is None:
        raise rules.IntroductionNotFound
    if await store.initiative(session, draft.match_id):
        raise rules.StartedBefore(initiative_id=draft.match_id)
    if errors := days.period_errors(draft.starts_on, draft.ends_on, None, today=call.today):
        raise FieldErrors(errors.items())
    initiative = Initiative(
        initiative_id=known.match_id,
        version=rules.version_after(InitiativeStatus.RUNNING, side),
        status=InitiativeStatus.RUNNING,
        title=draft.title or known.title,
        text=draft.text,
        kind=known.kind,
        themes=known.themes,
        place=known.place,
        starts_on=draft.starts_on,
        ends_on=draft.ends_on,
        started_by=side,
        started_at=call.now,
    )
    session.add(initiative)
    telling.to_the_country(session, known, initiative)
    telling.to_the_other_node(session, known, initiative)
    await telling.to_people(session, known, initiative, "started", telling.other_than(side))
    telling.look_whether_quiet(session, initiative, call.settings.quiet_days, call.now)
    view = view_of(known, initiative, call.who)
    return Reply(view, 201, f"/v1/initiatives/{initiative.initiative_id}", initiative.edition)


async def change(session: AsyncSession, initiative_id: str, change: Change, expected: int, call: Asking) -> Reply:
    """Either of the two gives it another title or other days; the other can read that. The same again is no change."""
    known, initiative, side = await store.own(session, initiative_id, call.who)
    check_version(expected, initiative.edition)
    if initiative.status not in rules.NOTED_WHILE:
        raise rules.InitiativeHasEnded
    changed = {name for name, value in change if value != getattr(initiative, name)}
    errors = days.period_errors(change.starts_on, change.ends_on, None, today=call.today)
    if errors := {name: error for name, error in errors.items() if name in changed}:
        raise FieldErrors(errors.items())  # a day that has passed may stay as it was
    if changed:
        for name, value in change:
            setattr(initiative, name, value)
        initiative.wording = rules.wording_after(initiative.wording, side)
        telling.to_the_other_node(session, known, initiative)
        await telling.to_people(session, known, initiative, "changed", telling.other_than(side))
        if initiative.status == InitiativeStatus.RUNNING:
            telling.look_whether_quiet(session, initiative, call.settings.quiet_days, call.now)
    return Reply(view_of(known, initiative, call.who), version=initiative.edition)


async def note(session: AsyncSession, initiative_id: str, draft: NoteDraft, call: Asking) -> Reply:
    """Either of the two notes what happened."""
    known, initiative, side = await store.own(session, initiative_id, call.who)
    if initiative.status not in rules.NOTED_WHILE:
        raise rules.InitiativeHasEnded
    noted = Note(
        note_id=new_id(),
        initiative_id=initiative_id,
        side=side,
        happened_on=draft.happened_on or call.today,
        text=draft.text,
        noted_at=call.now,
    )
    session.add(noted)
    initiative.noted_at = call.now
    telling.note_to_the_other_node(session, known, noted)
    if initiative.status == InitiativeStatus.RUNNING:
        telling.look_whether_quiet(session, initiative, call.settings.quiet_days, call.now)
    return Reply(NoteView.model_validate(noted.told()), 201, f"/v1/initiatives/{initiative_id}")


async def end(session: AsyncSession, initiative_id: str, ending: Ending, expected: int | None, call: Asking) -> Reply:
    """Either of the two tells how it ended, once."""
    known, initiative, side = await store.own(session, initiative_id, call.who)
    check_version(expected, initiative.edition)
    if initiative.status != InitiativeStatus.RUNNING:
        raise rules.InitiativeHasEnded
    for name, value in ending:
        setattr(initiative, name, value)
    initiative.ended_by, initiative.ended_at = side, call.now
    initiative.version = rules.version_after(ending.status, side)
    telling.to_the_country(session, known, initiative)
    telling.to_the_other_node(session, known, initiative)
    await telling.to_people(session, known, initiative, "ended", telling.other_than(side))
    return Reply(view_of(known, initiative, call.who), version=initiative.edition)
