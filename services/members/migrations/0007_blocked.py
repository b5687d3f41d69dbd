"""Who is kept out by the node's team."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Who is kept out has left as well, so that a release before lets nobody in but who joins anew."""
    op.add_column("member", sa.Column("blocked_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """As it was; who was kept out has left."""
    op.drop_column("member", "blocked_at")
