"""What somebody wants to come back to: a note to themselves about a request or a match, which a timer brings back."""

from datetime import date, datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy import RowMapping, text
from sqlmodel import Field
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Identity, say, say_later
from contracts.desk import FollowUpCame, FollowUpDue
from contracts.event import new_id
from services.matching import desk_rules, one_person, people
from services.matching.desk_rules import FOLLOW_UPS_MAX, FollowUpNotFound, TooManyFollowUps
from services.matching.store import Table, ask

Matter = Literal["request", "match"]


class FollowUpRow(Table, table=True):
    """A note to oneself with a day on which it comes back; of what is done the note goes."""

    __tablename__ = "follow_up"

    follow_up_id: str = Field(primary_key=True, sa_type=sa.Text)
    member_id: str = Field(sa_type=sa.Text, index=True)
    matter: str = Field(sa_type=sa.Text)
    matter_id: str = Field(sa_type=sa.Text, index=True)
    note: str = Field(sa_type=sa.Text)
    due_on: date
    came_at: datetime | None = Field(default=None, sa_type=sa.DateTime(timezone=True))
    done_at: datetime | None = Field(default=None, sa_type=sa.DateTime(timezone=True))


_SELECT = """
    SELECT f.*, coalesce(p.title, '') AS title, p.language, coalesce(p.member_id, '') AS asker_id,
        p.node AS asker_node, m.request_id, m.ambassador_ids
    FROM follow_up f
    LEFT JOIN match m ON f.matter = 'match' AND m.match_id = f.matter_id
    LEFT JOIN proposition p ON p.proposition_id = CASE f.matter WHEN 'match' THEN m.request_id ELSE f.matter_id END"""
_MINE = text(
    f"{_SELECT} WHERE f.member_id = ANY(CAST(:me AS text[])) AND f.done_at IS NULL ORDER BY f.due_on, f.follow_up_id"
)
_ONE = text(f"{_SELECT} WHERE f.follow_up_id = :follow_up_id")
_KEEP = text(
    """
    INSERT INTO follow_up (follow_up_id, member_id, matter, matter_id, note, due_on)
    VALUES (:follow_up_id, :member_id, :matter, :matter_id, :note, CAST(:due_on AS date))
    """
)
_CHANGE = text(
    "UPDATE follow_up SET note = :note, due_on = CAST(:due_on AS date), came_at = NULL "
    "WHERE follow_up_id = :follow_up_id"
)
_FINISH = text("UPDATE follow_up SET done_at = :now, note = '' WHERE follow_up_id = :follow_up_id")
_CAME = text(
    "UPDATE follow_up SET came_at = :now "
    "WHERE follow_up_id = :follow_up_id AND due_on = CAST(:due_on AS date) AND done_at IS NULL AND came_at IS NULL "
    "RETURNING member_id"
)


async def mine(session: AsyncSession, who: Identity) -> list[RowMapping]:
    """What somebody wants to come back to, what is due first."""
    return list((await ask(session, _MINE, {"me": list(who.references)})).mappings())


async def note(
    session: AsyncSession, who: Identity, matter: Matter, matter_id: str, words: str, due_on: date
) -> RowMapping:
    """Keeps a note to oneself. Whether the caller may see what it is about was looked at before."""
    if len(await mine(session, who)) >= FOLLOW_UPS_MAX:
        raise TooManyFollowUps
    follow_up_id = new_id()
    values = {"follow_up_id": follow_up_id, "member_id": who.member_id, "matter": matter, "matter_id": matter_id}
    await ask(session, _KEEP, values | {"note": words, "due_on": due_on})
    _bring_back(session, follow_up_id, due_on)
    return await own(session, who, follow_up_id)


async def change(session: AsyncSession, who: Identity, follow_up_id: str, words: str, due_on: date) -> RowMapping:
    """Another note, or another day; what came back already comes back again then."""
    before = await own(session, who, follow_up_id)
    if (before["note"], before["due_on"]) != (words, due_on):
        await ask(session, _CHANGE, {"follow_up_id": follow_up_id, "note": words, "due_on": due_on})
        _bring_back(session, follow_up_id, due_on)
    return await own(session, who, follow_up_id)


async def finish(session: AsyncSession, who: Identity, follow_up_id: str, now: datetime) -> None:
    """It is done: the note goes, and nothing comes back. Done before, nothing happens."""
    if (await own(session, who, follow_up_id, done=True))["done_at"] is None:
        await ask(session, _FINISH, {"follow_up_id": follow_up_id, "now": now})


async def own(session: AsyncSession, who: Identity, follow_up_id: str, *, done: bool = False) -> RowMapping:
    """One of somebody's own; raises `FollowUpNotFound`, also for what is done, unless that is asked for."""
    row = (await ask(session, _ONE, {"follow_up_id": follow_up_id})).mappings().one_or_none()
    if row is None or row["member_id"] not in who.references or (row["done_at"] and not done):
        raise FollowUpNotFound
    return row


async def come_back(session: AsyncSession, follow_up_id: str, now: datetime) -> None:
    """The day is there, unless it was moved: who noted it hears that, once, if they still have a desk to read it at."""
    row = (await ask(session, _ONE, {"follow_up_id": follow_up_id})).mappings().one_or_none()
    if row is None or row["done_at"] or row["came_at"]:
        return
    if not desk_rules.is_there(row["due_on"], now):
        _bring_back(session, follow_up_id, row["due_on"])
        return
    this = {"follow_up_id": follow_up_id, "due_on": row["due_on"], "now": now}  # it may be moved meanwhile
    came = (await ask(session, _CAME, this)).scalar_one_or_none()
    if came and await people.may_look(session, *await one_person.references_of(session, row["member_id"])):
        told = {name: row[name] for name in ("member_id", "title", "asker_id", "asker_node")}
        say(session, FollowUpCame(follow_up_id=follow_up_id, **told))


def _bring_back(session: AsyncSession, follow_up_id: str, due_on: date) -> None:
    say_later(session, FollowUpDue(follow_up_id=follow_up_id), at=desk_rules.comes_at(due_on))
