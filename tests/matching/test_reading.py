"""Who reads which matches, and what they read."""

import itertools

import pytest

from contracts.members import AmbassadorStoodDown
from contracts.vocabulary import Kind
from tests.matching.conftest import (
    AMBASSADOR,
    ASKER,
    OFFERER,
    TEAM,
    Matching,
    a_request,
    an_offer,
    appointed,
    in_team,
)

#: Nothing that a reader gets may lead to a person.
REFERENCES = (ASKER, OFFERER, AMBASSADOR, TEAM, "m-other")


async def listed(who, **asked: object) -> list[str]:
    """The ids that somebody's list has."""
    answer = await who.get("/v1/matches", params=asked)
    assert answer.status_code == 200, answer.text
    return [view["match_id"] for view in answer.json()["items"]]


def readers(matching: Matching) -> dict[str, object]:
    """Everybody who may come along."""
    return {
        "asker": matching.asker,
        "offerer": matching.offerer,
        "ambassador": matching.ambassador(),
        "team": matching.team("m-team-2"),
        "another ambassador": matching.ambassador("m-other"),
        "another member": matching.http_as("m-somebody"),
        "ambassador without the role": matching.http_as(AMBASSADOR),
    }


async def test_a_proposed_match_is_for_its_ambassador_and_the_team_alone(matching: Matching):
    match = await matching.proposed()

    await _is_seen_by(matching, match.match_id, {"ambassador", "team"})


async def test_an_endorsed_match_is_for_both_sides_too(matching: Matching):
    match = await matching.endorsed()

    await _is_seen_by(matching, match.match_id, {"ambassador", "team", "asker", "offerer"})


async def _is_seen_by(matching: Matching, match_id: str, seeing: set[str]) -> None:
    for name, who in readers(matching).items():
        sees = name in seeing
        assert (await who.get(f"/v1/matches/{match_id}")).status_code == (200 if sees else 404), name
        assert await listed(who) == ([match_id] if sees else []), name
    assert (await matching.http.get(f"/v1/matches/{match_id}")).status_code == 401
    assert (await matching.http.get("/v1/matches")).status_code == 401


@pytest.mark.parametrize("step", ["endorse", "dismiss", "hand-over", "answer"])
async def test_nobody_takes_a_step_with_a_match_that_is_not_theirs(matching: Matching, step):
    match = await matching.proposed()
    body = {"dismiss": {"because": "other"}, "answer": {"accepted": True}}.get(step)

    for name in ("asker", "offerer", "another ambassador", "another member", "ambassador without the role"):
        answer = await readers(matching)[name].post(f"/v1/matches/{match.match_id}/{step}", json=body)
        assert answer.status_code == 404, name
        assert answer.json()["type"].endswith("/match-not-found")
    assert (await matching.team().post(f"/v1/matches/no-such-match/{step}", json=body)).status_code == 404
    assert (await matching.http.post(f"/v1/matches/{match.match_id}/{step}", json=body)).status_code == 401
    await matching.then_nothing_said()


@pytest.mark.parametrize("step", ["endorse", "dismiss", "hand-over"])
async def test_a_side_does_not_judge_the_match_that_it_sees(matching: Matching, step):
    match = await matching.endorsed()

    answer = await matching.asker.post(
        f"/v1/matches/{match.match_id}/{step}", json={"because": "other"} if step == "dismiss" else None
    )

    assert answer.status_code == 403


async def test_a_match_shows_both_sides_and_nobody(matching: Matching):
    match = await matching.endorsed(a_request("r", mbo_level=3), an_offer("o"))

    for who in (matching.asker, matching.offerer, matching.ambassador(), matching.team()):
        answer = await who.get(f"/v1/matches/{match.match_id}")
        assert answer.headers["etag"] == '"2"'
        assert not any(reference in answer.text for reference in REFERENCES)
        view = answer.json()
        assert view["request"] == {
            "request_id": "r",
            "kind": "guest-lesson",
            "title": "Gastles over warmtepompen",
            "text": "Wie vertelt onze installatietechnici hoe een warmtepomp in een oud huis past?",
            "themes": ["energy-transition"],
            "language": "nl",
            "place": {"name": "Utrecht", "province": "Utrecht", "latitude": 52.0908, "longitude": 5.1222},
            "organisation_name": "ROC Vechtdal",
            "region": None,
            "starts_on": None,
            "ends_on": None,
            "mbo_level": 3,
        }
        assert (view["offer"]["offer_id"], view["offer"]["organisation_name"]) == ("o", "Warmtewerk BV")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, "8 km verderop (telt het zwaarst)"),
        ({"language": "nl"}, "8 km verderop (telt het zwaarst)"),
        ({"language": "en"}, "8 km away (counts most)"),
    ],
)
async def test_the_reasons_are_in_the_readers_language(matching: Matching, asked, words):
    match = await matching.endorsed()

    view = (await matching.asker.get(f"/v1/matches/{match.match_id}", params=asked)).json()

    assert words in [reason["words"] for reason in view["reasons"]]
    (view,) = (await matching.asker.get("/v1/matches", params=asked)).json()["items"]
    assert words in [reason["words"] for reason in view["reasons"]]


async def test_a_note_is_for_those_who_bring_people_together(matching: Matching):
    match = await matching.proposed()
    await matching.ambassador().post(
        f"/v1/matches/{match.match_id}/dismiss", json={"because": "other", "note": "Belde met beiden."}
    )

    for who in (matching.ambassador(), matching.team()):
        assert (await who.get(f"/v1/matches/{match.match_id}")).json()["note"] == "Belde met beiden."


async def test_what_waits_for_somebody_is_listed_apart(matching: Matching):
    match = await matching.proposed()
    assert await listed(matching.ambassador(), awaiting_me=True) == [match.match_id]
    assert await listed(matching.team(), awaiting_me=True) == []

    await matching.ambassador().post(f"/v1/matches/{match.match_id}/endorse")
    assert await listed(matching.ambassador(), awaiting_me=True) == []
    assert await listed(matching.asker, awaiting_me=True) == await listed(matching.offerer, awaiting_me=True) != []

    await matching.asker.post(f"/v1/matches/{match.match_id}/answer", json={"accepted": True})
    assert await listed(matching.asker, awaiting_me=True) == []
    assert await listed(matching.offerer, awaiting_me=True) == [match.match_id]


async def test_a_list_is_narrowed_to_what_became_of_one_request_or_offer(matching: Matching):
    match = await matching.endorsed(a_request("r"), an_offer("o"))

    for who in (matching.asker, matching.offerer, matching.ambassador(), matching.team()):
        for of in ({"request_id": "r"}, {"offer_id": "o"}, {"request_id": "r", "offer_id": "o", "state": "endorsed"}):
            assert await listed(who, **of) == [match.match_id]
        for of in ({"request_id": "o"}, {"offer_id": "r"}, {"request_id": "r", "offer_id": "other"}):
            assert await listed(who, **of) == []
    assert await listed(matching.http_as("m-somebody"), request_id="r") == []


async def test_a_list_is_narrowed_by_state(matching: Matching):
    match = await matching.endorsed()

    assert await listed(matching.team(), state="endorsed") == [match.match_id]
    assert await listed(matching.team(), state="proposed") == []
    assert (await matching.team().get("/v1/matches?state=zomaar")).status_code == 422


async def test_a_list_is_narrowed_to_those_of_which_one_is_a_side(matching: Matching):
    """As its team does, who sees everybody's: what is theirs is not behind a page of what is not."""
    match = await matching.proposed()
    as_side = matching.http_as(ASKER, roles=("node-team", "ambassador"))
    assert await listed(as_side, mine=True) == []  # nobody asked them yet

    await matching.ambassador().post(f"/v1/matches/{match.match_id}/endorse")

    for who in (as_side, matching.asker, matching.offerer):
        assert await listed(who, mine=True, state="endorsed") == [match.match_id]
    for who in (matching.ambassador(), matching.team()):
        assert (await listed(who), await listed(who, mine=True)) == ([match.match_id], [])


async def test_a_long_list_comes_in_pages_newest_first(matching: Matching):
    await matching.given(
        *[a_request(member_id=f"a-{n}", organisation_id=f"s-{n}", kind=Kind.TIP) for n in range(5)],
        an_offer(kind=Kind.TIP),
    )
    everything = await listed(matching.offerer, limit=100)
    assert everything == sorted(everything, reverse=True)
    assert len(everything) == 5

    pages, cursor = [], None
    while True:
        page = (
            await matching.offerer.get("/v1/matches", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))
        ).json()
        pages.append([view["match_id"] for view in page["items"]])
        if not (cursor := page["next_cursor"]):
            break
    assert [len(page) for page in pages] == [2, 2, 1]
    assert list(itertools.chain(*pages)) == everything


async def test_an_ambassador_who_stood_down_sees_no_match_any_more(matching: Matching):
    match = await matching.endorsed()
    await matching.given(appointed("m-other"), in_team(), AmbassadorStoodDown(member_id=AMBASSADOR, version=3))

    former = matching.http_as(AMBASSADOR)  # as members tells the gateway

    assert (await former.get(f"/v1/matches/{match.match_id}")).status_code == 404
    assert await listed(former) == []
