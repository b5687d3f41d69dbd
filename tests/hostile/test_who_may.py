"""S9: every route x {whose it is, somebody else, an ambassador of elsewhere, another node, a partner, nobody}.

The routes and their bodies come from the services' own descriptions, whose they are from `who_may.py`. What somebody
was not to see is looked for in all that they were answered, and what was not theirs to change, row by row.
"""

from itertools import product

import httpx
import pytest
from joserfc.jwk import OKPKey

from tests.hostile import who_may
from tests.hostile.answers import not_as_declared
from tests.hostile.calling import NOBODYS, Caller, Route, a_client, ruled
from tests.hostile.kept import changed, rows
from tests.hostile.who_may import ENDS, Whose, rule_of
from tests.wired import SERVICES, routes

long = [pytest.mark.long, pytest.mark.whole_node, pytest.mark.timeout(300)]


@pytest.mark.parametrize("service", SERVICES)
def test_every_route_has_a_rule_for_whose_it_is(wired, service):
    """A new one is put in the table first; the pages of the gateway show what these routes answer to their reader."""
    there = {name for name, _ in routes(wired[service].app)}
    of_the_api = {name for name in there if service != "gateway" or not _is_page(name)}

    assert not [name for name in of_the_api if rule_of(service, name) is None]
    assert not who_may.RULES[service].keys() - there, "no rule is left for a route that is gone"


def _is_page(name: str) -> bool:
    path = name.partition(" ")[2]
    return not path.startswith(("/api/", "/health/", "/internal/", "/team/"))


@pytest.fixture(scope="module")
def all_routes(wired) -> list[Route]:
    return list(ruled(wired))


@pytest.fixture(scope="module")
def call(world, wired) -> Caller:
    return Caller(world, wired)


#: Who a service lets in by each rule, of those who show it something.
LET_IN = {
    Whose.EVERYBODY: {"nobody"},
    Whose.MONITOR: {"nobody"},
    Whose.GATEWAY: {"the gateway itself"},
    Whose.PARTNERS: {"a partner"},
    Whose.PARTNER: {"a partner"},
}


class TestOnARealNode:
    """In this order: what is refused first, and at last what whose it is may do, which takes the things away."""

    pytestmark = long

    async def test_whoever_is_nobody_here_gets_what_is_for_everybody(self, world, all_routes, call):
        """Also somebody of another node, and a partner's system, whose tokens are good elsewhere."""
        shown = {
            "nobody": {},
            "a session of another node": {"Cookie": f"odh-session={'x' * 43}"},
            "a partner": {"Authorization": f"Bearer {world.tokens['docenten']}"},
            "what only services are shown": {"Authorization": f"Bearer {world.signed('team', 'members')}"},
        }
        wrong = []
        async with at_the_gate(world) as http:
            for route, (who, headers) in product((one for one in all_routes if one.door is not None), shown.items()):
                if who in LET_IN.get(route.rule.whose, set()) - {"nobody"}:
                    continue
                http.cookies.clear()
                answer = await call.at_the_gateway(route, http, **headers)
                is_open = route.rule.whose is Whose.EVERYBODY
                if (answer.status_code in (401, 403)) == is_open or answer.status_code >= 500 or leaks(world, answer):
                    wrong.append(line(route, who, answer))
        assert not wrong, "\n".join(wrong)

    async def test_what_is_not_of_the_public_is_not_there(self, world, all_routes, call):
        """Whoever asks, and wherever."""
        wrong, team = [], world.people["team"].http
        inside = [one for one in all_routes if one.door is None and one.service != "gateway"]
        for route, before in product(inside, ("", "/api", "/api/v1", "/partners")):
            answer = await team.request(route.method, before + call.path(route))
            is_the_gateways = before == "" and route.name in who_may.OF_EACH  # which has a health of its own
            if answer.status_code not in (404, 405) and not is_the_gateways:
                wrong.append(line(route, before, answer))
        assert not wrong, "\n".join(wrong)

    async def test_a_service_believes_only_its_own_gateway(self, world, all_routes, call):
        """A node of the same name cannot sign for it, nor can this node's key for another service or node."""
        other_key = OKPKey.generate_key("Ed25519", parameters={"kid": world.key.kid})
        wrong = []
        for route in all_routes:
            service = route.service
            shown = {
                "nobody": None,
                "another node's key": world.signed("team", service, key=other_key),
                "another node": world.signed("team", service, node="elsewhere"),
                "another service": world.signed("team", "elsewhere"),
                "a partner": world.tokens["docenten"],
                "the gateway itself": world.signed("gateway", service),
            }
            if route.rule.whose in (Whose.GATEWAY, Whose.PARTNERS, Whose.PARTNER):
                shown |= {who: world.signed(who, service) for who in ("asker", "team")}
            for who, token in shown.items():
                if LET_IN.get(route.rule.whose, set()) & {who, "nobody"}:
                    continue
                answer = await call.at_the_service(route, token)
                if answer.status_code != 401:
                    wrong.append(line(route, who, answer))
        assert not wrong, "\n".join(wrong)

    async def test_who_is_signed_in_sees_and_changes_nothing_of_somebody_else(self, world, wired, all_routes, call):
        await world.look.quiet(60)
        before, wrong = await rows(world, wired), []
        for route, who in product(all_routes, ("other", "elsewhere")):
            if str(route) in ENDS or route.rule.whose in (Whose.GATEWAY, Whose.MONITOR):
                continue
            answer = await as_somebody(world, call, route, who, partner="centra")
            if answer.status_code not in expected(route, who) or leaks(world, answer):
                wrong.append(line(route, who, answer))
        assert not wrong, "\n".join(wrong)

        await world.look.quiet(60)
        own = {world.things[who] for who in ("other", "elsewhere")}
        told = [one for one in changed(before, await rows(world, wired)) if not any(id in one for id in own)]
        assert not told, "\n".join(told)

    async def test_whose_it_is_may(self, world, wired, all_routes, call):
        """So that what others were refused was there; and they are told what is declared, and no more."""
        wrong = []
        for route in all_routes:
            if str(route) in ENDS or route.rule.whose in (Whose.MONITOR, Whose.EVERYBODY, Whose.GATEWAY):
                continue
            answer = await as_somebody(world, call, route, route.rule.owner, partner="docenten")
            refused = {401, 403, 405, 422} | (set() if opens_nothing(route) else {404})
            undeclared = not_as_declared(wired[route.service].app.openapi(), route, answer)
            if answer.status_code in refused or answer.status_code >= 500 or undeclared:
                wrong.append(f"{line(route, route.rule.owner, answer)} {undeclared}")
        assert not wrong, "\n".join(wrong)

    async def test_who_ends_what_they_are_here_ends_nothing_of_anybody_else(self, world, wired, all_routes, call):
        await world.look.quiet(60)
        before = await rows(world, wired)
        for route in all_routes:
            if str(route) in ENDS:
                who = "leaver" if route.service == "members" else "elsewhere"
                answer = await call.at_the_gateway(route, world.people[who].http)
                assert answer.status_code in (202, 204, 401), line(route, who, answer)

        await world.look.quiet(60)
        own = {world.things[who] for who in ("leaver", "leaver_too", "victim", "elsewhere")}
        told = [one for one in changed(before, await rows(world, wired)) if not any(id in one for id in own)]
        assert not told, "\n".join(told)


def at_the_gate(world) -> httpx.AsyncClient:
    return a_client(world.node.url("gateway"))


async def as_somebody(world, call: Caller, route: Route, who: str, *, partner: str) -> httpx.Response:
    """By the door that there is: at the gateway, or at the service itself for what only the gateway asks it."""
    if route.door == "/partners":
        async with at_the_gate(world) as http:
            return await call.at_the_gateway(route, http, Authorization=f"Bearer {world.tokens[partner]}")
    if route.door is None:
        return await call.at_the_service(route, world.signed(who, route.service))
    return await call.at_the_gateway(route, world.people[who].http)


def expected(route: Route, who: str) -> set[int]:
    """What may be answered to somebody whose it is not."""
    let_in = set(range(200, 500)) - {401, 403}
    return {
        Whose.OWNER: {403, 404},
        Whose.PARTNER: {403, 404},
        Whose.TEAM: {403},
        Whose.AMBASSADORS: {403} if who == "other" else let_in,
    }.get(route.rule.whose, let_in)


def opens_nothing(route: Route) -> bool:
    """Whether its path names something that nobody has."""
    return any(name.removesuffix("_id") in NOBODYS for name in route.parameters)


def line(route: Route, who: str, answer: httpx.Response) -> str:
    return f"{route} by {who}: {answer.status_code} {answer.text[:200] if answer.is_stream_consumed else ''}"


def leaks(world, answer: httpx.Response) -> list[str]:
    """What an answer has of what is neither for somebody else nor for an ambassador of elsewhere."""
    text = answer.text if answer.is_stream_consumed else ""
    own = str(answer.request.url)
    return [word for word in world.secret if word in text and word not in own]
