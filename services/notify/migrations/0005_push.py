"""Devices on which members want to be told, and what waits to go there."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0005"
down_revision = "0004"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Empty until somebody asks for it; who asks is told of everything that they do not leave out."""
    op.add_column("preference", sa.Column("not_pushed", pg.ARRAY(sa.Text), nullable=False, server_default="{}"))
    op.create_table(
        "push_device",
        sa.Column("device_id", sa.String, nullable=False),
        sa.Column("member_id", sa.String, nullable=False),
        sa.Column("endpoint", sa.String, nullable=False),
        sa.Column("p256dh", sa.String, nullable=False),
        sa.Column("auth", sa.String, nullable=False),
        sa.Column("added_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("device_id", name="pk_push_device"),
        sa.UniqueConstraint("endpoint", name="uq_push_device_endpoint"),
    )
    op.create_index("ix_push_device_member_id", "push_device", ["member_id"])
    op.create_table(
        "push",
        sa.Column("item_id", sa.String, nullable=False),
        sa.Column("device_id", sa.String, nullable=False),
        sa.Column("notification_id", sa.String, nullable=False),
        sa.Column("category", sa.String),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("item_id", "device_id", name="pk_push"),
        sa.ForeignKeyConstraint(["item_id"], ["inbox_item.item_id"], name="fk_push_item_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["device_id"], ["push_device.device_id"], name="fk_push_device_id", ondelete="CASCADE"),
    )
    op.create_index("ix_push_due_at", "push", ["due_at"])
    op.create_index("ix_push_device_id", "push", ["device_id"])


def downgrade() -> None:
    """Nobody is told on a device any more."""
    op.drop_table("push")
    op.drop_table("push_device")
    op.drop_column("preference", "not_pushed")
