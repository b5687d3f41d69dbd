"""Taking in: fast, whole or not at all, and once for every source and id. What it means is looked at afterwards."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from contracts.event import new_id
from services.partners import rules, store, turns
from services.partners.envelopes import PartnerEvent
from services.partners.rules import SourceNotYours, Status
from services.partners.settings import PartnersSettings
from services.partners.tables import Receipt
from services.partners.tokens import PartnerCaller


async def take_in(
    session: AsyncSession,
    partner: PartnerCaller,
    events: Sequence[PartnerEvent],
    now: datetime,
    settings: PartnersSettings,
) -> list[Receipt]:
    """Keeps the events that are new, and returns the receipt of each, in their order."""
    check(partner, events, now)
    most = settings.partner_events_per_minute_max
    await store.count_events(session, partner.partner_id, len(events), now, most)
    once = {(event.source, event.id): event for event in events}
    await store.keep_receipts(session, [_row(event, partner, now) for event in once.values()])
    await turns.give(session, partner.partner_id, now, settings.partner_in_turn_max)
    found = await store.receipts_of(session, partner.partner_id, list(once))
    by_event = {(receipt.source, receipt.event_id): receipt for receipt in found}
    return [by_event[event.source, event.id] for event in events]


def check(partner: PartnerCaller, events: Sequence[PartnerEvent], now: datetime) -> None:
    """Raises `SourceNotYours`, or `FieldErrors` for a time in the future."""
    if not all(rules.is_own_source(event.source, partner.source) for event in events):
        raise SourceNotYours(source=partner.source)
    rules.check_times([(event.sequence, event.time) for event in events], now)


def _row(event: PartnerEvent, partner: PartnerCaller, now: datetime) -> dict[str, Any]:
    return {
        "receipt_id": new_id(),
        "partner_id": partner.partner_id,
        "source": event.source,
        "event_id": event.id,
        "event_type": event.type,
        "subject": event.subject,
        "order_key": rules.order_key(event.sequence, event.time),
        "data": event.data,
        "status": Status.RECEIVED,
        "received_at": now,
        "late": False,
        "errors": [],
    }
