"""What people did who work for others."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """A release before says nothing of what is done, and hears nothing of it."""
    op.create_table(
        "deed",
        sa.Column("deed_id", sa.Text, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("done_by", sa.Text),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("deed", sa.Text, nullable=False),
        sa.Column("matter", sa.Text),
        sa.Column("matter_id", sa.Text),
        sa.Column("title", sa.Text),
        sa.Column("whose", pg.ARRAY(sa.Text), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("deed_id", name="pk_deed"),
    )
    op.create_index("ix_deed_whose", "deed", ["whose"], postgresql_using="gin")
    for name in ("done_by", "done_at"):
        op.create_index(f"ix_deed_{name}", "deed", [name])


def downgrade() -> None:
    """As it was."""
    op.drop_table("deed")
