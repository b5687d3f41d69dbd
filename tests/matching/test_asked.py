"""What somebody is asked to help with: a list of what waits for their answer."""

from contracts.requests import RequestClosed
from contracts.vocabulary import Status
from tests.matching.conftest import Matching, a_request
from tests.matching.test_desk import HELPER, at_desk, helped


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
