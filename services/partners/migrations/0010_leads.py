"""Where an organisation that was merged leads to."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Of what was merged before this, nothing is known here until it is merged or parted anew."""
    op.create_table(
        "lead",
        sa.Column("organisation_id", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("into", sa.Text),
    )
    op.create_index("ix_lead_into", "lead", ["into"])


def downgrade() -> None:
    """A partner hears of a merge no more."""
    op.drop_table("lead")
