"""What is of other nodes: their requests and offers, their names, and the matches that two nodes have together."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0006"
down_revision = "0005"

#: May be empty: a replica of the release before goes on writing rows without them for a while. Empty is this node.
COLUMNS: dict[str, list[sa.Column[Any]]] = {
    "proposition": [sa.Column("node", sa.Text)],
    "organisation": [sa.Column("node", sa.Text)],
    "match": [
        sa.Column("asker_node", sa.Text),
        sa.Column("offerer_node", sa.Text),
        sa.Column("endorsed_for", pg.ARRAY(sa.Text)),
        sa.Column("owner", sa.Text),
        sa.Column("told_version", sa.Integer),
        sa.Column("elsewhere", pg.JSONB),
    ],
}


def upgrade() -> None:
    """The pair of a match is this node's to propose once; what another node proposes is that node's to know."""
    for table, columns in COLUMNS.items():
        for column in columns:
            op.add_column(table, column)
    _pair_is_proposed_once("lapsed_because IS DISTINCT FROM 'closed' AND owner IS NULL")
    op.create_table(
        "escalation",
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("node", sa.Text),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("request_id", name="pk_escalation"),
    )
    op.create_table(
        "other_node",
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("shown_name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("node", name="pk_other_node"),
    )


def downgrade() -> None:
    """As it was, without what is of other nodes."""
    op.execute("DELETE FROM match WHERE owner IS NOT NULL OR asker_node IS NOT NULL OR offerer_node IS NOT NULL")
    op.execute("DELETE FROM proposition WHERE node IS NOT NULL")
    for table in ("other_node", "escalation"):
        op.drop_table(table)
    _pair_is_proposed_once("lapsed_because IS DISTINCT FROM 'closed'")
    for table, columns in COLUMNS.items():
        for column in columns:
            op.drop_column(table, column.name)


def _pair_is_proposed_once(where: str) -> None:
    op.drop_index("uq_match_pair", "match")
    op.create_index("uq_match_pair", "match", ["request_id", "offer_id"], unique=True, postgresql_where=sa.text(where))
