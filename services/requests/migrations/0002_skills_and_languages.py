"""What people can do, and in which languages it can be done."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """May be empty: a replica of the release before goes on writing rows without them for a while."""
    for name in ("skills", "languages"):
        op.add_column("proposition", sa.Column(name, pg.ARRAY(sa.Text)))


def downgrade() -> None:
    """As it was."""
    for name in ("languages", "skills"):
        op.drop_column("proposition", name)
