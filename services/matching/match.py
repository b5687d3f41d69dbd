"""A match: a request beside an offer, how far the two have come, and whose turn it is."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from contracts.matching import Party, Reason
from contracts.vocabulary import Kind, Role, Side

Lapse = Literal["declined", "closed", "unanswered", "erased"]
Awaited = Literal["ambassador", "request", "offer"]


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
    endorsed_for: tuple[Side, ...] = ()
    """Of a match of two nodes: the sides whose own ambassador saw a fit. Others have one ambassador for both."""
    owner: str | None = None
    """The node that proposed it and alone takes its steps; none: this one."""
    told_version: int | None = None
    """The version of it that its owner told last."""
    asked_about: bool = False
    """Whether the request is about this very offer: the request says so, and nothing of it is kept here."""

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
            "asked_about": self.asked_about,
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

    def party(self, side: Side) -> Party:
        """Who is on a side."""
        return self.asker if side is Side.REQUEST else self.offerer

    def own_sides(self) -> tuple[Side, ...]:
        """The sides that are of this node."""
        return tuple(side for side in Side if self.party(side).node is None)

    def other_nodes(self) -> tuple[str, ...]:
        """The other nodes that have a side of it."""
        return tuple(node for side in Side if (node := self.party(side).node))

    def is_endorsed_here(self) -> bool:
        """Whether our own part of looking at it is done, or there is none."""
        return self.endorsed_at is not None or set(self.own_sides()) <= set(self.endorsed_for)

    def declined(self) -> bool:
        """Whether a side said no."""
        return False in (self.asker_accepted, self.offerer_accepted)

    def side_of(self, references: Collection[str]) -> Side | None:
        """Which side somebody of this node is on, by all that they are known as."""
        return next((side for side in self.own_sides() if self.party(side).member_id in references), None)

    def answer_of(self, side: Side) -> bool | None:
        """What a side said; none when it has not answered."""
        return self.asker_accepted if side is Side.REQUEST else self.offerer_accepted

    def waits_for(self) -> tuple[str, ...]:
        """The members of this node whose turn it is."""
        if self.state is State.PROPOSED:
            return () if self.is_endorsed_here() else self.ambassador_ids
        if self.state is not State.ENDORSED:
            return ()
        return tuple(self.party(side).member_id for side in self.own_sides() if self.answer_of(side) is None)

    def awaits(self) -> tuple[Awaited, ...]:
        """Whose turn it is: the ambassador's, or that of the sides that have not answered."""
        if self.state is State.PROPOSED:
            return ("ambassador",)
        if self.state is not State.ENDORSED:
            return ()
        return tuple(side.value for side in Side if self.answer_of(side) is None)

    def looks_on(self, references: Collection[str], roles: frozenset[str]) -> bool:
        """Whether somebody may see it as the one who brings people together: the node's team, and its ambassador.

        Who was its ambassador and has stood down is not one any more.
        """
        if Role.NODE_TEAM.value in roles:
            return True
        return Role.AMBASSADOR.value in roles and not set(self.ambassador_ids).isdisjoint(references)

    def _answers(self) -> tuple[tuple[str, bool | None], ...]:
        return (self.asker.member_id, self.asker_accepted), (self.offerer.member_id, self.offerer_accepted)
