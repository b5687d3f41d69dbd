"""One identity across networks: who said what of an organisation, which may be the same, which were merged."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0003"
down_revision = "0002"

TEXTS = pg.ARRAY(sa.Text)
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """May be empty: a replica of the release before goes on writing rows without them for a while."""
    for name in ("website", "merged_into", "leads_to"):
        op.add_column("organisation", sa.Column(name, sa.Text))
    op.add_column("organisation", sa.Column("same_keys", TEXTS))
    op.create_index("ix_organisation_merged_into", "organisation", ["merged_into"])
    op.create_index("ix_organisation_leads_to", "organisation", ["leads_to"])
    op.create_index("ix_organisation_same_keys", "organisation", ["same_keys"], postgresql_using="gin")
    op.create_table(
        "saying",
        sa.Column("entity_id", sa.Text, nullable=False),
        sa.Column("network", sa.Text, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("value", pg.JSONB),
        sa.Column("said_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("entity_id", "network", "field", name="pk_saying"),
        sa.ForeignKeyConstraint(["entity_id"], ["organisation.organisation_id"], name="fk_saying_entity_id"),
    )
    op.create_table(
        "same_pair",
        sa.Column("pair_id", sa.Text, nullable=False),
        sa.Column("first_id", sa.Text, nullable=False),
        sa.Column("second_id", sa.Text, nullable=False),
        sa.Column("agrees", TEXTS, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("decided_by", sa.Text),
        sa.Column("found_at", INSTANT, nullable=False),
        sa.Column("decided_at", INSTANT),
        sa.PrimaryKeyConstraint("pair_id", name="pk_same_pair"),
        sa.UniqueConstraint("first_id", "second_id", name="uq_same_pair_first_id"),
        sa.ForeignKeyConstraint(["first_id"], ["organisation.organisation_id"], name="fk_same_pair_first_id"),
        sa.ForeignKeyConstraint(["second_id"], ["organisation.organisation_id"], name="fk_same_pair_second_id"),
    )
    op.create_index("ix_same_pair_second_id", "same_pair", ["second_id"])
    op.create_index("ix_same_pair_status", "same_pair", ["status"])


def downgrade() -> None:
    """As it was; two that were merged are two again."""
    for table in ("same_pair", "saying"):
        op.drop_table(table)
    for name in ("same_keys", "leads_to", "merged_into", "website"):
        op.drop_column("organisation", name)
