"""What desks hold of somebody who was erased: what was asked of them and by them, and their notes to themselves."""

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.store import ask

_THEIRS = """
    SELECT proposition_id FROM proposition
    WHERE member_id = :member_id AND node IS NOT DISTINCT FROM CAST(:node AS text)"""
_THEIR_MATCHES = """
    SELECT match_id FROM match
    WHERE asker_id = :member_id AND asker_node IS NOT DISTINCT FROM CAST(:node AS text)
        OR offerer_id = :member_id AND offerer_node IS NOT DISTINCT FROM CAST(:node AS text)"""

# What somebody of another node is called here may be what a member of ours is called.
_THEMSELVES = "CAST(:node AS text) IS NULL"
# What somebody else promised to who was erased stays theirs to keep: by an ask that nobody made.
_ASK_GOES = f"""{_THEMSELVES} AND member_id = :member_id OR request_id IN ({_THEIRS}) OR offer_id IN ({_THEIRS})"""
_REMOVE = {
    "hand-overs": text(
        f"""
        DELETE FROM hand_over WHERE {_THEMSELVES} AND (asked_by = :member_id OR member_id = :member_id)
            OR match_id IN ({_THEIR_MATCHES}) RETURNING hand_over_id
        """
    ),
    "asks": text(
        f"""
        WITH gone AS (
            DELETE FROM help_ask WHERE {_ASK_GOES} RETURNING ask_id),
        asked AS (
            UPDATE help_ask SET asked_by = '', note = NULL
            WHERE {_THEMSELVES} AND asked_by = :member_id AND ({_ASK_GOES}) IS NOT TRUE RETURNING ask_id)
        SELECT ask_id FROM gone UNION ALL SELECT ask_id FROM asked
        """
    ),
    "follow-ups": text(
        f"""
        DELETE FROM follow_up WHERE {_THEMSELVES} AND member_id = :member_id
            OR matter_id IN ({_THEIRS}) OR matter_id IN ({_THEIR_MATCHES}) RETURNING follow_up_id
        """
    ),
}


async def remove(session: AsyncSession, member_id: str, node: str | None) -> dict[str, list[str]]:
    """Removes it, before their matches and requests go, by which some of it is found; returns the ids."""
    values = {"member_id": member_id, "node": node}
    return {what: list((await ask(session, one, values)).scalars()) for what, one in _REMOVE.items()}
