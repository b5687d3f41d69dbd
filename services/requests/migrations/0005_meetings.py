"""Tips and meetings that everybody can read, when and where a meeting is, and who signed up for it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0005"
down_revision = "0004"

TEXTS = pg.ARRAY(sa.Text)
INSTANT = sa.DateTime(timezone=True)
OPEN = sa.text("status = 'open'")


def _of_a_meeting() -> list[sa.Column[object]]:
    return [
        sa.Column("from_time", sa.Time),
        sa.Column("until_time", sa.Time),
        sa.Column("venue", sa.Text),
        sa.Column("sign_up_url", sa.Text),
    ]


def upgrade() -> None:
    """What was offered before is heard from the streams, which have it still."""
    for column in _of_a_meeting():
        op.add_column("proposition", column)
    op.create_table(
        "listing",
        sa.Column("offer_id", sa.Text, nullable=False),
        sa.Column("node", sa.Text),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("member_id", sa.Text, nullable=False),
        sa.Column("organisation_id", sa.Text, nullable=False),
        sa.Column("themes", TEXTS, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("place_name", sa.Text, nullable=False),
        sa.Column("province", sa.Text, nullable=False),
        sa.Column("latitude", sa.Float, nullable=False),
        sa.Column("longitude", sa.Float, nullable=False),
        sa.Column("starts_on", sa.Date),
        sa.Column("ends_on", sa.Date),
        *_of_a_meeting(),
        sa.Column("participants", sa.Integer),
        sa.Column("mbo_level", sa.Integer),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("listed_at", INSTANT, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("words", pg.TSVECTOR, nullable=False),
        sa.PrimaryKeyConstraint("offer_id", name="pk_listing"),
    )
    op.create_index("ix_listing_member_id", "listing", ["member_id"])
    op.create_index("ix_listing_words", "listing", ["words"], postgresql_using="gin")
    op.create_index("ix_listing_newest", "listing", ["kind", "listed_at", "offer_id"], postgresql_where=OPEN)
    op.create_index("ix_listing_day", "listing", ["kind", "day", "offer_id"], postgresql_where=OPEN)
    op.create_table(
        "organisation",
        sa.Column("organisation_id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", name="pk_organisation"),
    )
    op.create_table(
        "sign_up",
        sa.Column("sign_up_id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("offer_id", sa.Text, nullable=False),
        sa.Column("member_id", sa.Text, nullable=False),
        sa.Column("node", sa.Text),
        sa.Column("name", sa.Text),
        sa.Column("standing", sa.Text, nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("sign_up_id", name="pk_sign_up"),
        sa.UniqueConstraint("offer_id", "member_id", name="uq_sign_up_offer_id"),
    )
    op.create_index("ix_sign_up_line", "sign_up", ["offer_id", "asked_at", "sign_up_id"])
    op.create_index("ix_sign_up_member_id", "sign_up", ["member_id"])


def downgrade() -> None:
    """As it was."""
    for table in ("sign_up", "organisation", "listing"):
        op.drop_table(table)
    for column in reversed(_of_a_meeting()):
        op.drop_column("proposition", column.name)
