"""The steps of a request or an offer: taken by its member, by an introduction, or by time."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Reply, check_version
from chassis.identity import NotSignedIn
from contracts.vocabulary import Side, Status
from services.requests import rules, store, telling
from services.requests.calls import Asking
from services.requests.placing import drop_past_expiry, fit_days
from services.requests.rules import Step
from services.requests.settings import RequestsSettings
from services.requests.tables import Proposition
from services.requests.views import view_of

#: What is told after each step.
_TELL: dict[Step, Callable[[AsyncSession, Proposition], None]] = {
    Step.OPEN: telling.placed,
    Step.CONVERSE: telling.changed,
    Step.FULFIL: telling.closed,
    Step.WITHDRAW: telling.closed,
    Step.EXPIRE: telling.closed,
    Step.REOPEN: telling.reopened,
}


async def take(
    session: AsyncSession,
    side: Side,
    proposition_id: str,
    step: Step,
    expected: int | None,
    call: Asking,
) -> Reply:
    """Its member takes a step; who left lets nothing stand."""
    if step in (Step.OPEN, Step.REOPEN) and await store.has_left(session, call.who.member_id):
        raise NotSignedIn
    proposition = await store.own(session, side, proposition_id, call.who)
    check_version(expected, proposition.version)
    if step is Step.REOPEN:
        if not rules.may_stand_again(proposition.told()):
            raise rules.StillTakenDown
        proposition.taken_down = None
    move(session, proposition, step, call.now, call.settings)
    proposition.withdrawn_by_member = step is Step.WITHDRAW
    return Reply(view_of(proposition, call), version=proposition.version)


def move(
    session: AsyncSession, proposition: Proposition, step: Step, now: datetime, settings: RequestsSettings
) -> None:
    """Takes a step and tells it; raises `StepNotPossible` when it does not start from here."""
    proposition.status = rules.status_after(Status(proposition.status), step, proposition.side, proposition.kind)
    if step is Step.REOPEN:
        drop_past_expiry(proposition, now)
    if proposition.status == Status.OPEN:
        fit_days(proposition, now, settings)
    proposition.ask_at = now + timedelta(days=settings.quiet_days) if step is Step.CONVERSE else None
    proposition.version += 1
    _TELL[step](session, proposition)
