"""What a member withdrew themselves no partner network opens again, and when is asked what came of a conversation."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """What was withdrawn before, or by a release before beside this one, a network opens again as it did.

    What is in conversation already, or comes to be by a release before, is asked about a month from now: a default that
    is the same for every row is written in none of them, and what is placed from now on has its own.
    """
    op.add_column("proposition", sa.Column("withdrawn_by_member", sa.Boolean()))
    a_month_from_now = sa.text("now() + interval '30 days'")
    op.add_column("proposition", sa.Column("ask_at", sa.DateTime(timezone=True), server_default=a_month_from_now))
    op.alter_column("proposition", "ask_at", server_default=None)


def downgrade() -> None:
    """It is opened again, and nobody is asked."""
    op.drop_column("proposition", "ask_at")
    op.drop_column("proposition", "withdrawn_by_member")
