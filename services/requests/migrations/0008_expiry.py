"""What expires is looked for in the table: the timers that wait for it are not said again after a loss."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """A timer that waits in the broker goes off, and nobody hears it."""
    op.create_index(
        "ix_proposition_expires_at", "proposition", ["expires_at"], postgresql_where=sa.text("status = 'open'")
    )
    op.execute(
        "DELETE FROM said WHERE timer_subject LIKE '%.timer.requests.request-expiry-due.%'"
        " OR timer_subject LIKE '%.timer.requests.offer-expiry-due.%'"
    )


def downgrade() -> None:
    """What was placed meanwhile has no timer: it stands until its member closes it."""
    op.drop_index("ix_proposition_expires_at", "proposition")
