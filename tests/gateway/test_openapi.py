"""One document of the whole API: from the services' own documents, complete, and true about names and refusals."""

import importlib
import json
from typing import Any

import pytest

from services.gateway.app import service as gateway_service
from services.gateway.catalogue import OPEN_TO_ALL, SERVICE_OF
from services.gateway.document import REF, one_document
from services.gateway.settings import GatewaySettings
from tests.gateway.conftest import another_gateway, serving
from tests.gateway.upstream import Trouble

URL = "https://utrecht.omdehoek.example"


def a_document(*paths: str, **schemas: Any) -> dict[str, Any]:
    """A service's document, as FastAPI makes it."""
    answer = {"200": {"description": "ok"}, "422": {"description": "x", "$ref": REF + "HTTPValidationError"}}
    return {
        "paths": {
            path: {"get": {"operationId": f"show{path.replace('/', '_')}_get", "tags": ["x"], "responses": answer}}
            for path in paths
        },
        "components": {"schemas": {"HTTPValidationError": {"type": "object"}} | schemas},
    }


def refers_to(document: dict[str, Any], path: str, schema: str) -> dict[str, Any]:
    """The same, whose answer has a schema."""
    content = {"application/json": {"schema": {"$ref": REF + schema}}}
    document["paths"][path]["get"]["responses"] = {"200": {"description": "ok", "content": content}}
    return document


def merged(**services: dict[str, Any]) -> dict[str, Any]:
    return one_document({"paths": {}}, services, public_url=URL, known=frozenset(services))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, shared_street) -> dict[str, Any]:
    """The document of all services, from their code."""
    settings = GatewaySettings(identity_private_key_file=shared_street.keys.private_file)
    own = gateway_service(settings).app.openapi()
    services = {
        name: importlib.import_module(f"services.{name}.app").service().app.openapi()
        for name in set(SERVICE_OF.values())
    }
    document = one_document(own, services, public_url=URL, known=frozenset(services))
    return json.loads(json.dumps(document))


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, told) for path, own in document["paths"].items() for method, told in own.items()]


def refs(value: Any) -> set[str]:
    if isinstance(value, dict):
        found = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return found.union(*(refs(part) for part in value.values()))
    return set().union(*(refs(part) for part in value)) if isinstance(value, list) else set()


def test_everything_that_the_document_refers_to_is_in_it(whole):
    for ref in refs(whole):
        found: Any = whole
        for part in ref.removeprefix("#/").split("/"):
            found = found[part]
    assert "HTTPValidationError" not in json.dumps(whole)


def test_every_path_is_public_and_every_public_prefix_has_paths(whole):
    assert all(path.startswith("/api/v1/") for path in whole["paths"])
    assert {path.split("/")[3] for path in whole["paths"]} == set(SERVICE_OF) | {
        "my-data", "sessions", "sign-in-links", "openapi.json",
    }  # fmt: skip
    assert "/api/v1/internal" not in json.dumps(whole)


def test_every_operation_has_a_short_name_of_its_own_a_sentence_and_its_refusals(whole):
    names = [told["operationId"] for _, _, told in operations(whole)]

    assert len(set(names)) == len(names)
    assert all("_v1_" not in name for name in names)
    for path, method, told in operations(whole):
        assert told["description"], (path, method)
        assert told["tags"], (path, method)
        assert {"4XX", "5XX"} <= told["responses"].keys()
        assert "422" not in told["responses"]


def test_the_document_says_what_needs_a_session_as_it_is(whole):
    open_to_all = {(method.upper(), path) for path, method, told in operations(whole) if told.get("security") == []}

    own = {("POST", "/api/v1/sessions"), ("POST", "/api/v1/sign-in-links"), ("GET", "/api/v1/openapi.json")}
    assert open_to_all == own | {(method, f"/api{path}") for method, path in OPEN_TO_ALL}
    assert whole["security"] == [{"session": []}]
    assert whole["components"]["securitySchemes"]["session"]["name"] == "__Host-odh-session"


def test_every_problem_type_has_a_title_a_meaning_and_who_says_it(whole):
    problems = {problem["slug"]: problem for problem in whole["x-problems"]}

    assert len(problems) > 40
    assert problems["match-already-answered"]["services"] == ["matching"]
    assert {"gateway", "members", "notify"} <= set(problems["invalid-fields"]["services"])
    for problem in problems.values():
        assert problem["title"]
        assert 400 <= problem["status"] < 600


def test_a_type_that_two_services_mean_alike_has_one_name():
    place = {"type": "object", "title": "Place"}
    document = merged(
        members=refers_to(a_document("/v1/places", Place=place), "/v1/places", "Place"),
        requests=refers_to(a_document("/v1/offers", Place=place), "/v1/offers", "Place"),
    )

    assert document["components"]["schemas"].keys() == {"Place", "Problem"}


def test_types_that_differ_are_kept_apart_with_all_that_refer_to_them():
    one, other = {"type": "object", "title": "One"}, {"type": "object", "title": "Other"}
    page = {"type": "object", "properties": {"item": {"$ref": REF + "State"}}}
    document = merged(
        members=refers_to(a_document("/v1/places", State=one, Page=page), "/v1/places", "Page"),
        requests=refers_to(a_document("/v1/offers", State=other, Page=page), "/v1/offers", "Page"),
    )

    schemas = document["components"]["schemas"]
    assert schemas.keys() == {"MembersPage", "MembersState", "RequestsPage", "RequestsState", "Problem"}
    assert schemas["RequestsPage"]["properties"]["item"] == {"$ref": REF + "RequestsState"}
    answer = document["paths"]["/api/v1/offers"]["get"]["responses"]["200"]
    assert answer["content"]["application/json"]["schema"] == {"$ref": REF + "RequestsPage"}


def test_a_path_of_another_service_or_of_nobody_is_left_out():
    document = merged(members=a_document("/v1/places", "/v1/offers", "/v1/hidden", "/internal/x"))

    assert list(document["paths"]) == ["/api/v1/places"]


async def test_the_document_is_served_to_everybody_and_names_what_it_lacks(street, postgres, nats):
    async with another_gateway(
        street, postgres, nats, requests_url="http://127.0.0.1:1", restart_seconds_max=0.1
    ) as other:
        await other.visitor().get("/api/v1/places?q=zeist")  # by then members is known
        answer = await other.visitor().get("/api/v1/openapi.json")

    document = answer.json()
    assert document["x-lacking"] == ["requests"]
    assert "/api/v1/members/me" in document["paths"]
    assert "/api/v1/requests" not in document["paths"]


async def test_what_was_known_of_a_service_stays_while_it_is_away(street, postgres, nats):
    async with (
        serving(Trouble().app) as url,
        another_gateway(
            street, postgres, nats, requests_url=url, restart_seconds_max=0.1, catalogue_seconds=0.1
        ) as other,
    ):
        await (await other.team()).get("/api/v1/requests")
        gateway = other.gateway.service.app.state.gateway
        gateway.upstreams._urls["requests"] = "http://127.0.0.1:1"
        revision = gateway.catalogue.revision

        document = (await other.visitor().get("/api/v1/openapi.json")).json()
        again = (await other.visitor().get("/api/v1/openapi.json")).json()

    assert "/api/v1/requests" in document["paths"]
    assert document == again
    assert revision == gateway.catalogue.revision
