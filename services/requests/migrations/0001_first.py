"""The tables of requests, and the mailboxes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from chassis.mailboxes import create_mailboxes, drop_mailboxes

revision = "0001"
down_revision = None

TEXTS = pg.ARRAY(sa.Text)
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """From nothing."""
    create_mailboxes(op)
    op.create_table(
        "proposition",
        sa.Column("proposition_id", sa.Text, nullable=False),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("member_id", sa.Text, nullable=False),
        sa.Column("organisation_id", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("themes", TEXTS, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("place_name", sa.Text, nullable=False),
        sa.Column("province", sa.Text, nullable=False),
        sa.Column("latitude", sa.Float, nullable=False),
        sa.Column("longitude", sa.Float, nullable=False),
        sa.Column("reach_km", sa.Integer),
        sa.Column("starts_on", sa.Date),
        sa.Column("ends_on", sa.Date),
        sa.Column("participants", sa.Integer),
        sa.Column("mbo_level", sa.Integer),
        sa.Column("expires_on", sa.Date),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("match_ids", TEXTS, nullable=False),
        sa.PrimaryKeyConstraint("proposition_id", name="pk_proposition"),
    )
    op.create_index("ix_proposition_member_id", "proposition", ["member_id"])
    op.create_table(
        "departure",
        sa.Column("member_id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("erased", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("member_id", name="pk_departure"),
    )


def downgrade() -> None:
    """Back to nothing."""
    for table in ("departure", "proposition"):
        op.drop_table(table)
    drop_mailboxes(op)
