"""What is not asked of somebody any more."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """What ended before this release is heard again, as far as the streams have it."""
    op.create_table(
        "asked_before",
        sa.Column("matter_id", sa.String, primary_key=True),
        sa.Column("asked", sa.String, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    """Removes it."""
    op.drop_table("asked_before")
