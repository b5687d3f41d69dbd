"""What has no answer for too long is looked for every half minute, among all that was ever asked."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Those of which it was said already, or that are another node's, are not in it."""
    op.create_index(
        "ix_proposition_unanswered",
        "proposition",
        ["opened_at"],
        postgresql_where=sa.text(
            "side = 'request' AND status = 'open' AND node IS NULL AND unanswered_said_at IS NULL"
        ),
    )


def downgrade() -> None:
    """They are looked for among all."""
    op.drop_index("ix_proposition_unanswered", "proposition")
