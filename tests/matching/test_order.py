"""Whatever comes twice, late or in another order ends in the same."""

import asyncio
from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from contracts.event import new_id
from contracts.matching import MatchProposed
from contracts.members import AmbassadorStoodDown, OrganisationChanged
from contracts.requests import (
    OfferClosed,
    OfferReopened,
    RequestChanged,
    RequestClosed,
    RequestReopened,
)
from contracts.vocabulary import Status
from tests.matching.conftest import (
    AMBASSADOR,
    TEAM,
    Matching,
    a_request,
    an_offer,
    an_organisation,
    appointed,
    in_team,
)


@pytest.mark.parametrize("delivered_times", [1, 3])
async def test_an_event_delivered_again_proposes_nothing_more(around, delivered_times):
    request, offer = a_request(), an_offer()
    await around.when(request, offer, delivered_times=3)
    assert len(await around.said(MatchProposed)) == 1

    await around.when(offer, request, delivered_times=delivered_times)  # under new ids: a replay of the whole stream

    await around.then_said(MatchProposed)


@pytest.mark.parametrize(
    "order", list(permutations(range(3))), ids=lambda order: "".join(str(version + 1) for version in order)
)
async def test_the_highest_version_wins_whatever_the_order(around, order):
    lived = [
        a_request("r", version=1),
        a_request("r", said=RequestChanged, version=2, title="Iets anders", text="Over iets heel anders."),
        a_request("r", said=RequestClosed, version=3, status=Status.WITHDRAWN),
    ]
    for number in order:
        await around.when(lived[number])

    await around.when(an_offer())

    await around.then_nothing_said()
    assert await _known(around, "r") == (3, "withdrawn", "Gastles over warmtepompen")


async def _known(around: Matching, proposition_id: str):
    async with around.service.engine.connect() as connection:
        return tuple(
            (
                await connection.execute(
                    text("SELECT version, status, title FROM proposition WHERE proposition_id = :id"),
                    {"id": proposition_id},
                )
            ).one()
        )


async def test_a_name_that_comes_late_is_shown(around):
    await around.when(a_request(organisation_id="o-new"), an_offer())
    (match,) = await around.said(MatchProposed)
    assert match.asker.organisation_name == "Utrecht"

    await around.when(
        OrganisationChanged(**an_organisation("o-new", "ROC Nieuwland", version=3).model_dump()),
        an_organisation("o-new", "Een oude naam", version=2),
    )

    seen = await around.ambassador().get(f"/v1/matches/{match.match_id}")
    assert seen.json()["request"]["organisation_name"] == "ROC Nieuwland"


@pytest.mark.parametrize("late", [appointed(version=2), appointed(version=3)], ids=["older", "as old"])
async def test_an_appointment_that_comes_after_its_end_changes_nothing(matching, late):
    await matching.given(in_team(), AmbassadorStoodDown(member_id=AMBASSADOR, version=3))
    await matching.given(late)

    await matching.when(a_request(), an_offer())

    (match,) = await matching.then_said(MatchProposed)
    assert match.ambassador_ids == (TEAM,)


async def test_everything_at_once_in_any_order_ends_in_one_match(around):
    events = [
        a_request("r", version=2, said=RequestChanged),
        a_request("r", version=1),
        an_offer("o", version=1),
        an_offer("o", version=3, said=OfferReopened),
        an_offer("o", version=2, said=OfferClosed, status=Status.WITHDRAWN),
    ]
    await asyncio.gather(*(around.publish(event, delivered_times=2) for event in events))

    await around.quiet()
    running = [state for state in (await _all_states(around)) if state in ("proposed", "endorsed")]
    assert running == ["proposed"]


async def _all_states(around: Matching) -> list[str]:
    async with around.service.engine.connect() as connection:
        return list((await connection.execute(text("SELECT state FROM match"))).scalars())


async def test_an_id_that_is_a_request_and_an_offer_stays_what_it_was_first(around):
    await around.when(a_request("same"))
    await around.when(an_offer("same", version=2))

    await around.then_nothing_said()
    assert await _known(around, "same") == (1, "open", "Gastles over warmtepompen")


def a_history(name: str):
    """What is told of a request and two offers, of a school and of an ambassador, until the first two stand open."""
    r, o, other, school = (f"{what}-{name}" for what in ("r", "o", "other", "school"))
    withdrawn = {"status": Status.WITHDRAWN}
    return [
        a_request(r, organisation_id=school),
        a_request(r, said=RequestChanged, version=2, title="Gastles over zonneboilers", organisation_id=school),
        a_request(r, said=RequestClosed, version=3, organisation_id=school, **withdrawn),
        a_request(r, said=RequestReopened, version=4, title="Gastles over warmtenetten", organisation_id=school),
        an_offer(o),
        an_offer(o, said=OfferClosed, version=2, **withdrawn),
        an_offer(o, said=OfferReopened, version=3),
        an_offer(other),
        an_offer(other, said=OfferClosed, version=2, **withdrawn),
        an_organisation(school, "ROC Oud"),
        OrganisationChanged(**an_organisation(school, "ROC Nieuw", version=2).model_dump()),
        appointed(f"ambassador-{name}"),
        AmbassadorStoodDown(member_id=f"ambassador-{name}", version=3),
    ]


LENGTH = len(a_history("x"))


@given(order=st.permutations(range(LENGTH)), again=st.lists(st.integers(0, LENGTH - 1), max_size=4))
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
async def test_a_whole_history_in_any_order_and_partly_again_ends_in_the_same(around, order, again):
    name = new_id()
    history = a_history(name)

    await around.heard(*(history[number] for number in (*order, *again)))

    assert await _known(around, f"r-{name}") == (4, "open", "Gastles over warmtenetten")
    assert (await _known(around, f"o-{name}"))[:2] == (3, "open")
    assert (await _known(around, f"other-{name}"))[:2] == (2, "withdrawn")
    async with around.service.engine.connect() as connection:
        (running,) = await connection.execute(
            text("SELECT offer_id FROM match WHERE request_id = :r AND state = 'proposed'"), {"r": f"r-{name}"}
        )
        (school,) = await connection.execute(
            text("SELECT version, name FROM organisation WHERE organisation_id = :s"), {"s": f"school-{name}"}
        )
        (ambassador,) = await connection.execute(
            text("SELECT version, is_active FROM ambassador WHERE member_id = :a"), {"a": f"ambassador-{name}"}
        )
    assert running.offer_id == f"o-{name}"
    assert tuple(school) == (2, "ROC Nieuw")
    assert tuple(ambassador) == (3, False)
    closed = {"version": 9, "status": Status.WITHDRAWN}  # so that the next history meets nobody of this one
    await around.heard(
        a_request(f"r-{name}", said=RequestClosed, **closed), an_offer(f"o-{name}", said=OfferClosed, **closed)
    )
