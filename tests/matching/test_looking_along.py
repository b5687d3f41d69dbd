"""Somebody who is still writing a question is shown the offers that may answer it already."""

import pytest

from contracts.members import MemberMerged
from contracts.vocabulary import Kind, Theme
from tests.matching.conftest import ASKER, OFFERER, a_request, an_offer, slug
from tests.matching.test_desk import at_desk

HEAT = {
    "title": "Warmtepompen",
    "text": "Wie legt onze studenten uit hoe je een warmtepomp installeert in een oud huis?",
}


async def test_what_may_answer_a_question_is_shown_while_it_is_written(matching):
    fitting = an_offer(kind=Kind.TIP, title="Warmtepompen in oude huizen", text="Zo installeer je een warmtepomp.")
    other = an_offer(
        kind=Kind.TIP, title="Nestkasten", text="Zo hang je een nestkast op.", themes=(Theme.BIODIVERSITY,)
    )
    await matching.given(fitting, other)

    for narrowed in ({}, {"kind": "tip"}, {"place": {"name": "Zeist"}}):
        answer = await matching.asker.post("/v1/suggestions/offers", json=HEAT | narrowed)

        assert answer.status_code == 200, answer.text
        assert [one["offer_id"] for one in answer.json()] == [fitting.offer_id], narrowed
        assert answer.json()[0]["title"] == "Warmtepompen in oude huizen"
        assert (answer.json()[0]["region"], bool(answer.json()[0]["reasons"])) == (None, True)
    await matching.then_nothing_said()


async def test_who_writes_what_tells_of_no_theme_is_helped_by_their_words(matching):
    boxes = "Zo bouw je vleermuiskasten in de spouw van een school."
    fitting = an_offer(kind=Kind.TIP, title="Vleermuiskasten in de spouw", text=boxes, themes=(Theme.BIODIVERSITY,))
    await matching.given(fitting, an_offer(kind=Kind.TIP, title="Koken", text="Zo kook je soep voor een hele school."))

    asked = "Onze leerlingen willen vleermuiskasten inbouwen in de spouw van hun nieuwe school. Hoe pak je dat aan?"
    answer = await matching.asker.post("/v1/suggestions/offers", json={"text": asked})

    assert [one["offer_id"] for one in answer.json()] == [fitting.offer_id]


async def test_what_is_of_another_kind_than_was_chosen_is_not(matching):
    await matching.given(an_offer(kind=Kind.TIP, title="Warmtepompen", text="Zo installeer je een warmtepomp."))

    answer = await matching.asker.post("/v1/suggestions/offers", json=HEAT | {"kind": "internship"})

    assert answer.json() == []


async def test_who_is_nobody_is_shown_none(matching):
    assert (await matching.http.post("/v1/suggestions/offers", json=HEAT)).status_code == 401


async def test_nobody_is_shown_what_they_offer_themselves_under_another_reference(matching):
    offer = an_offer()
    await matching.given(offer)

    own, of_another = [
        (await one.post("/v1/suggestions/offers", json=HEAT)).json()
        for one in (matching.http_as("m-stays", also=(OFFERER,)), matching.asker)
    ]

    assert (own, [one["offer_id"] for one in of_another]) == ([], [offer.offer_id])


@pytest.mark.parametrize("leads", [{}, {OFFERER: ASKER}, {ASKER: OFFERER}, {ASKER: "m-stays", OFFERER: "m-stays"}])
async def test_who_looks_after_a_request_is_shown_nothing_that_its_asker_offers(around, leads):
    merged = [MemberMerged(member_id=member_id, version=5, into=into) for member_id, into in leads.items()]
    theirs = an_offer("o-theirs", member_id=OFFERER if leads else ASKER)
    another = an_offer("o-another", member_id="m-another", organisation_id="o-another")
    await around.given(*merged, a_request("r"), theirs, another)

    answer = await at_desk(around).post("/v1/suggestions/offers", json=HEAT | {"request_id": "r"})
    elsewhere = await around.asker.post("/v1/suggestions/offers", json=HEAT | {"request_id": "r"})

    assert [one["offer_id"] for one in answer.json()] == ["o-another"]
    assert (elsewhere.status_code, slug(elsewhere)) == (404, "request-not-yours-to-look-after")
