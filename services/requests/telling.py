"""What is told of a request or an offer: always its whole state, so that the highest version wins."""

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import say
from contracts.event import Event
from contracts.expiry import ConversationQuiet, ExpiryNear
from contracts.requests import (
    OfferChanged,
    OfferClosed,
    OfferPlaced,
    OfferReopened,
    RequestChanged,
    RequestClosed,
    RequestPlaced,
    RequestReopened,
)
from contracts.taking_down import TakenDown, TakenDownBecause
from contracts.vocabulary import Language, Side, Status
from services.requests.tables import Proposition

#: What stands for the words of what the node's team took down: everybody who knew it forgets what it said.
_INSTEAD = {Language.DUTCH: "(weggehaald)", Language.ENGLISH: "(taken down)"}


def placed(session: AsyncSession, proposition: Proposition) -> None:
    """It is asked or offered from now on."""
    say(session, _told(proposition, RequestPlaced, OfferPlaced))


def changed(session: AsyncSession, proposition: Proposition) -> None:
    """Its words changed, or a conversation about it began. Of a draft nobody hears."""
    if proposition.status == Status.DRAFT:
        return
    say(session, _told(proposition, RequestChanged, OfferChanged))


def closed(session: AsyncSession, proposition: Proposition) -> None:
    """It was fulfilled or withdrawn, or it expired."""
    say(session, _told(proposition, RequestClosed, OfferClosed))


def expiry_near(session: AsyncSession, proposition: Proposition) -> None:
    """It expires in a week. It did not change, so that it keeps its version."""
    say(session, ExpiryNear(**proposition.told()))


def conversation_quiet(session: AsyncSession, proposition: Proposition) -> None:
    """Its member is asked what came of the conversation. It did not change either."""
    say(session, ConversationQuiet(**proposition.told()))


def taken_down(session: AsyncSession, proposition: Proposition, because: TakenDownBecause, note: str | None) -> None:
    """Its member hears why it was withdrawn for them."""
    say(session, TakenDown(**proposition.told() | {"because": because, "note": note}))


def reopened(session: AsyncSession, proposition: Proposition) -> None:
    """It stands again."""
    say(session, _told(proposition, RequestReopened, OfferReopened))


def as_it_is(session: AsyncSession, proposition: Proposition, *, to: str) -> None:
    """Another node hears how it stands, and nobody else: here nothing changed."""
    say(session, _told(proposition, RequestChanged, OfferChanged), to=to)


def _told(proposition: Proposition, of_request: type[Event], of_offer: type[Event]) -> Event:
    event_type = of_request if proposition.side == Side.REQUEST else of_offer
    told = {event_type.about: proposition.proposition_id} | proposition.told()
    if told.get("taken_down"):
        instead = _INSTEAD[Language(proposition.language)]
        told |= {"title": instead, "text": instead, "venue": None, "sign_up_url": None}
    return event_type(**told)
