"""Of a question or an offer: the record of whose it is, by which the partner calls them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """A replica of the release before goes on writing rows without it for a while."""
    op.add_column("record", sa.Column("person_id", sa.Text))
    op.execute(
        "UPDATE record SET person_id = person.record_id FROM record AS person "
        "WHERE record.thing IN ('request', 'offer') AND person.thing = 'person' "
        "AND person.partner_id = record.partner_id AND person.member_id = record.member_id"
    )


def downgrade() -> None:
    """Without it."""
    op.drop_column("record", "person_id")
