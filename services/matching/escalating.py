"""To seek further ('doorzetten'): what a region cannot answer is asked of the whole country."""

from datetime import datetime

from pydantic import BaseModel, Field
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Identity, Problem, say
from contracts.deeds import Deed
from contracts.matching import RequestEscalated
from contracts.vocabulary import Side
from services.matching import desk_rules, doing, nodes, propositions
from services.matching.looking_after import looked_after
from services.matching.settings import MatchingSettings


class EscalationView(BaseModel):
    """How far an answer to a request is sought."""

    is_escalated: bool = Field(description="Whether it is sought in the whole country.")
    may_escalate: bool = Field(description="Whether the caller can ask for that now.")


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
    if not desk_rules.looks_after(known.proposition, who.roles, who.scope):
        raise NotTheirsToEscalate
    if not known.proposition.is_open(now):
        raise RequestNotOpen
    if await escalate(session, request_id, now, settings):
        doing.note_on_request(session, who, Deed.REQUEST_ESCALATED, known.proposition, now)


async def how_far(
    session: AsyncSession, request_id: str, who: Identity, now: datetime, settings: MatchingSettings
) -> EscalationView:
    """How far an answer is sought, for who asks and who looks after it; others get `RequestNotYours`."""
    known = await propositions.get(session, request_id)
    asked = known.proposition if known else None
    if asked is None or asked.node or asked.side is not Side.REQUEST or asked.member_id not in who.references:
        asked = (await looked_after(session, request_id, who)).proposition
    may = settings.is_region and desk_rules.looks_after(asked, who.roles, who.scope) and asked.is_open(now)
    return EscalationView(is_escalated=asked.escalated, may_escalate=may and not asked.escalated)


async def escalate(session: AsyncSession, request_id: str, now: datetime, settings: MatchingSettings) -> bool:
    """Says it to the country, once for a request; a node that is no region has no country to say it to."""
    known = await propositions.get(session, request_id)
    if settings.is_region and known and await nodes.escalate(session, request_id, None, now):
        asked = known.proposition
        say(session, RequestEscalated(request_id=request_id, member_id=asked.member_id, title=asked.title))
        return True
    return False
