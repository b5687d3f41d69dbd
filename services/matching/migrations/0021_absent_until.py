"""Until which day an ambassador is not there."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """A release before goes on giving matches to who is absent."""
    op.add_column("ambassador", sa.Column("absent_until", sa.Date))


def downgrade() -> None:
    """Everybody is there."""
    op.drop_column("ambassador", "absent_until")
