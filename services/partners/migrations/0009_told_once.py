"""What a partner was told once, which is remembered longer than the news."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """What a replica of the release before tells meanwhile is known by its news alone."""
    op.create_table(
        "told_once",
        sa.Column("partner_id", sa.Text, primary_key=True),
        sa.Column("once", sa.Text, primary_key=True),
        sa.Column("record_id", sa.Text),
    )
    op.create_index("ix_told_once_record_id", "told_once", ["record_id"])
    op.execute(
        "INSERT INTO told_once (partner_id, once, record_id) "
        "SELECT partner_id, once, record_id FROM news WHERE once IS NOT NULL"
    )


def downgrade() -> None:
    """It is known again only as long as the news is kept."""
    op.drop_table("told_once")
