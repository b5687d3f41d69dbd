"""Sandboxes, keys that partners make themselves, and whether what is told is new."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Nobody is a sandbox yet; a process of the release before does not say so when it adds a partner."""
    op.add_column("partner", sa.Column("sandbox", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("record", sa.Column("told_hash", sa.LargeBinary))
    op.alter_column("credential", "secret_hash", nullable=True)
    op.add_column("credential", sa.Column("public_key", sa.Text))
    op.create_table(
        "assertion",
        sa.Column("credential_id", sa.Text, primary_key=True),
        sa.Column("jti", sa.Text, primary_key=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False, index=True),
    )


def downgrade() -> None:
    """A key without a secret lets nobody in any more."""
    op.drop_table("assertion")
    op.execute("DELETE FROM credential WHERE secret_hash IS NULL")
    op.drop_column("credential", "public_key")
    op.alter_column("credential", "secret_hash", nullable=False)
    op.drop_column("record", "told_hash")
    op.drop_column("partner", "sandbox")
