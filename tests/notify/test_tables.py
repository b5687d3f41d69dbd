"""What is asked of the tables all day is answered by an index."""

from sqlalchemy import text


async def test_what_is_asked_all_day_is_found_by_an_index(notify):
    """The statements of the sender and the inbox, on tables that are pretended to be large."""
    asked = {
        "ix_notification_due": "SELECT notification_id FROM notification WHERE status = 'waiting' "
        "AND next_attempt_at <= now() ORDER BY urgent DESC, next_attempt_at LIMIT 8",
        "ix_notification_sending": "SELECT sender FROM notification WHERE status = 'sending'",
        "ix_notification_about": "DELETE FROM notification WHERE about @> ARRAY['m']",
        "ix_inbox_item_about": "DELETE FROM inbox_item WHERE about @> ARRAY['m']",
    }
    read = "SELECT * FROM inbox_item WHERE member_id = 'm'"
    asked |= {
        "ix_inbox_item_position": f"{read} AND position > 7 ORDER BY position LIMIT 50",
        "ix_inbox_item_newest": f"{read} ORDER BY item_id DESC LIMIT 21",
    }
    async with notify.running.session() as session:
        connection = await session.connection()
        await connection.execute(text("SET LOCAL enable_seqscan = off"))
        await connection.execute(text("SET LOCAL enable_sort = off"))
        for index, query in asked.items():
            plan = "\n".join((await connection.execute(text(f"EXPLAIN {query}"))).scalars())
            assert index in plan
