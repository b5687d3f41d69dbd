"""Which references are of one person, whose choice of mails holds for all of them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Empty until somebody is merged."""
    op.create_table(
        "same_person",
        sa.Column("member_id", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("into", sa.String),
        sa.PrimaryKeyConstraint("member_id", name="pk_same_person"),
    )


def downgrade() -> None:
    """As it was."""
    op.drop_table("same_person")
