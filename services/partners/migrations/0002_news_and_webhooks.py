"""What comes back to partners: news, the endpoints that it is sent to, each try, and who looks at it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0002"
down_revision = "0001"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """What a partner calls its things is taken from the receipts that are still there."""
    op.add_column("feed", sa.Column("news", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("record", sa.Column("subject", sa.Text))
    op.execute(
        "UPDATE record SET subject = receipt.subject FROM receipt "
        "WHERE receipt.record_id = record.record_id AND NOT record.erased"
    )
    op.create_table(
        "contact",
        sa.Column("partner_id", sa.Text, sa.ForeignKey("partner.partner_id"), primary_key=True),
        sa.Column("member_id", sa.Text, primary_key=True, index=True),
    )
    op.create_table(
        "news",
        sa.Column("news_id", sa.Text, primary_key=True),
        sa.Column("partner_id", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("record_id", sa.Text, index=True),
        sa.Column("once", sa.Text),
        sa.Column("data", pg.JSONB, nullable=False),
        sa.Column("said_at", INSTANT, nullable=False, index=True),
        sa.UniqueConstraint("partner_id", "once"),
    )
    op.create_index("ix_news_feed", "news", ["partner_id", "number"])
    op.create_table(
        "webhook",
        sa.Column("webhook_id", sa.Text, primary_key=True),
        sa.Column("partner_id", sa.Text, sa.ForeignKey("partner.partner_id"), nullable=False, index=True),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("kinds", pg.ARRAY(sa.Text), nullable=False),
        sa.Column("secret", sa.Text, nullable=False),
        sa.Column("old_secret", sa.Text),
        sa.Column("old_until", INSTANT),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("succeeded_at", INSTANT),
        sa.Column("failing_since", INSTANT),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("paused_until", INSTANT),
        sa.Column("disabled_at", INSTANT),
        sa.Column("disabled_because", sa.Text),
    )
    op.create_table(
        "delivery",
        sa.Column("webhook_id", sa.Text, primary_key=True),
        sa.Column("news_id", sa.Text, primary_key=True, index=True),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("due_at", INSTANT),
        sa.ForeignKeyConstraint(["news_id"], ["news.news_id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhook.webhook_id"], ondelete="CASCADE"),
    )
    op.create_index(
        "ix_delivery_due", "delivery", ["webhook_id", "due_at"], postgresql_where=sa.text("due_at IS NOT NULL")
    )
    op.create_table(
        "attempt",
        sa.Column("attempt_id", sa.Text, primary_key=True),
        sa.Column("webhook_id", sa.Text, nullable=False),
        sa.Column("news_id", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False, index=True),
        sa.Column("ms", sa.Integer, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("answer", sa.Text),
        sa.Column("problem", sa.Text),
        sa.ForeignKeyConstraint(
            ["webhook_id", "news_id"], ["delivery.webhook_id", "delivery.news_id"], ondelete="CASCADE"
        ),
    )
    op.create_index("ix_attempt_delivery", "attempt", ["webhook_id", "news_id"])


def downgrade() -> None:
    """Without what was said to partners."""
    for table in ("attempt", "delivery", "webhook", "news", "contact"):
        op.drop_table(table)
    op.drop_column("record", "subject")
    op.drop_column("feed", "news")
