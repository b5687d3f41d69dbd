"""Where nobody answers is looked for in the table: the timers that wait for it are not said again after a loss."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """A timer that waits in the broker goes off, and nobody hears it."""
    op.create_index(
        "ix_match_waiting_since",
        "match",
        ["waiting_since"],
        postgresql_where=sa.text("state IN ('proposed', 'endorsed')"),
    )
    op.execute(
        "DELETE FROM said WHERE timer_subject LIKE '%.timer.matching.reminder-due.%'"
        " OR timer_subject LIKE '%.timer.matching.patience-ended.%'"
        " OR timer_subject LIKE '%.timer.matching.answer-awaited.%'"
    )


def downgrade() -> None:
    """What runs or waits has no timer: nobody is reminded of it, and it lapses when an end closes."""
    op.drop_index("ix_match_waiting_since", "match")
