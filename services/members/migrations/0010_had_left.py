"""Of who is kept out by the node's team, whether they had left by themselves before that."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Of who was kept out before this release it is not known: they take part again when they are let in."""
    op.add_column("member", sa.Column("had_left", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """As it was."""
    op.drop_column("member", "had_left")
