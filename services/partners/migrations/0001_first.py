"""The tables of partners, and the mailboxes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from chassis.mailboxes import create_mailboxes, drop_mailboxes

revision = "0001"
down_revision = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """From nothing."""
    create_mailboxes(op)
    op.create_table(
        "partner",
        sa.Column("partner_id", sa.Text, primary_key=True),
        sa.Column("network", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("added_at", INSTANT, nullable=False),
        sa.Column("counted_since", INSTANT, nullable=False),
        sa.Column("counted", sa.Integer, nullable=False),
    )
    op.create_table(
        "feed",
        sa.Column("partner_id", sa.Text, primary_key=True),
        sa.Column("ended", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "credential",
        sa.Column("credential_id", sa.Text, primary_key=True),
        sa.Column("partner_id", sa.Text, sa.ForeignKey("partner.partner_id"), nullable=False, index=True),
        sa.Column("secret_hash", sa.LargeBinary, nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT),
    )
    op.create_table(
        "signing_key",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("secret", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "receipt",
        sa.Column("receipt_id", sa.Text, primary_key=True),
        sa.Column("partner_id", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("event_type", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("order_key", sa.BigInteger, nullable=False),
        sa.Column("data", pg.JSONB),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("record_id", sa.Text, index=True),
        sa.Column("waits_for", sa.Text, index=True),
        sa.Column("told_id", sa.Text, index=True),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, index=True),
        sa.Column("ended_number", sa.BigInteger),
        sa.Column("late", sa.Boolean, nullable=False),
        sa.Column("problem", sa.Text),
        sa.Column("title", sa.Text),
        sa.Column("errors", pg.JSONB, nullable=False),
        sa.UniqueConstraint("partner_id", "source", "event_id"),
    )
    op.create_index("ix_receipt_feed", "receipt", ["partner_id", "ended_number"])
    op.create_table(
        "record",
        sa.Column("record_id", sa.Text, primary_key=True),
        sa.Column("partner_id", sa.Text, nullable=False),
        sa.Column("thing", sa.Text, nullable=False),
        sa.Column("known_as", sa.Text),
        sa.Column("member_id", sa.Text, index=True),
        sa.Column("organisation_id", sa.Text),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("order_key", sa.BigInteger, nullable=False),
        sa.Column("under_way", sa.Text),
        sa.Column("withdrawn", sa.Boolean, nullable=False),
        sa.Column("erased", sa.Boolean, nullable=False),
    )
    op.create_table("erased_member", sa.Column("member_id", sa.Text, primary_key=True))


def downgrade() -> None:
    """Back to nothing."""
    for table in ("erased_member", "record", "receipt", "signing_key", "credential", "feed", "partner"):
        op.drop_table(table)
    drop_mailboxes(op)
