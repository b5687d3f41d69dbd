"""Initiatives are counted too."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0002"
down_revision = "0001"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """None was told of before this release, so nothing has to be made anew."""
    op.create_table(
        "initiative",
        sa.Column("projection", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("initiative_id", sa.Text, primary_key=True),
        sa.Column("request_node", sa.Text, nullable=False),
        sa.Column("offer_node", sa.Text, nullable=False),
        sa.Column("request_organisation_id", sa.Text, nullable=False),
        sa.Column("offer_organisation_id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("themes", pg.ARRAY(sa.Text), nullable=False),
        sa.Column("province", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("because", sa.Text),
        sa.Column("students", sa.Integer),
        sa.Column("outcome", sa.Text),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
    )
    op.create_index("ix_initiative_started", "initiative", ["projection", "started_at"])


def downgrade() -> None:
    """As it was."""
    op.drop_table("initiative")
