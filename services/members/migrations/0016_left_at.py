"""Since when somebody takes part no more."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Empty of who left before, and of whom a release before this one lets leave beside it: their year begins later."""
    op.add_column("member", sa.Column("left_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Nobody is erased by themselves."""
    op.drop_column("member", "left_at")
