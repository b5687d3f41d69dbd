"""Who looks at a match first."""

import pytest

from contracts.members import AmbassadorScope
from contracts.vocabulary import Theme
from services.matching.routing import Ambassador, choose_ambassador, choose_team, one_more_waiting
from tests.matching.pure import asked, offered

REQUEST = asked(place="Utrecht", themes=(Theme.ENERGY_TRANSITION, Theme.DIGITALISATION))
OFFER = offered(place="Arnhem", themes=(Theme.ENERGY_TRANSITION,))


def somebody(member_id: str, waiting: int = 0, **scope: tuple[str, ...]) -> Ambassador:
    return Ambassador(member_id, AmbassadorScope(**scope), waiting)


def chosen(*ambassadors: Ambassador, team: tuple[str, ...] = ("team-b", "team-a")) -> tuple[str, ...]:
    known_as = {REQUEST.member_id: {"asker"}, OFFER.member_id: {"offerer", "offerer, elsewhere"}}
    return choose_ambassador(REQUEST, OFFER, ambassadors, team, known_as)


#: From the nearest scope to the farthest.
NEAREST_FIRST = [
    somebody("of the asker's school", organisation_ids=("school",)),
    somebody("of the company", organisation_ids=("company",)),
    somebody("of the asker's province, for two of its themes", provinces=("Utrecht",), themes=REQUEST.themes),
    somebody("of the asker's province", provinces=("Utrecht",)),
    somebody("of the offerer's province", provinces=("Gelderland",)),
    somebody("of a theme, anywhere", themes=(Theme.DIGITALISATION,)),
]


@pytest.mark.parametrize("first", range(len(NEAREST_FIRST)))
def test_the_nearest_scope_looks(first):
    nearest, *farther = NEAREST_FIRST[first:]

    assert chosen(*farther, nearest) == (nearest.member_id,)


@pytest.mark.parametrize(
    "scope",
    [
        {"provinces": ("Zeeland",)},
        {"organisation_ids": ("another",)},
        {"organisation_ids": ("school",), "provinces": ("Zeeland",)},
        {"provinces": ("Utrecht",), "themes": (Theme.BIODIVERSITY,)},
        {},
    ],
)
def test_where_no_scope_covers_the_match_the_team_looks(scope):
    assert chosen(somebody("far away", **scope)) == ("team-a", "team-b")


def test_among_equals_the_one_with_the_fewest_waiting_looks():
    busy, free = (somebody(who, waiting, provinces=("Utrecht",)) for who, waiting in (("a", 2), ("b", 1)))

    assert chosen(busy, free) == ("b",)
    assert chosen(*one_more_waiting(one_more_waiting([busy, free], ("b",)), ("b",))) == ("a",)


def test_nobody_judges_their_own_match_while_there_is_somebody_else():
    their_own = somebody("asker", organisation_ids=("school",))

    assert chosen(their_own, somebody("b", provinces=("Gelderland",))) == ("b",)
    assert chosen(their_own, team=("asker", "team")) == ("team",)
    assert chosen(their_own, team=("offerer",)) == ("asker",)
    assert chosen(their_own, team=("offerer, elsewhere", "team")) == ("team",)
    assert chosen(their_own, team=()) == ("asker",)
    assert chosen(team=("offerer", "asker")) == ("asker", "offerer")


def test_without_anybody_nobody_looks():
    assert chosen(team=()) == ()


def test_the_team_is_those_who_are_no_side():
    assert choose_team(["b", "asker", "a"], ("asker", "offerer")) == ("a", "b")
    assert choose_team(["asker"], ("asker", "offerer")) == ("asker",)
    assert choose_team([], ("asker", "offerer")) == ()


def test_who_is_absent_looks_only_where_nobody_else_does():
    absent = Ambassador("a", AmbassadorScope(provinces=("Utrecht",)), is_absent=True)

    assert chosen(absent, somebody("b", 9, provinces=("Gelderland",))) == ("b",)
    assert chosen(absent) == ("team-a", "team-b")
    assert chosen(absent, team=()) == ("a",)
