"""What stands in line, and what is in turn."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """What was taken in and not looked at yet has had its turn: it was told so already."""
    op.add_column("receipt", sa.Column("turn_at", sa.DateTime(timezone=True)))
    op.execute("UPDATE receipt SET turn_at = received_at WHERE status = 'received'")
    line, under_way = "status = 'received' AND turn_at IS NULL", "status IN ('received', 'told')"
    columns = ["partner_id", "received_at", "receipt_id"]
    op.create_index("ix_receipt_line", "receipt", columns, postgresql_where=sa.text(line))
    op.create_index("ix_receipt_turn", "receipt", ["partner_id", "turn_at"], postgresql_where=sa.text(under_way))


def downgrade() -> None:
    """What stands in line has to be given its turn first: stop the door, and wait until nothing is pending."""
    op.drop_index("ix_receipt_turn", "receipt")
    op.drop_index("ix_receipt_line", "receipt")
    op.drop_column("receipt", "turn_at")
