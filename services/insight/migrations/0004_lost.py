"""What a node that was put back does not know any more is not counted."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """What was said of it before this release is in the streams: who makes the facts anew has it."""
    op.create_table(
        "lost",
        sa.Column("projection", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("node", sa.Text, primary_key=True),
        sa.Column("proposition_id", sa.Text, primary_key=True),
        sa.Column("until_version", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    """As it was."""
    op.drop_table("lost")
