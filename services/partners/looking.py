"""Looking at an event that was taken in: what is it about, is it right and the newest, is what it refers to there?

It then is told to the service whose it is, or ends, or waits: for the record that it refers to, or for the answer to
what was told of the same record before.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Input, Problem, say, say_later
from contracts.partners import RecordWithdrawn, Thing, WaitEnded
from services.partners import ending, rules, store, telling
from services.partners.profiles import profile_of
from services.partners.promises import WAIT_DAYS
from services.partners.rules import PersonForgotten, Status
from services.partners.tables import Receipt, Record


@dataclass(frozen=True, slots=True)
class Read:
    """What an event says, in our words; `data` is none when it withdraws."""

    kind: str
    thing: Thing
    network: str
    data: Input | None
    sandbox: bool


class _Waits(Exception):
    """Something has to come first."""

    def __init__(self, record_id: str) -> None:
        super().__init__()
        self.record_id = record_id


async def look(session: AsyncSession, receipt: Receipt, now: datetime) -> None:
    """Tells the event, ends it, or lets it wait; then the next telling of the same record goes on."""
    record: Record | None = None
    try:
        read = await _read(session, receipt, now)
        if person := telling.person_of(read.data):  # whether they are known or not
            named = receipt.partner_id, Thing.PERSON, person
            receipt.person_id = await store.record_id_of(session, *named)
        record = await _record(session, receipt, read)
        if receipt.order_key < record.order_key:
            await ending.accept(session, receipt, now, late=True)
        elif read.data is None and (record.known_as is None or record.withdrawn):
            record.order_key, record.withdrawn = receipt.order_key, True
            await ending.accept(session, receipt, now)
        elif _counts_already(receipt, record, read):
            await ending.accept(session, receipt, now)
        else:
            await _tell(session, receipt, record, read, now)
    except _Waits as waits:
        if waits.record_id != receipt.record_id:  # an answer to what was told comes in any case
            until = now + timedelta(days=WAIT_DAYS)
            say_later(session, WaitEnded(receipt_id=receipt.receipt_id), at=until)
        receipt.status, receipt.waits_for = Status.WAITING, waits.record_id
    except Problem as problem:
        if receipt.record_id is not None:  # before the feed is held, as whoever ends what was told of it does
            record = await store.record(session, receipt.record_id)
        await ending.refuse_for(session, receipt, problem, now)
    if record is not None and record.under_way is None:
        await ending.next_in_line(session, record, now)


async def _read(session: AsyncSession, receipt: Receipt, now: datetime) -> Read:
    partner = await store.partner(session, receipt.partner_id)
    assert partner is not None
    profile, told = profile_of(partner.network), receipt.data or {}
    kind, withdrawn = profile.kind_of(receipt.event_type)
    whose = receipt.partner_id, rules.THINGS[kind], receipt.subject
    receipt.record_id = await store.record_id_of(session, *whose)  # it goes with that
    data = None if withdrawn else profile.read_now(kind, told, receipt.event_type, now)
    return Read(kind, rules.THINGS[kind], partner.network, data, partner.sandbox)


async def _record(session: AsyncSession, receipt: Receipt, read: Read) -> Record:
    record = await store.record_for(session, receipt.partner_id, read.thing, receipt.subject)
    if record.erased:
        raise PersonForgotten
    record.subject = receipt.subject  # as the partner writes it, whoever named it first
    if record.under_way is not None:
        raise _Waits(record.record_id)
    return record


def _counts_already(receipt: Receipt, record: Record, read: Read) -> bool:
    """Whether it is the very telling that counts, sent again after its receipt is gone: what expired since stays so."""
    is_known = record.known_as is not None and not record.withdrawn and receipt.order_key == record.order_key
    return is_known and not read.sandbox and record.told_hash == rules.told_hash(read.kind, receipt.data or {})


async def _tell(session: AsyncSession, receipt: Receipt, record: Record, read: Read, now: datetime) -> None:
    about = {
        "record_id": record.record_id,
        "version": record.version + 1,
        "partner_id": receipt.partner_id,
        "network": read.network,
        "known_as": record.known_as,
    }
    if read.data is None:
        told: telling.Told | RecordWithdrawn = RecordWithdrawn(thing=read.thing, **about)
    else:
        known = {
            (thing, subject): await _known(session, receipt.partner_id, thing, subject)
            for thing, subject in sorted(telling.references(read.data), key=_persons_first)
        }
        told = telling.told(read.kind, read.data, known, about)
        record.member_id_before, record.person_id_before = record.member_id, record.person_id
        record.organisation_id_before = record.organisation_id
        record.member_id = getattr(told, "member_id", record.member_id)
        record.organisation_id = getattr(told, "organisation_id", record.organisation_id)
        record.person_id = next((one.record_id for (thing, _), one in known.items() if thing == Thing.PERSON), None)
    record.order_key_before, record.withdrawn_before = record.order_key, record.withdrawn
    record.version, record.order_key, record.withdrawn = record.version + 1, receipt.order_key, read.data is None
    record.told_hash = rules.told_hash(read.kind, receipt.data or {}) if read.data else None
    if read.sandbox:  # it counts at once, under its own number
        record.known_as = record.known_as or record.record_id
        await ending.accept(session, receipt, now)
        receipt.data = {"event": told.wire_name, **told.model_dump(mode="json")}
        await ending.answered(session, record, now)
        return
    record.under_way = receipt.receipt_id
    receipt.status, receipt.waits_for, receipt.told_id = Status.TOLD, None, say(session, told)


def _persons_first(one: tuple[Thing, str]) -> tuple[bool, Thing, str]:
    """While their record is locked nobody forgets them: that is done before this event waits, or sees that it does."""
    return one[0] != Thing.PERSON, *one


async def _known(session: AsyncSession, partner_id: str, thing: Thing, subject: str) -> Record:
    """A record that is referred to, locked until the commit: what it is known as cannot come in between unseen."""
    record = await store.record_for(session, partner_id, thing, subject)
    if record.erased:
        raise PersonForgotten
    if record.known_as is None or record.withdrawn:
        raise _Waits(record.record_id)
    if thing == Thing.PERSON:
        await store.one_at_a_time(session, record.known_as)
    return record
