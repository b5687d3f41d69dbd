"""Of which node an organisation is: what it is called is that node's to say."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """May be empty: what is kept already is of a node that is not known, and a replica of the release before goes on
    writing such rows for a while.

    Of those only they are known to be of another node that have a tip or a meeting there.
    """
    op.add_column("organisation", sa.Column("node", sa.Text))
    op.execute(
        """
        UPDATE organisation o SET node = l.node FROM listing l
        WHERE l.organisation_id = o.organisation_id AND l.node IS NOT NULL
            AND NOT EXISTS (SELECT FROM proposition p WHERE p.organisation_id = o.organisation_id)
        """
    )


def downgrade() -> None:
    """Without it."""
    op.drop_column("organisation", "node")
