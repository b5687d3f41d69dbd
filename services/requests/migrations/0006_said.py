"""What was said is kept for a while, for a broker that loses it."""

from alembic import op

from chassis.mailboxes import create_said

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """What was said before this release is not there; who reads it finds nothing missing."""
    create_said(op)


def downgrade() -> None:
    """As it was."""
    op.drop_table("said")
