"""That a member takes part again after they left."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Who came back before this is heard again: a new hearing begins at the beginning of the stream."""
    op.add_column("departure", sa.Column("joined", sa.Integer))


def downgrade() -> None:
    """Without it."""
    op.drop_column("departure", "joined")
