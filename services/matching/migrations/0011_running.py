"""How many matches of an offer run is found among those that run, and not among all that it ever had."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Nothing kept changes."""
    op.create_index(
        "ix_match_running_offer_id",
        "match",
        ["offer_id"],
        postgresql_where=sa.text("state IN ('proposed', 'endorsed')"),
    )


def downgrade() -> None:
    """As it was."""
    op.drop_index("ix_match_running_offer_id", "match")
