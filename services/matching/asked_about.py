"""A request about an offer that its member had read: exactly those two are proposed, whatever the score."""

from contextlib import suppress
from datetime import datetime

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching import by_hand, desk_rules, one_person, proposing, propositions
from services.matching.desk_rules import CannotBeBroughtTogether, NotAnOffer, RequestNotYours
from services.matching.pairs import may_be_about
from services.matching.settings import MatchingSettings
from services.matching.store import ask


async def propose(session: AsyncSession, request_id: str, now: datetime, settings: MatchingSettings) -> None:
    """Proposes a request with the offer that it is about, once, as far as both stand as they are kept now.

    Distance, kind and level do not count: who asks has read the offer. What they cannot be brought together with by
    hand either, and what is of their own organisation, is left. The caller has the turn.
    """
    request = await propositions.get(session, request_id)
    offer_id = request and request.proposition.about_offer_id
    offer = await propositions.get(session, offer_id) if offer_id else None
    if request is None or offer is None or not may_be_about(request.proposition, offer.proposition):
        return
    asker = await one_person.references_of(session, request.proposition.member_id)
    with suppress(RequestNotYours, NotAnOffer, CannotBeBroughtTogether):  # nobody is here to be told
        desk_rules.must_go_together(request.proposition, asker, offer.proposition, now, is_region=settings.is_region)
        if await by_hand.of_pair(session, request_id, offer.proposition.id) is None:
            pair = await by_hand.pair_of(session, request, offer, now, settings)
            await proposing.propose_pair(session, pair, now, settings)


_ABOUT = text(
    """
    SELECT proposition_id FROM proposition
    WHERE about_offer_id = :offer_id AND side = 'request' AND status = 'open' AND node IS NULL
    ORDER BY proposition_id
    """
)


async def propose_to_who_asked(session: AsyncSession, offer_id: str, now: datetime, settings: MatchingSettings) -> None:
    """An offer is here (again) that open requests are about."""
    for request_id in list((await ask(session, _ABOUT, {"offer_id": offer_id})).scalars()):
        await propose(session, request_id, now, settings)
