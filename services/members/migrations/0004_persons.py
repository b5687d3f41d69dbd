"""One identity across networks for persons: who said what of them, which may be one, which are, and who decided so."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0004"
down_revision = "0003"

TEXTS = pg.ARRAY(sa.Text)
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """May be empty: a replica of the release before goes on writing rows without them for a while.

    Who agreed to the terms themselves had followed a link to their address by then.
    """
    for name in ("merged_into", "leads_to"):
        op.add_column("member", sa.Column(name, sa.Text))
        op.create_index(f"ix_member_{name}", "member", [name])
    op.add_column("member", sa.Column("same_keys", TEXTS))
    op.create_index("ix_member_same_keys", "member", ["same_keys"], postgresql_using="gin")
    op.add_column("member", sa.Column("verified_at", INSTANT))
    op.execute(
        "UPDATE member m SET verified_at = joined_at WHERE EXISTS (SELECT FROM consent c "
        "WHERE c.member_id = m.member_id AND c.terms_version NOT LIKE 'partner %')"
    )
    op.add_column("erasure", sa.Column("together_with", sa.Text))
    op.create_index("ix_erasure_together_with", "erasure", ["together_with"])
    op.create_table(
        "person_saying",
        sa.Column("member_id", sa.Text, nullable=False),
        sa.Column("record_id", sa.Text, nullable=False),
        sa.Column("network", sa.Text, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("value", pg.JSONB),
        sa.Column("said_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("member_id", "record_id", "network", "field", name="pk_person_saying"),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name="fk_person_saying_member_id"),
    )
    op.create_table(
        "same_persons",
        sa.Column("pair_id", sa.Text, nullable=False),
        sa.Column("first_id", sa.Text, nullable=False),
        sa.Column("second_id", sa.Text, nullable=False),
        sa.Column("agrees", TEXTS, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("decided_by", sa.Text),
        sa.Column("found_at", INSTANT, nullable=False),
        sa.Column("decided_at", INSTANT),
        sa.PrimaryKeyConstraint("pair_id", name="pk_same_persons"),
        sa.UniqueConstraint("first_id", "second_id", name="uq_same_persons_first_id"),
        sa.ForeignKeyConstraint(["first_id"], ["member.member_id"], name="fk_same_persons_first_id"),
        sa.ForeignKeyConstraint(["second_id"], ["member.member_id"], name="fk_same_persons_second_id"),
    )
    op.create_index("ix_same_persons_second_id", "same_persons", ["second_id"])
    op.create_index("ix_same_persons_status", "same_persons", ["status"])
    op.create_table(
        "decision",
        sa.Column("decision_id", sa.Text, nullable=False),
        sa.Column("pair_id", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("decided_by", sa.Text),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("decision_id", name="pk_decision"),
    )
    op.create_index("ix_decision_pair_id", "decision", ["pair_id"])


def downgrade() -> None:
    """As it was; two that were merged are two again."""
    for table in ("decision", "same_persons", "person_saying"):
        op.drop_table(table)
    op.drop_column("erasure", "together_with")
    for name in ("verified_at", "same_keys", "leads_to", "merged_into"):
        op.drop_column("member", name)
