"""The OpenAPI document of partners: a client that is made from it calls what is there and reads what is answered."""

import ast
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from chassis.problems import catalogue
from services.gateway.partner_door import ROUTES
from services.members.rules import PersonLeft
from services.partners.app import service
from services.partners.document import ANSWERED
from services.partners.settings import PartnersSettings
from tests.partners.test_together import PAGE, blocks

URL = "https://node.example"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return service(PartnersSettings(public_url=URL)).app.openapi()


def as_declared(document: dict[str, Any], found: dict[str, Any], answer: dict[str, Any]) -> bool:
    """Whether an answer is as a schema of the document says."""
    return Draft202012Validator({"components": document["components"], **found}).is_valid(answer)


def test_each_path_leads_to_where_it_is_served(document):
    at_the_door = {path for path, of in document["paths"].items() if "servers" not in of}
    served = {"/" + "/".join(route) for route in ROUTES} - {"/openapi.json"}
    elsewhere = [of["servers"] for path, of in document["paths"].items() if path not in at_the_door]

    assert document["servers"] == [{"url": f"{URL}/partners"}]
    assert {path.replace("{name}", "*").replace("{receipt_id}", "*") for path in at_the_door} == served
    assert elsewhere
    assert all(found == [{"url": f"{URL}/api"}] for found in elsewhere)


def test_it_says_how_to_get_in(document):
    (needed,) = document["security"]
    scheme = document["components"]["securitySchemes"][next(iter(needed))]

    assert scheme["flows"]["clientCredentials"]["tokenUrl"] == f"{URL}/partners/v1/token"
    assert document["paths"]["/v1/token"]["post"]["security"] == []
    form = document["paths"]["/v1/token"]["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]
    assert {"grant_type", "client_id", "client_secret", "client_assertion"} <= form["schema"]["properties"].keys()


async def test_a_token_and_a_refusal_of_one_are_as_it_says(partners, document):
    declared = document["paths"]["/v1/token"]["post"]["responses"]
    key = partners.keys["docenten"]
    form = {"grant_type": "client_credentials", "client_id": key.client_id, "client_secret": key.client_secret}

    for wrong in ({}, {"client_secret": "another"}, {"grant_type": "password"}):
        answer = await partners.http.post("/v1/token", data=form | wrong)
        schema = declared[str(answer.status_code)]["content"]["application/json"]["schema"]
        assert schema["required"]
        assert as_declared(document, schema, answer.json())


async def test_what_is_refused_is_refused_as_it_says(partners, document):
    client = await partners.as_partner()
    kind = {"Content-Type": "application/cloudevents+json"}
    answers = [
        ("/v1/events", "post", await client.post("/v1/events", json={}, headers=kind)),
        ("/v1/checks", "post", await client.post("/v1/checks", json={}, headers=kind)),
        ("/v1/events", "get", await client.get("/v1/events?after=x")),
        ("/v1/events", "get", await partners.http.get("/v1/events")),
    ]

    assert [answer.status_code for _, _, answer in answers] == [422, 422, 422, 401]
    problem = document["components"]["schemas"]["Problem"]
    for path, method, answer in answers:
        told = document["paths"][path][method]["responses"]
        assert "422" not in told
        assert told["4XX"] == {"$ref": "#/components/responses/Problem"}
        assert answer.headers["content-type"] == "application/problem+json"
        assert as_declared(document, problem, answer.json())


def test_a_problem_that_another_service_tells_is_called_as_there():
    assert PersonLeft.slug in {slug for slug, _, _ in ANSWERED}
    there = {problem["slug"]: (problem["status"], problem["title"]) for problem in catalogue("members")}

    assert {slug: (status, title) for slug, status, title in ANSWERED} == {slug: there[slug] for slug, _, _ in ANSWERED}


def test_every_problem_of_a_receipt_is_in_it(document):
    told = {problem["slug"] for problem in document["x-problems"]}

    assert {slug for slug, _, _ in ANSWERED} | {"invalid-fields", "person-forgotten", "reference-unknown"} <= told


def examples_of_the_page() -> dict[str, dict[str, Any]]:
    """The data of each type that the page pushes from Python, and of a meeting at the hour that it names."""
    lines = ast.parse(blocks("python")[0]).body
    told = {line.targets[0].id: line.value for line in lines if isinstance(line, ast.Assign)}
    names = {"organisation": "school", "person": "teacher", "question": "question"}
    found = {kind: ast.literal_eval(told[name]) for kind, name in names.items()}
    (hour,) = re.findall(r"such as `(\d\d:\d\d)`", PAGE)
    own = ("person", "themes", "title", "text", "place")
    return found | {"meeting": {name: found["question"][name] for name in own} | {"from_time": hour}}


@pytest.mark.parametrize(("kind", "data"), examples_of_the_page().items())
async def test_what_the_page_shows_is_as_the_schemas_say_formats_included(partners, kind, data):
    schema = (await partners.http.get(f"/v1/schemas/{kind}.v1.json")).json()

    judge = Draft202012Validator(schema, format_checker=FormatChecker())

    assert [wrong.message for wrong in judge.iter_errors(data)] == []
