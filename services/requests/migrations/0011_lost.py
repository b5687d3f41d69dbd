"""What this node lost of what other nodes had heard of it, and under which version."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """What was lost before this is not in it."""
    op.create_table(
        "lost",
        sa.Column("proposition_id", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    """Without it."""
    op.drop_table("lost")
