"""What is asked and what is offered find each other, whatever comes first, twice, or late."""

import asyncio
import re
from itertools import permutations

import pytest
from sqlalchemy import text
from sqlalchemy.event import listen, remove

from contracts.matching import AnswerAwaited, MatchEndorsed, MatchHandedOver, MatchLapsed, MatchProposed
from contracts.members import AmbassadorStoodDown, NodeTeamLeft, OrganisationChanged
from contracts.requests import (
    OfferChanged,
    OfferClosed,
    OfferReopened,
    RequestChanged,
    RequestClosed,
    RequestPlaced,
    RequestReopened,
)
from contracts.vocabulary import Kind, Status, Theme
from tests.matching.conftest import (
    AMBASSADOR,
    ASKER,
    COMPANY,
    OFFERER,
    SCHOOL,
    SCHOOL_AND_COMPANY,
    TEAM,
    Matching,
    a_request,
    an_offer,
    an_organisation,
    appointed,
    in_team,
)


@pytest.fixture
async def around(matching: Matching):
    """A node with two organisations, an ambassador and a team."""
    await matching.given(*SCHOOL_AND_COMPANY, appointed(), in_team())
    return matching


@pytest.mark.parametrize("offer_first", [True, False])
async def test_a_request_and_an_offer_that_fit_are_proposed_to_the_ambassador(around, offer_first):
    events = [a_request("r"), an_offer("o")]

    await around.when(*(reversed(events) if offer_first else events))

    (match,) = await around.then_said(MatchProposed)
    assert (match.request_id, match.offer_id, match.version) == ("r", "o", 1)
    assert match.ambassador_ids == (AMBASSADOR,)
    assert (match.asker.member_id, match.asker.organisation_name) == (ASKER, "ROC Vechtdal")
    assert (match.offerer.member_id, match.offerer.organisation_name) == (OFFERER, "Warmtewerk BV")
    assert (match.asker.place, match.offerer.place) == ("Utrecht", "Zeist")
    assert {reason.code: reason.value for reason in match.reasons} == {
        "same-theme": "energy-transition",
        "distance": "7.6",
        "kind": "guest-lesson:guest-lesson",
        "words": "warmtepomp, vertelt, huis, oud",
    }


async def test_hearing_a_request_and_proposing_it_costs_few_statements(around):
    await around.given(an_offer())
    asked: list[str] = []

    def note(_connection, _cursor, statement: str, *_: object) -> None:
        asked.append(" ".join(statement.split()))

    listen(around.service.engine.sync_engine, "before_cursor_execute", note)
    await around.when(a_request())
    remove(around.service.engine.sync_engine, "before_cursor_execute", note)

    await around.then_said(MatchProposed)
    own = [statement for statement in asked if not _RELAY_OR_TEST.search(statement)]
    # The inbox, the turn, keeping it, finding candidates, who looks, the match, and the outbox.
    assert len(own) == 7, "\n".join(own)


_RELAY_OR_TEST = re.compile("DELETE FROM outbox|FROM outbox$|pg_advisory_xact_lock\\(\\$1\\)$|stored_reply")


async def test_an_offer_about_something_else_is_not_proposed(around):
    await around.when(
        a_request(),
        an_offer(themes=(Theme.BIODIVERSITY,), title="Bijen op het dak", text="Onze imker komt langs."),
        an_offer(kind=Kind.EQUIPMENT),
        an_offer(organisation_id=SCHOOL),
        an_offer(member_id=ASKER),
    )

    await around.then_nothing_said()


async def test_beyond_the_reach_of_either_nothing_is_proposed(around):
    await around.when(a_request(reach_km=7), an_offer(), a_request(organisation_id="o-2"), an_offer(reach_km=7))

    (match,) = await around.then_said(MatchProposed)  # the request without a reach and the offer without one
    assert match.asker.organisation_id == "o-2"


async def test_an_offer_that_needs_no_ambassador_asks_both_sides_at_once(around):
    await around.when(a_request(kind=Kind.TIP), an_offer(kind=Kind.TIP))

    (match,) = await around.then_said(MatchEndorsed)
    assert (match.version, match.ambassador_ids) == (1, ())


async def test_a_request_gets_a_few_proposals_at_a_time_each_of_another_organisation(around):
    offers = [an_offer(organisation_id=f"o-{n}", member_id=f"m-{n}") for n in range(5)]

    await around.when(*offers, an_offer(organisation_id="o-0", member_id="m-0"), a_request())

    organisations = [match.offerer.organisation_id for match in await around.said(MatchProposed)]
    assert len(organisations) == len(set(organisations)) == around.service.settings.proposals_per_request_max


async def test_an_offer_reaches_every_request_that_waits_and_has_room(around):
    await around.given(*[an_offer(organisation_id=f"o-{n}") for n in range(3)])
    await around.given(a_request("full"), *[a_request(f"r-{n}", kind=Kind.LESSON_MATERIAL) for n in range(4)])

    await around.when(an_offer("o", kind=Kind.EXPERTISE))

    assert {match.request_id for match in await around.said(MatchProposed)} == {"r-0", "r-1", "r-2", "r-3"}


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


async def test_when_the_request_closes_its_matches_end_and_when_it_reopens_the_same_offer_is_proposed(around):
    await around.when(a_request("r"), an_offer("o"))
    await around.when(a_request("r", said=RequestClosed, version=2, status=Status.EXPIRED))
    _, lapsed = await around.then_said(MatchProposed, MatchLapsed)
    assert (lapsed.lapsed_because, lapsed.asked, lapsed.version) == ("closed", (), 2)

    await around.given()
    await around.when(a_request("r", said=RequestReopened, version=3))

    (match,) = await around.then_said(MatchProposed)
    assert match.match_id != lapsed.match_id


async def test_when_the_offer_closes_the_next_best_is_proposed(around):
    nearer, farther = an_offer("near", organisation_id="o-1"), an_offer("far", organisation_id="o-2", place="Arnhem")
    await around.given(a_request(), nearer)
    for n in range(2):  # the request has no room for the one far away
        await around.given(an_offer(organisation_id=f"o-{n + 3}"))
    await around.given(farther)

    await around.when(an_offer("near", said=OfferClosed, version=2, status=Status.WITHDRAWN))

    lapsed, match = await around.then_said(MatchLapsed, MatchProposed)
    assert (lapsed.offer_id, match.offer_id) == ("near", "far")


@pytest.mark.parametrize(
    "taken_up",
    [
        a_request("r", said=RequestChanged, version=2, status=Status.IN_CONVERSATION),
        an_offer("o", said=OfferChanged, version=2, status=Status.IN_CONVERSATION),
    ],
    ids=["the request", "the offer"],
)
async def test_what_two_people_talk_about_is_proposed_to_nobody_else(around, taken_up):
    await around.given(a_request("r"), an_offer("o"))

    await around.when(taken_up)
    await around.when(a_request("r-2", organisation_id="o-2"), an_offer("o-2", organisation_id="o-3"))

    lapsed = await around.said(MatchLapsed)
    assert [(match.request_id, match.offer_id, match.lapsed_because) for match in lapsed] == [("r", "o", "closed")]
    talked_about = taken_up.entity_id
    assert not [m for m in await around.said(MatchProposed) if talked_about in (m.request_id, m.offer_id)]


async def test_who_was_asked_before_may_still_answer_when_two_others_talk(around):
    match = await around.endorsed(a_request("r"), an_offer("o"))

    await around.when(a_request("r", said=RequestChanged, version=2, status=Status.IN_CONVERSATION))

    await around.then_nothing_said()
    assert (await around.states())[match.request_id, match.offer_id] == "endorsed"


async def test_after_a_conversation_that_came_to_nothing_the_search_goes_on(around):
    await around.given(a_request("r"), an_offer("o"))
    await around.given(a_request("r", said=RequestChanged, version=2, status=Status.IN_CONVERSATION))

    await around.when(a_request("r", said=RequestReopened, version=3))

    (match,) = await around.then_said(MatchProposed)
    assert match.offer_id == "o"


async def test_a_change_may_bring_new_offers_within_reach(around):
    await around.given(a_request("r", reach_km=5), an_offer("o"))

    await around.when(a_request("r", said=RequestChanged, version=2, reach_km=20))

    await around.then_said(MatchProposed)


@pytest.mark.parametrize(
    "changed",
    [
        a_request("r", said=RequestChanged, version=2, kind=Kind.EQUIPMENT),
        a_request("r", said=RequestChanged, version=2, reach_km=3),
        an_offer("o", said=OfferChanged, version=2, place="Groningen", reach_km=20),
    ],
    ids=["another kind", "a shorter reach", "elsewhere"],
)
async def test_what_does_not_go_together_any_more_is_judged_by_nobody(around, changed):
    await around.given(a_request("r"), an_offer("o"))

    await around.when(changed)

    (lapsed,) = await around.then_said(MatchLapsed)
    assert lapsed.lapsed_because == "closed"


async def test_what_the_sides_were_asked_stays_when_one_changes_their_words(around):
    await around.endorsed(a_request("r"), an_offer("o"))

    await around.when(a_request("r", said=RequestChanged, version=2, kind=Kind.EQUIPMENT))

    await around.then_nothing_said()


async def test_an_opened_request_gets_a_timer_and_a_change_leaves_it_alone(around):
    await around.when(a_request("r"), a_request("r", said=RequestChanged, version=2, reach_km=20))

    timers = [subject for subject, _ in await around.messages("local", since_given=True) if ".timer." in subject]
    assert timers == [AnswerAwaited(request_id="r").timer_subject(around.service.settings.node)]


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


async def test_without_anybody_a_match_waits_and_the_first_who_comes_gets_it(matching):
    await matching.given(a_request(), an_offer())

    await matching.when(in_team())
    (match,) = await matching.then_said(MatchHandedOver)
    assert match.ambassador_ids == (TEAM,)

    await matching.given()
    await matching.when(appointed())  # who comes later does not take it away again
    await matching.then_nothing_said()


@pytest.mark.parametrize("late", [appointed(version=2), appointed(version=3)], ids=["older", "as old"])
async def test_an_appointment_that_comes_after_its_end_changes_nothing(matching, late):
    await matching.given(in_team(), AmbassadorStoodDown(member_id=AMBASSADOR, version=3))
    await matching.given(late)

    await matching.when(a_request(), an_offer())

    (match,) = await matching.then_said(MatchProposed)
    assert match.ambassador_ids == (TEAM,)


async def test_what_waits_for_an_ambassador_who_stands_down_goes_to_somebody_else(around):
    await around.given(a_request(), an_offer())

    await around.when(AmbassadorStoodDown(member_id=AMBASSADOR, version=3))

    (match,) = await around.then_said(MatchHandedOver)
    assert (match.ambassador_ids, match.version) == ((TEAM,), 2)


async def test_who_leaves_the_team_leaves_their_matches_to_their_colleagues(matching):
    await matching.given(in_team("m-1"), in_team("m-2"))
    await matching.given(a_request(), an_offer())
    (match_id,) = await _ids(matching)

    await matching.when(NodeTeamLeft(member_id="m-1", version=3))
    await matching.then_nothing_said()
    assert (await matching.team("m-2").get("/v1/matches?awaiting_me=true")).json()["items"][0]["match_id"] == match_id

    await matching.when(NodeTeamLeft(member_id="m-2", version=3))
    (match,) = await matching.then_said(MatchHandedOver)
    assert match.ambassador_ids == ()


async def test_an_ambassador_who_stays_in_the_team_keeps_what_waits_for_them(matching):
    await matching.given(in_team(AMBASSADOR), appointed(AMBASSADOR))
    await matching.given(a_request(), an_offer())

    await matching.when(AmbassadorStoodDown(member_id=AMBASSADOR, version=3))

    await matching.then_nothing_said()


async def _ids(matching: Matching) -> list[str]:
    return [view["match_id"] for view in (await matching.team().get("/v1/matches")).json()["items"]]


async def test_the_ambassador_with_the_fewest_waiting_gets_the_next(matching):
    await matching.given(appointed("m-1"), appointed("m-2"))

    await matching.when(*[an_offer(organisation_id=f"o-{n}") for n in range(2)], a_request(), a_request())

    waiting = [match.ambassador_ids for match in await matching.said(MatchProposed)]
    assert sorted(waiting) == [("m-1",), ("m-1",), ("m-2",), ("m-2",)]


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


async def test_what_was_never_opened_is_not_proposed(around):
    await around.when(a_request(status=Status.DRAFT, said=RequestPlaced), an_offer(organisation_id=COMPANY))

    await around.then_nothing_said()
