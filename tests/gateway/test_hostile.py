"""What nobody should be able to reach or to slip through."""

import importlib
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.gateway.catalogue import METHODS, OPEN_TO_ALL, SERVICE_OF
from tests.gateway.conftest import another_gateway, serving, slug
from tests.gateway.test_limits import raw
from tests.gateway.upstream import Trouble

UNREACHABLE = [
    "/internal/identities/x",
    "/internal/sign-ins",
    "/api/v1/internal/identities/x",
    "/api/internal/identities/x",
    "/api/v1/../internal/secrets",
    "/api/v1/members/../../internal/secrets",
    "/api/v1/requests/..%2f..%2finternal/secrets",
    "/api/v1/requests/%2e%2e/%2e%2e/internal/secrets",
    "/api/v1/requests/.%2e/.%2e/internal/secrets",
    "/api/v1/requests/%252e%252e/%252e%252e/internal/secrets",
    "/api/v1/requests/..%5c..%5cinternal%5csecrets",
    "/api/v1//internal/secrets",
    "/api/v1/%2finternal/secrets",
    "/api/v1/%69nternal/secrets",
    "//internal/secrets",
    "/api/v1/requests/x/../../../internal/secrets",
    "/api/v1/requests/x/private",  # not in the service's document
    "/api/v1/requests/x%2fprivate",
    "/api/v1/hidden",  # not in the table
    "/api/v1/health/ready",
    "/api/v1/openapi.json/../../internal/secrets",
    "/api/v2/requests",
    "/v1/requests",
    "/v1/members/me",
    "/api/v1/requests/",
    "/api/v1",
    "/docs",
    "/redoc",
    "/openapi.json",
]


@pytest.fixture(scope="session")
async def troubled(shared_street, postgres, nats):
    """A gateway in front of a service that has more than it tells."""
    trouble = Trouble()
    async with serving(trouble.app) as url, another_gateway(shared_street, postgres, nats, requests_url=url) as street:
        yield street


@pytest.fixture(scope="session")
async def cookie(troubled):
    """What somebody of the team shows."""
    browser = await troubled.team()
    return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())


@pytest.mark.parametrize("path", UNREACHABLE)
async def test_what_is_not_public_cannot_be_reached_by_any_spelling(troubled, cookie, path):
    # As it is: no client tidies it.
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n"

    answer = await raw(troubled.url, request.encode())

    assert answer.startswith((b"HTTP/1.1 404 ", b"HTTP/1.1 405 ")), answer[:200]
    assert b"hidden" not in answer


async def test_a_service_cannot_take_over_the_routes_of_another(troubled):
    browser = await troubled.team()

    answer = await browser.get("/api/v1/members/me")

    assert "member_id" in answer.json()


class Documents:
    """Every service's own document, and nothing behind it: to see what the gateway lets through to it."""

    def __init__(self) -> None:
        self.reached: list[str] = []
        self.found = {name: _document(name) for name in set(SERVICE_OF.values())}

    def app(self, name: str) -> Any:
        """One of the services."""

        async def answer(request: Request) -> Response:
            if request.url.path == "/openapi.json":
                return JSONResponse(self.found[name])
            self.reached.append(f"{request.method} {request.url.path}")
            return Response(status_code=299)

        return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])])

    def routes(self) -> list[tuple[str, str]]:
        """Every route of every service that the public may know."""
        return [
            (method.upper(), template)
            for name, document in self.found.items()
            for template, operations in document["paths"].items()
            for method in METHODS
            if method in operations and SERVICE_OF.get(template.split("/")[2]) == name
        ]


def _document(name: str) -> dict[str, Any]:
    module = importlib.import_module(f"services.{name}.app")
    return dict(module.service().app.openapi())


async def test_every_route_that_is_not_listed_as_open_asks_for_a_session(shared_street, postgres, nats):
    """From the services' own code, so that a route that is added tomorrow is tried too."""
    documents, urls = Documents(), {}
    async with AsyncExitStack() as stack:
        for name in documents.found:
            urls[f"{name}_url"] = await stack.enter_async_context(serving(documents.app(name)))
        street = await stack.enter_async_context(another_gateway(shared_street, postgres, nats, **urls))
        visitor = street.visitor()
        for method, template in documents.routes():
            answer = await visitor.request(method, "/api" + template.replace("{", "x-").replace("}", ""))
            if (method, template) in OPEN_TO_ALL:
                assert answer.status_code == 299, (method, template)
            else:
                assert (answer.status_code, slug(answer)) == (401, "not-signed-in"), (method, template)

    assert len(documents.reached) == len(OPEN_TO_ALL)
    assert len(documents.routes()) > 40


async def test_what_is_open_to_all_is_what_members_leaves_open(street):
    """The list is no wider than what the service itself asks nobody's identity for, and no narrower."""
    document = street.gateway.service.app.state.gateway.catalogue.documents["members"]
    async with httpx.AsyncClient(base_url=street.members_url) as direct:
        open_there = set()
        for template, operations in document["paths"].items():
            for method in (m.upper() for m in operations):
                answer = await direct.request(method, template.replace("{", "x-").replace("}", ""))
                if answer.status_code != 401:
                    open_there.add((method, template))

    mine = {route for route in OPEN_TO_ALL if SERVICE_OF[route[1].split("/")[2]] == "members"}
    assert open_there == mine


async def test_two_calls_in_one_are_not_smuggled(street):
    """A length and chunks at once, a length twice, chunks that are none: refused, or read as one call."""
    for headers in (
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Content-Length: 5\r\nContent-Length: 6",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding : chunked",
        "Content-Length: +5",
    ):
        smuggled = (
            f"POST /api/v1/members HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{headers}\r\n"
            "Connection: close\r\n\r\n0\r\n\r\nGET /api/v1/places?q=zeist HTTP/1.1\r\nHost: x\r\n\r\n"
        )
        answer = await raw(street.url, smuggled.encode())
        assert answer.count(b"HTTP/1.1 ") <= 1, headers
        assert b" 200 " not in answer, headers


@pytest.mark.parametrize("name", ["Accept-Language", "If-Match", "Idempotency-Key"])
async def test_a_header_with_odd_bytes_is_refused_and_hurts_nobody(street, name):
    browser = await street.member()

    answer = await browser.get("/api/v1/members/me", headers={name: "caf\xe9".encode("latin-1")})

    assert answer.status_code == 400
    assert (await browser.get("/api/v1/members/me")).status_code == 200


async def test_a_fault_of_ours_tells_nothing(street, monkeypatch):
    async def broken(*_: object) -> None:
        raise RuntimeError("with a secret in it")

    monkeypatch.setattr(type(street.gateway.service.app.state.gateway.catalogue), "route", broken)
    answer = await street.visitor().get("/api/v1/places?q=zeist")

    assert (answer.status_code, slug(answer)) == (500, "internal-error")
    assert "secret" not in answer.text


async def test_every_answer_says_how_it_may_be_used(street):
    answer = await (await street.member()).get("/api/v1/members/me")

    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "strict-transport-security" not in answer.headers
    assert "server" not in answer.headers
