"""What other nodes ask is out of the indexes of what is sought until it is escalated."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

IS_OPEN = "side = 'request' AND status = 'open'"


def upgrade() -> None:
    """A replica of the release before writes rows that are sought: what is found is asked whether it was."""
    op.add_column("proposition", sa.Column("is_sought", sa.Boolean, server_default=sa.true(), nullable=False))
    op.execute(
        """
        WITH left_out AS (
            UPDATE proposition p SET is_sought = false WHERE side = 'request' AND node IS NOT NULL
                AND NOT EXISTS (SELECT FROM escalation e WHERE e.request_id = p.proposition_id AND e.node = p.node)
            RETURNING proposition_id
        )
        UPDATE meaning m SET is_open = false FROM left_out l WHERE m.proposition_id = l.proposition_id AND m.is_open
        """
    )
    _indexes_of(f"{IS_OPEN} AND is_sought")


def downgrade() -> None:
    """As it was."""
    op.execute(
        """
        UPDATE meaning m SET is_open = true FROM proposition p
        WHERE p.proposition_id = m.proposition_id AND p.status = 'open' AND NOT p.is_sought
        """
    )
    op.drop_column("proposition", "is_sought")
    _indexes_of(IS_OPEN)


def _indexes_of(rows: str) -> None:
    """The indexes of requests by words and by place."""
    for name in ("words", "spot"):
        op.execute(f"DROP INDEX IF EXISTS ix_proposition_request_{name}")
    op.create_index(
        "ix_proposition_request_words", "proposition", ["words"], postgresql_using="gin", postgresql_where=sa.text(rows)
    )
    op.create_index(
        "ix_proposition_request_spot",
        "proposition",
        [sa.text("point(longitude, latitude)")],
        postgresql_using="gist",
        postgresql_where=sa.text(rows),
    )
