"""Of which node the other side of an introduction is that a partner was told of."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """May be empty: of what was told before, and is told meanwhile by a replica of the release before, nobody knows."""
    op.add_column("told_once", sa.Column("other_node", sa.Text))


def downgrade() -> None:
    """Without it."""
    op.drop_column("told_once", "other_node")
