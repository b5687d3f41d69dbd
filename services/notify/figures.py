"""How many mails wait, whether mail goes at all, and how many failed: for the operator."""

from datetime import timedelta

from sqlalchemy import text

from chassis import Service
from contracts.notify import NotificationSent
from services.notify.pace import away_since

# How long the oldest could not go, though it was its time: what quiet hours keep waits for nothing of ours.
_MAILS = text(
    """
    SELECT count(*) FILTER (WHERE status = 'waiting') AS waiting,
        count(*) FILTER (WHERE status = 'sending') AS sending,
        count(*) FILTER (WHERE status = 'awaiting-contact') AS awaiting_contact,
        bool_or(status = 'sending' OR status = 'waiting' AND next_attempt_at <= :now) AS some_to_send,
        greatest(extract(epoch FROM now() - min(coalesce(tried_since, next_attempt_at))
            FILTER (WHERE status = 'waiting')), 0) AS oldest_seconds
    FROM notification WHERE status IN ('waiting', 'sending', 'awaiting-contact')
    """
)
# Since when mail as such does not go: since the oldest was due that no server heard of (it is away, or we are behind),
# or since mailboxes of so many domains were put off, when none was sent since. Fewer may be the doing of those
# themselves: a mailbox may be full for days, and some servers take nobody's first try. A server that is away before it
# hears of those again is no doing of theirs: the sender knows since when.
_STUCK = text(
    """
    WITH waiting AS (
        SELECT attempts, coalesce(tried_since, next_attempt_at) AS since,
            lower(split_part(coalesce(facts ->> 'email', email), '@', 2)) AS domain
        FROM notification LEFT JOIN contact USING (member_id) WHERE status = 'waiting'
    ), put_off AS (
        SELECT min(since) AS since FROM waiting WHERE attempts > 0 AND since > coalesce(
            (SELECT said_at FROM said WHERE subject LIKE :sent ORDER BY seq DESC LIMIT 1), '-infinity')
        GROUP BY domain ORDER BY 1 OFFSET :fewer LIMIT 1
    )
    SELECT greatest(extract(epoch FROM now() - least((SELECT min(since) FROM waiting WHERE attempts = 0),
        (SELECT since FROM put_off))), 0) AS seconds
    """
).bindparams(fewer=2, sent=f"%.{NotificationSent.wire_name}.%")
_FAILED = text(
    "SELECT count(*) AS failed, count(*) FILTER (WHERE created_at > now() - interval '1 day') AS failed_today"
    " FROM notification WHERE status = 'failed'"
)


async def figures(service: Service) -> dict[str, float]:
    """By indexes that hold nothing of what was sent, so that it costs as little with a million mails."""
    async with service.engine.connect() as connection:
        mails = (await connection.execute(_MAILS, {"now": service.now()})).one()
        stuck = (await connection.execute(_STUCK)).one()
        failed = (await connection.execute(_FAILED)).one()
    away = service.now() - away_since.get(service, service.now()) if mails.some_to_send else timedelta()
    return {
        "mails-waiting": float(mails.waiting),
        "mails-sending": float(mails.sending),
        "mails-without-address": float(mails.awaiting_contact),
        "mails-oldest-seconds": float(mails.oldest_seconds),
        "mails-stuck-seconds": max(float(stuck.seconds), away.total_seconds()),
        "mails-failed": float(failed.failed),
        "mails-failed-today": float(failed.failed_today),
    }
