"""What counts of a record while something newer is told, and of an event whose it is."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """A replica of the release before goes on writing rows without them for a while: what they are for is not there."""
    op.add_column("record", sa.Column("order_key_before", sa.BigInteger))
    op.add_column("record", sa.Column("withdrawn_before", sa.Boolean))
    op.add_column("receipt", sa.Column("person_id", sa.Text))
    op.create_index("ix_receipt_person_id", "receipt", ["person_id"])


def downgrade() -> None:
    """Without them."""
    op.drop_index("ix_receipt_person_id", "receipt")
    op.drop_column("receipt", "person_id")
    op.drop_column("record", "withdrawn_before")
    op.drop_column("record", "order_key_before")
