"""With what somebody signed in, and what they could do then."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Both may be empty: of a session from before nothing is known of them."""
    op.add_column("session", sa.Column("device", sa.Text))
    op.add_column("session", sa.Column("roles", pg.ARRAY(sa.Text)))


def downgrade() -> None:
    """As it was."""
    op.drop_column("session", "roles")
    op.drop_column("session", "device")
