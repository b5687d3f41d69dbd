"""What is asked about an offer is found by it."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """After the column, and not with it: that shuts the table for who reads, until its commit."""
    where = sa.text("about_offer_id IS NOT NULL")
    op.create_index("ix_proposition_about_offer_id", "proposition", ["about_offer_id"], postgresql_where=where)


def downgrade() -> None:
    """All that is asked is looked through."""
    op.drop_index("ix_proposition_about_offer_id", "proposition")
