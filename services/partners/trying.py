"""What would become of an event if it were pushed now, as far as can be seen here; nothing is kept and nothing told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Problem
from services.partners import door, rules, store, telling
from services.partners.envelopes import PartnerEvent
from services.partners.profiles import profile_of
from services.partners.rules import PersonForgotten
from services.partners.tables import Record
from services.partners.tokens import PartnerCaller


class Effect(StrEnum):
    """What pushing an event would do."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    WITHDRAWN = "withdrawn"
    LATE = "late"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Tried:
    """One event: what it would do, what it would wait for, and how often its record was told before."""

    subject: str
    effect: Effect
    version: int = 0
    unknown: Sequence[str] = ()
    problem: Problem | None = field(default=None)


async def tried(session: AsyncSession, partner: PartnerCaller, event: PartnerEvent, now: datetime) -> Tried:
    """Tries one event. What only members or requests can judge is not known before they heard it."""
    profile = profile_of(partner.network)
    try:
        kind, is_withdrawn = profile.kind_of(event.type)
        data = None if is_withdrawn else profile.read_now(kind, event.data, event.type, now)
    except Problem as problem:
        return Tried(event.subject, Effect.REJECTED, problem=problem)
    thing = rules.THINGS[kind]
    record_id = await store.record_id_of(session, partner.partner_id, thing, event.subject)
    record = await session.get(Record, record_id)
    if record is None or record.version == 0:
        known = False
    elif record.erased:
        return Tried(event.subject, Effect.REJECTED, problem=PersonForgotten())
    else:
        known = not record.withdrawn and (record.known_as or record.under_way) is not None
    version = record.version if record else 0
    if record and rules.order_key(event.sequence, event.time) < record.order_key:
        return Tried(event.subject, Effect.LATE, version)
    if data is None:
        return Tried(event.subject, Effect.WITHDRAWN if known else Effect.UNCHANGED, version)
    unknown = []
    for of, subject in sorted(telling.references(data)):
        referred = await session.get(Record, await store.record_id_of(session, partner.partner_id, of, subject))
        if referred and referred.erased:
            return Tried(event.subject, Effect.REJECTED, version, problem=PersonForgotten())
        if referred is None or referred.known_as is None or referred.withdrawn:
            unknown.append(subject)
    if not known or record is None:
        return Tried(event.subject, Effect.NEW, version, unknown)
    is_same = record.told_hash == rules.told_hash(kind, event.data)
    return Tried(event.subject, Effect.UNCHANGED if is_same else Effect.CHANGED, version, unknown)


async def try_out(
    session: AsyncSession, partner: PartnerCaller, events: Sequence[PartnerEvent], now: datetime
) -> list[Tried]:
    """Tries the events of a call, each by itself. Raises `SourceNotYours`, or `FieldErrors` for a time to come."""
    door.check(partner, events, now)
    return [await tried(session, partner, event, now) for event in events]
