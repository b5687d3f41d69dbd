"""Sessions, and the mailboxes."""

import sqlalchemy as sa
from alembic import op

from chassis.mailboxes import create_mailboxes, drop_mailboxes

revision = "0001"
down_revision = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """From nothing."""
    create_mailboxes(op)
    op.create_table(
        "session",
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("member_id", sa.Text, nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_session"),
    )
    op.create_index("ix_session_member_id", "session", ["member_id"])
    op.create_index("ix_session_expires_at", "session", ["expires_at"])


def downgrade() -> None:
    """Back to nothing."""
    op.drop_table("session")
    drop_mailboxes(op)
