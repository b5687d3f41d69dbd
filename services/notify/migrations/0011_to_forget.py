"""What the streams still hold of who was erased goes in parts: until then its ids are kept."""

from alembic import op

from chassis.purging import create_to_forget

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """A release before purges all of it at once, and keeps none."""
    create_to_forget(op)


def downgrade() -> None:
    """What is left then stays in the streams."""
    op.drop_table("to_forget")
