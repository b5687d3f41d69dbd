"""Which addresses the settings named for the node's team before."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """A node that runs already has a team: whom its settings name now were named before."""
    op.create_table(
        "named_for_team",
        sa.Column("address_hash", sa.LargeBinary, primary_key=True),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("named_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    """Removes it."""
    op.drop_table("named_for_team")
