"""What the streams still hold of who was erased goes in parts: until then its ids are kept."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """A release before purges all of it at once, and keeps none."""
    op.create_table(
        "to_forget",
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("entity_id", sa.Text, nullable=False),
        sa.Column("looked_at", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("reference", "entity_id", name="pk_to_forget"),
    )


def downgrade() -> None:
    """What is left then stays in the streams."""
    op.drop_table("to_forget")
