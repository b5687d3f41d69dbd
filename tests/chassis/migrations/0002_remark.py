"""A handling gets a remark: what a second migration looks like, over rows that are there already."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """The rows of before have an empty one."""
    op.add_column("handling", sa.Column("remark", sa.String, nullable=False, server_default=""))


def downgrade() -> None:
    """Without it."""
    op.drop_column("handling", "remark")
