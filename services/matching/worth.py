"""What became of a match, what that is worth, and of which signals it speaks. Pure.

Who sees no fit, or does not want it, says why (`Because`), and not every reason is about the ranking. "Too far" speaks
of the distance alone: all the rest may well have fitted. "No capacity" speaks of nothing that was compared. And a side
that declines may have many reasons, such as having found somebody already: only what it names speaks of the ranking,
while an ambassador who dismisses a match always judges whether the two fit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

from contracts.vocabulary import Side
from services.matching.match import Because, Match, State
from services.matching.weights import NAMES


class Reached(StrEnum):
    """How far a match came; furthest when the two then did something together."""

    PROPOSED = "proposed"
    ENDORSED = "endorsed"
    ACCEPTED = "accepted"
    INTRODUCED = "introduced"
    INITIATIVE = "initiative"


Ended = Literal["dismissed", "declined", "lapsed"]
By = Literal["ambassador", "request", "offer"]


class Became(NamedTuple):
    """What became of a match so far: how far it came, and when it ended without an introduction, how."""

    reached: Reached
    ended: Ended | None = None
    because: str | None = None
    """Of a dismissal or a decline a `Because`, none when it was not told; of a lapse a `Lapse`."""
    by: By | None = None


@dataclass(frozen=True, slots=True)
class Feedback:
    """A match as it was proposed, and what became of it. Nothing tells whose it is."""

    request_id: str
    match_id: str
    strengths: Mapping[str, float]
    """By the name of the signal, 0 to 1, when it was proposed."""
    became: Became


class Worth(NamedTuple):
    """What a match was worth, as a graded set has it, and of which signals that speaks."""

    grade: int
    speaks_of: frozenset[str]
    is_final: bool
    """Whether it was decided; that two who were introduced do nothing together yet takes nothing back."""


#: As in the guidelines of the graded sets (bench/matching): 2 when somebody said that it fits, 3 when both sides did.
#: 4, which no graded set has, when they then did something together. That it was proposed says nothing yet.
GRADES = {Reached.ENDORSED: 2, Reached.ACCEPTED: 2, Reached.INTRODUCED: 3, Reached.INITIATIVE: 4}

_DECIDED = frozenset({Reached.INTRODUCED, Reached.INITIATIVE})

_EVERYTHING = frozenset(NAMES)
_ABOUT_DISTANCE, _ABOUT_LEVEL = frozenset({"distance"}), frozenset({"level"})

#: Another need is told by the texts, the kind and the themes, not by where, when, at what level or in what language.
_ABOUT_NEED = _EVERYTHING - _ABOUT_DISTANCE - _ABOUT_LEVEL - {"period", "same-language"}

_SPEAKS_OF: dict[Ended, dict[str, frozenset[str]]] = {
    "dismissed": {
        Because.OTHER_NEED: _ABOUT_NEED,
        Because.TOO_FAR: _ABOUT_DISTANCE,
        Because.WRONG_LEVEL: _ABOUT_LEVEL,
        Because.OTHER: _EVERYTHING,
    },
    "declined": {
        Because.OTHER_NEED: _ABOUT_NEED,
        Because.TOO_FAR: _ABOUT_DISTANCE,
        Because.WRONG_LEVEL: _ABOUT_LEVEL,
    },
    "lapsed": {},
}


def became(match: Match) -> Became:
    """What became of a match, from its state; an initiative is told apart. Who looks for whom is not in it."""
    reached = _reached(match)
    if match.state is State.DISMISSED:
        return Became(reached, "dismissed", match.dismissed_because, "ambassador")
    if match.declined():
        by: By = Side.REQUEST.value if match.asker_accepted is False else Side.OFFER.value
        return Became(reached, "declined", match.declined_because, by)
    if match.state is State.LAPSED:
        return Became(reached, "lapsed", match.lapsed_because)
    return Became(reached)


def _reached(match: Match) -> Reached:
    if match.state is State.INTRODUCED:
        return Reached.INTRODUCED
    if True in (match.asker_accepted, match.offerer_accepted):
        return Reached.ACCEPTED
    return Reached.ENDORSED if match.endorsed_at else Reached.PROPOSED


def worth_of(one: Feedback) -> Worth | None:
    """What a match was worth; none when what became of it says nothing about whether the two fit."""
    reached, ended, because, _ = one.became
    if ended and because and (speaks_of := _SPEAKS_OF[ended].get(because)):
        return Worth(0, speaks_of, is_final=True)
    grade = GRADES.get(reached)
    if grade is None:
        return None
    return Worth(grade, _EVERYTHING, is_final=ended is not None or reached in _DECIDED)
