"""The steps of a match, from proposal to introduction: pure, each gives the match as it stands afterwards.

    proposed -> endorsed -> introduced        both sides said yes
        |          |-----> lapsed             a side said no, an end closed, nobody answered, somebody was erased
        |----> dismissed                      an ambassador saw no fit
        |----> lapsed

Every step counts the version up by one, so that each event about the match has a version of its own.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

from chassis import Problem
from contracts.matching import Party, Reason
from contracts.vocabulary import Kind, Role, Side

Lapse = Literal["declined", "closed", "unanswered", "erased"]
Awaited = Literal["ambassador", "request", "offer"]

#: A timer may ring this part of its wait too early, by a broker's clock that is not ours. Asked to wait for the little
#: that is left, a broker whose clock is ahead would ring again at once, and again.
EARLY_PART_MAX = 0.1


class State(StrEnum):
    """Where a match is on its way."""

    PROPOSED = "proposed"
    ENDORSED = "endorsed"
    DISMISSED = "dismissed"
    INTRODUCED = "introduced"
    LAPSED = "lapsed"


RUNNING = frozenset({State.PROPOSED, State.ENDORSED})


class Because(StrEnum):
    """Why somebody sees no fit, or does not want it."""

    OTHER_NEED = "other-need"
    TOO_FAR = "too-far"
    WRONG_LEVEL = "wrong-level"
    NO_CAPACITY = "no-capacity"
    OTHER = "other"


class MatchNotFound(Problem, slug="match-not-found", status=404, title="This match does not exist"):
    """It does not exist, or it is not the caller's to see."""


class NotTheirsToJudge(Problem, slug="match-not-yours-to-judge", status=403, title="Somebody else judges this match"):
    """The caller takes part in the match, and is not who looks whether it fits."""


class MatchAlreadyJudged(Problem, slug="match-already-judged", status=409, title="This match was already judged"):
    """It was endorsed or dismissed before, the other way."""


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


@dataclass(frozen=True, slots=True)
class Match:
    """A proposed pair and how far it has come."""

    match_id: str
    version: int
    request_id: str
    offer_id: str
    asker: Party
    offerer: Party
    request_kind: Kind
    offer_kind: Kind
    score: float
    reasons: tuple[Reason, ...]
    ambassador_ids: tuple[str, ...]
    state: State
    waiting_since: datetime
    """When the present step began: since then it waits for somebody, or is introduced."""
    endorsed_at: datetime | None = None
    reminded_at: datetime | None = None
    asker_accepted: bool | None = None
    offerer_accepted: bool | None = None
    dismissed_because: str | None = None
    declined_because: str | None = None
    lapsed_because: Lapse | None = None

    def told(self) -> dict[str, Any]:
        """The state that every event about a match carries."""
        return {
            "match_id": self.match_id,
            "version": self.version,
            "request_id": self.request_id,
            "offer_id": self.offer_id,
            "asker": self.asker,
            "offerer": self.offerer,
            "request_kind": self.request_kind,
            "offer_kind": self.offer_kind,
            "score": self.score,
            "reasons": self.reasons,
            "ambassador_ids": self.ambassador_ids,
        }

    def told_of_lapse(self) -> dict[str, Any]:
        """What the event that it lapsed carries: who had been asked, and who of them had said yes."""
        asked = self._answers() if self.endorsed_at else ()
        return self.told() | {
            "lapsed_because": self.lapsed_because,
            "asked": tuple(member_id for member_id, _ in asked if member_id),
            "accepted": tuple(member_id for member_id, accepted in asked if member_id and accepted),
        }

    def sides(self) -> tuple[str, str]:
        """The members of both sides, who asks first."""
        return self.asker.member_id, self.offerer.member_id

    def declined(self) -> bool:
        """Whether a side said no."""
        return False in (self.asker_accepted, self.offerer_accepted)

    def side_of(self, member_id: str) -> Side | None:
        """Which side somebody is on."""
        if member_id == self.asker.member_id:
            return Side.REQUEST
        return Side.OFFER if member_id == self.offerer.member_id else None

    def answer_of(self, side: Side) -> bool | None:
        """What a side said; none when it has not answered."""
        return self.asker_accepted if side is Side.REQUEST else self.offerer_accepted

    def waits_for(self) -> tuple[str, ...]:
        """The members whose turn it is."""
        if self.state is State.PROPOSED:
            return self.ambassador_ids
        if self.state is not State.ENDORSED:
            return ()
        return tuple(member_id for member_id, accepted in self._answers() if accepted is None)

    def awaits(self) -> tuple[Awaited, ...]:
        """Whose turn it is: the ambassador's, or that of the sides that have not answered."""
        if self.state is State.PROPOSED:
            return ("ambassador",)
        if self.state is not State.ENDORSED:
            return ()
        return tuple(side.value for side in Side if self.answer_of(side) is None)

    def looks_on(self, member_id: str, roles: frozenset[str]) -> bool:
        """Whether somebody may see it as the one who brings people together: the node's team, and its ambassador.

        Who was its ambassador and has stood down is not one any more.
        """
        if Role.NODE_TEAM.value in roles:
            return True
        return Role.AMBASSADOR.value in roles and member_id in self.ambassador_ids

    def _answers(self) -> tuple[tuple[str, bool | None], ...]:
        return (self.asker.member_id, self.asker_accepted), (self.offerer.member_id, self.offerer_accepted)


def must_see(match: Match, member_id: str, roles: frozenset[str]) -> None:
    """The node's team sees every match, an ambassador their own, and the two sides once they are asked."""
    is_asked = match.endorsed_at is not None and match.side_of(member_id) is not None
    if not is_asked and not match.looks_on(member_id, roles):
        raise MatchNotFound


def must_judge(match: Match, member_id: str, roles: frozenset[str]) -> None:
    """Only its ambassador judges a match, or anybody of the node's team, and nobody their own without being asked."""
    if not match.looks_on(member_id, roles):
        raise NotTheirsToJudge
    if match.side_of(member_id) is not None and member_id not in match.ambassador_ids:
        raise NotTheirsToJudge


def endorse(match: Match, now: datetime) -> Match:
    """The ambassador sees a fit: from now on both sides are asked."""
    _must_be_proposed(match)
    return _next(match, state=State.ENDORSED, endorsed_at=now, waiting_since=now, reminded_at=None)


def dismiss(match: Match, because: str) -> Match:
    """The ambassador sees no fit."""
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


def lapse_erased(match: Match, member_id: str) -> Match:
    """A side was erased: the match ends, and what is said of it from now on has nothing of that person."""
    ended, nobody = lapse(match, "erased"), {"member_id": "", "title": ""}
    if match.side_of(member_id) is Side.REQUEST:
        return replace(ended, asker=ended.asker.model_copy(update=nobody))
    return replace(ended, offerer=ended.offerer.model_copy(update=nobody))


def remind(match: Match, now: datetime) -> Match:
    """Whoever has not answered is reminded, once for each step."""
    return _next(match, reminded_at=now)


def is_due(match: Match, after: timedelta, now: datetime) -> bool:
    """Whether a match has waited that long in its present step."""
    return is_time(match.waiting_since, after, now)


def is_time(since: datetime, after: timedelta, now: datetime) -> bool:
    """Whether a timer that was set for so long after a moment may ring now."""
    return now >= since + after * (1 - EARLY_PART_MAX)


def _must_be_proposed(match: Match) -> None:
    if match.state is State.LAPSED:
        raise MatchEnded
    if match.state is not State.PROPOSED:
        raise MatchAlreadyJudged


def _next(match: Match, **changes: Any) -> Match:
    return replace(match, version=match.version + 1, **changes)
