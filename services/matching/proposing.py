"""How a match begins and goes on: what is then kept, said, and waited for. The decisions are in `rules` and `steps`."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import say
from contracts.matching import (
    MatchEndorsed,
    MatchHandedOver,
    MatchLapsed,
    MatchProposed,
)
from contracts.vocabulary import Side
from services.matching import (
    asked_instead,
    feedback,
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
from services.matching.match import Lapse, Match, State
from services.matching.pairs import Pair, may_stay
from services.matching.patience import answer_by
from services.matching.propositions import Known
from services.matching.rules import Proposal
from services.matching.seeking import Sought
from services.matching.settings import MatchingSettings
from services.matching.weights import Weights


async def propose(session: AsyncSession, sought: Sought, now: datetime, settings: MatchingSettings) -> None:
    """What fits a request or an offer best is proposed: to an ambassador, or where the kind needs none, to both."""
    weights = (await weighing.in_use(session, now)).weights
    await _begin(session, await seeking.still_best(session, sought, now, settings, weights), weights, now, settings)


async def propose_pairs(
    session: AsyncSession, pairs: Iterable[Pair], now: datetime, settings: MatchingSettings
) -> None:
    """The same for these pairs, whatever their score."""
    weights = (await weighing.in_use(session, now)).weights
    await _begin(
        session, [Proposal(one, rules.weigh(rules.signals(one), weights)) for one in pairs], weights, now, settings
    )


async def _begin(
    session: AsyncSession, proposals: list[Proposal], weights: Weights, now: datetime, settings: MatchingSettings
) -> None:
    new = await _matches_of(session, proposals, now, settings)
    await matches.add(session, new, feedback.begun(proposals, new, now, weights_version=weights.version))
    for match in new:
        if match.state is State.PROPOSED:
            say(session, MatchProposed(**match.told()))
        else:
            ask_both(session, match, settings)


def ask_both(session: AsyncSession, match: Match, settings: MatchingSettings) -> None:
    """Says that both sides are asked, and until when they can answer."""
    say(session, MatchEndorsed(**match.told(), answer_by=answer_by(match, settings)))


async def go_on(session: AsyncSession, sought: Sought | None, now: datetime, settings: MatchingSettings) -> None:
    """What is open is proposed. What closed ends all its matches, unless it was opened again before this turn.

    What two people talk about now ends the matches that no ambassador has judged yet, so that nobody is asked for
    nothing; they may be proposed anew when it is opened again. Who has been asked already may still answer, and may
    be introduced too, but is not reminded.
    """
    if sought is None:
        return
    heard = sought.known.proposition
    if heard.side is Side.OFFER and not sought.known.is_new:
        await matches.follow_organisation(session, heard.id)
    if heard.is_open(now):
        if not sought.known.is_new:
            await end_what_cannot_be(session, heard.id, now)
            await _tell_anew(session, await matches.running_of(session, heard.id))
        await propose(session, sought, now, settings)
    else:
        running = await matches.running_of(session, heard.id, version=heard.version)
        ending = [match for match in running if steps.ends_with(match, heard.status) and not match.owner]
        await end(session, ending, "closed")
        await _tell_anew(session, [match for match in running if match not in ending])


async def _tell_anew(session: AsyncSession, running: Iterable[Match]) -> None:
    """The other side of a match of two nodes reads what this one wrote, and until when, as it is now."""
    of_two_nodes = [match for match in running if match.owner is None and match.other_nodes()]
    await matches.save(session, *(steps.told_anew(match) for match in of_two_nodes))


async def propose_at_once(session: AsyncSession, known: Known, now: datetime, settings: MatchingSettings) -> None:
    """Seeks in the turn what is then proposed. The caller has it alone: who is kept meanwhile would not be found."""
    await propose(session, await seeking.seek(session, known, now, settings), now, settings)


async def _matches_of(
    session: AsyncSession, proposals: list[Proposal], now: datetime, settings: MatchingSettings
) -> list[Match]:
    judged = [p for p in proposals if p.pair.offer.kind not in settings.kinds_without_ambassador]
    ambassadors: list[routing.Ambassador] = []
    team: list[str] = []
    known_as: dict[str, set[str]] = {}
    if judged:
        sides = [side for p in judged for side in (p.pair.request, p.pair.offer)]
        ambassadors, team = await people.who_may_look(session, sides, now)
        known_as = await one_person.known_as(session, {side.member_id for side in sides})
    new = []
    for proposal in proposals:
        chosen: tuple[str, ...] = ()
        is_ours = None in (proposal.pair.request.node, proposal.pair.offer.node)
        if proposal in judged and is_ours:  # otherwise the two nodes look at it
            request, offer = proposal.pair.request, proposal.pair.offer
            chosen = routing.choose_ambassador(request, offer, ambassadors, team, known_as)
            ambassadors = routing.one_more_waiting(ambassadors, chosen)
        match = matches.new_match(proposal, chosen, now, needs_ambassador=proposal in judged)
        if settings.is_region and proposal.pair.offer.node:
            # The national team places an offer for every region to match: it does not look at each match again.
            match = replace(match, endorsed_for=(Side.OFFER,))
        new.append(match)
    return new


async def end_what_cannot_be(session: AsyncSession, proposition_id: str, now: datetime) -> None:
    """A change may have made it another kind, or too far: what does not go together any more is judged by nobody."""
    running = await matches.running_of(session, proposition_id)
    unjudged = [match for match in running if match.state is State.PROPOSED and match.owner is None]
    if unjudged:
        sides = await propositions.find(session, {side for m in unjudged for side in (m.request_id, m.offer_id)})
        cannot_be = [m for m in unjudged if not may_stay(sides[m.request_id], sides[m.offer_id], now)]
        await end(session, cannot_be, "closed")


async def end(session: AsyncSession, running: Iterable[Match], because: Lapse) -> list[Match]:
    """Running matches end without an introduction."""
    ended = [steps.lapse(match, because) for match in running]
    await matches.save(session, *ended)
    for match in ended:
        say(session, MatchLapsed(**match.told_of_lapse()))
    return ended


async def hand_over(
    session: AsyncSession, match: Match, ambassador_ids: tuple[str, ...], now: datetime, *, said_yes: bool = False
) -> Match:
    """Somebody else looks at a match from now on: who was asked and `said_yes`, or another, and then none is asked."""
    await asked_instead.end(session, match.match_id, now)
    handed = steps.hand_over(match, ambassador_ids, now)
    await matches.save(session, handed)
    say(session, MatchHandedOver(**handed.told(), said_yes=said_yes))
    return handed


async def find_successor(session: AsyncSession, member_id: str, now: datetime) -> None:
    """The matches of somebody who looks at them no more go to somebody else."""
    references = await one_person.references_of(session, member_id)
    if await people.may_look(session, *references):  # who is an ambassador and in the team may have left one of them
        return
    for one in sorted(references):
        await find_somebody(session, await matches.looked_at_by(session, one), now, instead_of=one)


async def find_somebody(
    session: AsyncSession, running: list[Match], now: datetime, *, instead_of: str = ""
) -> list[Match]:
    """Matches that nobody looks at, or somebody who stopped, get somebody who can look at them.

    Whom who stopped had asked to look instead comes first, with what was written to them. A colleague in the node's
    team who looks at the same match goes on without being told anew; so does who gets what was looked at already: they
    hear what the sides answer. Returns the matches that were handed over.
    """
    stays = [match for match in running if set(match.ambassador_ids) - {instead_of}]
    await matches.save(session, *(_without(match, instead_of) for match in stays))
    orphaned = [m for m in running if m not in stays and (m.ambassador_ids or not m.is_endorsed_here())]
    if not orphaned:
        return []
    sides = await propositions.find(
        session, {side for match in orphaned for side in (match.request_id, match.offer_id)}
    )
    ambassadors, team = await people.who_may_look(session, sides.values(), now)
    known_as = await one_person.known_as(session, {side.member_id for side in sides.values()})
    asked = await asked_instead.by(session, instead_of, [match.match_id for match in orphaned])
    handed = []
    for match in orphaned:
        # Of a match of another node only our own side is known here, and that is what our ambassador is chosen for.
        request = sides.get(match.request_id) or sides[match.offer_id]
        offer = sides.get(match.offer_id) or request
        chosen = routing.choose_ambassador(request, offer, ambassadors, team, known_as)
        if match.is_endorsed_here():
            await matches.save(session, replace(match, ambassador_ids=chosen))
            continue
        instead = asked.get(match.match_id)
        if instead and instead["member_id"] not in known_as[request.member_id] | known_as[offer.member_id]:
            chosen = (instead["member_id"],)
        if chosen != match.ambassador_ids:
            ambassadors = routing.one_more_waiting(ambassadors, chosen)
            handed.append(await hand_over(session, match, chosen, now))
            if instead and instead["note"] and chosen == (instead["member_id"],):
                await matches.note(session, match.match_id, instead["note"], by=instead["asked_by"])
    return handed


async def find_another(session: AsyncSession, member_id: str, now: datetime) -> None:
    """What somebody looks at and turns out to be a side of goes to another, as long as there is one."""
    references = await one_person.references_of(session, member_id)
    for one in sorted(references):
        looked_at = await matches.looked_at_by(session, one)
        own = [match for match in looked_at if match.state is State.PROPOSED and match.side_of(references)]
        await find_somebody(session, own, now, instead_of=one)


async def team_for(session: AsyncSession, match: Match) -> tuple[str, ...]:
    """Those of the node's team who may look at a match."""
    own = await one_person.references_of(session, *match.sides())
    return routing.choose_team(await people.node_team(session), own)


def _without(match: Match, member_id: str) -> Match:
    return replace(match, ambassador_ids=tuple(other for other in match.ambassador_ids if other != member_id))
