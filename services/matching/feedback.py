"""Feedback as it is kept: what each match was proposed on and by which weights, and what became of it.

It is written in the transaction of the step itself: with new matches (`begun`), and whenever they are saved (`KEEP`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic_core import to_json
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching import rules, strengths
from services.matching.match import Match, State
from services.matching.rules import Proposal
from services.matching.store import Table, ask
from services.matching.worth import Became, Feedback, Reached, became

#: Of so many matches, the newest, is learned: what was right years ago need not be now, and it fits in memory.
MATCHES_MAX = 50_000


class FeedbackRow(Table, table=True):
    """What a match was proposed on, and what became of it (`worth`). It goes with its match; it tells nobody's name."""

    __tablename__ = "feedback"
    __table_args__ = (
        sa.ForeignKeyConstraint(["match_id"], ["match.match_id"], ondelete="CASCADE"),
        sa.Index("ix_feedback_proposed_at", "proposed_at", "match_id"),
    )

    match_id: str = Field(primary_key=True, sa_type=sa.Text)
    request_id: str = Field(sa_type=sa.Text)
    proposed_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    weights_version: int
    strengths: dict[str, float] = Field(sa_type=JSONB)
    has_ambassador: bool
    reached: str = Field(sa_type=sa.Text)
    ended: str | None = Field(default=None, sa_type=sa.Text)
    because: str | None = Field(default=None, sa_type=sa.Text)
    ended_by: str | None = Field(default=None, sa_type=sa.Text)


def begun(
    proposals: Sequence[Proposal], matches: Sequence[Match], now: datetime, *, weights_version: int
) -> list[dict[str, Any]]:
    """Rows that say on what new matches are proposed; both in the same order."""
    return [
        {
            "match_id": match.match_id,
            "request_id": match.request_id,
            "proposed_at": now,
            "weights_version": weights_version,
            "strengths": strengths.kept_strengths(rules.signals(proposal.pair)),
            "has_ambassador": match.state is State.PROPOSED,
            "reached": Reached.PROPOSED,
        }
        for proposal, match in zip(proposals, matches, strict=True)
    ]


#: Keeps what became of matches (`became_of`), as the end of the statement that saves them. A match whose kind needs no
#: ambassador is endorsed from the start, and by nobody; of one that is older than feedback nothing is kept.
KEEP = """
    UPDATE feedback AS f SET ended = new.ended, because = new.because, ended_by = new.by,
        reached = CASE WHEN f.reached = 'initiative' THEN f.reached
            WHEN new.reached = 'endorsed' AND NOT f.has_ambassador THEN 'proposed' ELSE new.reached END
    FROM jsonb_to_recordset(CAST(:became AS jsonb))
        AS new (match_id text, reached text, ended text, because text, by text)
    WHERE f.match_id = new.match_id
    """


def became_of(matches: Sequence[Match]) -> str:
    """What became of matches, as JSON for `KEEP`."""
    return to_json([became(match)._asdict() | {"match_id": match.match_id} for match in matches]).decode()


_INITIATIVE = text(
    """
    UPDATE feedback AS f SET reached = 'initiative' FROM match AS m
    WHERE f.match_id = :match_id AND m.match_id = f.match_id AND f.reached = 'introduced'
        AND (CAST(:said_by AS text) IS NULL OR :said_by IN (m.asker_node, m.offerer_node))
    """
)


async def keep_initiative(session: AsyncSession, match_id: str, said_by: str | None = None) -> None:
    """The two do something together: they say so, here or (`said_by`) in the node of one of them."""
    await ask(session, _INITIATIVE, {"match_id": match_id, "said_by": said_by})


_NEWEST = text("SELECT * FROM feedback ORDER BY proposed_at DESC, match_id DESC LIMIT :most")


async def newest(session: AsyncSession) -> list[Feedback]:
    """The feedback that is learned from."""
    return [_feedback(row) for row in await ask(session, _NEWEST, {"most": MATCHES_MAX})]


_OF_MATCH = text("SELECT weights_version, strengths FROM feedback WHERE match_id = :match_id")


async def proposed_on(session: AsyncSession, match_id: str) -> tuple[int, dict[str, float]] | None:
    """The version of the weights that a match was proposed by, and its signals; none for an older match."""
    row = (await ask(session, _OF_MATCH, {"match_id": match_id})).one_or_none()
    return (row.weights_version, row.strengths) if row else None


def _feedback(row: Any) -> Feedback:
    found = Became(Reached(row.reached), row.ended, row.because, row.ended_by)
    return Feedback(row.request_id, row.match_id, row.strengths, found)
