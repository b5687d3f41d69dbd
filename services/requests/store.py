"""The questions asked of the tables of requests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic_core import to_json
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Identity, forget_replies
from chassis.identity import NotSignedIn
from chassis.paging import PageAsked
from chassis.sql import gather, run
from contracts.vocabulary import Kind, Side, Status, Theme
from services.requests import rules
from services.requests.tables import Departure, Lost, Organisation, Proposition, Table

__all__ = ["Table"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to see of a list; what is not filled does not narrow it."""

    mine: bool = False
    status: Status | None = None
    kind: Kind | None = None
    theme: Theme | None = None


def place(session: AsyncSession, proposition: Proposition) -> None:
    """Keeps a new request or offer when the transaction commits.

    What a group of commands places is inserted by one statement: of all that we do this happens most, and an object of
    the ORM for each would cost more than everything else that the command does.
    """
    gather(session, vars(proposition), _insert_placed)


_PLACE = sa.text(
    """
    WITH placed AS (
        SELECT * FROM jsonb_populate_recordset(CAST(NULL AS proposition), CAST(:rows AS jsonb))
    ), known AS MATERIALIZED (  -- who hears meanwhile that one of them left waits for our commit
        SELECT member_id, erased OR version > coalesce(joined, 0) AS is_gone FROM departure
        WHERE member_id IN (SELECT member_id FROM placed) ORDER BY member_id FOR SHARE
    )
    INSERT INTO proposition
    SELECT placed.* FROM placed
    WHERE NOT EXISTS (SELECT FROM known WHERE known.member_id = placed.member_id AND is_gone)
    """
)


async def _insert_placed(session: AsyncSession, rows: list[dict[str, Any]]) -> None:
    """Nothing is kept of a member who left or was erased meanwhile: their command fails, the others are done again."""
    inserted = await run(session, _PLACE, {"rows": to_json(rows).decode()})
    if inserted.rowcount != len(rows):
        raise NotSignedIn


async def find(session: AsyncSession, proposition_id: str) -> Proposition | None:
    """A request or an offer as it stands now, locked for a change, or none."""
    return await _locked(session, select(Proposition).where(Proposition.proposition_id == proposition_id))


async def own(session: AsyncSession, side: Side, proposition_id: str, who: Identity) -> Proposition:
    """The caller's own, locked for a change; somebody else's does not exist for them."""
    mine = (Proposition.side == side, col(Proposition.member_id).in_(who.references))
    query = select(Proposition).where(Proposition.proposition_id == proposition_id, *mine)
    found = await _locked(session, query)
    if found is None:
        raise rules.NOT_FOUND[side]
    return found


async def seen(session: AsyncSession, side: Side, proposition_id: str, who: Identity) -> Proposition:
    """A request or an offer that the caller may see."""
    query = select(Proposition).where(Proposition.proposition_id == proposition_id, *_seen_by(who, side))
    found = (await session.exec(query)).first()
    if found is None:
        raise rules.NOT_FOUND[side]
    return found


async def page(
    session: AsyncSession,
    side: Side,
    who: Identity,
    wanted: Wanted,
    paging: PageAsked,
) -> Sequence[Proposition]:
    """What the caller may see, the newest first; one more than a page."""
    query = select(Proposition).where(*_seen_by(who, side))
    query = query.order_by(col(Proposition.proposition_id).desc()).limit(paging.limit + 1)
    if paging.cursor:
        query = query.where(Proposition.proposition_id < paging.cursor)
    if wanted.mine:
        query = query.where(col(Proposition.member_id).in_(who.references))
    if wanted.status:
        query = query.where(Proposition.status == wanted.status)
    if wanted.kind:
        query = query.where(Proposition.kind == wanted.kind)
    if wanted.theme:
        query = query.where(col(Proposition.themes).contains([wanted.theme.value]))
    return (await session.exec(query)).all()


async def organisation_names(session: AsyncSession, propositions: Sequence[Proposition]) -> dict[str, str]:
    """What the organisations of these are called, by their ids, as far as that was heard."""
    ids = {one.organisation_id for one in propositions}
    query = select(Organisation.organisation_id, Organisation.name).where(col(Organisation.organisation_id).in_(ids))
    return dict((await session.exec(query)).all())


def _seen_by(who: Identity, side: Side) -> tuple[Any, ...]:
    of_others = col(Proposition.status).in_([status.value for status in rules.seen_of_others(who, side)])
    return Proposition.side == side, sa.or_(col(Proposition.member_id).in_(who.references), of_others)


async def standing_of(session: AsyncSession, member_id: str) -> Sequence[Proposition]:
    """What a member has open or in conversation, and meetings that people may still come to, locked for a change."""
    stands = col(Proposition.status).in_([status.value for status in rules.STANDING])
    closed = col(Proposition.status).in_([status.value for status in rules.AWAITED])
    is_awaited = sa.and_(col(Proposition.side) == Side.OFFER, col(Proposition.kind) == Kind.MEETING, closed)
    query = select(Proposition).where(Proposition.member_id == member_id, sa.or_(stands, is_awaited))
    return (await session.exec(_as_it_stands(query.order_by(Proposition.proposition_id)))).all()


async def overdue(session: AsyncSession, now: datetime, limit: int) -> Sequence[Proposition]:
    """What stands open although its time has come, locked for a change; not what another replica changes now."""
    query = select(Proposition).where(Proposition.status == Status.OPEN, col(Proposition.expires_at) <= now)
    query = query.order_by(col(Proposition.expires_at)).limit(limit)
    return (await session.exec(_as_it_stands(query, skip_locked=True))).all()


async def nearly_over(session: AsyncSession, now: datetime, limit: int) -> Sequence[Proposition]:
    """What stands open and of which its member is to be told that it expires soon; as above.

    What is over and not closed yet, for it was being changed or time went on meanwhile, is left to `overdue`.
    """
    is_due = (col(Proposition.warn_at) <= now, col(Proposition.expires_at) > now)
    query = select(Proposition).where(Proposition.status == Status.OPEN, *is_due)
    query = query.order_by(col(Proposition.warn_at)).limit(limit)
    return (await session.exec(_as_it_stands(query, skip_locked=True))).all()


async def quiet(session: AsyncSession, now: datetime, limit: int) -> Sequence[Proposition]:
    """What has been in conversation for so long that its member is to be asked what came of it; as above."""
    query = select(Proposition).where(Proposition.status == Status.IN_CONVERSATION, col(Proposition.ask_at) <= now)
    query = query.order_by(col(Proposition.ask_at)).limit(limit)
    return (await session.exec(_as_it_stands(query, skip_locked=True))).all()


async def note_lost(session: AsyncSession, proposition_id: str, version: int) -> None:
    """Remembers in which version another node had heard what is not known here any more."""
    insert = pg.insert(Lost).values(proposition_id=proposition_id, version=version)
    highest = sa.func.greatest(col(Lost.version), insert.excluded.version)
    await session.exec(insert.on_conflict_do_update(index_elements=["proposition_id"], set_={"version": highest}))


async def take_lost(session: AsyncSession, proposition_id: str) -> int:
    """The version in which something was lost that is placed again under the same id; 0 when it was not."""
    lost = sa.delete(Lost).where(col(Lost.proposition_id) == proposition_id).returning(col(Lost.version))
    return int((await session.exec(lost)).scalar_one_or_none() or 0)


async def note_left(session: AsyncSession, member_id: str, version: int) -> bool:
    """Remembers that a member left; false when they came back since, it was heard before, or they were erased."""
    await _before_any_row(session)
    insert = pg.insert(Departure).values(member_id=member_id, version=version, erased=False)
    known = sa.func.greatest(col(Departure.version), col(Departure.joined))
    newer = (known < insert.excluded.version) & ~col(Departure.erased)
    return await _has_effect(
        session,
        insert.on_conflict_do_update(index_elements=["member_id"], set_={"version": version}, where=newer),
    )


async def note_joined(session: AsyncSession, member_id: str, version: int) -> None:
    """Remembers that a member takes part, for the first time or again."""
    insert = pg.insert(Departure).values(member_id=member_id, version=0, erased=False, joined=version)
    newest = sa.func.greatest(col(Departure.joined), insert.excluded.joined)
    await session.exec(insert.on_conflict_do_update(index_elements=["member_id"], set_={"joined": newest}))


async def has_left(session: AsyncSession, member_id: str) -> bool:
    """Whether a member takes part no more, as far as was heard; who hears that now waits for our commit."""
    await _before_any_row(session)
    query = select(Departure).where(Departure.member_id == member_id).with_for_update(read=True)
    found = (await session.exec(query.execution_options(populate_existing=True))).first()
    return found is not None and (found.joined or 0) < found.version


async def note_erased(session: AsyncSession, member_id: str, version: int) -> bool:
    """Remembers that a member was erased; false when that was known. Nothing of theirs is kept from now on."""
    # A command that is under way is awaited, so that what it keeps is seen when that is removed; one that comes later
    # waits for us, and then sees that its member was erased.
    await _before_any_row(session, alone=True)
    insert = pg.insert(Departure).values(member_id=member_id, version=version, erased=True)
    return await _has_effect(
        session,
        insert.on_conflict_do_update(index_elements=["member_id"], set_={"erased": True}, where=~col(Departure.erased)),
    )


async def _before_any_row(session: AsyncSession, *, alone: bool = False) -> None:
    """Whoever erases (`alone`) waits for our commit, or we for theirs. First of all, as a placing does: its INSERT
    locks the table before the rows of departures, and in two orders each would wait for the other.
    """
    mode = "EXCLUSIVE" if alone else "ROW EXCLUSIVE"
    await (await session.connection()).execute(sa.text(f"LOCK TABLE proposition IN {mode} MODE"))


async def any_erased(session: AsyncSession, member_ids: Sequence[str]) -> bool:
    """Whether one of these members was erased."""
    query = select(Departure).where(col(Departure.member_id).in_(member_ids), col(Departure.erased))
    return (await session.exec(query)).first() is not None


async def remove_member(session: AsyncSession, member_id: str) -> tuple[list[str], dict[str, int]]:
    """Deletes everything of a member; returns the ids of what they asked and offered, and how many of what."""
    theirs = sa.delete(Proposition).where(col(Proposition.member_id) == member_id)
    gone = (await session.exec(theirs.returning(col(Proposition.proposition_id), col(Proposition.side)))).all()
    ids = [proposition_id for proposition_id, _ in gone]
    removed = {
        "requests": sum(side == Side.REQUEST for _, side in gone),
        "offers": sum(side == Side.OFFER for _, side in gone),
        "stored-replies": await forget_replies(session, [member_id, *ids]),  # their words are in them
    }
    return ids, removed


def _as_it_stands(query: Any, *, skip_locked: bool = False) -> Any:
    """Locked, and read anew: another transaction may have changed what this session has seen."""
    return query.with_for_update(skip_locked=skip_locked).execution_options(populate_existing=True)


async def _locked(session: AsyncSession, query: Any) -> Proposition | None:
    found: Proposition | None = (await session.exec(_as_it_stands(query))).first()
    return found


async def _has_effect(session: AsyncSession, upsert: Any) -> bool:
    return bool((await session.exec(upsert)).rowcount)
