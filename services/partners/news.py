"""News for a partner: said over NATS, kept for its feed, and put on its way to its endpoints, in one transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic_core import from_json, to_json
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import say
from chassis.sql import run
from contracts.envelope import encode
from contracts.partners import (
    EventAccepted,
    EventRefused,
    ForPartner,
    InitiativeBegun,
    InitiativeOver,
    MemberIntroduced,
    MemberMatched,
    OfferTakenUp,
    OrganisationJoined,
    QuestionAnswered,
)
from services.partners.tables import News

#: Everything that a partner is told, by the name by which its endpoints choose.
KINDS: dict[str, type[ForPartner]] = {
    event_type.wire_name.partition(".")[2]: event_type
    for event_type in (
        EventAccepted,
        EventRefused,
        MemberMatched,
        MemberIntroduced,
        QuestionAnswered,
        OfferTakenUp,
        InitiativeBegun,
        InitiativeOver,
        OrganisationJoined,
    )
}

# A replica of the release before tells it without a row here.
_ONCE = sa.text(
    """
    INSERT INTO told_once (partner_id, once, record_id, other_node)
    SELECT CAST(:partner_id AS text), CAST(:once AS text), CAST(:record_id AS text), CAST(:other_node AS text)
    WHERE NOT EXISTS (SELECT FROM news WHERE partner_id = :partner_id AND once = :once)
    ON CONFLICT DO NOTHING
    """
)

_KEEP = sa.text(
    """
    WITH counted AS (
        INSERT INTO feed (partner_id, ended, news) VALUES (CAST(:partner_id AS text), 0, 1)
        ON CONFLICT (partner_id) DO UPDATE SET news = feed.news + 1 RETURNING news
    ), kept AS (
        INSERT INTO news (news_id, partner_id, number, kind, record_id, once, data, said_at)
        SELECT CAST(:news_id AS text), CAST(:partner_id AS text), counted.news, CAST(:kind AS text),
               CAST(:record_id AS text), CAST(:once AS text), CAST(:data AS jsonb), CAST(:now AS timestamptz)
        FROM counted
        RETURNING news_id, partner_id, kind, said_at
    )
    INSERT INTO delivery (webhook_id, news_id, status, since, tries, due_at)
    SELECT webhook.webhook_id, kept.news_id, 'waiting', kept.said_at, 0, kept.said_at
    FROM kept JOIN webhook USING (partner_id)
    WHERE webhook.disabled_at IS NULL AND (cardinality(webhook.kinds) = 0 OR kept.kind = ANY(webhook.kinds))
    """
)


async def tell(
    session: AsyncSession,
    event: ForPartner,
    now: datetime,
    *,
    record_id: str | None = None,
    once: str | None = None,
    other_node: str | None = None,
) -> None:
    """Tells a partner; what it was told `once` under the same key before is not told again.

    `record_id` is the record that it is about: it goes when the person whose that is asks to be forgotten.
    `other_node` is kept with what is told once.
    """
    if once is not None:
        key = {"partner_id": event.partner_id, "once": once, "record_id": record_id, "other_node": other_node}
        if not (await run(session, _ONCE, key)).rowcount:
            return
    news_id = say(session, event)
    values = {
        "partner_id": event.partner_id,
        "news_id": news_id,
        "kind": event.wire_name.partition(".")[2],
        "record_id": record_id,
        "once": once,
        "data": to_json(event).decode(),
        "now": now,
    }
    await run(session, _KEEP, values)


async def is_kept(session: AsyncSession, partner_id: str, once: str) -> bool:
    """Whether the news of something that a partner is told `once` is still there."""
    query = select(News.news_id).where(News.partner_id == partner_id, News.once == once)
    return (await session.exec(query)).first() is not None


def cloud_event(kind: str, data: dict[str, Any], news_id: str, said_at: datetime, node: str) -> bytes:
    """The event as its partner gets it: the same bytes at every try."""
    event = KINDS[kind].model_validate(data)
    return encode(event, event_id=news_id, node=node, time=said_at, traceparent=None)


def as_cloud_event(news: News, node: str) -> dict[str, Any]:
    """The same, to be shown among others."""
    found: dict[str, Any] = from_json(cloud_event(news.kind, news.data, news.news_id, news.said_at, node))
    return found


async def after(session: AsyncSession, partner_id: str, number: int, limit: int) -> Sequence[News]:
    """A partner's news after a number of its feed, in the order in which it was said."""
    query = select(News).where(News.partner_id == partner_id, col(News.number) > number)
    return (await session.exec(query.order_by(col(News.number)).limit(limit))).all()
