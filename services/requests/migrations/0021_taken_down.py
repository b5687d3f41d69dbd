"""What the node's team took down, and why, so that it is not opened again as it was."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Nothing was taken down before; a release before, beside this one, opens it again for its member as ever."""
    op.add_column("proposition", sa.Column("taken_down", pg.JSONB()))


def downgrade() -> None:
    """It is opened again as it was, and nobody knows why it was withdrawn."""
    op.drop_column("proposition", "taken_down")
