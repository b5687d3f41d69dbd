"""To be forgotten: a member is removed, with whatever tells of them, and what comes late is not kept."""

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.locks import one_at_a_time
from chassis.sql import run, was_begun_with

#: Handlers that tell something hold this lock shared and an erasure holds it alone, so that nothing is told about
#: somebody while they are being erased.
ERASURE_LOCK = 0x0D4_0001


NOT_WHILE_ERASING = f"SELECT pg_advisory_xact_lock_shared({ERASURE_LOCK})"


async def not_while_erasing(session: AsyncSession) -> None:
    """From here on, until the commit, nobody is erased; who was, is found in the table `erased`."""
    if not was_begun_with(session, NOT_WHILE_ERASING):
        await run(session, text(NOT_WHILE_ERASING))


async def forget(session: AsyncSession, member_id: str) -> tuple[dict[str, int], list[str], list[str]]:
    """Removes a member, or somebody of another node by their reference, and whatever tells of them.

    Returns how many of what, the ids of their mails, and the matches for which contact details of another node came.
    """
    await one_at_a_time(session, ERASURE_LOCK)
    who = {"member_id": member_id}
    await run(session, text("INSERT INTO erased (member_id) VALUES (:member_id) ON CONFLICT DO NOTHING"), who)
    await run(session, _KEEP_MATCHES, who)
    mails = await run(
        session, text("DELETE FROM notification WHERE about @> ARRAY[:member_id] RETURNING notification_id"), who
    )
    notification_ids = [row[0] for row in mails]
    removed = {"notifications": len(notification_ids)}
    match_ids = [row[0] for row in await run(session, _FORGET_ELSEWHERE, who)]
    for name, statement in _FORGET.items():
        result = await run(session, statement, who)
        removed[name] = result.rowcount
    if match_ids:
        removed["contacts-elsewhere"] = len(match_ids)
    return removed, notification_ids, match_ids


# The matches of which they are a side of this node, whoever was told of them: an ambassador is told of many more.
_MATCHES = """
    SELECT matter_id FROM inbox_item WHERE about @> ARRAY[:member_id]
        AND (facts #>> '{asker,member_id}' = :member_id AND facts #>> '{asker,node}' IS NULL
             OR facts #>> '{offerer,member_id}' = :member_id AND facts #>> '{offerer,node}' IS NULL)
"""

# What another node sealed for them may still be on its way, also when it was not heard yet that both said yes.
_KEEP_MATCHES = text(f"INSERT INTO erased_match (match_id) {_MATCHES} ON CONFLICT DO NOTHING")

# Of whom is erased, and of whom they were introduced to: that was given to them alone.
_FORGET_ELSEWHERE = text(
    f"DELETE FROM contact_elsewhere WHERE reference = :member_id OR match_id IN ({_MATCHES}) RETURNING match_id"
)

_FORGET = {
    "push-devices": text("DELETE FROM push_device WHERE member_id = :member_id"),
    "inbox-items": text("DELETE FROM inbox_item WHERE about @> ARRAY[:member_id]"),
    "contacts": text("DELETE FROM contact WHERE member_id = :member_id"),
    "preferences": text("DELETE FROM preference WHERE member_id = :member_id"),
    "unsubscribe-tokens": text("DELETE FROM unsubscribe_token WHERE member_id = :member_id"),
    "team-memberships": text("DELETE FROM team_member WHERE member_id = :member_id"),
    "departures": text("DELETE FROM departure WHERE member_id = :member_id"),
    "other-references": text("DELETE FROM same_person WHERE member_id = :member_id"),
    "replies": text("DELETE FROM stored_reply WHERE caller = :member_id"),
}
