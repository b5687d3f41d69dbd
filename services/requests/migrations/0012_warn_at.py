"""When somebody is told that what they ask or offer expires soon."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """What stands already, and what a release before this one places beside it, expires without a warning."""
    op.add_column("proposition", sa.Column("warn_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Nobody is warned."""
    op.drop_column("proposition", "warn_at")
