"""A request about an offer that its member had read: exactly those two are proposed, whatever the score."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching import by_hand, desk_rules, one_person, proposing, propositions
from services.matching.desk_rules import CannotBeBroughtTogether, NotAnOffer, RequestNotYours
from services.matching.pairs import Pair, Proposition, may_be_about
from services.matching.seeking import Sought
from services.matching.settings import MatchingSettings
from services.matching.store import COUNTS, ask


async def propose(session: AsyncSession, sought: Sought | None, now: datetime, settings: MatchingSettings) -> None:
    """Proposes a request with the offer that it is about, once, as far as both stand as they are kept now.

    Distance, kind and level do not count: who asks has read the offer. What they cannot be brought together with by
    hand either, and what is of their own organisation, is left. The caller has the turn.
    """
    if sought is None:  # what is newer is kept, and comes by itself
        return
    request = await propositions.get(session, sought.known.proposition.id)
    offer_id = request and request.proposition.about_offer_id
    offer = await propositions.get(session, offer_id) if offer_id else None
    if request is None or offer is None:
        return
    of_both = await _can_be(session, [request.proposition], offer.proposition, now)
    if not of_both or await by_hand.of_pair(session, *of_both[0].ids):
        return
    found = _as_found(of_both, sought)
    if found == of_both:
        found = [await by_hand.pair_of(session, request, offer, now, settings)]
    await proposing.propose_pairs(session, found, now, settings)


_ABOUT = text(
    f"""
    SELECT proposition_id FROM proposition p
    WHERE about_offer_id = :offer_id AND side = 'request' AND status = 'open' AND node IS NULL AND expires_at > :now
        AND NOT EXISTS (SELECT FROM match m WHERE m.request_id = p.proposition_id AND m.offer_id = :offer_id
                        AND m.owner IS NULL AND {COUNTS})
    ORDER BY proposition_id
    """
)


async def propose_to_who_asked(
    session: AsyncSession, sought: Sought | None, now: datetime, settings: MatchingSettings
) -> None:
    """An offer is here (again) that open requests are about, however many.

    How alike the two are is known of those that were found before the turn: nothing is sought in it.
    """
    if sought is None or not sought.known.proposition.is_open(now):
        return
    offer_id = sought.known.proposition.id
    asked = list((await ask(session, _ABOUT, {"offer_id": offer_id, "now": now})).scalars())
    if not asked:
        return
    known = await propositions.find(session, [offer_id, *asked])
    offer, requests = known[offer_id], [known[request_id] for request_id in asked]
    of_both = await _can_be(session, requests, offer, now)
    await proposing.propose_pairs(session, _as_found(of_both, sought), now, settings)


async def _can_be(
    session: AsyncSession, requests: Iterable[Proposition], offer: Proposition, now: datetime
) -> list[Pair]:
    """Those of the requests about the offer that may be brought together with it by hand."""
    theirs = await one_person.references_of(session, offer.member_id) if offer.node is None else set()
    pairs = []
    for request in requests:
        asker = theirs if request.member_id in theirs else {request.member_id}
        with suppress(RequestNotYours, NotAnOffer, CannotBeBroughtTogether):  # nobody is here to be told
            desk_rules.must_go_together(request, asker, offer, now)
            if may_be_about(request, offer):
                pairs.append(Pair(request, offer, None))
    return pairs


def _as_found(pairs: list[Pair], sought: Sought) -> list[Pair]:
    """The same pairs, with how alike the two are where they were found as they stand now."""
    found = {_versions(pair): pair for pair in sought.pairs}
    return [found.get(_versions(pair), pair) for pair in pairs]


def _versions(pair: Pair) -> tuple[str, int, str, int]:
    return pair.request.id, pair.request.version, pair.offer.id, pair.offer.version
