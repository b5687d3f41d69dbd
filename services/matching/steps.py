"""The steps of a match, from proposal to introduction: pure, each gives the match as it stands afterwards.

    proposed -> endorsed -> introduced        both sides said yes
        |          |-----> lapsed             a side said no, an end closed, nobody answered, somebody was erased
        |----> dismissed                      an ambassador saw no fit
        |----> lapsed

Every step counts the version up by one, so that each event about the match has a version of its own.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any

from chassis import Problem
from contracts.vocabulary import Side, Status
from services.matching.match import RUNNING, Lapse, Match, State
from services.matching.pairs import CLOSED


class MatchNotFound(Problem, slug="match-not-found", status=404, title="This match does not exist"):
    """It does not exist, or it is not the caller's to see."""


class NotTheirsToJudge(Problem, slug="match-not-yours-to-judge", status=403, title="Somebody else judges this match"):
    """The caller takes part in the match, and is not who looks whether it fits."""


class MatchAlreadyJudged(Problem, slug="match-already-judged", status=409, title="This match was already judged"):
    """It was endorsed or dismissed before, the other way or in other words."""


class MatchAlreadyAnswered(Problem, slug="match-already-answered", status=409, title="This match was already answered"):
    """This side gave the other answer before."""


class MatchNotAwaitingYou(
    Problem, slug="match-not-awaiting-you", status=409, title="This match does not wait for your answer"
):
    """The caller is not one of the two sides, or they have not been asked yet."""


class CannotJudge(Problem, slug="member-cannot-judge", status=422, title="This member cannot judge this match"):
    """A match is handed over to an ambassador or to somebody of the node's team, and not to one of its own sides."""


class MatchEnded(Problem, slug="match-ended", status=409, title="This match has ended"):
    """It lapsed, or the introduction has been made."""


def must_see(match: Match, references: Collection[str], roles: frozenset[str]) -> None:
    """The node's team sees every match, an ambassador their own, and the two sides once they are asked."""
    is_asked = match.endorsed_at is not None and match.side_of(references) is not None
    if not is_asked and not match.looks_on(references, roles):
        raise MatchNotFound


def must_judge(match: Match, references: Collection[str], roles: frozenset[str]) -> None:
    """Only its ambassador judges a match, or anybody of the node's team, and nobody their own without being asked."""
    if not match.looks_on(references, roles):
        raise NotTheirsToJudge
    if match.side_of(references) is not None and set(match.ambassador_ids).isdisjoint(references):
        raise NotTheirsToJudge
    if not match.own_sides():  # the nodes of its sides look at it
        raise NotTheirsToJudge


def endorse(match: Match, now: datetime, for_side: Side | None = None) -> Match:
    """The ambassador sees a fit: from now on both sides are asked.

    A match of two nodes needs that of both, each for its own side; that both are there is its owner's to say.
    """
    _must_be_proposed(match)
    if for_side is not None:
        both = tuple(side for side in Side if side is for_side or side in match.endorsed_for)
        if match.owner or len(both) < len(Side):
            return _next(match, endorsed_for=both)
        match = replace(match, endorsed_for=both)
    return _next(match, state=State.ENDORSED, endorsed_at=now, waiting_since=now, reminded_at=None)


def side_to_endorse(match: Match) -> Side | None:
    """For which side our ambassador speaks; none: for both."""
    return match.own_sides()[0] if match.other_nodes() else None


def dismiss(match: Match, because: str) -> Match:
    """The ambassador sees no fit."""
    if match.other_nodes() and match.is_endorsed_here():  # the other node may have been told so by now
        raise MatchAlreadyJudged
    return dismiss_for_other(match, because)


def dismiss_for_other(match: Match, because: str) -> Match:
    """The other node sees no fit, or knows that the two met already; also where its side was endorsed before."""
    _must_be_proposed(match)
    return _next(match, state=State.DISMISSED, dismissed_because=because)


def hand_over(match: Match, ambassador_ids: tuple[str, ...], now: datetime) -> Match:
    """Somebody else looks at it from now on, with all the time that there is for it."""
    _must_be_proposed(match)
    return _next(match, ambassador_ids=ambassador_ids, waiting_since=now, reminded_at=None)


def answer(match: Match, side: Side, *, accepted: bool, because: str | None = None) -> Match:
    """One side says yes or no."""
    if match.answer_of(side) is not None:
        raise MatchAlreadyAnswered
    if match.state in (State.LAPSED, State.INTRODUCED):
        raise MatchEnded
    if match.state is not State.ENDORSED:
        raise MatchNotAwaitingYou
    if side is Side.REQUEST:
        return _next(match, asker_accepted=accepted, declined_because=because)
    return _next(match, offerer_accepted=accepted, declined_because=because)


def unanswered(match: Match, side: Side) -> Match:
    """As if a side had said nothing, to hear what it says instead; that is the next step."""
    return replace(match, asker_accepted=None) if side is Side.REQUEST else replace(match, offerer_accepted=None)


def both_accepted(match: Match) -> bool:
    """Whether the introduction can be made."""
    return match.state is State.ENDORSED and bool(match.asker_accepted and match.offerer_accepted)


def introduce(match: Match, now: datetime) -> Match:
    """Two times yes makes an introduction."""
    assert both_accepted(match), "an introduction needs both sides' yes"
    return _next(match, state=State.INTRODUCED, waiting_since=now)


def lapse(match: Match, because: Lapse) -> Match:
    """The match ends without an introduction."""
    assert match.state in RUNNING, "only a running match can lapse"
    return _next(match, state=State.LAPSED, lapsed_because=because)


def lapse_erased(match: Match, member_id: str, node: str | None = None) -> Match:
    """A side (of another node) was erased: the match ends, and what is said of it from now on has nothing of them."""
    ended, nobody = lapse(match, "erased"), {"member_id": "", "title": ""}
    ended = replace(ended, ambassador_ids=tuple(other for other in match.ambassador_ids if other != member_id))
    if (match.asker.member_id, match.asker.node) == (member_id, node):
        return replace(ended, asker=ended.asker.model_copy(update=nobody))
    return replace(ended, offerer=ended.offerer.model_copy(update=nobody))


def remind(match: Match, now: datetime) -> Match:
    """Whoever has not answered is reminded, once for each step."""
    return _next(match, reminded_at=now)


def told_anew(match: Match) -> Match:
    """A side wrote something else: its match is as it was, and who is told of it hears the newest."""
    return _next(match)


def ends_with(match: Match, status: Status) -> bool:
    """Whether a match ends when its request or offer gets a status.

    What closed ends them all. What two people talk about ends those that no ambassador has judged yet.
    """
    return status in CLOSED or (status is Status.IN_CONVERSATION and match.state is State.PROPOSED)


def can_be_taken_over(match: Match, team: tuple[str, ...]) -> bool:
    """Whether the node's team can look at what an ambassador left; it does not get again what it left itself."""
    return match.state is State.PROPOSED and not match.is_endorsed_here() and not set(team) <= set(match.ambassador_ids)


def _must_be_proposed(match: Match) -> None:
    if match.state is State.LAPSED:
        raise MatchEnded
    if match.state is not State.PROPOSED:
        raise MatchAlreadyJudged


def _next(match: Match, **changes: Any) -> Match:
    return replace(match, version=match.version + 1, **changes)
