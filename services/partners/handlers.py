"""What partners hears: what it took in itself, how the services answer what was told, and who is to be forgotten.

What came of it later, which the partner then hears, is in `results`.
"""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import EventRouter, Streams
from contracts import members, requests
from contracts.event import EventRejected
from contracts.partners import EventReceived, Thing, WaitEnded
from services.partners import ending, forgetting, results, rules, store, turns
from services.partners.looking import look
from services.partners.results import RecordAccepted
from services.partners.rules import Status
from services.partners.settings import PartnersSettings
from services.partners.tables import Receipt, Record

router = EventRouter()
router.include(results.router)
router.include(forgetting.router)

#: That what was told counts where it belongs.
_ACCEPTED = {kind.type_name() for kind in (members.RecordAccepted, requests.RecordAccepted)}


@router.hears(EventReceived)
async def look_at_event(event: EventReceived, session: AsyncSession, now: datetime, settings: PartnersSettings) -> None:
    """An event of a partner is checked, put into our words, and told to the service whose it is."""
    if receipt := await store.pending(session, event.receipt_id):
        await look(session, receipt, now)
        if receipt.status not in (Status.TOLD, Status.WAITING):  # see `turns` on what waits
            await turns.give(session, receipt.partner_id, now, settings.partner_in_turn_max)


@router.hears(members.RecordAccepted, requests.RecordAccepted)
async def end_accepted(
    event: RecordAccepted, session: AsyncSession, now: datetime, streams: Streams, settings: PartnersSettings
) -> None:
    """What was told counts: its receipt ends, and what waited for the record goes on."""
    record = await store.record(session, event.record_id)
    if record is None or record.erased:
        return
    await results.known_as(session, record, event, now)
    if record.thing == Thing.PERSON:
        await store.one_at_a_time(session, event.known_as)
        record.member_id = event.known_as
        if await store.is_erased(session, event.known_as):  # their erasure was heard before this answer
            await forgetting.forget_late(session, event.known_as, streams)
            return
    if record.under_way and event.version == record.version:
        if receipt := await store.under_way(session, record):
            await ending.accept(session, receipt, now)
        await ending.answered(session, record, now)
        await turns.give(session, record.partner_id, now, settings.partner_in_turn_max)


@router.hears(EventRejected)
async def end_refused(
    event: EventRejected, session: AsyncSession, now: datetime, streams: Streams, settings: PartnersSettings
) -> None:
    """A service refused what was told, or what partners had to do for it was given up: the partner can read why."""
    receipt = await store.told_as(session, event.rejected_id) or await _given_up(session, event)
    if receipt is None:
        return
    record = await store.record(session, receipt.record_id) if receipt.record_id else None
    was_told = receipt.status == Status.TOLD
    await ending.refuse(session, receipt, event.problem, event.title, event.errors, now)
    if record is not None and was_told:
        await forgetting.forget_nobody(session, record, streams)
        _counts_as_before(record, event)
        await ending.answered(session, record, now)
    elif record is not None and record.under_way is None:
        await ending.next_in_line(session, record, now)
    await turns.give(session, receipt.partner_id, now, settings.partner_in_turn_max)


async def _given_up(session: AsyncSession, event: EventRejected) -> Receipt | None:
    """The receipt that stays pending for ever, because partners could not handle what would have gone on with it."""
    if event.rejected_by != "partners" or event.rejected_about is None:
        return None
    if event.rejected_type == EventReceived.type_name():
        return await store.pending(session, event.rejected_about)
    if event.rejected_type == WaitEnded.type_name():
        return await _waiting_for_another(session, event.rejected_about)
    if event.rejected_type in _ACCEPTED:
        record = await store.record(session, event.rejected_about)
        return await store.under_way(session, record) if record is not None and record.under_way else None
    return await store.told_as(session, event.rejected_about)  # that it was refused


def _counts_as_before(record: Record, event: EventRejected) -> None:
    """What was told last is refused: what counted before it counts again."""
    record.told_hash = None
    if event.rejected_type in _ACCEPTED:
        return
    if record.order_key_before is not None and record.withdrawn_before is not None:
        record.order_key, record.withdrawn = record.order_key_before, record.withdrawn_before
    if record.member_id_before is not None:  # else it counts for nobody yet, and goes with whom it was told of
        record.member_id, record.person_id = record.member_id_before, record.person_id_before
        record.organisation_id = record.organisation_id_before


@router.hears(WaitEnded)
async def end_waiting(event: WaitEnded, session: AsyncSession, now: datetime) -> None:
    """What an event refers to was waited for long enough."""
    if receipt := await _waiting_for_another(session, event.receipt_id):
        await ending.refuse_for(session, receipt, rules.ReferenceUnknown(), now)


async def _waiting_for_another(session: AsyncSession, receipt_id: str) -> Receipt | None:
    """A receipt that waits for what its event refers to; none when it waits for what was told before it."""
    receipt = await store.pending(session, receipt_id)
    return receipt if receipt and receipt.waits_for and receipt.waits_for != receipt.record_id else None
