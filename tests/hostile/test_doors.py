"""S1 at every door: whatever a route's own description allows, and does not, is answered without a fault of ours.

What schemathesis makes goes to the gateway, as one of the node's team who may do most, to the partners' door, and to
each service itself, as the gateway would pass it on; once as it is, and once about things that are there.
FUZZ_EXAMPLES=200 tries more of each route.
"""

from typing import Any

import httpx
import pytest
import schemathesis

from tests.hostile.calling import Caller, Route, a_client, ruled
from tests.hostile.who_may import ENDS, Whose
from tests.partners.test_fuzz import _plain, some_of
from tests.wired import SERVICES

pytestmark = [pytest.mark.long, pytest.mark.whole_node, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def told(wired) -> dict[str, tuple[Route, list[dict[str, Any]]]]:
    """Every route, and some calls of it; all made first, because hypothesis does not wait for what is sent."""
    by_name = {str(route): route for route in ruled(wired)}
    found = {}
    for name in SERVICES:
        for one in schemathesis.openapi.from_dict(wired[name].app.openapi()).get_all_operations():
            operation = one.ok()
            route = by_name.get(f"{name} {operation.method.upper()} {operation.path}")
            if route and str(route) not in ENDS and route.rule.whose is not Whose.MONITOR:
                cases = some_of(operation.as_strategy())
                found[str(route)] = route, [case.as_transport_kwargs(base_url="http://door") for case in cases]
    return found


async def test_no_door_answers_with_a_fault_of_ours(world, wired, told):
    call, wrong, tried = Caller(world, wired), [], 0
    for route, cases in told.values():
        async for door, path, http in doors(world, call, route):
            for case in cases:
                status = await answered(http, case, path(case))
                tried += 1
                if status >= 500 or status == 0:
                    wrong.append(f"{door}: {status} {case}")
    assert not wrong, "\n".join(wrong[:20])
    assert tried > 4 * len(told)

    await world.look.quiet(60)
    assert await world.look.messages("dead") == []
    for service in SERVICES:
        async with a_client(world.node.url(service)) as http:
            assert (await http.get("/health/ready")).status_code == 200, service


async def doors(world, call: Caller, route: Route):
    """Each way in: its name, the path of a case there, and a client that is let in."""

    def as_made(before: str) -> Any:
        return lambda case: before + case["url"].removeprefix("http://door")

    def about_what_is_there(before: str) -> Any:
        return lambda case: before + call.path(route)

    whose, service = route.rule.whose, route.service
    is_partners = whose in (Whose.PARTNERS, Whose.PARTNER)
    who = "gateway" if whose is Whose.GATEWAY else route.rule.owner or "team"
    token = world.tokens["docenten"] if is_partners else world.signed(who, service)
    signed = {"Authorization": f"Bearer {token}"}
    async with a_client(world.node.url(service), headers=signed) as http:
        if service != "gateway":
            yield f"{service} itself", as_made(""), http
    if route.door is not None:
        headers = signed if is_partners else {}
        cookies = None if is_partners else world.people["team" if whose is Whose.TEAM else who].http.cookies
        gate = world.node.url("gateway")
        async with a_client(gate, headers=headers, cookies=cookies) as http:
            yield "the gateway", as_made(route.door), http
            if route.parameters:
                yield "the gateway, of what is there", about_what_is_there(route.door), http


async def answered(http: httpx.AsyncClient, case: dict[str, Any], path: str) -> int:
    """The status; 0 when a refusal was no problem document."""
    headers = {
        name: value for name, value in case["headers"].items() if name.lower() not in ("authorization", "cookie")
    }
    sent = {name: case[name] for name in ("params", "json", "data", "content") if case.get(name) is not None}
    async with http.stream(case["method"], path, headers=_plain(headers), **sent) as answer:
        kind = answer.headers.get("content-type", "")
    is_told = answer.is_success or answer.is_redirect or kind.startswith("application/problem+json")
    return answer.status_code if is_told or "/token" in path else 0
