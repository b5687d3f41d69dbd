"""Who is invited to join."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0006"
down_revision = "0005"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """A release before knows nothing of it."""
    op.create_table(
        "invitation",
        sa.Column("invitation_id", sa.Text, nullable=False),
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("invited_by", sa.Text, nullable=False),
        sa.Column("email", sa.Text),
        sa.Column("email_key", sa.Text),
        sa.Column("name", sa.Text),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("organisation_id", sa.Text),
        sa.Column("scope", pg.JSONB),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("revoked_at", INSTANT),
        sa.Column("accepted_at", INSTANT),
        sa.Column("member_id", sa.Text),
        sa.PrimaryKeyConstraint("invitation_id", name="pk_invitation"),
        sa.UniqueConstraint("token_hash", name="uq_invitation_token_hash"),
    )
    for name in ("invited_by", "email_key", "member_id"):
        op.create_index(f"ix_invitation_{name}", "invitation", [name])


def downgrade() -> None:
    """As it was."""
    op.drop_table("invitation")
