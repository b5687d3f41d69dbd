"""What is on its way to endpoints: who takes it next, and what came of each try.

Replicas share the work: who takes deliveries puts their next time ahead for as long as a call may last, so that they
come back by themselves when the process dies. An endpoint may therefore get the same twice, under the same id.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from pydantic_core import to_json
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import say
from chassis.outward import Answer
from chassis.sql import run
from contracts.event import new_id
from contracts.partners import WebhookDisabled
from services.partners.tables import Attempt, Contact, Delivery, News, Webhook
from services.partners.webhooks import rules

#: How much longer than a call deliveries are kept from others: what came of it is to be written down, too.
MARGIN = timedelta(seconds=20)

Because = Literal["failing", "gone"]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is this process's to try."""

    webhook_id: str
    news_id: str
    url: str
    secrets: list[str]
    kind: str
    data: dict[str, Any]
    said_at: datetime


#: An endpoint that did not answer gets one call at a time until it does; one of a partner whose keys were all revoked
#: gets none: what is told there is about people.
_CLAIM = sa.text(
    """
    WITH open AS (
        SELECT webhook_id, CASE WHEN failures > 0 THEN 1 ELSE CAST(:most AS integer) END
                           - coalesce((CAST(:busy AS jsonb) ->> webhook_id)::integer, 0) AS room
        FROM webhook
        WHERE disabled_at IS NULL AND (paused_until IS NULL OR paused_until <= CAST(:now AS timestamptz))
            AND EXISTS (SELECT FROM credential WHERE credential.partner_id = webhook.partner_id
                        AND (ends_at IS NULL OR ends_at > CAST(:now AS timestamptz)))
    ), due AS (
        SELECT one.webhook_id, one.news_id FROM open CROSS JOIN LATERAL (
            SELECT webhook_id, news_id FROM delivery
            WHERE delivery.webhook_id = open.webhook_id AND due_at <= CAST(:now AS timestamptz)
            ORDER BY due_at LIMIT greatest(open.room, 0) FOR UPDATE SKIP LOCKED
        ) AS one
    ), taken AS (
        UPDATE delivery SET due_at = CAST(:until AS timestamptz) FROM due
        WHERE delivery.webhook_id = due.webhook_id AND delivery.news_id = due.news_id
        RETURNING delivery.webhook_id, delivery.news_id
    )
    SELECT webhook_id, news_id, url, kind, data, said_at,
           CASE WHEN old_until > CAST(:now AS timestamptz) THEN ARRAY[secret, old_secret]
                ELSE ARRAY[secret] END AS secrets
    FROM taken JOIN webhook USING (webhook_id) JOIN news USING (news_id)
    """
)


async def claim(
    session: AsyncSession, busy: Mapping[str, int], now: datetime, *, most: int, seconds_max: float
) -> list[Claimed]:
    """Takes what is due, so much of each endpoint that `most` calls to it are under way with those that are `busy`."""
    until = now + timedelta(seconds=seconds_max) + MARGIN
    values = {"now": now, "until": until, "most": most, "busy": to_json(busy).decode()}
    found = (await run(session, _CLAIM, values)).all()
    return [Claimed(**row) for row in found]


async def write_down(
    session: AsyncSession, claimed: Claimed, answer: Answer, now: datetime, *, jitter: float, patience: timedelta
) -> None:
    """Notes a try and what is to be done next; after so much `patience` in vain a delivery ends, or the endpoint."""
    webhook = (await session.exec(select(Webhook).where(_is(claimed)).with_for_update())).first()
    delivery = await session.get(Delivery, (claimed.webhook_id, claimed.news_id), populate_existing=True)
    if webhook is None or delivery is None:  # it was removed meanwhile
        return
    verdict = rules.verdict(answer)
    if verdict != "taken":
        await _begin_anew_after_off(session, webhook, delivery, now)
    delivery.tries += 1
    session.add(_attempt(claimed, answer, now))
    if verdict == "taken":
        delivery.status, delivery.due_at = "delivered", None
        webhook.succeeded_at, webhook.failing_since, webhook.failures, webhook.paused_until = now, None, 0, None
        return
    if webhook.failing_since is None:
        webhook.failing_since = max(delivery.since, webhook.succeeded_at or delivery.since)
    if verdict == "away":
        webhook.failures += 1
        again = rules.next_try(webhook.failures, now, answer, jitter, rules.LONGEST_PAUSE)
        webhook.paused_until = again
    else:
        webhook.failures, webhook.paused_until = 0, None
        again = rules.next_try(delivery.tries, now, answer, jitter, rules.LONGEST)
    if delivery.since + patience <= now:
        delivery.status, delivery.due_at = "failed", None
    elif delivery.status == "waiting":
        delivery.due_at = min(again, delivery.since + patience)
    if verdict == "gone" or webhook.failing_since + patience <= now:
        await _disable(session, webhook, "gone" if verdict == "gone" else "failing", now)


async def _begin_anew_after_off(session: AsyncSession, webhook: Webhook, delivery: Delivery, now: datetime) -> None:
    """That nothing was tried while this node was off, or since it was kept, uses up no patience."""
    off = now - rules.OFF_AFTER
    tried = select(Attempt).where(Attempt.webhook_id == webhook.webhook_id, col(Attempt.at) > off).limit(1)
    if webhook.failing_since and webhook.failing_since < off and (await session.exec(tried)).first() is None:
        webhook.failing_since = None
    tried = tried.where(Attempt.news_id == delivery.news_id)
    if delivery.since < off and (await session.exec(tried)).first() is None:
        delivery.since = now


async def _disable(session: AsyncSession, webhook: Webhook, because: Because, now: datetime) -> None:
    """Nothing is sent to it until somebody enables it again; what waited can be sent by command then."""
    if webhook.disabled_at is not None:
        return
    webhook.disabled_at, webhook.disabled_because = now, because
    await session.flush()
    waiting = sa.update(Delivery).where(
        col(Delivery.webhook_id) == webhook.webhook_id, col(Delivery.due_at).is_not(None)
    )
    await session.exec(waiting.values(status="failed", due_at=None).execution_options(synchronize_session="fetch"))
    contacts = (await session.exec(select(Contact.member_id).where(Contact.partner_id == webhook.partner_id))).all()
    told = {"webhook_id": webhook.webhook_id, "partner_id": webhook.partner_id, "because": because}
    say(session, WebhookDisabled(contact_ids=tuple(sorted(contacts)), **told))


def _is(claimed: Claimed) -> Any:
    return col(Webhook.webhook_id) == claimed.webhook_id


def _attempt(claimed: Claimed, answer: Answer, now: datetime) -> Attempt:
    return Attempt(
        attempt_id=new_id(),
        webhook_id=claimed.webhook_id,
        news_id=claimed.news_id,
        at=now,
        ms=answer.ms,
        status=answer.status,
        answer=answer.text or None,
        problem=answer.problem,
    )


async def send_again(session: AsyncSession, webhook_id: str, now: datetime, *chosen: Any) -> int:
    """Sends news again to an endpoint that is enabled, as if it was new, whatever became of it; returns how much."""
    fresh = {"status": "waiting", "since": now, "tries": 0, "due_at": now}
    what = (
        select(col(Webhook.webhook_id), col(News.news_id), *(sa.literal(value) for value in fresh.values()))
        .join(News, col(News.partner_id) == Webhook.partner_id)
        .where(
            Webhook.webhook_id == webhook_id,
            col(Webhook.disabled_at).is_(None),
            sa.or_(sa.func.cardinality(Webhook.kinds) == 0, col(News.kind) == sa.any_(col(Webhook.kinds))),
            *chosen,
        )
    )
    insert = pg.insert(Delivery).from_select(["webhook_id", "news_id", *fresh], what)
    done = insert.on_conflict_do_update(index_elements=["webhook_id", "news_id"], set_=fresh)
    return int((await session.exec(done)).rowcount)
