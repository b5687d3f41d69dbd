"""For whom contact details were sealed."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Of what was sealed before this release it is not known."""
    op.add_column("sealed_contact", sa.Column("other_id", sa.Text))


def downgrade() -> None:
    """Removes it."""
    op.drop_column("sealed_contact", "other_id")
