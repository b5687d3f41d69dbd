"""Two who were brought together and of whom somebody did not answer may be brought together again by a person."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """What lapsed unanswered stands in nobody's way; the search leaves it out by itself."""
    _pair_is_proposed_once("(lapsed_because IS NULL OR lapsed_because NOT IN ('closed', 'unanswered'))")


def downgrade() -> None:
    """A pair has one match that did not close; those before it are taken for closed."""
    op.execute(
        """
        UPDATE match AS m SET lapsed_because = 'closed' WHERE m.lapsed_because = 'unanswered' AND m.owner IS NULL
            AND EXISTS (SELECT FROM match n WHERE n.request_id = m.request_id AND n.offer_id = m.offer_id
                        AND n.owner IS NULL AND n.lapsed_because IS DISTINCT FROM 'closed' AND n.match_id > m.match_id)
        """
    )
    _pair_is_proposed_once("lapsed_because IS DISTINCT FROM 'closed'")


def _pair_is_proposed_once(what_counts: str) -> None:
    """The new index is made before the old one is dropped, which shuts the table for reading too until the commit."""
    op.create_index(
        "uq_match_pair_new", "match", ["request_id", "offer_id"], unique=True,
        postgresql_where=sa.text(f"{what_counts} AND owner IS NULL"),
    )  # fmt: skip
    op.drop_index("uq_match_pair", "match")
    op.execute("ALTER INDEX uq_match_pair_new RENAME TO uq_match_pair")
