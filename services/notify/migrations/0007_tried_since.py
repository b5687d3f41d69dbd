"""Since when a mail is tried: a mail may have waited for days before it could go."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """What is under way is tried for three days from its next try."""
    op.add_column("notification", sa.Column("tried_since", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Removes it."""
    op.drop_column("notification", "tried_since")
