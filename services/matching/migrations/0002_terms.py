"""What the full text index holds is made by the service: terms instead of stems; who speaks, and what is not wanted."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """From stems that the database makes. What is kept is read anew by the service when it starts (`rereading`)."""
    op.execute("ALTER TABLE proposition ALTER COLUMN words DROP EXPRESSION")
    op.execute("UPDATE proposition SET words = NULL")
    op.add_column("proposition", sa.Column("words_make", sa.Text))
    op.add_column("proposition", sa.Column("unwanted", pg.ARRAY(sa.Text), server_default="{}", nullable=False))
    op.add_column("proposition", sa.Column("voice", sa.Float, server_default="0", nullable=False))


def downgrade() -> None:
    """Back to stems, which the database makes at once of what is kept."""
    for column in ("voice", "unwanted", "words_make", "words"):
        op.drop_column("proposition", column)
    op.add_column(
        "proposition",
        sa.Column(
            "words", pg.TSVECTOR, sa.Computed("to_tsvector('dutch'::regconfig, title || ' ' || text)", persisted=True)
        ),
    )
    for side in ("request", "offer"):
        op.create_index(
            f"ix_proposition_{side}_words",
            "proposition",
            ["words"],
            postgresql_using="gin",
            postgresql_where=sa.text(f"side = '{side}' AND status = 'open'"),
        )
