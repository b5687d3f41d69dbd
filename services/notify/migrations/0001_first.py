"""Contacts, preferences, the node's team, mails and inboxes."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from chassis.mailboxes import create_mailboxes, drop_mailboxes

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables."""
    create_mailboxes(op)
    _create_people()
    _create_notification()
    _create_inbox_item()
    op.execute("CREATE SEQUENCE sender_number AS integer CYCLE")
    op.execute("CREATE SEQUENCE inbox_position")
    op.execute(_PLACE_INBOX_ITEM)
    op.execute(
        "CREATE CONSTRAINT TRIGGER place_inbox_item AFTER INSERT ON inbox_item "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION place_inbox_item()"
    )


def downgrade() -> None:
    """Removes the tables."""
    for table in ("inbox_item", "notification", "team_member", "unsubscribe_token", "preference", "erased", "contact"):
        op.drop_table(table)
    op.execute("DROP FUNCTION place_inbox_item()")
    op.execute("DROP SEQUENCE inbox_position")
    op.execute("DROP SEQUENCE sender_number")
    drop_mailboxes(op)


# A number from a sequence or a clock is taken before the commit, so that a later number can become visible first, and a
# reader who remembers the highest number it saw would miss the earlier one. This trigger runs as the last thing before
# the commit, one transaction at a time (the lock is let go after the commit has become visible): positions grow in the
# order of visibility. NOTIFY holds such a lock in the same moment anyway. It wakes the open streams of all replicas.
_PLACE_INBOX_ITEM = """
CREATE FUNCTION place_inbox_item() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('inbox_position'));
    UPDATE inbox_item SET position = nextval('inbox_position') WHERE item_id = NEW.item_id;
    PERFORM pg_notify('inbox', NEW.member_id);
    RETURN NULL;
END $$
"""


def _text(name: str, **options: Any) -> sa.Column[str]:
    return sa.Column(name, sa.String(), **({"nullable": False} | options))


def _time(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _texts(name: str) -> sa.Column[Any]:
    return sa.Column(name, pg.ARRAY(sa.Text()), nullable=False)


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def _create_people() -> None:
    op.create_table(
        "contact",
        _text("member_id", primary_key=True),
        _number("version"),
        _text("name"),
        _text("email"),
        _text("phone", nullable=True),
        _text("language"),
        _text("organisation_name", nullable=True),
        _time("refused_at", nullable=True),
    )
    op.create_table("erased", _text("member_id", primary_key=True))
    op.create_table("preference", _text("member_id", primary_key=True), _number("version"), _texts("muted"))
    op.create_table(
        "unsubscribe_token",
        _text("token", primary_key=True),
        _text("member_id"),
        _text("category"),
        sa.UniqueConstraint("member_id", "category", name="uq_unsubscribe_token_member_id"),
    )
    op.create_table(
        "team_member",
        _text("member_id", primary_key=True),
        _number("version"),
        sa.Column("active", sa.Boolean(), nullable=False),
    )


def _notice_columns() -> list[sa.Column[Any]]:
    return [_text("member_id"), _text("template"), _text("matter_id"), _text("occurrence")]


def _create_notification() -> None:
    op.create_table(
        "notification",
        _text("notification_id", primary_key=True),
        *_notice_columns(),
        sa.Column("facts", pg.JSONB(), nullable=False),
        _texts("about"),
        _texts("needs"),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        _text("status"),
        _time("created_at"),
        _time("next_attempt_at"),
        _number("attempts"),
        _number("attempts_unsure"),
        _number("sender", nullable=True),
        _time("sent_at", nullable=True),
        _text("refusal", nullable=True),
        _text("cause", nullable=True),
        sa.UniqueConstraint("member_id", "template", "matter_id", "occurrence", name="uq_notification_member_id"),
    )
    waiting = sa.text("status = 'waiting'")
    due = [sa.text("urgent DESC"), sa.text("next_attempt_at")]
    op.create_index("ix_notification_due", "notification", due, postgresql_where=waiting)
    for name, columns, status in (
        ("sending", ["sender"], "sending"),
        ("awaiting", ["notification_id"], "awaiting-contact"),
        ("failed", ["created_at", "notification_id"], "failed"),
    ):
        op.create_index(
            f"ix_notification_{name}", "notification", columns, postgresql_where=sa.text(f"status = '{status}'")
        )
    op.create_index("ix_notification_about", "notification", ["about"], postgresql_using="gin")


def _create_inbox_item() -> None:
    op.create_table(
        "inbox_item",
        _text("item_id", primary_key=True),
        sa.Column("position", sa.BigInteger(), nullable=True),
        *_notice_columns(),
        sa.Column("facts", pg.JSONB(), nullable=False),
        _texts("about"),
        _time("created_at"),
        _time("read_at", nullable=True),
        sa.UniqueConstraint("member_id", "template", "matter_id", "occurrence", name="uq_inbox_item_member_id"),
    )
    op.create_index("ix_inbox_item_newest", "inbox_item", ["member_id", "item_id"])
    op.create_index("ix_inbox_item_position", "inbox_item", ["member_id", "position"])
    op.create_index("ix_inbox_item_about", "inbox_item", ["about"], postgresql_using="gin")
