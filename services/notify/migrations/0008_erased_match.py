"""By which matches somebody who was erased was introduced."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Of who was erased before this release nothing is known any more."""
    op.create_table("erased_match", sa.Column("match_id", sa.String, primary_key=True))


def downgrade() -> None:
    """Removes them."""
    op.drop_table("erased_match")
