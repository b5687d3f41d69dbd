"""An address with a letter that is only like another ('ß', 'ſ') is found by itself, and not by the other's spelling."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Only such addresses have another key; each was one person's already, so that no two have the same now.

    Whoever has one is compared anew at start.
    """
    for table, own_id, also in (("member", "member_id", ", same_keys = NULL"), ("invitation", "invitation_id", "")):
        found = op.get_bind().execute(
            sa.text(f"SELECT {own_id}, email, email_key FROM {table} WHERE octet_length(email) > length(email)")
        )
        for row_id, email, key in found.all():
            if key != email.lower():
                change = sa.text(f"UPDATE {table} SET email_key = :key{also} WHERE {own_id} = :row_id")
                op.execute(change.bindparams(key=email.lower(), row_id=row_id))


def downgrade() -> None:
    """As it is: two may have taken part meanwhile whom the release before takes for one."""
