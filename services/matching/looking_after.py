"""Which requests somebody looks after: by their scope, or because a match of it was given to them."""

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Identity
from services.matching import desk_rules, propositions
from services.matching.desk_rules import RequestNotYours
from services.matching.propositions import Known
from services.matching.store import ask


async def looked_after(session: AsyncSession, request_id: str, who: Identity) -> Known:
    """A request that somebody looks after; raises `RequestNotYours` for any other, whether it exists or not."""
    known = await propositions.get(session, request_id)
    if known is None or not await _looks_after(session, known, who):
        raise RequestNotYours
    return known


_LOOKS_AT_ONE = text(
    """
    SELECT EXISTS (SELECT FROM match WHERE request_id = :request_id AND ambassador_ids && CAST(:me AS text[]))
    """
)


async def _looks_after(session: AsyncSession, known: Known, who: Identity) -> bool:
    """By their scope, or because a match of it was given to them to look at."""
    if desk_rules.looks_after(known.proposition, who.roles, who.scope):
        return True
    values = {"request_id": known.proposition.id, "me": list(who.references)}
    return known.proposition.node is None and bool((await ask(session, _LOOKS_AT_ONE, values)).scalar_one())
