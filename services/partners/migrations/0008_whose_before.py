"""Whose a record is while something newer is told of it."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

COLUMNS = ("member_id_before", "person_id_before", "organisation_id_before")


def upgrade() -> None:
    """A replica of the release before goes on writing rows without them for a while."""
    for name in COLUMNS:
        op.add_column("record", sa.Column(name, sa.Text))
    op.create_index("ix_record_member_id_before", "record", ["member_id_before"])


def downgrade() -> None:
    """Without them."""
    op.drop_index("ix_record_member_id_before", "record")
    for name in COLUMNS:
        op.drop_column("record", name)
