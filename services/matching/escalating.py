"""To seek further ('doorzetten'): what a region cannot answer is asked of the whole country."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Identity, Problem, say
from contracts.deeds import Deed
from contracts.matching import RequestEscalated
from contracts.vocabulary import Role, Side
from services.matching import doing, nodes, propositions, routing
from services.matching.settings import MatchingSettings


class RequestNotOpen(Problem, slug="request-not-open", status=404, title="There is no open request with this id here"):
    """It does not exist, is of another node, or is not open (any more)."""


class NotTheirsToEscalate(
    Problem, slug="request-not-yours-to-escalate", status=403, title="Somebody else decides to seek further"
):
    """The node's team does, and an ambassador in whose scope the request is."""


class NoCountry(Problem, slug="no-national-node", status=409, title="This node is not a region of a national node"):
    """There is nowhere further to seek: it stands alone, or it is the national node itself."""


async def escalate_for(
    session: AsyncSession, request_id: str, who: Identity, now: datetime, settings: MatchingSettings
) -> None:
    """Somebody asks for it; doing it again changes nothing."""
    if not settings.is_region:
        raise NoCountry
    known = await propositions.get(session, request_id)
    if known is None or known.proposition.side is not Side.REQUEST or known.proposition.node:
        raise RequestNotOpen
    in_scope = who.has(Role.AMBASSADOR) and who.scope and routing.covers(who.scope, known.proposition)
    if not who.has(Role.NODE_TEAM) and not in_scope:
        raise NotTheirsToEscalate
    if not known.proposition.is_open(now):
        raise RequestNotOpen
    if await escalate(session, request_id, now, settings):
        doing.note_on_request(session, who, Deed.REQUEST_ESCALATED, known.proposition, now)


async def escalate(session: AsyncSession, request_id: str, now: datetime, settings: MatchingSettings) -> bool:
    """Says it to the country, once for a request; a node that is no region has no country to say it to."""
    known = await propositions.get(session, request_id)
    if settings.is_region and known and await nodes.escalate(session, request_id, None, now):
        asked = known.proposition
        say(session, RequestEscalated(request_id=request_id, member_id=asked.member_id, title=asked.title))
        return True
    return False
