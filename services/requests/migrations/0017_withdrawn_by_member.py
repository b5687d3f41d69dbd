"""What a member withdrew themselves is not opened again by a partner network that tells it anew."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """What was withdrawn before is opened again as it was, and so is what a release before withdraws beside it."""
    op.add_column("proposition", sa.Column("withdrawn_by_member", sa.Boolean()))


def downgrade() -> None:
    """It is opened again."""
    op.drop_column("proposition", "withdrawn_by_member")
