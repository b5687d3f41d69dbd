"""How an event of a partner ends: accepted or rejected, with its place in the partner's feed, and told to it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Problem
from contracts.event import FieldError
from contracts.partners import EventAccepted, EventRefused
from services.partners import news, store
from services.partners.rules import Status
from services.partners.tables import Receipt, Record

#: Who has this many wrong fields, or one with such a name, is helped by no more; and an event has its size.
ERRORS_MAX, FIELD_CHARACTERS_MAX = 50, 200


async def accept(session: AsyncSession, receipt: Receipt, now: datetime, *, late: bool = False) -> None:
    """What it tells counts, or something newer counts already."""
    receipt.late = late
    await _end(session, receipt, Status.ACCEPTED, now)
    await news.tell(session, EventAccepted(late=late, **_which(receipt)), now, record_id=receipt.record_id)


async def refuse_for(session: AsyncSession, receipt: Receipt, problem: Problem, now: datetime) -> None:
    """It has no effect, because of a problem."""
    errors = [
        FieldError(field=error["field"][:FIELD_CHARACTERS_MAX], message=error["message"])
        for error in problem.facts.get("errors", ())[:ERRORS_MAX]
    ]
    await refuse(session, receipt, problem.type_uri, problem.title, errors, now)


async def refuse(
    session: AsyncSession, receipt: Receipt, problem: str, title: str, errors: Sequence[FieldError], now: datetime
) -> None:
    """It has no effect, and why."""
    receipt.problem, receipt.title, receipt.errors = problem, title, [error.model_dump() for error in errors]
    await _end(session, receipt, Status.REJECTED, now)
    refused = EventRefused(problem=problem, title=title, errors=tuple(errors), **_which(receipt))
    await news.tell(session, refused, now, record_id=receipt.record_id)


async def answered(session: AsyncSession, record: Record, now: datetime) -> None:
    """What was told of a record was answered: what waited for that, or for the record to be known, stands in line."""
    record.under_way = record.member_id_before = None
    for receipt in await store.waiting_for(session, record.record_id):
        if receipt.record_id != record.record_id and record.known_as is not None:
            _stands_in_line(receipt)
    await next_in_line(session, record, now)


async def next_in_line(session: AsyncSession, record: Record, now: datetime) -> None:
    """Of several tellings of a record that wait the newest is looked at; what is older than what counts is late.

    The others wait on: the newest may be refused.
    """
    own = [one for one in await store.waiting_for(session, record.record_id) if one.record_id == record.record_id]
    if own and own[0].order_key >= record.order_key:
        _stands_in_line(own[0])
    for receipt in own:
        if receipt.order_key < record.order_key:
            await accept(session, receipt, now, late=True)


def _stands_in_line(receipt: Receipt) -> None:
    receipt.status, receipt.waits_for, receipt.turn_at = Status.RECEIVED, None, None


async def _end(session: AsyncSession, receipt: Receipt, status: Status, now: datetime) -> None:
    receipt.status, receipt.ended_at, receipt.waits_for = status, now, None
    receipt.data = None  # it may be personal, and whose it is has it now
    receipt.ended_number = await store.next_number(session, receipt.partner_id)


def _which(receipt: Receipt) -> dict[str, Any]:
    names = ("receipt_id", "partner_id", "source", "event_id", "event_type")
    return {name: getattr(receipt, name) for name in names}
