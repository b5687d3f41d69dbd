"""A pair that a person chose: who looks after a request puts it next to an offer, and both sides are asked at once."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Identity
from contracts.vocabulary import Side
from services.matching import (
    candidates,
    desk_rules,
    feedback,
    judging,
    matches,
    one_person,
    people,
    propositions,
    routing,
    rules,
    seeking,
    steps,
    weighing,
)
from services.matching.choosing import Busy
from services.matching.desk_rules import MatchedBefore, NotAnOffer, RequestNotYours
from services.matching.match import Match, State
from services.matching.pairs import Pair, Proposition
from services.matching.propositions import Known
from services.matching.rules import Proposal
from services.matching.settings import MatchingSettings
from services.matching.store import COUNTS, ask

_OF_PAIR = text(
    f"""
    SELECT match_id FROM match m WHERE request_id = :request_id AND offer_id = :offer_id AND owner IS NULL
        AND {COUNTS}
    ORDER BY match_id DESC LIMIT 1
    """
)


async def bring_together(
    session: AsyncSession,
    request_id: str,
    offer_id: str,
    looked_at_by: tuple[str, ...],
    now: datetime,
    settings: MatchingSettings,
) -> Match:
    """Both sides are asked, whatever the score; a match of the two that waited for a look is endorsed with that.

    Raises `MatchedBefore` for two of whom somebody saw no fit or said no; who did not answer is asked again. The caller
    has the turn.
    """
    request, offer = await propositions.get(session, request_id), await propositions.get(session, offer_id)
    if request is None:
        raise RequestNotYours
    if offer is None:
        raise NotAnOffer
    asker = await one_person.references_of(session, request.proposition.member_id)
    desk_rules.must_go_together(request.proposition, asker, offer.proposition, now)
    match = await of_pair(session, request_id, offer_id)
    if match is None or match.lapsed_because == "unanswered":
        match = await _new(session, request, offer, looked_at_by, now, settings)
    side = steps.side_to_endorse(match)
    if match.state is State.PROPOSED and side not in match.endorsed_for:
        match = steps.endorse(match, now, side)
        await judging.go_on(session, match, settings)
    elif match.state in (State.DISMISSED, State.LAPSED):
        raise MatchedBefore
    return match


async def may_look_at(
    session: AsyncSession, who: Identity, request: Proposition, offer: Proposition, now: datetime
) -> bool:
    """Whether somebody may say of these two that they fit: of what is their own another does, while there is one."""
    ours = [one for one in (request, offer) if one.node is None]
    sides = await one_person.references_of(session, *(one.member_id for one in ours))
    sides |= {one.member_id for one in ours}
    if sides.isdisjoint(who.references):
        return True
    ambassadors, team = await people.who_may_look(session, ours, now)
    known_as = {one.member_id: {*sides, *who.references} for one in (request, offer)}
    chosen = routing.choose_ambassador(request, offer, ambassadors, team, known_as)
    return not chosen or not set(chosen).isdisjoint(who.references)


async def must_be_theirs_to_look_at(
    session: AsyncSession, who: Identity, request: Proposition, offer_id: str, now: datetime
) -> None:
    """Raises `NotTheirsToJudge` for who is a side of the two and was not given their match to look at."""
    offer, match = await propositions.get(session, offer_id), await of_pair(session, request.id, offer_id)
    if offer is None or (match is not None and not set(match.ambassador_ids).isdisjoint(who.references)):
        return
    if not await may_look_at(session, who, request, offer.proposition, now):
        raise steps.NotTheirsToJudge


async def of_pair(session: AsyncSession, request_id: str, offer_id: str) -> Match | None:
    """The newest match of a request and an offer, however far it came; see `COUNTS`."""
    found = (await ask(session, _OF_PAIR, {"request_id": request_id, "offer_id": offer_id})).scalars()
    return next(iter(await matches.with_ids(session, found)), None)


async def _new(
    session: AsyncSession,
    request: Known,
    offer: Known,
    looked_at_by: tuple[str, ...],
    now: datetime,
    settings: MatchingSettings,
) -> Match:
    version = await weighing.in_use(session, now)
    pair = await pair_of(session, request, offer, now, settings)
    proposal = Proposal(pair, rules.weigh(rules.signals(pair), version.weights))
    proposal = seeking.in_its_words(proposal, now, version.weights)
    match = matches.new_match(proposal, looked_at_by, now, needs_ambassador=True)
    if settings.is_region and offer.proposition.node:  # what the country offers, who placed it endorsed for all
        match = replace(match, endorsed_for=(Side.OFFER,))
    await matches.add(
        session, [match], feedback.begun([proposal], [match], now, weights_version=version.weights.version)
    )
    return match


async def pair_of(
    session: AsyncSession, request: Known, offer: Known, now: datetime, settings: MatchingSettings
) -> Pair:
    """As it would be found, with how alike the two are; of what would not be found, that is not known."""
    most = settings.proposals_per_request_max
    whatever_runs = replace(request, busy=Busy(unanswered=False))
    found, _ = await candidates.candidates_for(session, whatever_runs, now=now, most=most)
    known = next((pair for pair in found if pair.offer.id == offer.proposition.id), None)
    return known or Pair(request.proposition, offer.proposition, None)
