"""What is told of a request or an offer: always its whole state, so that the highest version wins."""

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import say
from contracts.expiry import ExpiryNear
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
from contracts.vocabulary import Side, Status
from services.requests.tables import Proposition


def placed(session: AsyncSession, proposition: Proposition) -> None:
    """It is asked or offered from now on."""
    if proposition.side == Side.REQUEST:
        say(session, RequestPlaced(request_id=proposition.proposition_id, **proposition.told()))
    else:
        say(session, OfferPlaced(offer_id=proposition.proposition_id, **proposition.told()))


def changed(session: AsyncSession, proposition: Proposition) -> None:
    """Its words changed, or a conversation about it began. Of a draft nobody hears."""
    if proposition.status == Status.DRAFT:
        return
    if proposition.side == Side.REQUEST:
        say(session, RequestChanged(request_id=proposition.proposition_id, **proposition.told()))
    else:
        say(session, OfferChanged(offer_id=proposition.proposition_id, **proposition.told()))


def closed(session: AsyncSession, proposition: Proposition) -> None:
    """It was fulfilled or withdrawn, or it expired."""
    if proposition.side == Side.REQUEST:
        say(session, RequestClosed(request_id=proposition.proposition_id, **proposition.told()))
    else:
        say(session, OfferClosed(offer_id=proposition.proposition_id, **proposition.told()))


def expiry_near(session: AsyncSession, proposition: Proposition) -> None:
    """It expires in a week. It did not change, so that it keeps its version."""
    say(session, ExpiryNear(**proposition.told()))


def reopened(session: AsyncSession, proposition: Proposition) -> None:
    """It stands again."""
    if proposition.side == Side.REQUEST:
        say(session, RequestReopened(request_id=proposition.proposition_id, **proposition.told()))
    else:
        say(session, OfferReopened(offer_id=proposition.proposition_id, **proposition.told()))


def as_it_is(session: AsyncSession, proposition: Proposition, *, to: str) -> None:
    """Another node hears how it stands, and nobody else: here nothing changed."""
    if proposition.side == Side.REQUEST:
        say(session, RequestChanged(request_id=proposition.proposition_id, **proposition.told()), to=to)
    else:
        say(session, OfferChanged(offer_id=proposition.proposition_id, **proposition.told()), to=to)
