"""For how many there is room, and in which languages it can be done."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """May be empty: a replica of the release before goes on writing rows without them for a while."""
    op.add_column("proposition", sa.Column("participants", sa.Integer))
    op.add_column("proposition", sa.Column("languages", pg.ARRAY(sa.Text)))


def downgrade() -> None:
    """As it was."""
    for name in ("languages", "participants"):
        op.drop_column("proposition", name)
