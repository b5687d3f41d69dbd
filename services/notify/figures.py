"""How many mails wait, and how many failed: for the operator."""

from sqlalchemy import text

from chassis import Service

# How long the oldest could not go, though it was its time: what quiet hours keep waits for nothing of ours.
_MAILS = text(
    """
    SELECT count(*) FILTER (WHERE status = 'waiting') AS waiting,
        count(*) FILTER (WHERE status = 'sending') AS sending,
        count(*) FILTER (WHERE status = 'awaiting-contact') AS awaiting_contact,
        greatest(extract(epoch FROM now() - min(coalesce(tried_since, next_attempt_at))
            FILTER (WHERE status = 'waiting')), 0) AS oldest_seconds
    FROM notification WHERE status IN ('waiting', 'sending', 'awaiting-contact')
    """
)
_FAILED = text(
    "SELECT count(*) AS failed, count(*) FILTER (WHERE created_at > now() - interval '1 day') AS failed_today"
    " FROM notification WHERE status = 'failed'"
)


async def figures(service: Service) -> dict[str, float]:
    """By indexes that hold nothing of what was sent, so that it costs as little with a million mails."""
    async with service.engine.connect() as connection:
        mails = (await connection.execute(_MAILS)).one()
        failed = (await connection.execute(_FAILED)).one()
    return {
        "mails-waiting": float(mails.waiting),
        "mails-sending": float(mails.sending),
        "mails-without-address": float(mails.awaiting_contact),
        "mails-oldest-seconds": float(mails.oldest_seconds),
        "mails-failed": float(failed.failed),
        "mails-failed-today": float(failed.failed_today),
    }
