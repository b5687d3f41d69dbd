"""The tables of the tiny service."""

import sqlalchemy as sa
from alembic import op

from chassis.mailboxes import create_mailboxes, drop_mailboxes

revision = "0001"
down_revision = None


def upgrade() -> None:
    """From nothing."""
    create_mailboxes(op)
    op.create_table(
        "tool",
        sa.Column("tool_id", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("lent_to", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("tool_id", name="pk_tool"),
    )
    op.create_table(
        "handling",
        sa.Column("handling_id", sa.String, nullable=False),
        sa.Column("tool_id", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("replica", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("handling_id", name="pk_handling"),
    )


def downgrade() -> None:
    """To nothing."""
    op.drop_table("handling")
    op.drop_table("tool")
    drop_mailboxes(op)
