"""The other nodes with their keys, and whose contact details go to them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "other_node",
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("shown_name", sa.Text, nullable=False),
        sa.Column("key", pg.JSONB, nullable=False),
        sa.PrimaryKeyConstraint("node", name="pk_other_node"),
    )
    op.create_table(
        "sealed_contact",
        sa.Column("match_id", sa.Text, nullable=False),
        sa.Column("member_id", sa.Text, nullable=False),
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("match_id", name="pk_sealed_contact"),
    )
    op.create_index("ix_sealed_contact_member_id", "sealed_contact", ["member_id"])


def downgrade() -> None:
    """Removes them."""
    for table in ("sealed_contact", "other_node"):
        op.drop_table(table)
