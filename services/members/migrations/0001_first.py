"""The tables of members, and the mailboxes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from chassis.mailboxes import create_mailboxes, drop_mailboxes

revision = "0001"
down_revision = None

TEXTS = pg.ARRAY(sa.Text)
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """From nothing."""
    create_mailboxes(op)
    op.create_table(
        "organisation",
        sa.Column("organisation_id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("place_name", sa.Text, nullable=False),
        sa.Column("province", sa.Text, nullable=False),
        sa.Column("latitude", sa.Float, nullable=False),
        sa.Column("longitude", sa.Float, nullable=False),
        sa.Column("brin", sa.Text),
        sa.Column("kvk", sa.Text),
        sa.Column("networks", TEXTS, nullable=False),
        sa.Column("registered_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", name="pk_organisation"),
        sa.UniqueConstraint("brin", name="uq_organisation_brin"),
        sa.UniqueConstraint("kvk", name="uq_organisation_kvk"),
    )
    op.create_table(
        "member",
        sa.Column("member_id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("email_key", sa.Text, nullable=False),
        sa.Column("phone", sa.Text),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("networks", TEXTS, nullable=False),
        sa.Column("node_team", sa.Boolean, nullable=False),
        sa.Column("first_seen_at", INSTANT, nullable=False),
        sa.Column("joined_at", INSTANT),
        sa.PrimaryKeyConstraint("member_id", name="pk_member"),
        sa.UniqueConstraint("email_key", name="uq_member_email_key"),
    )
    op.create_index("ix_member_node_team", "member", ["node_team"])
    op.create_table(
        "affiliation",
        sa.Column("affiliation_id", sa.Text, nullable=False),
        sa.Column("member_id", sa.Text, nullable=False),
        sa.Column("organisation_id", sa.Text, nullable=False),
        sa.Column("role", sa.Text),
        sa.Column("since", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("affiliation_id", name="pk_affiliation"),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name="fk_affiliation_member_id"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.organisation_id"], name="fk_affiliation_organisation_id"
        ),
        sa.UniqueConstraint("member_id", "organisation_id", name="uq_affiliation_member_id"),
    )
    op.create_index("ix_affiliation_organisation_id", "affiliation", ["organisation_id"])
    op.create_table(
        "ambassador",
        sa.Column("member_id", sa.Text, nullable=False),
        sa.Column("organisation_ids", TEXTS, nullable=False),
        sa.Column("provinces", TEXTS, nullable=False),
        sa.Column("themes", TEXTS, nullable=False),
        sa.Column("appointed_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("member_id", name="pk_ambassador"),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name="fk_ambassador_member_id"),
    )
    op.create_table(
        "consent",
        sa.Column("consent_id", sa.Text, nullable=False),
        sa.Column("member_id", sa.Text, nullable=False),
        sa.Column("terms_version", sa.Text, nullable=False),
        sa.Column("given_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("consent_id", name="pk_consent"),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name="fk_consent_member_id"),
    )
    op.create_index("ix_consent_member_id", "consent", ["member_id"])
    op.create_table(
        "sign_in_link",
        sa.Column("sign_in_id", sa.Text, nullable=False),
        sa.Column("member_id", sa.Text, nullable=False),
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT),
        sa.Column("joining", pg.JSONB(none_as_null=True)),
        sa.Column("new_email", sa.Text),
        sa.PrimaryKeyConstraint("sign_in_id", name="pk_sign_in_link"),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name="fk_sign_in_link_member_id"),
        sa.UniqueConstraint("token_hash", name="uq_sign_in_link_token_hash"),
    )
    op.create_index("ix_sign_in_link_member_id", "sign_in_link", ["member_id"])
    op.create_table(
        "erasure",
        sa.Column("erasure_id", sa.Text, nullable=False),
        sa.Column("member_id", sa.Text, nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("removed", pg.JSONB, nullable=False),
        sa.Column("sign_in_ids", TEXTS, nullable=False),
        sa.PrimaryKeyConstraint("erasure_id", name="pk_erasure"),
        sa.UniqueConstraint("member_id", name="uq_erasure_member_id"),
    )
    op.create_table(
        "erasure_part",
        sa.Column("member_id", sa.Text, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("removed", pg.JSONB, nullable=False),
        sa.Column("told_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("member_id", "service", name="pk_erasure_part"),
    )


def downgrade() -> None:
    """Back to nothing."""
    for table in (
        "erasure_part", "erasure", "sign_in_link", "consent", "ambassador", "affiliation", "member", "organisation",
    ):  # fmt: skip
        op.drop_table(table)
    drop_mailboxes(op)
