"""An ambassador asks another to look at a match instead. Until that one says yes, it stays with who asks."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import RowMapping, text
from sqlmodel import Field
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Identity, say
from contracts.deeds import Deed
from contracts.desk import HandOverAnswered, HandOverAsked, HandOverTakenBack
from contracts.event import new_id
from services.matching import doing, matches, one_person, people, proposing, showing
from services.matching.calls import Call
from services.matching.desk_rules import HandOverNotFound, HandOverWaits
from services.matching.match import Match
from services.matching.showing import Shown
from services.matching.steps import CannotJudge
from services.matching.store import Table, ask
from services.matching.turns import take_turn


class HandOverRow(Table, table=True):
    """That somebody was asked to look at a match instead, and what they said; none: it was taken back."""

    __tablename__ = "hand_over"
    __table_args__ = (
        sa.Index("uq_hand_over_waiting", "match_id", unique=True, postgresql_where=sa.text("answered_at IS NULL")),
        sa.ForeignKeyConstraint(["match_id"], ["match.match_id"], ondelete="CASCADE"),
    )

    hand_over_id: str = Field(primary_key=True, sa_type=sa.Text)
    match_id: str = Field(sa_type=sa.Text)
    asked_by: str = Field(sa_type=sa.Text, index=True)
    member_id: str = Field(sa_type=sa.Text, index=True)
    note: str | None = Field(default=None, sa_type=sa.Text)
    asked_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    answered_at: datetime | None = Field(default=None, sa_type=sa.DateTime(timezone=True))
    accepted: bool | None = None


# What went on without an answer (it was judged, or ended) asks nothing of anybody any more.
_WAITING = """
    FROM hand_over h JOIN match m USING (match_id)
    WHERE h.answered_at IS NULL AND m.state = 'proposed' AND h.asked_by = ANY(m.ambassador_ids)"""
_OF_MATCH = text(f"SELECT h.* {_WAITING} AND h.match_id = :match_id")
_TO = text(
    f"SELECT h.* {_WAITING} AND h.member_id = ANY(CAST(:me AS text[])) ORDER BY h.asked_at, h.hand_over_id LIMIT 100"
)
_BY = text(f"SELECT h.match_id, h.member_id {_WAITING} AND h.asked_by = ANY(CAST(:me AS text[]))")

# What somebody said last: who presses a button twice reads the same again.
_SAID = text(
    """
    SELECT accepted FROM hand_over WHERE match_id = :match_id AND member_id = ANY(CAST(:me AS text[]))
    ORDER BY asked_at DESC, hand_over_id DESC LIMIT 1
    """
)

# What was said last to who asked.
_LAST = text(
    """
    SELECT accepted FROM hand_over WHERE match_id = :match_id AND asked_by = ANY(CAST(:me AS text[]))
    ORDER BY asked_at DESC, hand_over_id DESC LIMIT 1
    """
)

# What was asked by who does not look at it any more is over.
_CLOSE = text("UPDATE hand_over SET answered_at = :now WHERE match_id = :match_id AND answered_at IS NULL")
_ASK = text(
    """
    INSERT INTO hand_over (hand_over_id, match_id, asked_by, member_id, note, asked_at)
    VALUES (:hand_over_id, :match_id, :asked_by, :member_id, :note, :now)
    """
)
_ANSWER = text(
    "UPDATE hand_over SET answered_at = :now, accepted = :accepted, note = NULL WHERE hand_over_id = :hand_over_id"
)


async def ask_over(session: AsyncSession, shown: Shown, call: Call, to: str, note: str | None) -> None:
    """Asks another to look at a match; asking the same one again changes nothing."""
    match = shown.match
    not_theirs = {*call.who.references, *await one_person.references_of(session, *match.sides())}
    if to in not_theirs or not await people.may_look(session, to):
        raise CannotJudge
    waiting = (await ask(session, _OF_MATCH, {"match_id": match.match_id})).mappings().one_or_none()
    if waiting and waiting["member_id"] == to:
        return
    if waiting:
        raise HandOverWaits
    asked_by = next((who for who in call.who.references if who in match.ambassador_ids), call.who.member_id)
    ids = {"hand_over_id": new_id(), "match_id": match.match_id, "asked_by": asked_by, "member_id": to}
    await ask(session, _CLOSE, {"match_id": match.match_id, "now": call.now})
    await ask(session, _ASK, ids | {"note": note, "now": call.now})
    say(session, HandOverAsked(**ids, match_version=match.version, **_about(match)))


async def answer(session: AsyncSession, call: Call, *, accepted: bool) -> None:
    """Who was asked says yes, and looks at the match from now on; or no, and it stays where it is.

    The same answer again changes nothing; anything else that does not wait (any more) raises `HandOverNotFound`.
    """
    await take_turn(session)
    row = (await ask(session, _OF_MATCH, {"match_id": call.match_id})).mappings().one_or_none()
    shown = await showing.find(session, call.match_id)
    if shown is None or row is None or row["member_id"] not in call.who.references:
        said = (await ask(session, _SAID, {"match_id": call.match_id, "me": list(call.who.references)})).scalars()
        if next(iter(said), None) is not accepted:
            raise HandOverNotFound
        return
    if accepted and shown.match.side_of(call.who.references):  # they are one person since they were asked
        raise CannotJudge
    await _answered(session, row, shown.match, call.now, accepted=accepted)
    if not accepted:
        return
    doing.note_on_match(session, call.who, Deed.MATCH_HANDED_OVER, shown.match, call.now)
    match = await proposing.hand_over(session, shown.match, (row["member_id"],), call.now, said_yes=True)
    if row["note"]:
        await matches.note(session, match.match_id, row["note"], by=row["asked_by"])


async def answer_for_leaver(session: AsyncSession, member_id: str, now: datetime) -> None:
    """Who looks at matches no more cannot answer: for who asked them that is a no. The caller has the turn."""
    references = await one_person.references_of(session, member_id)
    if await people.may_look(session, *references):  # who is an ambassador and in the team may have left one of them
        return
    rows = (await ask(session, _TO, {"me": list(references)})).mappings().all()
    found = await showing.with_ids(session, [row["match_id"] for row in rows])
    for row in rows:
        await _answered(session, row, found[row["match_id"]].match, now, accepted=False)


async def _answered(session: AsyncSession, row: RowMapping, match: Match, now: datetime, *, accepted: bool) -> None:
    await ask(session, _ANSWER, {"hand_over_id": row["hand_over_id"], "accepted": accepted, "now": now})
    told = {name: row[name] for name in ("hand_over_id", "match_id", "asked_by", "member_id")}
    say(session, HandOverAnswered(**told, accepted=accepted, **_about(match)))


async def take_back(session: AsyncSession, who: Identity, match_id: str, now: datetime) -> None:
    """Who asked looks at it themselves after all; taken back before, nothing happens. After a yes it is too late."""
    await take_turn(session)
    row = (await ask(session, _OF_MATCH, {"match_id": match_id})).mappings().one_or_none()
    if row is None:
        last = (await ask(session, _LAST, {"match_id": match_id, "me": list(who.references)})).scalars()
        if next(iter(last), None):
            raise HandOverNotFound
        return
    if row["asked_by"] not in who.references:
        raise HandOverNotFound
    await ask(session, _ANSWER, {"hand_over_id": row["hand_over_id"], "accepted": None, "now": now})
    say(session, HandOverTakenBack(hand_over_id=row["hand_over_id"]))


async def asked_of(session: AsyncSession, who: Identity) -> list[tuple[RowMapping, Shown]]:
    """What others ask somebody to look at, the oldest first, with the matches."""
    rows = (await ask(session, _TO, {"me": list(who.references)})).mappings().all()
    found = await showing.with_ids(session, [row["match_id"] for row in rows])
    return [(row, found[row["match_id"]]) for row in rows if row["match_id"] in found]


async def asked_by(session: AsyncSession, who: Identity) -> dict[str, str]:
    """Whom somebody asked to look instead, by match."""
    return {
        row["match_id"]: row["member_id"] for row in (await ask(session, _BY, {"me": list(who.references)})).mappings()
    }


def _about(match: Match) -> dict[str, Any]:
    asker = match.asker
    return {"title": asker.title, "asker_id": asker.member_id, "asker_node": asker.node}
