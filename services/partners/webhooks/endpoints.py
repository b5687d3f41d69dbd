"""The endpoints of partners, as an operator or a partner's own people look after them."""

import base64
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.outward import check_url
from contracts.event import new_id
from services.partners import news
from services.partners.tables import Attempt, Delivery, News, Partner, Webhook
from services.partners.webhooks import deliveries, rules

#: More than anybody needs, and few enough that one partner cannot keep a process busy.
ENDPOINTS_MAX = 10


async def add(
    session: AsyncSession, partner_id: str, url: str, kinds: Collection[str], now: datetime, *, to_private: bool
) -> Webhook:
    """From now on news of these kinds (none: every kind) goes there. Raises `ValueError`, which says why not."""
    check_url(url, to_private=to_private)
    if unknown := set(kinds) - set(news.KINDS):
        raise ValueError(f"there is no news of the kind {', '.join(sorted(unknown))}; there is {', '.join(news.KINDS)}")
    if await session.get(Partner, partner_id, with_for_update=True) is None:
        raise ValueError("no partner has this name")
    if len(await of_partner(session, partner_id)) >= ENDPOINTS_MAX:
        raise ValueError(f"a partner has {ENDPOINTS_MAX} endpoints at most")
    made = Webhook(
        webhook_id=new_id(), partner_id=partner_id, url=url, kinds=sorted(kinds), secret=_new_secret(), made_at=now
    )
    session.add(made)
    await session.flush()
    return made


async def of_partner(session: AsyncSession, partner_id: str) -> Sequence[Webhook]:
    """A partner's endpoints, the oldest first."""
    query = select(Webhook).where(Webhook.partner_id == partner_id)
    return (await session.exec(query.order_by(col(Webhook.made_at), col(Webhook.webhook_id)))).all()


async def one(session: AsyncSession, partner_id: str, webhook_id: str) -> Webhook:
    """One of a partner's endpoints, locked for a change; raises `ValueError`."""
    query = select(Webhook).where(Webhook.webhook_id == webhook_id, Webhook.partner_id == partner_id)
    found = (await session.exec(query.with_for_update())).first()
    if found is None:
        raise ValueError("this partner has no such endpoint")
    return found


async def rotate(session: AsyncSession, webhook: Webhook, *, old_until: datetime) -> str:
    """A new secret; until then every call is signed with the old one, too, so that nothing is lost meanwhile."""
    webhook.old_secret, webhook.old_until = webhook.secret, old_until
    webhook.secret = _new_secret()
    session.add(webhook)
    return webhook.secret


async def remove(session: AsyncSession, webhook: Webhook) -> None:
    """Nothing goes there any more, and what did is forgotten."""
    await session.delete(webhook)


async def enable(session: AsyncSession, webhook: Webhook) -> None:
    """News goes there again, from now on; what it missed can be sent with `send_again`."""
    webhook.disabled_at = webhook.disabled_because = webhook.failing_since = webhook.paused_until = None
    webhook.failures = 0
    session.add(webhook)
    await session.flush()


async def send_one_again(session: AsyncSession, webhook: Webhook, news_id: str, now: datetime) -> int:
    """Sends one thing again; returns whether there was such news for it (1 or 0)."""
    return await deliveries.send_again(session, webhook.webhook_id, now, News.news_id == news_id)


async def send_all_again(session: AsyncSession, webhook: Webhook, since: datetime, now: datetime) -> int:
    """Sends again all that was said since then, taken or not; returns how much that is."""
    return await deliveries.send_again(session, webhook.webhook_id, now, col(News.said_at) >= since)


async def waiting(session: AsyncSession, partner_id: str) -> dict[str, int]:
    """How many deliveries of each of a partner's endpoints wait."""
    count = sa.func.count(col(Delivery.news_id))
    query = select(col(Webhook.webhook_id), count).join(Delivery, col(Delivery.webhook_id) == Webhook.webhook_id)
    query = query.where(Webhook.partner_id == partner_id, col(Delivery.due_at).is_not(None))
    return dict((await session.exec(query.group_by(col(Webhook.webhook_id)))).all())


async def disabled(session: AsyncSession) -> dict[str, int]:
    """How many endpoints of each partner are disabled."""
    count = sa.func.count(col(Webhook.webhook_id))
    query = select(col(Webhook.partner_id), count).where(col(Webhook.disabled_at).is_not(None))
    return dict((await session.exec(query.group_by(col(Webhook.partner_id)))).all())


async def newest_deliveries(
    session: AsyncSession, webhook_id: str, limit: int
) -> Sequence[tuple[Delivery, News, Attempt | None]]:
    """What was sent to an endpoint last, the newest first, each with its last try."""
    tried = aliased(Attempt)
    newest = select(sa.func.max(tried.attempt_id)).where(
        tried.webhook_id == Delivery.webhook_id, tried.news_id == Delivery.news_id
    )
    query = (
        select(Delivery, News, Attempt)
        .join(News, col(News.news_id) == Delivery.news_id)
        .outerjoin(Attempt, col(Attempt.attempt_id) == newest.correlate(Delivery).scalar_subquery())
        .where(Delivery.webhook_id == webhook_id)
        .order_by(col(Delivery.news_id).desc())
        .limit(limit)
    )
    return (await session.exec(query)).all()


def _new_secret() -> str:
    return rules.SECRET_BEGIN + base64.b64encode(secrets.token_bytes(rules.SECRET_BYTES)).decode()
