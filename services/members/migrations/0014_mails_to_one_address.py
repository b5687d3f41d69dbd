"""What is counted of the mail to one address: links that confirm it, and invitations that wait no more."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """What a release before this one wrote does not count."""
    op.add_column("sign_in_link", sa.Column("new_email_key", sa.Text))
    op.create_index("ix_sign_in_link_new_email_key", "sign_in_link", ["new_email_key"])
    op.add_column("invitation", sa.Column("address_hash", sa.LargeBinary))


def downgrade() -> None:
    """Removes it."""
    op.drop_column("invitation", "address_hash")
    op.drop_column("sign_in_link", "new_email_key")
