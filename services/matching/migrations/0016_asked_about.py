"""About which offer something is asked."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """May be empty: most requests are about none, and a replica of the release before writes none."""
    op.add_column("proposition", sa.Column("about_offer_id", sa.Text))


def downgrade() -> None:
    """What was proposed for it stays."""
    op.drop_column("proposition", "about_offer_id")
