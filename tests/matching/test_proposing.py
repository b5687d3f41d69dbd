"""What is asked and what is offered find each other, and part when one of them ends or changes."""

import re

import pytest
from asyncpg.prepared_stmt import PreparedStatement

from contracts.matching import MatchEndorsed, MatchLapsed, MatchProposed
from contracts.requests import (
    OfferChanged,
    OfferClosed,
    RequestChanged,
    RequestClosed,
    RequestPlaced,
    RequestReopened,
)
from contracts.vocabulary import Kind, Language, Skill, Status, Theme
from tests.matching.conftest import (
    AMBASSADOR,
    ASKER,
    COMPANY,
    OFFERER,
    SCHOOL,
    a_request,
    an_offer,
)


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
        "words": "warmtepompen, oud huis, installatietechnici",
    }


async def test_hearing_a_request_and_proposing_it_costs_few_statements(around, monkeypatch):
    await around.given(an_offer())
    asked: list[str] = []

    def noting(execute):
        def noted(statement: PreparedStatement, *values, **how):
            asked.append(" ".join(statement.get_query().split()))
            return execute(statement, *values, **how)

        return noted

    for name in ("fetch", "executemany"):
        monkeypatch.setattr(PreparedStatement, name, noting(getattr(PreparedStatement, name)))
    await around.when(a_request())
    monkeypatch.undo()

    await around.then_said(MatchProposed)
    own = [statement for statement in asked if not _OF_OTHERS.search(statement)]
    # Keeping it and finding candidates; and in its turn the weights, what still fits, who looks, what else
    # its two are known as, the match with what it was proposed on, and the outbox; turn and inbox come with BEGIN.
    assert len(own) == 8, "\n".join(own)


#: What the relay, this test, or a service of another test that still stands asks meanwhile.
_OF_OTHERS = re.compile(
    "DELETE FROM outbox|FROM said|FROM outbox$|pg_advisory_xact_lock\\(\\$1\\)$|stored_reply|notification"
)


async def test_an_offer_about_something_else_is_not_proposed(around):
    await around.when(
        a_request(),
        an_offer(themes=(Theme.BIODIVERSITY,), title="Bijen op het dak", text="Onze imker komt langs."),
        an_offer(title="Gastles windmolens", text="Wij vertellen over windmolens op zee."),
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


@pytest.mark.parametrize("said", [None, {"accepted": False, "because": "no-capacity"}])
async def test_what_runs_with_or_was_refused_by_an_organisation_counts_for_the_one_that_it_was_merged_into(
    matching, said
):
    first = await matching.endorsed(a_request("r"), an_offer("o-1"))
    if said:
        answer = await matching.offerer.post(f"/v1/matches/{first.match_id}/answer", json=said)
        assert answer.status_code == 200
    await matching.given(an_offer("o-1", said=OfferChanged, version=2, organisation_id="o-stays"))

    await matching.when(an_offer("o-2", organisation_id="o-stays", member_id="m-colleague"))
    assert await matching.said(MatchProposed) == []

    await matching.given(an_offer("o-1", said=OfferChanged, version=3))  # they were two after all
    await matching.when(an_offer("o-3", organisation_id="o-stays", member_id="m-colleague"))
    assert len(await matching.said(MatchProposed)) == 1


async def test_an_offer_reaches_every_request_that_waits_and_has_room(around):
    await around.given(*[an_offer(organisation_id=f"o-{n}") for n in range(3)])
    await around.given(a_request("full"), *[a_request(f"r-{n}", kind=Kind.EQUIPMENT) for n in range(4)])

    await around.when(an_offer("o", kind=Kind.EQUIPMENT))

    assert {match.request_id for match in await around.said(MatchProposed)} == {"r-0", "r-1", "r-2", "r-3"}


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


async def test_what_was_never_opened_is_not_proposed(around):
    await around.when(a_request(status=Status.DRAFT, said=RequestPlaced), an_offer(organisation_id=COMPANY))

    await around.then_nothing_said()


async def test_what_a_group_has_no_room_for_or_is_in_another_language_is_not_proposed(around):
    await around.given(
        an_offer("small", organisation_id="o-1", participants=20),
        an_offer("english", organisation_id="o-2", languages=(Language.ENGLISH,)),
        an_offer("fits", organisation_id="o-3", participants=30, languages=(Language.DUTCH, Language.ENGLISH)),
    )

    await around.when(a_request("r", participants=28, languages=(Language.DUTCH,)))

    assert {offer for _, offer in await around.states()} == {"fits"}


async def test_a_new_offer_is_not_put_next_to_a_group_that_it_has_no_room_for(around):
    await around.given(a_request("large", participants=28), a_request("small", participants=12))

    await around.when(an_offer(participants=20))

    assert {request for request, _ in await around.states()} == {"small"}


async def test_a_skill_that_both_chose_is_a_reason_like_a_word_that_both_wrote(around):
    about = {"title": "Wie helpt ons verder?", "text": "Wij leren graag van elkaar, zoals het uitkomt."}
    await around.given(an_offer(**about, skills=(Skill.HYDROGEN,)))

    await around.when(a_request(**about, skills=(Skill.HYDROGEN,)))

    (match,) = await around.said(MatchProposed)
    assert "waterstof" in {reason.code: reason.value for reason in match.reasons}["words"]


async def test_a_text_with_a_word_that_no_index_can_hold_is_matched_all_the_same(around):
    await around.when(a_request("r", text=f"Wie vertelt over een warmtepomp? {'w' * 2501}"), an_offer("o"))

    (match,) = await around.then_said(MatchProposed)
    assert (match.request_id, match.offer_id) == ("r", "o")
