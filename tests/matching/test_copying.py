"""A match of another node, told in whatever order and however often, next to what our own member says meanwhile."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.matching import IntroductionMade, MatchEndorsed, MatchTold, Party, Wording
from contracts.places import find_place
from contracts.vocabulary import Kind, Language, Side, Status
from services.matching import steps
from services.matching.copying import NobodySaidYes, NotTheirMatch, brought_up_to_date, copied, news, side_here
from services.matching.match import RUNNING, State

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)


def a_party(member_id, node):
    return Party(member_id=member_id, organisation_id="o", organisation_name="O", place="Assen", title="T", node=node)


def told(version, state, **more):
    """What the nation tells Zeeland, whose member asks."""
    wording = Wording(
        text="Iets",
        themes=(),
        language=Language.DUTCH,
        place=find_place("Assen"),
        status=Status.OPEN,
        expires_at=NOW + timedelta(days=9),
    )
    return MatchTold(
        match_id="m",
        version=version,
        request_id="r",
        offer_id="o",
        asker=a_party("asker", "zeeland"),
        offerer=a_party("offerer", "drenthe"),
        request_kind=Kind.TIP,
        offer_kind=Kind.TIP,
        score=0.5,
        reasons=(),
        state=state,
        theirs=wording,
        **more,
    )


#: How the match goes at its owner's: our ambassador, theirs, our yes, theirs, and the introduction.
BOTH = {"endorsed_for": ("request", "offer")}
LIFE = [
    told(1, "proposed"),
    told(2, "proposed", endorsed_for=("request",)),
    told(3, "endorsed", **BOTH),
    told(4, "endorsed", **BOTH, offerer_accepted=True),
    told(5, "endorsed", **BOTH, asker_accepted=True, offerer_accepted=True),
    told(6, "introduced", **BOTH, asker_accepted=True, offerer_accepted=True),
]


def the_copy(first=LIFE[0]):
    return copied(first, Side.REQUEST, a_party("asker", None), "national", ("ambassador",), NOW)


def hear(copy, one):
    """The copy after an event, and what is said of it in our node; what comes too early is rejected."""
    try:
        after = brought_up_to_date(copy, one, Side.REQUEST, "national", NOW)
    except NobodySaidYes:
        return copy, []
    return after, news(copy, after, Side.REQUEST) if after != copy else []


@given(st.lists(st.sampled_from(LIFE), max_size=20), st.integers(0, 20))
def test_in_whatever_order_it_is_heard_nothing_happens_twice_and_the_yes_stays(heard, answered_after):
    copy, said = the_copy(), []
    for number, one in enumerate([*heard, *LIFE]):
        if number >= answered_after and copy.state is State.ENDORSED and copy.asker_accepted is None:
            copy = steps.answer(copy, Side.REQUEST, accepted=True)
        copy, more = hear(copy, one)
        said += [type(event) for event in more]
    if copy.asker_accepted is None and copy.state in RUNNING:
        copy = steps.answer(copy, Side.REQUEST, accepted=True)
    copy, more = hear(copy, LIFE[-1])
    said += [type(event) for event in more]

    assert copy.state is State.INTRODUCED
    assert copy.asker_accepted
    assert said.count(IntroductionMade) == 1
    assert said.count(MatchEndorsed) == 1
    assert len(said) == len(set(said))


def test_nobody_is_introduced_who_did_not_say_yes_here():
    with pytest.raises(NobodySaidYes):
        brought_up_to_date(the_copy(LIFE[2]), LIFE[5], Side.REQUEST, "national", NOW)
    with pytest.raises(NobodySaidYes):
        the_copy(LIFE[5])


def test_our_own_no_is_not_undone_by_what_its_owner_said_before():
    declined = steps.lapse(steps.answer(the_copy(LIFE[2]), Side.REQUEST, accepted=False), "declined")

    after = brought_up_to_date(declined, LIFE[3], Side.REQUEST, "national", NOW)

    assert after.state is State.LAPSED
    assert news(declined, after, Side.REQUEST) == []


def test_only_its_owner_tells_it_and_only_of_the_same_pair():
    copy = the_copy()
    with pytest.raises(NotTheirMatch):
        brought_up_to_date(copy, LIFE[1], Side.REQUEST, "drenthe", NOW)
    other = LIFE[1].model_copy(update={"offer_id": "another"})
    with pytest.raises(NotTheirMatch):
        brought_up_to_date(copy, other, Side.REQUEST, "national", NOW)
    with pytest.raises(NotTheirMatch):
        side_here(LIFE[0], "limburg")
