"""In which browser a session is, where that is told things; and the token that it went on from."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Both are empty for most."""
    op.add_column("session", sa.Column("device_id", sa.Text))
    op.add_column("session", sa.Column("went_on_from", sa.LargeBinary))


def downgrade() -> None:
    """As it was."""
    op.drop_column("session", "went_on_from")
    op.drop_column("session", "device_id")
