"""The short way to a route answers as FastAPI's own way does, and is taken by every command."""

import json

import pytest

from chassis.short_way import ShortWays
from tests.chassis.conftest import lending_on, part_of

BODY = json.dumps({"tool_id": "drill", "lent_to": "Noor"})

CALLS = {
    "lend": ("POST", "/v1/tools", {}, BODY),
    "lend under a key": ("POST", "/v1/tools", {"Idempotency-Key": "k" * 16}, BODY),
    "a key that is too short": ("POST", "/v1/tools", {"Idempotency-Key": "k"}, BODY),
    "a wrong field": ("POST", "/v1/tools", {}, '{"tool_id": 7}'),
    "a wrong field and nobody": ("POST", "/v1/tools", {"Authorization": "Bearer nobody"}, '{"tool_id": 7}'),
    "no body": ("POST", "/v1/tools", {}, ""),
    "another type of body": ("POST", "/v1/tools", {"Content-Type": "text/plain"}, BODY),
    "nearly JSON": ("POST", "/v1/tools", {"Content-Type": "text/x+json"}, BODY),
    "JSON of a kind": ("POST", "/v1/tools", {"Content-Type": "application/x+json; charset=utf-8"}, BODY),
    "rename what is not there": ("PUT", "/v1/tools/saw", {"If-Match": '"1"'}, '{"lent_to": "Noor"}'),
    "rename without a version": ("PUT", "/v1/tools/saw", {}, '{"lent_to": "Noor"}'),
    "rename to nobody": ("PUT", "/v1/tools/saw", {"If-Match": '"1"'}, '{"lent_to": ""}'),
    "another method": ("DELETE", "/v1/tools/saw", {}, ""),
    "another path": ("POST", "/v1/tools/", {}, BODY),
}


@pytest.fixture(scope="module")
async def lending(postgres, nats):
    async with lending_on(postgres, nats) as started:
        yield started


@pytest.mark.parametrize("name", CALLS)
async def test_both_ways_answer_alike(lending, name, monkeypatch):
    method, path, headers, body = CALLS[name]
    short = await short_ways_of(lending)
    taken = []
    monkeypatch.setattr(short, "app", seen_by(short.app, taken))

    async def answer():
        await lending.begin()
        headers_of_all = {"Content-Type": "application/json"} | headers
        found = await lending.http.request(method, path, headers=headers_of_all, content=body)
        return found.status_code, sorted(found.headers.multi_items()), found.content

    by_the_short_way = await answer()
    before = len(taken)
    monkeypatch.setattr(short, "_plain", {})
    monkeypatch.setattr(short, "_ways", {})
    assert await answer() == by_the_short_way
    assert len(taken) == before + 1


async def short_ways_of(lending):
    await lending.http.get("/health/live")  # Starlette puts its parts together at the first call
    return part_of(lending.service.app, ShortWays)


def seen_by(app, taken):
    async def seen(*call):
        taken.append(call)
        await app(*call)

    return seen


async def test_every_command_has_a_short_way(lending):
    short = await short_ways_of(lending)

    commands = [way for ways in short._ways.values() for route, way in ways if route.methods != {"GET"}]

    assert commands
    assert None not in commands
