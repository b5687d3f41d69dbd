"""Who left, and is mailed nothing but what they ask for."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Who left before this is heard again: a new hearing begins at the beginning of the stream."""
    op.create_table(
        "departure",
        sa.Column("member_id", sa.String, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("has_left", sa.Boolean, nullable=False),
    )


def downgrade() -> None:
    """Without it."""
    op.drop_table("departure")
