"""Whom to ask what came of a conversation is found by when."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """After the column, and not with it: that shuts the table for who reads, until its commit."""
    where = sa.text("status = 'in-conversation' AND ask_at IS NOT NULL")
    op.create_index("ix_proposition_ask_at", "proposition", ["ask_at"], postgresql_where=where)


def downgrade() -> None:
    """All that is asked and offered is looked through."""
    op.drop_index("ix_proposition_ask_at", "proposition")
