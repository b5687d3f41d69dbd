"""Which references are of one person, who is not matched with themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Empty until somebody is merged."""
    op.create_table(
        "same_person",
        sa.Column("member_id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("into", sa.Text),
        sa.PrimaryKeyConstraint("member_id", name="pk_same_person"),
    )


def downgrade() -> None:
    """As it was."""
    op.drop_table("same_person")
