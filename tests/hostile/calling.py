"""A call of a route by its rule: about the things of whose it is, with a body that fits, through a door."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from chassis.service import Service
from contracts.event import new_id
from services.gateway.catalogue import SERVICE_OF
from services.gateway.partner_door import ROUTES as PARTNER_ROUTES
from tests.hostile.bodies import Filling
from tests.hostile.who_may import Rule, Whose, rule_of
from tests.hostile.world import World
from tests.wired import routes

#: What is in a path and is nobody's: it opens nothing, whoever shows it.
NOBODYS = {"token": "x", "name": "organisation.v1.json", "letter": "x", "erasure": "x", "member": "x"}

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Route:
    """A route of a service, by whose rule it is judged."""

    service: str
    name: str
    rule: Rule
    operation: Mapping[str, Any]

    @property
    def method(self) -> str:
        return self.name.partition(" ")[0]

    @property
    def template(self) -> str:
        return self.name.partition(" ")[2]

    @property
    def parameters(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.template)

    @property
    def door(self) -> str | None:
        """Where the public finds it: what goes before its path at the gateway; none where it is not to be found."""
        first, *rest = self.template.split("/")[1:]
        if self.service == "gateway":
            return "" if first == "api" else None
        if first == "v1" and SERVICE_OF.get(rest[0]) == self.service:
            return "/api"
        parts = tuple("*" if part.startswith("{") else part for part in (first, *rest))
        return "/partners" if self.service == "partners" and parts in PARTNER_ROUTES else None

    def __str__(self) -> str:
        return f"{self.service} {self.name}"


def ruled(wired: Mapping[str, Service]) -> Iterator[Route]:
    """Every route that is in the table, of the APIs; one that changes nothing first, one that removes last."""
    order = ["GET", "PUT", "PATCH", "POST", "DELETE"]
    found = []
    for service, made in wired.items():
        described = made.app.openapi()["paths"]
        for name, _ in routes(made.app):
            method, _, path = name.partition(" ")
            if rule := rule_of(service, name):
                found.append(Route(service, name, rule, described.get(path, {}).get(method.lower(), {})))
    yield from sorted(found, key=lambda route: (order.index(route.method), str(route)))


class Caller:
    """Calls routes about the things of a world."""

    def __init__(self, world: World, wired: Mapping[str, Service]) -> None:
        self._world = world
        self._documents = {name: service.app.openapi() for name, service in wired.items()}

    def path(self, route: Route) -> str:
        """The path of the thing that the rule names."""

        def thing(found: re.Match[str]) -> str:
            name = route.rule.things.get(found[1], found[1].removesuffix("_id"))
            return self._world.things.get(name) or NOBODYS[name]

        return re.sub(r"\{(\w+)\}", thing, route.template)

    def body(self, route: Route) -> Any | None:
        """One that is right, about the same things; none where no JSON is asked."""
        ids = {f"{name}_id": id for name, id in self._world.things.items()}
        ids |= {"organisation_id": self._world.things["elsewhere_organisation"]}
        ids |= {name: self._world.things[thing] for name, thing in route.rule.things.items()}
        return Filling(self._documents[route.service], ids | self._world.values).of(route.operation)

    def sent(self, route: Route) -> dict[str, Any]:
        """What goes with the call: a body, and the version that is changed."""
        if route.rule.whose is Whose.PARTNER and route.method == "POST":
            return {"json": self._world.an_event(), "headers": {"Content-Type": "application/cloudevents+json"}}
        if FORM in route.operation.get("requestBody", {}).get("content", {}):
            return {"data": {}}
        headers = {"If-Match": '"1"'} if route.method in ("PATCH", "PUT") else {}
        body = self.body(route)
        return {"headers": headers} | ({} if body is None else {"json": body})

    async def at_the_gateway(self, route: Route, http: httpx.AsyncClient, **headers: str) -> httpx.Response:
        """The call as the public makes it, with the cookies of a client."""
        return await self._call(http, f"{route.door}{self.path(route)}", route, headers)

    async def at_the_service(self, route: Route, token: str | None) -> httpx.Response:
        """The call at the service's own port, as only the gateway makes it."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with a_client(self._world.node.url(route.service)) as http:
            return await self._call(http, self.path(route), route, headers)

    async def _call(
        self, http: httpx.AsyncClient, path: str, route: Route, headers: Mapping[str, str]
    ) -> httpx.Response:
        sent = self.sent(route)
        told = {"Idempotency-Key": new_id(), **sent.pop("headers", {}), **headers}
        asked = {name: _wanted(name) for name in _asked(route.operation)}
        async with http.stream(route.method, path, headers=told, params=asked or None, **sent) as answer:
            if not answer.headers.get("content-type", "").startswith("text/event-stream"):  # which has no end
                await answer.aread()
        return answer


def a_client(url: str, **more: Any) -> httpx.AsyncClient:
    """For plain HTTP: a new one for each call need not read every certificate that the machine trusts."""
    return httpx.AsyncClient(base_url=url, timeout=60, verify=False, **more)


def _asked(operation: Mapping[str, Any]) -> list[str]:
    """The query parameters that cannot be left out."""
    return [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query" and one.get("required")]


def _wanted(name: str) -> str:
    return {"q": "Ut", "by": "theme"}.get(name, "x")
