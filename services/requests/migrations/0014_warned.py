"""Whom to tell that what they ask or offer expires soon is found by when."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """After the column, and not with it: that shuts the table for who reads, until its commit."""
    where = sa.text("status = 'open' AND warn_at IS NOT NULL")
    op.create_index("ix_proposition_warn_at", "proposition", ["warn_at"], postgresql_where=where)


def downgrade() -> None:
    """All that stands open is looked through."""
    op.drop_index("ix_proposition_warn_at", "proposition")
