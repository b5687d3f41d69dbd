"""Which of the pairs that fit are proposed, beside what runs already. Pure decisions."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from contracts.vocabulary import TAKEN_UP_BY_ONE
from services.matching.pairs import Pair
from services.matching.rules import Proposal

#: An offer that many get leaves room for others that fit nearly as well: at the most this is taken off when they are
#: put in order, half of it when so many matches run with it.
CROWDED_MAX, CROWDED_HALF = 0.06, 4


@dataclass(frozen=True, slots=True)
class Busy:
    """What a request has: how many running matches, and the organisations that it runs with, was introduced to, or
    came to nothing with."""

    running: int = 0
    organisations: frozenset[str] = frozenset()
    unanswered: bool = True
    """Whether what it was paired with and a side did not answer is not found again; by hand it is."""
    unseen: bool = False
    """The same of what nobody looked at: it is found again when either is written anew, not as the next best."""


def chosen(
    fitting: Iterable[Proposal], busy: Mapping[str, Busy], *, most: int, most_of_offer: int | None = None
) -> list[Proposal]:
    """Those of them for which there is room beside what runs, best first: at most `most` for a request, and
    `most_of_offer` for an offer that one party takes up.
    """
    ranked = sorted(fitting, key=lambda proposal: (-_rank(proposal), _lot(proposal.pair)))
    room = {request_id: most - its.running for request_id, its in busy.items()}
    room_of_offer: dict[str, float] = {}
    organisations = {request_id: set(its.organisations) for request_id, its in busy.items()}
    best = []
    for proposal in ranked:
        request_id, organisation_id = proposal.pair.request.id, proposal.pair.offer.organisation_id
        offer_id, left = proposal.pair.offer.id, room_beside(proposal.pair, most_of_offer)
        busy_with = organisations.setdefault(request_id, set())
        is_free = room.setdefault(request_id, most) > 0 and room_of_offer.setdefault(offer_id, left) > 0
        if is_free and organisation_id not in busy_with:
            room[request_id] -= 1
            room_of_offer[offer_id] -= 1
            busy_with.add(organisation_id)
            best.append(proposal)
    return best


def room_beside(pair: Pair, most_of_offer: int | None) -> float:
    """With how many requests more the offer may be proposed."""
    if most_of_offer is None or pair.offer.kind not in TAKEN_UP_BY_ONE:
        return math.inf
    return most_of_offer - pair.offer_running


def _rank(proposal: Proposal) -> float:
    """The score, less something for an offer that others get already."""
    running = proposal.pair.offer_running
    return proposal.fit.score - CROWDED_MAX * running / (running + CROWDED_HALF)


def _lot(pair: Pair) -> bytes:
    """Which of those that fit equally well goes first: the same one each time, and not always the oldest."""
    return sha256("\n".join(pair.ids).encode()).digest()
