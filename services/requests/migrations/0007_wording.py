"""Which change of its title and days an initiative has."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Nothing was changed before."""
    op.add_column("initiative", sa.Column("wording", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    """What was changed stays as it is."""
    op.drop_column("initiative", "wording")
