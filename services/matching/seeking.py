"""What is done of an event before its turn: it is kept, and what may fit it is sought and judged. And in its turn: what
of that is still so.

Whatever is heard is first kept and committed, and only then is sought what fits it. Of a request and an offer that are
heard at the same moment, in whatever replicas, the later one to be kept therefore finds the other. Often both do; who
has their turn first proposes the pair.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from sqlalchemy import text
from sqlalchemy.ext.asyncio import async_sessionmaker
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Service
from contracts.matching import MatchDismissed, MatchLapsed
from contracts.vocabulary import TAKEN_UP_BY_ONE, Side
from services.matching import candidates, choosing, propositions, rules, weighing
from services.matching.candidates import CANDIDATES_MAX
from services.matching.choosing import Busy
from services.matching.meanings import Read, read_meanings
from services.matching.one_person import STAYS
from services.matching.pairs import Pair
from services.matching.propositions import BUSY, Heard, Known, busy_of
from services.matching.rules import Proposal
from services.matching.settings import MatchingSettings
from services.matching.store import COUNTS, ask, offer_running
from services.matching.terms import as_written
from services.matching.turns import go_on_to_look_far, keep_together, look_far
from services.matching.weights import Weights


@dataclass(frozen=True, slots=True)
class Sought:
    """A request or an offer, and what may fit it as far as could be seen when it was sought."""

    known: Known
    pairs: Sequence[Pair] = ()
    fitting: Sequence[Proposal] = ()
    """Those of the pairs that are worth proposing."""
    weights: Weights | None = None
    """By which they were judged."""


async def keep_and_seek(
    events: Sequence[Heard], service: Service, nodes: Sequence[str | None] | None = None
) -> list[Sought | None]:
    """Keeps requests or offers, and seeks what fits them; none for what was heard too late, or of whom was erased.

    Who stops between the two hears the event again, and keeps the same version again. `nodes`: the other node that said
    each event.
    """
    read = await read_meanings(events, service)
    return await keep_read_and_seek(
        service.sessions, events, read, service.now(), cast(MatchingSettings, service.settings), nodes
    )


async def keep_read_and_seek(
    sessions: async_sessionmaker[AsyncSession],
    events: Sequence[Heard],
    read: Sequence[Read | None],
    now: datetime,
    settings: MatchingSettings,
    nodes: Sequence[str | None] | None = None,
) -> list[Sought | None]:
    """The same for what was read already."""
    async with sessions() as session:
        await keep_together(session)
        kept = [
            await propositions.keep(session, event, _side(event), meaning, now, node)
            for event, meaning, node in zip(events, read, nodes or [None] * len(events), strict=True)
        ]
        await go_on_to_look_far(session)
        return [await seek(session, known, now, settings) if known else None for known in kept]


async def seek_next_best(events: Sequence[MatchDismissed | MatchLapsed], service: Service) -> list[list[Sought]]:
    """Seeks what else fits the requests of matches that ended, and the offers that may have been kept from others.

    Not for a side that does not answer: whatever else is found would wait for them in vain. Nor is found again what
    nobody looked at: it would wait in vain over and over, and nothing else have its turn.
    """
    settings, now = cast(MatchingSettings, service.settings), service.now()
    async with service.sessions() as session:
        await look_far(session)
        found = []
        for event in events:
            known = [await propositions.get(session, one) for one in _left_over(event)]
            waiting = [_but_unseen(one) for one in known if one and one.proposition.is_open(now)]
            found.append([await seek(session, one, now, settings) for one in waiting])
    return found


async def seek(session: AsyncSession, known: Known, now: datetime, settings: MatchingSettings) -> Sought:
    """What may fit a request or an offer now; nothing for one that is not open, not sought for here, or has enough."""
    most, most_of_offer = settings.proposals_per_request_max, settings.proposals_per_offer_max
    mine = known.proposition
    if not (mine.is_open(now) and mine.is_sought_here()) or (mine.side is Side.REQUEST and known.busy.running >= most):
        return Sought(known)
    pairs, busy = await candidates.candidates_for(session, known, now=now, most=most, most_of_offer=most_of_offer)
    if mine.side is Side.OFFER and pairs and choosing.room_beside(pairs[0], most_of_offer) <= 0:
        return Sought(known)
    weights = await weighing.weights_last_used(session)
    fitting = rules.fitting(pairs, now, weights)
    named = {one.pair.ids: in_its_words(one, now, weights) for one in _chosen(fitting, busy, settings)}
    return Sought(known, pairs, [named.get(one.pair.ids, one) for one in fitting], weights)


async def still_best(
    session: AsyncSession, sought: Sought, now: datetime, settings: MatchingSettings, weights: Weights
) -> list[Proposal]:
    """What is to be proposed of what was sought. The caller has the turn, so that it stays as it is seen now."""
    most, is_request = settings.proposals_per_request_max, sought.known.proposition.side is Side.REQUEST
    fitting = sought.fitting if sought.weights == weights else rules.fitting(sought.pairs, now, weights)
    left, busy = await _as_it_is(session, fitting, settings)
    best = _chosen(left, busy, settings)
    is_wanting = bool(fitting) and not best
    if is_request:
        has_room = len(best) < most - busy.get(sought.known.proposition.id, sought.known.busy).running
        is_wanting = len(left) < len(fitting) and has_room
    if is_wanting and len(sought.pairs) >= CANDIDATES_MAX:
        # What was found has gone to others meanwhile, and there may be more than was looked at.
        known = await propositions.get(session, sought.known.proposition.id)
        if known and known.proposition.version == sought.known.proposition.version:
            again = await seek(session, _but_unseen(known) if sought.known.busy.unseen else known, now, settings)
            left, busy = await _as_it_is(session, again.fitting, settings)
            best = _chosen(left, busy, settings)
    return [in_its_words(one, now, weights) for one in best]


def _but_unseen(known: Known) -> Known:
    return replace(known, busy=replace(known.busy, unseen=True))


def _chosen(fitting: Sequence[Proposal], busy: Mapping[str, Busy], settings: MatchingSettings) -> list[Proposal]:
    most, most_of_offer = settings.proposals_per_request_max, settings.proposals_per_offer_max
    return choosing.chosen(fitting, busy, most=most, most_of_offer=most_of_offer)


_AS_IT_IS = text(
    f"""
    SELECT p.proposition_id AS request_id, o.proposition_id AS offer_id, {BUSY},
        {offer_running("o.proposition_id")} AS offer_running
    FROM unnest(CAST(:requests AS text[]), CAST(:request_versions AS integer[]),
                CAST(:offers AS text[]), CAST(:offer_versions AS integer[])) AS s (request, rv, offer, ov)
    JOIN proposition p ON p.proposition_id = s.request AND p.version = s.rv
    JOIN proposition o ON o.proposition_id = s.offer AND o.version = s.ov
    WHERE NOT EXISTS (SELECT FROM match m WHERE m.request_id = s.request AND m.offer_id = s.offer
                      AND {COUNTS})
      AND (p.node IS DISTINCT FROM o.node OR {STAYS.format("p")} <> {STAYS.format("o")})
    """
)


async def _as_it_is(
    session: AsyncSession, fitting: Sequence[Proposal], settings: MatchingSettings
) -> tuple[list[Proposal], Mapping[str, Busy]]:
    """Those that can still be proposed, with what runs now: neither side has changed or gone, the pair is new, and the
    offer has room.
    """
    if not fitting:
        return [], {}
    pairs = [one.pair for one in fitting]
    values = {
        "requests": [pair.request.id for pair in pairs],
        "request_versions": [pair.request.version for pair in pairs],
        "offers": [pair.offer.id for pair in pairs],
        "offer_versions": [pair.offer.version for pair in pairs],
    }
    found = (await ask(session, _AS_IT_IS, values)).mappings()
    rows = {(row["request_id"], row["offer_id"]): row for row in found}
    left = [
        replace(one, pair=replace(one.pair, offer_running=rows[one.pair.ids]["offer_running"]))
        for one in fitting
        if one.pair.ids in rows
    ]
    left = [one for one in left if choosing.room_beside(one.pair, settings.proposals_per_offer_max) > 0]
    return left, {request_id: busy_of(row) for (request_id, _), row in rows.items()}


def in_its_words(proposal: Proposal, now: datetime, weights: Weights) -> Proposal:
    """With the words that the request was written in, which are a reason; they change no score."""
    pair, request = proposal.pair, proposal.pair.request
    if pair.words or not pair.terms:
        return proposal
    named = replace(pair, words=as_written(pair.terms, request.title, pair.asked, request.language))
    return Proposal(named, rules.fit(named, now, weights) or proposal.fit)


def _side(event: Heard) -> Side:
    return Side.REQUEST if hasattr(event, "request_id") else Side.OFFER


def _left_over(event: MatchDismissed | MatchLapsed) -> list[str]:
    """What may be proposed anew after a match: its request, and an offer that is proposed a few times at a time."""
    silent: set[str] = set()
    if isinstance(event, MatchLapsed) and event.lapsed_because == "unanswered":
        silent = set(event.asked) - set(event.accepted)
    left = [] if event.asker.member_id in silent else [event.request_id]
    if event.offer_kind in TAKEN_UP_BY_ONE and event.offerer.member_id not in silent:
        left.append(event.offer_id)
    return left
