"""Puts what people are told in the post, in their inboxes and on its way to their devices: each once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic_core import to_json
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.sql import run
from contracts.event import new_id
from services.notify.contacts import ALL_KNOWN
from services.notify.erasure import not_while_erasing
from services.notify.meeting_notices import goes_at
from services.notify.planning import plan, unplanned
from services.notify.push.deliveries import PUSHED
from services.notify.rules import Notice
from services.notify.settings import NotifySettings
from services.notify.templates import Template
from services.notify.waking import wake_senders_after_commit

# Most mail: neither what the member chose nor what their node does for who never chose has it wait.
_AT_ONCE = """(coalesce(p.rhythms ->> category, rhythm) = 'at-once' AND p.quiet_from IS NULL
    AND coalesce(p.weekends, true))"""

# Such a mail has a moment of its own; hours that the member chose hold it when it is due.
_BY_ITSELF = f"(urgent OR template = '{Template.MEETING_MOVED}')"

_TELL = text(
    f"""
    WITH notice AS (
        SELECT * FROM jsonb_to_recordset(CAST(:notices AS jsonb)) AS n(
            notification_id text, item_id text, member_id text, template text, matter_id text, occurrence text,
            facts jsonb, about text[], needs text[], urgent boolean, by_mail boolean, in_inbox boolean, category text,
            rhythm text)
        WHERE NOT EXISTS (SELECT FROM erased WHERE erased.member_id = ANY(n.about))
    ), mailed AS (
        INSERT INTO notification (notification_id, member_id, template, matter_id, occurrence, facts, about, needs,
                                  urgent, status, created_at, next_attempt_at, attempts, attempts_unsure, cause,
                                  category)
        SELECT notification_id, member_id, template, matter_id, occurrence, facts, about, needs, urgent,
               CASE WHEN NOT {ALL_KNOWN} THEN 'awaiting-contact'
                    WHEN {_BY_ITSELF} OR {_AT_ONCE} THEN 'waiting' ELSE 'gathered' END,
               :now, {goes_at("notice")}, 0, 0, :cause, category
        FROM notice LEFT JOIN preference AS p USING (member_id) WHERE by_mail
        ON CONFLICT DO NOTHING
        RETURNING notification_id, member_id, category, status, facts ? 'expires_at' AS expires
    ), inboxed AS (
        INSERT INTO inbox_item (item_id, member_id, template, matter_id, occurrence, facts, about, created_at)
        SELECT item_id, member_id, template, matter_id, occurrence, facts, about, :now
        FROM notice WHERE in_inbox
        ON CONFLICT DO NOTHING
        RETURNING item_id
    ), pushed AS ({PUSHED} RETURNING item_id)
    SELECT notification_id, member_id, category, expires, false AS is_pushed FROM mailed WHERE status = 'gathered'
    UNION ALL SELECT NULL, NULL, NULL, NULL, true WHERE EXISTS (SELECT FROM pushed)
    """
)


async def tell(session: AsyncSession, notices: Sequence[Notice], settings: NotifySettings, now: datetime) -> None:
    """Puts notices in the post and in the inboxes; what a person was told before is not told again."""
    if not notices:
        return
    await not_while_erasing(session)
    rows = [_row(notice, settings) for notice in notices]
    values = {"notices": to_json(rows).decode(), "now": now, "cause": session.info.get("cause")}
    told = (await run(session, _TELL, values)).all()
    if mails := [unplanned(*mail) for *mail, is_pushed in told if not is_pushed]:
        await plan(session, mails, settings.habits, now)
    wake_senders_after_commit(session, "mail")
    if any(row.is_pushed for row in told):
        wake_senders_after_commit(session, "push")


def _row(notice: Notice, settings: NotifySettings) -> dict[str, Any]:
    return {
        "notification_id": notice.notification_id(settings.node),
        "item_id": new_id(),
        "member_id": notice.member_id,
        "template": notice.template,
        "matter_id": notice.matter_id,
        "occurrence": notice.occurrence,
        "facts": notice.facts,
        "about": notice.about,
        "needs": notice.needs,
        "urgent": notice.urgent,
        "by_mail": notice.by_mail,
        "in_inbox": notice.in_inbox,
        "category": notice.category,
        "rhythm": settings.habits.rhythm(notice.category),
    }
