"""What somebody is asked to help with: a list of what waits for their answer, and a yes that stands."""

from contracts.matching import MatchAnswered, MatchEndorsed
from contracts.requests import RequestChanged, RequestClosed, RequestReopened
from contracts.vocabulary import Status
from tests.matching.conftest import Matching, a_request, an_offer
from tests.matching.test_desk import FAR, HELPER, at_desk, helped


async def test_what_i_am_asked_to_help_with_waits_the_oldest_first_until_i_answer_or_it_closes(matching: Matching):
    first, helper = await helped(matching), matching.running.http_as(HELPER)
    asks = [first["ask_id"]]
    for request_id in ("r-2", "r-3"):
        matching.clock.move(minutes=1)
        await matching.given(a_request(request_id, title=f"Vraag {request_id}"))
        asked = await at_desk(matching).post("/v1/asks", json={"request_id": request_id, "member_id": HELPER})
        asks.append(asked.json()["ask_id"])

    all_of_them = (await helper.get("/v1/asks")).json()
    of_asker = (await matching.asker.get("/v1/asks")).json()
    assert (await helper.post(f"/v1/asks/{asks[1]}/answer", json={"accepted": False})).status_code == 200
    await matching.given(a_request("r-3", said=RequestClosed, version=2, status=Status.WITHDRAWN))
    left = (await helper.get("/v1/asks")).json()

    assert [one["ask_id"] for one in all_of_them] == asks
    assert (all_of_them[0]["note"], all_of_them[1]["request"]["title"]) == ("Jij deed dit vorig jaar ook.", "Vraag r-2")
    assert ([one["ask_id"] for one in left], of_asker) == (asks[:1], [])


async def test_who_said_that_they_would_help_helps_when_the_request_is_asked_again(matching: Matching):
    ask, offer = await helped(matching), {"member_id": HELPER, "organisation_id": "o-smederij", **FAR}
    await matching.given(an_offer("o-help", **offer))
    yes = {"accepted": True, "offer_id": "o-help"}
    await matching.running.http_as(HELPER).post(f"/v1/asks/{ask['ask_id']}/answer", json=yes)
    await matching.given(a_request("r", said=RequestClosed, version=2, status=Status.EXPIRED))

    await matching.when(a_request("r", said=RequestReopened, version=3))

    (endorsed,), (said_yes,) = await matching.said(MatchEndorsed), await matching.said(MatchAnswered)
    assert (endorsed.offer_id, said_yes.match_id, said_yes.side) == ("o-help", endorsed.match_id, "offer")
    await matching.given()
    await matching.when(a_request("r", said=RequestChanged, version=4))
    await matching.then_nothing_said()


async def test_what_somebody_offers_to_help_while_two_others_talk_is_put_next_to_it_when_it_is_asked_again(matching):
    ask = await helped(matching)
    yes = {"accepted": True, "offer_id": "o-help"}
    await matching.running.http_as(HELPER).post(f"/v1/asks/{ask['ask_id']}/answer", json=yes)
    await matching.given(a_request("r", said=RequestChanged, version=2, status=Status.IN_CONVERSATION))
    await matching.given(an_offer("o-help", member_id=HELPER, organisation_id="o-smederij", **FAR))

    await matching.when(a_request("r", said=RequestReopened, version=3))

    (endorsed,), (said_yes,) = await matching.said(MatchEndorsed), await matching.said(MatchAnswered)
    assert (endorsed.offer_id, said_yes.side, said_yes.accepted) == ("o-help", "offer", True)
