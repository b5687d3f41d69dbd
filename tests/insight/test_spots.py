"""Where something lacks, where something lies idle, and what was escalated.

Each test has a kind or a region of its own: they share the provinces.
"""

from contracts.matching import RequestEscalated
from contracts.requests import RequestClosed
from contracts.vocabulary import Kind, Status, Theme
from tests.insight.conftest import ASKER, a_request, an_offer, an_organisation


async def test_what_is_asked_where_nobody_offers_it_and_the_other_way_round(insight):
    alone = {"kind": Kind.SITE_VISIT}
    robots, nature = {"themes": (Theme.ROBOTISATION,)} | alone, {"themes": (Theme.BIODIVERSITY,)} | alone
    await insight.heard(
        insight.zeeland,
        *(a_request(**robots) for _ in range(7)),
        an_offer(place="Utrecht", **robots),
        *(an_offer(**nature) for _ in range(3)),
    )

    spots = await insight.asked("spots", region=insight.zeeland, **alone)
    (white,), (first, _) = spots["white"], spots["surplus"]
    assert (white["key"], white["province"], white["asked"]) == ("robotisation", "Zeeland", 5)
    assert (white["offered_elsewhere"], white["not_answered"]) == ("1-4", 5)
    assert (first["key"], first["province"], first["offered"]) == ("biodiversity", "Zeeland", "1-4")


async def test_nobody_else_is_nobody_in_the_whole_country_whichever_part_of_it_is_looked_at(insight):
    alone = {"kind": Kind.EQUIPMENT}
    both = {"themes": (Theme.ROBOTISATION, Theme.BIODIVERSITY)} | alone
    await insight.heard(insight.zeeland, an_organisation(), a_request(**both))
    await insight.heard(insight.utrecht, an_offer(place="Utrecht", themes=(Theme.ROBOTISATION,), **alone))
    await insight.heard(insight.utrecht, an_offer(place="Goes", themes=(Theme.BIODIVERSITY,), **alone))

    zeeland = {"region": insight.zeeland}
    parts = ({}, zeeland, {"province": "Zeeland"}, {"network": "katapult"}, {"theme": "robotisation"})
    whites = [(await insight.exactly("spots", **alone, **part))["white"] for part in parts]
    (left,) = (await insight.exactly("spots", region=insight.utrecht, province="Utrecht", **alone))["surplus"]

    told = ("key", "province", "asked", "offered_elsewhere")
    assert [[tuple(one[name] for name in told) for one in white] for white in whites] == [
        [("robotisation", "Zeeland", 1, 1)]  # what another region offers in Zeeland is to be found there
    ] * len(parts)
    assert (left["key"], left["asked_elsewhere"]) == ("robotisation", 1)


async def test_what_waits_and_can_be_escalated_is_told_and_of_a_few_is_not(insight):
    alone = {"kind": Kind.INTERNSHIP}
    fulfilled = {"status": Status.FULFILLED, "said": RequestClosed} | alone
    requests = [a_request(**alone) for _ in range(6)]
    escalated = RequestEscalated(request_id=requests[0].request_id, member_id=ASKER, title="x")
    await insight.heard(insight.zeeland, *requests, escalated, a_request(**fulfilled))
    await insight.heard(insight.utrecht, a_request(place="Utrecht", themes=(Theme.BIODIVERSITY,), **alone))
    await insight.heard(insight.utrecht, a_request(place="Goes", themes=(Theme.ROBOTISATION,), **fulfilled))
    await insight.given(a_request(themes=(Theme.DIGITALISATION,), **alone))  # the nation has nobody to escalate to

    exact = (await insight.exactly("spots", **alone))["white"]
    rounded = (await insight.asked("spots", **alone))["white"]

    told = {one["key"]: (one["not_answered"], one["to_escalate"]) for one in exact}
    assert told == {"energy-transition": (6, 5), "biodiversity": (1, 1), "digitalisation": (1, 0)}
    few = dict.fromkeys(("biodiversity", "digitalisation", "robotisation"), (None, None))  # nor that one was answered
    assert {one["key"]: (one["not_answered"], one["to_escalate"]) for one in rounded} == few | {
        "energy-transition": (5, 5)
    }


async def test_of_a_few_that_wait_it_is_not_told_how_many_were_escalated(insight):
    requests = [a_request() for _ in range(6)]
    ended = [a_request(one.request_id, said=RequestClosed, version=2, status=Status.WITHDRAWN) for one in requests[2:]]
    escalated = RequestEscalated(request_id=requests[0].request_id, member_id=ASKER, title="x")
    await insight.heard(insight.zeeland, *requests, escalated)
    many = (await insight.asked("summary", region=insight.zeeland))["counts"]

    await insight.heard(insight.zeeland, *ended)

    few = (await insight.asked("summary", region=insight.zeeland))["counts"]
    exact = (await insight.exactly("summary", region=insight.zeeland))["counts"]
    told = [(one["waiting"], one["waiting_escalated"]) for one in (many, few, exact)]
    assert told == [(5, "1-4"), ("1-4", None), (2, 1)]
