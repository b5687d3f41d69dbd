"""The facts, and the mailboxes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from chassis.mailboxes import create_mailboxes, drop_mailboxes

revision = "0001"
down_revision = None

INSTANT = sa.DateTime(timezone=True)


def _number() -> sa.Column[int]:
    return sa.Column("projection", sa.Integer, primary_key=True, autoincrement=False)


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=True)


def upgrade() -> None:
    """From nothing, with an empty projection that is current."""
    create_mailboxes(op)
    op.create_table(
        "projection",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("current", sa.Boolean, nullable=False),
        sa.Column("begun_at", INSTANT, nullable=False),
    )
    op.create_table(
        "proposition",
        _number(),
        _key("node"),
        _key("proposition_id"),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("themes", pg.ARRAY(sa.Text), nullable=False),
        sa.Column("organisation_id", sa.Text, nullable=False),
        sa.Column("province", sa.Text, nullable=False),
        sa.Column("latitude", sa.REAL, nullable=False),
        sa.Column("longitude", sa.REAL, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("first_version", sa.Integer, nullable=False),
        sa.Column("placed_at", INSTANT, nullable=False),
        sa.Column("closed_version", sa.Integer, nullable=False),
        sa.Column("closed_at", INSTANT),
    )
    op.create_index("ix_proposition_placed", "proposition", ["projection", "placed_at"])
    op.create_table(
        "mark",
        _number(),
        _key("node"),
        _key("request_id"),
        _key("what"),
        sa.Column("at", INSTANT, nullable=False),
    )
    op.create_table(
        "match",
        _number(),
        _key("match_id"),
        sa.Column("request_node", sa.Text, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("offer_node", sa.Text, nullable=False),
        sa.Column("offer_id", sa.Text, nullable=False),
        sa.Column("told_km", sa.REAL),
        sa.Column("proposed_at", INSTANT),
        sa.Column("endorsed_at", INSTANT),
        sa.Column("introduced_at", INSTANT),
        sa.Column("dismissed_at", INSTANT),
        sa.Column("lapsed_at", INSTANT),
    )
    op.create_index("ix_match_request", "match", ["projection", "request_node", "request_id"])
    op.create_index("ix_match_offer", "match", ["projection", "offer_node", "offer_id"])
    op.create_table(
        "organisation",
        _number(),
        _key("node"),
        _key("organisation_id"),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("province", sa.Text, nullable=False),
        sa.Column("networks", pg.ARRAY(sa.Text), nullable=False),
    )
    op.create_table(
        "merging",
        _number(),
        _key("node"),
        _key("organisation_id"),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("merged", sa.Boolean, nullable=False),
    )
    op.create_table(
        "region",
        _number(),
        _key("node"),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("shown_name", sa.Text, nullable=False),
    )
    op.execute("INSERT INTO projection (number, current, begun_at) VALUES (1, true, now())")


def downgrade() -> None:
    """Back to nothing."""
    for table in ("region", "merging", "organisation", "match", "mark", "proposition", "projection"):
        op.drop_table(table)
    drop_mailboxes(op)
