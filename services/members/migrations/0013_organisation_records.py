"""What each record of a network said of an organisation."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Of what was told before this release it is not known which record said it."""
    op.create_table(
        "organisation_record",
        sa.Column("record_id", sa.Text, primary_key=True),
        sa.Column("organisation_id", sa.Text, sa.ForeignKey("organisation.organisation_id"), nullable=False),
        sa.Column("network", sa.Text, nullable=False),
        sa.Column("fields", pg.JSONB, nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_organisation_record_organisation_id", "organisation_record", ["organisation_id"])


def downgrade() -> None:
    """Removes it."""
    op.drop_table("organisation_record")
