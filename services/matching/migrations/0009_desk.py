"""The desk of who brings people together: hand-overs that are asked, members who are asked to help, and follow-ups."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """A release before knows nothing of these; what is new near somebody is found by an index of its own."""
    op.create_table(
        "hand_over",
        sa.Column("hand_over_id", sa.Text, nullable=False),
        sa.Column("match_id", sa.Text, nullable=False),
        sa.Column("asked_by", sa.Text, nullable=False),
        sa.Column("member_id", sa.Text, nullable=False),
        sa.Column("note", sa.Text),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("answered_at", INSTANT),
        sa.Column("accepted", sa.Boolean),
        sa.PrimaryKeyConstraint("hand_over_id", name="pk_hand_over"),
        sa.ForeignKeyConstraint(["match_id"], ["match.match_id"], name="fk_hand_over_match_id", ondelete="CASCADE"),
    )
    op.create_index(
        "uq_hand_over_waiting", "hand_over", ["match_id"], unique=True, postgresql_where=sa.text("answered_at IS NULL")
    )
    op.create_index("ix_hand_over_member_id", "hand_over", ["member_id"])
    op.create_index("ix_hand_over_asked_by", "hand_over", ["asked_by"])
    op.create_table(
        "help_ask",
        sa.Column("ask_id", sa.Text, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("member_id", sa.Text, nullable=False),
        sa.Column("asked_by", sa.Text, nullable=False),
        sa.Column("note", sa.Text),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("answered_at", INSTANT),
        sa.Column("accepted", sa.Boolean),
        sa.Column("offer_id", sa.Text),
        sa.PrimaryKeyConstraint("ask_id", name="pk_help_ask"),
        sa.UniqueConstraint("request_id", "member_id", name="uq_help_ask_request_id"),
        sa.ForeignKeyConstraint(
            ["request_id"], ["proposition.proposition_id"], name="fk_help_ask_request_id", ondelete="CASCADE"
        ),
    )
    for name in ("member_id", "asked_by", "offer_id"):
        op.create_index(f"ix_help_ask_{name}", "help_ask", [name])
    op.create_table(
        "follow_up",
        sa.Column("follow_up_id", sa.Text, nullable=False),
        sa.Column("member_id", sa.Text, nullable=False),
        sa.Column("matter", sa.Text, nullable=False),
        sa.Column("matter_id", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("came_at", INSTANT),
        sa.Column("done_at", INSTANT),
        sa.PrimaryKeyConstraint("follow_up_id", name="pk_follow_up"),
    )
    for name in ("member_id", "matter_id"):
        op.create_index(f"ix_follow_up_{name}", "follow_up", [name])
    op.create_index(
        "ix_proposition_opened_at",
        "proposition",
        ["opened_at", "proposition_id"],
        postgresql_where=sa.text("status = 'open' AND node IS NULL"),
    )


def downgrade() -> None:
    """As it was."""
    op.drop_index("ix_proposition_opened_at", "proposition")
    for table in ("follow_up", "help_ask", "hand_over"):
        op.drop_table(table)
