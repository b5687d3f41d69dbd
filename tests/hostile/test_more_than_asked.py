"""S10: every column of every table as one more field of every body, and a body has no room for any of them."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.hostile.bodies import resolved
from tests.hostile.calling import Caller, Route, ruled
from tests.hostile.kept import changed, columns_of, rows
from tests.hostile.who_may import Whose
from tests.wired import SERVICES

#: What somebody may think that there is, beside what there is.
GUESSED = {"is_admin", "role", "roles", "node_team", "owner_id", "author_id", "score", "region", "node"}


@pytest.fixture(scope="module")
def all_routes(wired) -> list[Route]:
    return list(ruled(wired))


def objects_in(document: dict[str, Any], schema: Any, seen: frozenset[str] = frozenset()) -> Iterator[dict[str, Any]]:
    """Every object that a body may hold, at whatever depth."""
    ref = schema.get("$ref", "")
    if ref in seen:
        return
    found = dict(resolved(document, schema))
    if found.get("type") == "object" or "properties" in found:
        yield found
    inner = [*found.get("properties", {}).values(), *found.get("anyOf", ()), *found.get("oneOf", ())]
    for one in [*inner, *([found["items"]] if "items" in found else [])]:
        yield from objects_in(document, one, seen | {ref} - {""})


@pytest.mark.parametrize("service", SERVICES)
def test_no_body_has_room_for_what_it_does_not_name(wired, all_routes, service):
    """At any depth: what is nested is a body too."""
    document = wired[service].app.openapi()
    for route in all_routes:
        content = route.operation.get("requestBody", {}).get("content", {})
        if route.service == service and "application/json" in content and route.rule.whose is not Whose.PARTNER:
            for one in objects_in(document, content["application/json"]["schema"]):
                assert one.get("additionalProperties") is False, (str(route), one.get("title"))


@pytest.mark.long
@pytest.mark.whole_node
@pytest.mark.timeout(300)
async def test_no_column_can_be_filled_in_by_naming_it(world, wired, all_routes):
    call, wrong = Caller(world, wired), []
    await world.look.quiet(60)
    before = await rows(world, wired)
    for route in all_routes:
        body = call.body(route)
        if not isinstance(body, dict) or route.door not in ("", "/api"):  # a CloudEvent may have more attributes
            continue
        schema = route.operation["requestBody"]["content"]["application/json"]["schema"]
        named = next(objects_in(wired[route.service].app.openapi(), schema))["properties"]
        more = sorted((columns_of(wired[route.service]) | GUESSED) - named.keys())
        answer = await _sent(world, call, route, body | dict.fromkeys(more, "x"))
        told = {error["field"] for error in answer.json().get("errors", ())} if answer.status_code == 422 else set()
        if missing := set(more) - told:
            wrong.append(f"{route}: {answer.status_code} {answer.text[:200]}; not told of {sorted(missing)}")
    assert not wrong, "\n".join(wrong)

    await world.look.quiet(60)
    assert changed(before, await rows(world, wired)) == []


async def _sent(world, call: Caller, route: Route, body: Any) -> httpx.Response:
    """By whose it is, who may do the most with it."""
    http = world.people[route.rule.owner or "team"].http
    headers = {"If-Match": '"1"'}
    return await http.request(route.method, f"{route.door}{call.path(route)}", json=body, headers=headers)
