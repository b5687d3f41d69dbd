"""Turns: what was taken in is looked at in turns that the partners share, so that nobody waits for another's burst.

Of a partner a few events at a time are in turn: to be looked at, or told and not answered yet. The others stand in
line, in the table. Who ends one gives the next its turn in the same transaction, so that nothing is lost when a process
is killed and replicas need not agree on anything. Now and then a look at all partners gives the turns that nobody else
gives: of what waits for something else (who looks at events would hold the feed while it waits for a record, and who
ends them the other way round), and of an event whose answer never comes, whose turn is over after a while.
"""

import asyncio
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Service, say
from chassis.sql import run_alone
from chassis.transactions import Item
from contracts.partners import EventReceived
from services.partners.rules import TURN_SECONDS_MAX, Status
from services.partners.settings import PartnersSettings
from services.partners.tables import IN_LINE, Feed, Receipt

LOOK_SECONDS = 0.25

#: What is under way between being taken in and its end, but for what waits for something else.
_UNDER_WAY = (Status.RECEIVED, Status.TOLD)


async def give(session: AsyncSession, partner_id: str, now: datetime, most: int) -> None:
    """Gives the next of a partner their turn, as many as there is room for under `most`, once there is for some.

    Two at the same time would both see the room of one, so a partner's feed is held until the commit.
    """
    await session.flush()
    held = pg.insert(Feed).values(partner_id=partner_id, ended=0)
    held = held.on_conflict_do_update(index_elements=["partner_id"], set_={"ended": col(Feed.ended)})
    await session.exec(held)
    in_turn = select(sa.func.count()).where(
        Receipt.partner_id == partner_id,
        col(Receipt.status).in_(_UNDER_WAY),
        col(Receipt.turn_at) > now - timedelta(seconds=TURN_SECONDS_MAX),
    )
    room = most - (await session.exec(in_turn)).one()
    if room < max(1, most // 4):  # several at a time cost little more than one, here and wherever they are told
        return
    oldest = col(Receipt.received_at), col(Receipt.receipt_id)
    following = select(Receipt.receipt_id).where(Receipt.partner_id == partner_id, _in_line()).order_by(*oldest)
    turn = (
        sa.update(Receipt)
        .where(col(Receipt.receipt_id).in_(following.limit(room).with_for_update(skip_locked=True)))
        .values(turn_at=now)
        .returning(col(Receipt.receipt_id))
        .execution_options(synchronize_session=False)
    )
    for receipt_id in sorted((await session.exec(turn)).scalars()):
        say(session, EventReceived(receipt_id=receipt_id))


_WAITING = sa.text(
    f"""
    SELECT partner_id FROM partner
    WHERE EXISTS (SELECT FROM receipt WHERE receipt.partner_id = partner.partner_id AND {IN_LINE})
    """
)


async def keep_giving(service: Service) -> None:
    """In the background: the turns that no end of another event gives."""
    assert isinstance(service.settings, PartnersSettings)
    most = service.settings.partner_in_turn_max
    while True:
        for partner_id in (await run_alone(service.engine, _WAITING)).scalars():
            await service.transactions.do(
                Item(lambda session, of=partner_id: give(session, of, service.now(), most))  # type: ignore[misc]
            )
        await asyncio.sleep(LOOK_SECONDS)


def _in_line() -> sa.ColumnElement[bool]:
    return sa.and_(col(Receipt.status) == Status.RECEIVED, col(Receipt.turn_at).is_(None))
