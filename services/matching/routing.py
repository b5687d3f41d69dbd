"""Who looks at a match first: the ambassador whose scope fits best, or else the node's team."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from contracts.members import AmbassadorScope
from services.matching.pairs import Proposition


@dataclass(frozen=True, slots=True)
class Ambassador:
    """Somebody who brings people together, within a scope."""

    member_id: str
    scope: AmbassadorScope
    waiting: int = 0
    """How many matches wait for them now."""
    is_absent: bool = False


def choose_ambassador(
    request: Proposition,
    offer: Proposition,
    ambassadors: Iterable[Ambassador],
    node_team: Iterable[str],
    known_as: Mapping[str, set[str]],
) -> tuple[str, ...]:
    """Who looks at the match of a request and an offer: one ambassador, or the whole team, or nobody.

    An ambassador of the asker's organisation comes first, then one of the offerer's, of the request's province, of the
    offer's, and of their themes anywhere. Among equals the one with the most themes in common, and then the one with
    the fewest waiting. Who is absent gets none while somebody else is there, and nobody judges a match that they are a
    side of, unless there is nobody else: `known_as` has all that each of the two is known as.
    """
    sides = known_as[request.member_id] | known_as[offer.member_id]
    ambassadors = list(ambassadors)
    absent = {ambassador.member_id for ambassador in ambassadors if ambassador.is_absent}
    suited = {
        ambassador.member_id: (rank, ambassador.waiting, ambassador.member_id)
        for ambassador in ambassadors
        if (rank := _rank(ambassador.scope, request, offer)) is not None
    }
    if allowed := suited.keys() - sides - absent:
        return (min(allowed, key=lambda member_id: suited[member_id]),)
    team = choose_team(node_team, sides)
    if suited and not set(team) - sides:
        return (min(suited.keys() - sides or suited, key=lambda member_id: suited[member_id]),)
    return team


def choose_team(node_team: Iterable[str], sides: Iterable[str]) -> tuple[str, ...]:
    """The node's team without who is a side of the match, unless that is the whole team."""
    team = sorted(node_team)
    return tuple(member_id for member_id in team if member_id not in set(sides)) or tuple(team)


def covers(scope: AmbassadorScope, proposition: Proposition) -> bool:
    """Whether a request or an offer is within a scope."""
    return _rank(scope, proposition, proposition) is not None


def one_more_waiting(ambassadors: Iterable[Ambassador], chosen: tuple[str, ...]) -> list[Ambassador]:
    """The ambassadors after a match was given to one of them, so that the next choice knows."""
    return [replace(a, waiting=a.waiting + 1) if chosen == (a.member_id,) else a for a in ambassadors]


def _rank(scope: AmbassadorScope, request: Proposition, offer: Proposition) -> tuple[int, int] | None:
    """How near a scope is to a match, lower is nearer; none when it does not cover it."""
    themes = set(scope.themes) & ({*request.themes} | {*offer.themes})
    if scope.themes and not themes:
        return None
    for level, side in enumerate((request, offer)):
        if side.organisation_id in scope.organisation_ids and _in_province(scope, side):
            return level, -len(themes)
    if scope.organisation_ids:
        return None
    for level, side in enumerate((request, offer), start=2):
        if scope.provinces and _in_province(scope, side):
            return level, -len(themes)
    return (4, -len(themes)) if themes and not scope.provinces else None


def _in_province(scope: AmbassadorScope, side: Proposition) -> bool:
    return not scope.provinces or side.province in scope.provinces
