"""Who said what of an appointment."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Of who was appointed before this release it is not known."""
    op.add_column("ambassador", sa.Column("words", pg.JSONB))


def downgrade() -> None:
    """Removes it."""
    op.drop_column("ambassador", "words")
