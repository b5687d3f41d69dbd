"""Who sees what: one's own, the open offers of others, and for ambassadors and the team everything but drafts."""

import pytest
from fastapi.routing import APIRoute

from services.requests import api
from tests.requests.conftest import a_request, slug

HEADERS = {"If-Match": '"1"'}

ROUTES = [
    (method, route.path)
    for router in api.routers
    for route in router.routes
    if isinstance(route, APIRoute)
    for method in route.methods
]
OF_ONE = [  # what only the team does is refused to others whatever there is: `test_taken_down.py`
    (method, path) for method, path in ROUTES if "{" in path and not path.endswith("/take-down")
]


def test_both_sides_have_the_same_doors():
    paths = {(method, path.replace("offer", "request")) for method, path in ROUTES}

    assert len(ROUTES) == 2 * len(paths) == 20


async def test_nobody_comes_in_without_signing_in(requests):
    placed = await requests.placed()

    for method, path in ROUTES:
        answer = await requests.http.request(
            method, path.format(request_id=placed["id"], offer_id=placed["id"]), json={}
        )
        assert (answer.status_code, slug(answer)) == (401, "not-signed-in"), (method, path)


@pytest.mark.parametrize("side", ["request", "offer"])
async def test_what_is_somebody_elses_does_not_exist_for_others(requests, side):
    """A draft for everybody; and for changes, what is open too."""
    draft, placed = await requests.placed(side, draft=True), await requests.placed(side)
    other_side = await requests.placed({"request": "offer", "offer": "request"}[side])
    await requests.given()

    async def asked(somebody, method: str, path: str, one: str) -> tuple[int, str]:
        answer = await somebody.request(method, path.format(**{f"{side}_id": one}), json={}, headers=HEADERS)
        return answer.status_code, slug(answer)

    for method, path in [(method, path) for method, path in OF_ONE if f"{{{side}_id}}" in path]:
        for somebody in (requests.sem, requests.ambassador, requests.team):
            assert await asked(somebody, method, path, draft["id"]) == (404, f"{side}-not-found"), (method, path)
            if method != "GET":
                assert await asked(somebody, method, path, placed["id"]) == (404, f"{side}-not-found"), (method, path)
        for wrong_id in ("unknown", other_side["id"], "x" * 100):
            assert await asked(requests.noor, method, path, wrong_id) == (404, f"{side}-not-found"), (method, path)
    assert [row.version for row in await requests.rows()] == [1, 1, 1]
    await requests.then_nothing_said()


async def test_a_member_sees_no_request_of_others_and_their_offer_as_long_as_it_is_open(requests):
    request = await requests.placed()
    offer = await requests.placed("offer")

    async def seen() -> list[int]:
        return [(await requests.sem.get(thing["path"])).status_code for thing in (request, offer)]

    assert await seen() == [404, 200]
    await requests.step(offer, "fulfil")
    assert await seen() == [404, 404]
    assert (await requests.noor.get(offer["path"])).json()["status"] == "fulfilled"


async def test_ambassadors_and_the_team_see_everything_but_drafts(requests):
    request, offer = await requests.placed(), await requests.placed("offer")
    await requests.step(request, "withdraw")

    for somebody in (requests.ambassador, requests.team):
        assert (await somebody.get(request["path"])).json()["status"] == "withdrawn"
        assert (await somebody.get(offer["path"])).status_code == 200


async def test_whose_it_is_is_told_to_its_member_ambassadors_and_the_team(requests):
    offer = await requests.placed("offer")

    async def whose(somebody) -> str | None:
        (listed,) = (await somebody.get("/v1/offers")).json()["items"]
        shown = (await somebody.get(offer["path"])).json()
        assert listed == shown
        return shown["member_id"]

    assert await whose(requests.sem) is None
    assert [await whose(who) for who in (requests.noor, requests.ambassador, requests.team)] == ["noor"] * 3


async def test_one_thing_is_answered_with_its_version(requests):
    placed = await requests.placed()
    await requests.step(placed, "withdraw")

    answer = await requests.noor.get(placed["path"])

    assert (answer.headers["etag"], answer.json()["version"]) == ('"2"', 2)


async def titles(somebody, path: str, **asked: object) -> list[str]:
    """What somebody finds in a list."""
    answer = await somebody.get(path, params=asked)
    assert answer.status_code == 200, answer.text
    return [thing["title"] for thing in answer.json()["items"]]


async def test_a_list_holds_what_somebody_may_see_the_newest_first(requests):
    await requests.placed("offer", title="Van Noor")
    await requests.placed("offer", title="Ontwerp van Noor", draft=True)
    taken = await requests.placed("offer", title="Weg", who="sem")
    await requests.step(taken, "fulfil", who="sem")
    await requests.placed("offer", title="Van Sem", who="sem")
    await requests.placed(title="Vraag van Noor")

    assert await titles(requests.noor, "/v1/offers") == ["Van Sem", "Ontwerp van Noor", "Van Noor"]
    assert await titles(requests.sem, "/v1/offers") == ["Van Sem", "Weg", "Van Noor"]
    assert await titles(requests.ambassador, "/v1/offers") == ["Van Sem", "Weg", "Van Noor"]
    assert await titles(requests.noor, "/v1/requests") == ["Vraag van Noor"]
    assert await titles(requests.sem, "/v1/requests") == []
    assert await titles(requests.team, "/v1/requests") == ["Vraag van Noor"]


async def test_a_list_is_narrowed_to_ones_own_a_status_a_kind_and_a_theme(requests):
    await requests.placed("offer", title="Les", themes=["biodiversity", "digitalisation"])
    await requests.placed("offer", title="Tip", kind="tip", themes=["biodiversity"])
    await requests.placed("offer", title="Van Sem", who="sem", themes=["robotisation"])
    await requests.placed("offer", title="Ontwerp", draft=True, themes=["robotisation"])

    async def found(**asked: object) -> set[str]:
        return set(await titles(requests.noor, "/v1/offers", **asked))

    assert await found(mine=True) == {"Les", "Tip", "Ontwerp"}
    assert await found(status="open") == {"Les", "Tip", "Van Sem"}
    assert await found(kind="tip") == {"Tip"}
    assert await found(theme="digitalisation") == {"Les"}
    assert await found(theme="robotisation", mine=True, status="draft") == {"Ontwerp"}
    assert await titles(requests.ambassador, "/v1/offers", mine=True) == []
    assert (await requests.noor.get("/v1/offers", params={"status": "gone"})).status_code == 422


async def test_a_long_list_comes_in_pages_that_stay_right_while_more_is_asked(requests):
    for n in range(5):
        await requests.placed(title=f"Vraag {n}")

    seen, cursor = [], None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await requests.noor.get("/v1/requests", params=params)).json()
        seen += [thing["title"] for thing in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        await requests.placed(title="Later gevraagd")
    assert seen == [f"Vraag {n}" for n in (4, 3, 2, 1, 0)]


async def test_the_answers_hold_what_the_document_says(requests):
    placed = await requests.placed("offer")
    document = requests.service.app.openapi()

    view = document["components"]["schemas"]["OfferView"]
    assert set(view["properties"]) == set((await requests.noor.get(placed["path"])).json())
    body = document["paths"]["/v1/offers"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    draft = document["components"]["schemas"][body["$ref"].rsplit("/", 1)[1]]
    assert set(draft["required"]) == {"kind", "themes", "title", "text", "place"}


async def test_who_is_known_under_two_references_reads_and_changes_what_is_under_both(requests):
    other = requests.http_as("other-reference", organisations=("a-school",))
    path, body = ("/v1/requests", a_request(organisation_id="a-school"))
    theirs = (await other.post(path, json=body)).json()["request_id"]
    one = requests.http_as("one-reference", organisations=("a-school",), also=("other-reference",))
    own = (await one.post(path, json=body)).json()["request_id"]

    assert [view["request_id"] for view in (await one.get(path, params={"mine": "true"})).json()["items"]] == [
        own,
        theirs,
    ]
    assert (await one.post(f"{path}/{theirs}/withdraw")).status_code == 200
    assert [v["request_id"] for v in (await other.get(path, params={"mine": "true"})).json()["items"]] == [theirs]
