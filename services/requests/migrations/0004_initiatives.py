"""Introductions, and what comes of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0004"
down_revision = "0003"

TEXTS = pg.ARRAY(sa.Text)
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Who was introduced before can start nothing here: what was said of them has been heard already."""
    op.create_table(
        "introduction",
        sa.Column("match_id", sa.Text, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("offer_id", sa.Text, nullable=False),
        sa.Column("request_member_id", sa.Text, nullable=False),
        sa.Column("offer_member_id", sa.Text, nullable=False),
        sa.Column("request_node", sa.Text),
        sa.Column("offer_node", sa.Text),
        sa.Column("request_organisation_id", sa.Text, nullable=False),
        sa.Column("offer_organisation_id", sa.Text, nullable=False),
        sa.Column("request_party", pg.JSONB, nullable=False),
        sa.Column("offer_party", pg.JSONB, nullable=False),
        sa.Column("ambassador_ids", TEXTS, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("themes", TEXTS, nullable=False),
        sa.Column("place", pg.JSONB, nullable=False),
        sa.Column("introduced_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("match_id", name="pk_introduction"),
    )
    op.create_index("ix_introduction_request_member_id", "introduction", ["request_member_id"])
    op.create_index("ix_introduction_offer_member_id", "introduction", ["offer_member_id"])
    op.create_table(
        "initiative",
        sa.Column("initiative_id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("told_by", sa.Text),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("title", sa.Text),
        sa.Column("text", sa.Text),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("themes", TEXTS, nullable=False),
        sa.Column("place", pg.JSONB, nullable=False),
        sa.Column("starts_on", sa.Date),
        sa.Column("ends_on", sa.Date),
        sa.Column("started_by", sa.Text, nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("noted_at", INSTANT),
        sa.Column("reminded_at", INSTANT),
        sa.Column("ended_by", sa.Text),
        sa.Column("ended_at", INSTANT),
        sa.Column("because", sa.Text),
        sa.Column("because_words", sa.Text),
        sa.Column("outcome", sa.Text),
        sa.Column("students", sa.Integer),
        sa.Column("may_be_told", sa.Boolean, nullable=False),
        sa.Column("erased", TEXTS, nullable=False),
        sa.PrimaryKeyConstraint("initiative_id", name="pk_initiative"),
    )
    op.create_table(
        "note",
        sa.Column("note_id", sa.Text, nullable=False),
        sa.Column("initiative_id", sa.Text, nullable=False),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("happened_on", sa.Date, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("noted_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("note_id", name="pk_note"),
    )
    op.create_index("ix_note_initiative_id", "note", ["initiative_id"])


def downgrade() -> None:
    """As it was."""
    for table in ("note", "initiative", "introduction"):
        op.drop_table(table)
