"""How to reach the other side of an introduction in another node."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """One for each match: it was given for that one alone."""
    op.create_table(
        "contact_elsewhere",
        sa.Column("match_id", sa.String, nullable=False),
        sa.Column("reference", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("email", sa.String, nullable=False),
        sa.Column("phone", sa.String),
        sa.Column("organisation_name", sa.String),
        sa.PrimaryKeyConstraint("match_id", "reference", name="pk_contact_elsewhere"),
    )
    op.create_index("ix_contact_elsewhere_reference", "contact_elsewhere", ["reference"])


def downgrade() -> None:
    """Removes them."""
    op.drop_table("contact_elsewhere")
