"""When members want their mail, and what is mailed together."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Who wanted no proposals wants none to look at as ambassador either: until now they were one thing."""
    op.add_column("preference", sa.Column("rhythms", pg.JSONB, nullable=False, server_default="{}"))
    op.add_column("preference", sa.Column("quiet_from", sa.Integer))
    op.add_column("preference", sa.Column("quiet_until", sa.Integer))
    op.add_column("preference", sa.Column("weekends", sa.Boolean, nullable=False, server_default=sa.true()))
    op.add_column("contact", sa.Column("desk_mailed_on", sa.String))
    op.add_column("notification", sa.Column("category", sa.String))
    op.add_column("notification", sa.Column("digest_id", sa.String))
    op.create_index(
        "ix_notification_digest", "notification", ["digest_id"], postgresql_where=sa.text("digest_id IS NOT NULL")
    )
    op.execute("UPDATE preference SET muted = array_append(muted, 'desk') WHERE 'proposals' = ANY(muted)")
    op.execute(
        "INSERT INTO unsubscribe_token (token, member_id, category) "
        "SELECT replace(gen_random_uuid()::text, '-', ''), member_id, category "
        "FROM contact, unnest(ARRAY['desk', 'everything']) AS category ON CONFLICT DO NOTHING"
    )


def downgrade() -> None:
    """Removes them; what was gathered goes by itself, at once."""
    op.execute("UPDATE notification SET status = 'waiting' WHERE status = 'gathered'")
    op.execute("DELETE FROM notification WHERE status = 'in-digest' OR template = 'digest'")
    op.execute("DELETE FROM unsubscribe_token WHERE category IN ('desk', 'everything')")
    op.execute("UPDATE preference SET muted = array_remove(muted, 'desk')")
    op.drop_index("ix_notification_digest", "notification")
    op.drop_column("notification", "digest_id")
    op.drop_column("notification", "category")
    op.drop_column("contact", "desk_mailed_on")
    for column in ("weekends", "quiet_until", "quiet_from", "rhythms"):
        op.drop_column("preference", column)
