"""The questions asked of the tables of partners."""

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import async_sessionmaker
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import locks
from contracts.partners import Thing
from services.partners import rules
from services.partners.rules import Status
from services.partners.tables import (
    Contact,
    Credential,
    ErasedMember,
    Feed,
    News,
    Partner,
    Receipt,
    Record,
    SigningKey,
    Table,
    ToldOnce,
)

__all__ = ["Table"]


async def partner(session: AsyncSession, partner_id: str) -> Partner | None:
    """The partner, or none."""
    return await session.get(Partner, partner_id)


def is_live(at: Any) -> sa.ColumnElement[bool]:
    """That a key lets its partner in at a moment."""
    return sa.or_(col(Credential.ends_at).is_(None), col(Credential.ends_at) > at)


async def live_credential(
    session: AsyncSession, credential_id: str, now: datetime
) -> tuple[Credential, Partner] | None:
    """A key that was not revoked, and whose it is."""
    query = select(Credential, Partner).join(Partner, col(Partner.partner_id) == Credential.partner_id)
    query = query.where(Credential.credential_id == credential_id, is_live(now))
    return (await session.exec(query)).first()


async def live_partner(session: AsyncSession, partner_id: str, now: datetime) -> Partner | None:
    """The partner when it has a key that was not revoked, or none."""
    has_key = sa.exists().where(col(Credential.partner_id) == partner_id, is_live(now))
    return (await session.exec(select(Partner).where(Partner.partner_id == partner_id, has_key))).first()


async def networks_of_partners(session: AsyncSession, now: datetime) -> set[str]:
    """The networks of all partners with a key that was not revoked."""
    has_key = sa.exists().where(col(Credential.partner_id) == Partner.partner_id, is_live(now))
    return set((await session.exec(select(Partner.network).where(has_key))).all())


async def secret_of(session: AsyncSession, name: str) -> bytes:
    """What signs the `tokens`, or what the ids of `records` are made of; the first to ask makes it."""
    query = select(SigningKey.secret).where(SigningKey.name == name)
    if (known := (await session.exec(query)).first()) is not None:
        return known
    mine = pg.insert(SigningKey).values(name=name, secret=secrets.token_bytes(32))
    await session.exec(mine.on_conflict_do_nothing())
    return (await session.exec(query)).one()


async def know_of_which_node_records_are(sessions: async_sessionmaker[AsyncSession]) -> None:
    """Reads what the ids of this node's records are made of, once: each session has it with it from then on."""
    async with sessions() as session:
        secret = await secret_of(session, "records")
        await session.commit()
    sessions.configure(info={"records": UUID(bytes=secret[:16])})


async def count_events(session: AsyncSession, partner_id: str, count: int, now: datetime, most: int) -> None:
    """Counts what a partner pushes; raises `TooManyEvents` when it is more than the minute takes.

    A minute that is yet to come is of a clock that was ahead: it has ended too.
    """
    minute = timedelta(minutes=1)
    ended = sa.or_(col(Partner.counted_since) <= now - minute, col(Partner.counted_since) >= now + minute)
    update = (
        sa.update(Partner)
        .where(col(Partner.partner_id) == partner_id)
        .values(
            counted=sa.case((ended, count), else_=col(Partner.counted) + count),
            counted_since=sa.case((ended, now), else_=col(Partner.counted_since)),
        )
        .returning(col(Partner.counted), col(Partner.counted_since))
        .execution_options(synchronize_session=False)
    )
    counted, since = (await session.exec(update)).one()
    if counted > most:
        raise rules.TooManyEvents(max(1, 60 - int((now - since).total_seconds())), most)


async def keep_receipts(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> list[Receipt]:
    """Keeps the receipts of events that are new; returns those."""
    insert = pg.insert(Receipt).values(list(rows)).on_conflict_do_nothing().returning(Receipt)
    return list((await session.exec(insert)).scalars())


async def receipts_of(session: AsyncSession, partner_id: str, ids: Collection[tuple[str, str]]) -> list[Receipt]:
    """The receipts of events, by their source and id."""
    mine = sa.tuple_(col(Receipt.source), col(Receipt.event_id)).in_(ids)
    return list((await session.exec(select(Receipt).where(Receipt.partner_id == partner_id, mine))).all())


async def receipt(session: AsyncSession, partner_id: str, receipt_id: str) -> Receipt:
    """A partner's receipt; raises `ReceiptNotFound`."""
    query = select(Receipt).where(Receipt.receipt_id == receipt_id, Receipt.partner_id == partner_id)
    found = (await session.exec(query)).first()
    if found is None:
        raise rules.ReceiptNotFound
    return found


async def ended_after(session: AsyncSession, partner_id: str, after: int, limit: int) -> Sequence[Receipt]:
    """What ended of a partner's events, after a number of the feed; the first to end first."""
    query = select(Receipt).where(Receipt.partner_id == partner_id, col(Receipt.ended_number) > after)
    return (await session.exec(query.order_by(col(Receipt.ended_number)).limit(limit))).all()


async def newest_receipts(
    session: AsyncSession, partner_id: str, before: str | None, limit: int, *, status: str | None
) -> Sequence[Receipt]:
    """A partner's receipts with an id below one, the newest first; of one status, if asked."""
    query = select(Receipt).where(Receipt.partner_id == partner_id)
    if before is not None:
        query = query.where(col(Receipt.receipt_id) < before)
    if status is not None:
        query = query.where(Receipt.status == status)
    return (await session.exec(query.order_by(col(Receipt.receipt_id).desc()).limit(limit))).all()


async def pending(session: AsyncSession, receipt_id: str) -> Receipt | None:
    """A receipt whose event is to be looked at, locked for a change; none when that was done."""
    found = await _locked(session, select(Receipt).where(Receipt.receipt_id == receipt_id))
    return found if found and found.status in rules.PENDING else None


async def told_as(session: AsyncSession, told_id: str) -> Receipt | None:
    """The receipt whose event was told with this id, locked for a change."""
    return await _locked(session, select(Receipt).where(Receipt.told_id == told_id, Receipt.status == Status.TOLD))


async def under_way(session: AsyncSession, record: Record) -> Receipt | None:
    """The receipt that a record waits for, locked for a change."""
    return await _locked(session, select(Receipt).where(Receipt.receipt_id == record.under_way))


async def waiting_for(session: AsyncSession, record_id: str) -> Sequence[Receipt]:
    """What waits for a record, the newest telling first, locked for a change."""
    query = select(Receipt).where(Receipt.waits_for == record_id, Receipt.status == Status.WAITING)
    return (await session.exec(_as_it_stands(query.order_by(col(Receipt.order_key).desc())))).all()


async def record_id_of(session: AsyncSession, partner_id: str, thing: Thing, subject: str) -> str:
    """The id of the record of a thing of a partner of this node, however its own id is written.

    What was told before nodes were kept apart has one without the node, and before ids were read alike that of the very
    letters: those who keep it know it by that.
    """
    own_id = rules.own_id(subject)
    for before in dict.fromkeys((subject, own_id)):
        if await look_at(session, known := rules.record_id(partner_id, thing, before)) is not None:
            return known
    return rules.record_id(partner_id, thing, own_id, session.info["records"])


async def record_for(session: AsyncSession, partner_id: str, thing: Thing, subject: str) -> Record:
    """The record of a partner's thing, locked for a change; it is there from the first time that it is named."""
    record_id = await record_id_of(session, partner_id, thing, subject)
    empty = {"version": 0, "order_key": 0, "withdrawn": False, "erased": False}
    insert = pg.insert(Record).values(record_id=record_id, partner_id=partner_id, thing=thing, subject=subject, **empty)
    await session.exec(insert.on_conflict_do_nothing())
    found = await record(session, record_id)
    assert found is not None
    if found.subject is None and not found.erased:  # it was told of before that was kept
        found.subject = subject
    return found


async def look_at(session: AsyncSession, record_id: str) -> Record | None:
    """A record as it stands, not locked, or none."""
    return await session.get(Record, record_id, populate_existing=True)


async def record(session: AsyncSession, record_id: str) -> Record | None:
    """A record, locked for a change, or none."""
    found: Record | None = await _locked(session, select(Record).where(Record.record_id == record_id))
    return found


async def next_number(session: AsyncSession, partner_id: str) -> int:
    """The number of what ends now in a partner's feed; who ends something else waits for our commit."""
    insert = pg.insert(Feed).values(partner_id=partner_id, ended=1)
    more = insert.on_conflict_do_update(index_elements=["partner_id"], set_={"ended": col(Feed.ended) + 1})
    return int((await session.exec(more.returning(col(Feed.ended)))).scalar_one())


async def one_at_a_time(session: AsyncSession, member_id: str) -> None:
    """Waits until no other transaction forgets this member, or notes something as theirs."""
    await locks.one_at_a_time(session, f"member {member_id}")


async def is_erased(session: AsyncSession, member_id: str) -> bool:
    """Whether a member was erased, as far as was heard."""
    return await session.get(ErasedMember, member_id) is not None


async def forget(session: AsyncSession, member_id: str) -> tuple[list[str], dict[str, int]]:
    """Removes everything of a member; returns the ids of the records that were theirs and of their receipts, and how
    many of what."""
    await session.exec(pg.insert(ErasedMember).values(member_id=member_id).on_conflict_do_nothing())
    erased = {
        "known_as": None,
        "subject": None,
        "member_id": None,
        "organisation_id": None,
        "member_id_before": None,
        "person_id_before": None,
        "organisation_id_before": None,
        "under_way": None,
        "erased": True,
    }
    theirs = sa.or_(col(Record.member_id) == member_id, col(Record.member_id_before) == member_id)
    update = sa.update(Record).where(theirs).values(**erased)
    update = update.execution_options(synchronize_session="fetch")
    ids = list((await session.exec(update.returning(col(Record.record_id)))).scalars())
    about = sa.or_(*(named.in_(ids) for named in map(col, (Receipt.record_id, Receipt.person_id, Receipt.waits_for))))
    receipts = list((await session.exec(sa.delete(Receipt).where(about).returning(col(Receipt.receipt_id)))).scalars())
    told = await session.exec(sa.delete(News).where(col(News.record_id).in_(ids)))
    await session.exec(sa.delete(ToldOnce).where(col(ToldOnce.record_id).in_(ids)))
    await session.exec(sa.delete(Contact).where(col(Contact.member_id) == member_id))
    return [*ids, *receipts], {"records": len(ids), "receipts": len(receipts), "news": told.rowcount}


def _as_it_stands(query: Any) -> Any:
    """Locked, and read anew: another transaction may have changed what this session has seen."""
    return query.with_for_update().execution_options(populate_existing=True)


async def _locked(session: AsyncSession, query: Any) -> Any:
    return (await session.exec(_as_it_stands(query))).first()
