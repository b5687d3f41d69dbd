"""What matches were proposed on and what became of them, and the versions of the weights that are made from it."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0004"
down_revision = "0003"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Of matches that were proposed before nothing is known: they teach nothing."""
    op.create_table(
        "feedback",
        _text("match_id"),
        _text("request_id"),
        sa.Column("proposed_at", INSTANT, nullable=False),
        sa.Column("weights_version", sa.Integer, nullable=False),
        sa.Column("strengths", pg.JSONB, nullable=False),
        sa.Column("has_ambassador", sa.Boolean, nullable=False),
        _text("reached"),
        sa.Column("ended", sa.Text),
        sa.Column("because", sa.Text),
        sa.Column("ended_by", sa.Text),
        sa.PrimaryKeyConstraint("match_id", name="pk_feedback"),
        sa.ForeignKeyConstraint(["match_id"], ["match.match_id"], name="fk_feedback_match", ondelete="CASCADE"),
    )
    op.create_index("ix_feedback_proposed_at", "feedback", ["proposed_at", "match_id"])
    op.create_table(
        "weights",
        sa.Column("version", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        _text("made_by"),
        _text("origin"),
        sa.Column("weights", pg.JSONB, nullable=False),
        sa.Column("score_min", sa.Float, nullable=False),
        sa.Column("requests", sa.Integer, nullable=False),
        sa.Column("matches", sa.Integer, nullable=False),
        sa.Column("evaluation", pg.JSONB, nullable=False),
        sa.Column("used_since", INSTANT),
        sa.Column("is_in_use", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_weights"),
    )
    op.create_index("uq_weights_in_use", "weights", ["is_in_use"], unique=True, postgresql_where=sa.text("is_in_use"))


def downgrade() -> None:
    """What was learned is gone with it; proposals are made by the weights of the release again."""
    for table in ("weights", "feedback"):
        op.drop_table(table)


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=False)
