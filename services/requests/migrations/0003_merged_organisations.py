"""What was asked and offered follows an organisation that is merged into another."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """May be empty: a replica of the release before goes on writing rows without it for a while."""
    op.add_column("proposition", sa.Column("own_organisation_id", sa.Text))
    op.create_index("ix_proposition_organisation_id", "proposition", ["organisation_id"])
    op.create_table(
        "lead",
        sa.Column("organisation_id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("into", sa.Text),
        sa.PrimaryKeyConstraint("organisation_id", name="pk_lead"),
    )


def downgrade() -> None:
    """As it was."""
    op.drop_table("lead")
    op.drop_index("ix_proposition_organisation_id", "proposition")
    op.drop_column("proposition", "own_organisation_id")
