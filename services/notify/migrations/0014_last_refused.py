"""When an address was refused for the last time: it is tried again a week later."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0011"


def upgrade() -> None:
    """A release before goes on writing since when it is refused alone."""
    op.add_column("contact", sa.Column("last_refused_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Removes it."""
    op.drop_column("contact", "last_refused_at")
