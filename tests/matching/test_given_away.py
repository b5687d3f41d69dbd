"""Who gave a match away comes to its request from then on: the match is another's to see."""

from datetime import timedelta

from contracts.deeds import DeedDone
from tests.matching.conftest import Matching, a_request, an_offer


async def test_what_one_noted_and_did_leads_to_the_request_of_a_match_that_the_team_looks_at_now(matching: Matching):
    match = await matching.proposed(a_request("r"), an_offer("o"))
    day, ambassador = str(matching.clock().date() + timedelta(days=1)), matching.ambassador()
    body = {"matter": "match", "matter_id": match.match_id, "note": "Bel de school.", "due_on": day}
    own = await ambassador.post("/v1/follow-ups", json=body)

    assert (await ambassador.post(f"/v1/matches/{match.match_id}/hand-over")).status_code == 200

    assert (own.json()["matter"], own.json()["matter_id"]) == ("match", match.match_id)
    (later,) = (await ambassador.get("/v1/follow-ups")).json()
    (deed,) = await matching.said(DeedDone)
    told = [(later[name], getattr(deed, name)) for name in ("matter", "matter_id", "title")]
    assert told == [("request", "request"), ("r", "r"), (deed.title, later["title"])]
