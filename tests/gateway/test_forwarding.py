"""Calls that a service answers: they go on as they came, with who calls made sure, and come back as they are."""

import asyncio
import json
import socket

import httpx
import psutil
import pytest

from chassis.http import CarefulHttp
from node.ports import free_port
from tests.gateway.conftest import another_gateway, serving, slug
from tests.gateway.upstream import HUGE_BYTES, BreaksOff, Trouble
from tests.given import eventually, fresh_name


@pytest.fixture(scope="session")
async def troubled(shared_street, postgres, nats):
    """The street, whose requests and notify make trouble, and the service that makes it."""
    trouble = Trouble()
    async with (
        serving(trouble.app) as url,
        another_gateway(shared_street, postgres, nats, requests_url=url, notify_url=url) as street,
    ):
        yield street, trouble


@pytest.fixture
async def known(troubled):
    """Somebody of the team, signed in at the troubled gateway."""
    street, _ = troubled
    return await street.team()


async def test_a_service_answers_through_the_gateway_as_itself(street):
    browser = await street.member()

    me = await browser.get("/api/v1/members/me")
    language = {"language": "en"}
    changed = await browser.patch("/api/v1/members/me", json=language, headers={"If-Match": me.headers["etag"]})

    assert changed.json()["language"] == "en"
    assert changed.headers["etag"] == f'"{me.json()["version"] + 1}"'
    stale = await browser.patch("/api/v1/members/me", json=language, headers={"If-Match": me.headers["etag"]})
    assert (stale.status_code, slug(stale)) == (412, "version-conflict")
    missing = await browser.patch("/api/v1/members/me", json=language)
    assert (missing.status_code, slug(missing)) == (428, "precondition-required")


async def test_every_wrong_field_is_named_through_the_gateway(street):
    answer = await street.visitor().post("/api/v1/members", json={"name": "", "email": "x", "surprise": 1})

    assert (answer.status_code, slug(answer)) == (422, "invalid-fields")
    assert {"name", "email", "surprise", "consent"} <= {error["field"] for error in answer.json()["errors"]}


async def test_an_idempotency_key_counts_through_the_gateway(street):
    browser, key = await street.member(), {"Idempotency-Key": "0123456789abcdef"}
    draft = {"kind": "centre", "name": "Centrum voor Sleutels", "place": {"name": "Zeist"}}

    first = await browser.post("/api/v1/organisations", json=draft, headers=key)
    again = await browser.post("/api/v1/organisations", json=draft, headers=key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert again.headers["idempotency-replayed"] == "true"


async def test_a_location_leads_to_the_public_address(street):
    browser = await street.member()
    draft = {"kind": "centre", "name": "Centrum voor Adressen", "place": {"name": "Zeist"}}

    made = await browser.post("/api/v1/organisations", json=draft)

    assert made.headers["location"].startswith("/api/v1/organisations/")
    assert (await browser.get(made.headers["location"])).json()["name"] == "Centrum voor Adressen"


async def test_headers_for_one_connection_and_cookies_of_a_service_go_no_further(troubled, known):
    answer = await known.post("/api/v1/requests", json={"title": "één"}, headers={"X-Odd": "1"})

    assert answer.json() == {"title": "één"}
    assert answer.headers["location"] == "/api/v1/requests/1"
    assert (answer.headers["etag"], answer.headers["x-seen"]) == ('"1"', "yes")
    for name in ("set-cookie", "x-for-the-gateway", "server", "keep-alive"):
        assert name not in answer.headers
    assert len(answer.headers.get_list("date")) == 1


async def test_a_service_is_told_what_it_needs_and_nothing_else_of_the_client(troubled, known):
    sent = {
        "Accept-Language": "en",
        "Idempotency-Key": "0123456789abcdef",
        "Forwarded": "for=1.2.3.4",
        "X-Forwarded-For": "1.2.3.4",
        "X-Member-Id": "somebody-else",
        "Proxy-Authorization": "Basic x",
        "Accept-Encoding": "gzip",
        "TE": "trailers",
    }
    await known.post("/api/v1/requests", json={}, headers=sent)

    told = trouble_headers(troubled)
    assert {"accept-language", "idempotency-key", "authorization", "content-type"} <= told.keys()
    assert told.keys() <= {
        "accept", "accept-language", "authorization", "content-length", "content-type", "host", "idempotency-key",
        "traceparent",
    }  # fmt: skip


def trouble_headers(troubled) -> dict[str, str]:
    return dict(troubled[1].last.headers)


async def test_the_trace_of_the_client_goes_on(troubled, known):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    await known.get("/api/v1/requests", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})

    assert trouble_headers(troubled)["traceparent"].split("-")[1] == trace


@pytest.mark.parametrize(
    ("sent", "heard"),
    [
        ("/api/v1/requests?q=caf%C3%A9&a=1;2&x=%2F..%2F&b[]=1", "q=caf%C3%A9&a=1;2&x=%2F..%2F&b[]=1"),
        ("/api/v1/requests?%00=1", None),
    ],
)
async def test_a_query_goes_on_as_it_is(troubled, known, sent, heard):
    answer = await known.get(sent)

    assert (answer.json().get("query") == heard) if heard else (answer.status_code == 400)


async def test_a_path_with_odd_characters_goes_on_as_one_part(troubled, known):
    answer = await known.get("/api/v1/requests/a%20b%3Fc%23d%25%C3%A9")

    assert answer.json() == {"id": "a b?c#d%é", "raw": "/v1/requests/a%20b%3Fc%23d%25%C3%A9"}


async def test_the_most_exact_route_counts(troubled, known):
    assert (await known.get("/api/v1/requests/me/of-mine")).json() == {"exact": True}


async def test_an_answer_streams_and_may_be_large(troubled, known):
    async with known.stream("GET", "/api/v1/requests/huge") as answer:
        size = 0
        async for part in answer.aiter_raw():
            size += len(part)

    assert size == HUGE_BYTES


async def test_a_slow_service_is_not_awaited_for_ever(troubled, postgres, nats):
    street, _ = troubled
    url = street.gateway.service.settings.requests_url
    async with another_gateway(street, postgres, nats, requests_url=url, answer_seconds_max=2.0) as impatient:
        answer = await (await impatient.team()).get("/api/v1/requests/slow")

    assert (answer.status_code, slug(answer)) == (504, "took-too-long")


async def test_an_answer_that_breaks_off_is_seen_to_be_incomplete(troubled, known):
    with pytest.raises(httpx.RemoteProtocolError):
        await known.get("/api/v1/requests/broken")


async def test_a_fault_of_a_service_is_passed_on_as_one(troubled, known):
    assert (await known.get("/api/v1/requests/fault")).status_code == 500


async def test_events_flow_at_once_and_end_when_the_reader_leaves(troubled, known):
    _, trouble = troubled
    async with asyncio.timeout(30), known.stream("GET", "/api/v1/inbox/stream") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        async for part in answer.aiter_raw():
            assert part.startswith(b"id: 0")
            break

    async def nobody_reads() -> bool:
        return trouble.streams_open == 0

    await eventually(nobody_reads, saying="the end of the stream")


async def test_events_end_when_the_reader_is_parted_from_another(street, troubled):
    here, _ = troubled
    name = fresh_name("Wester").replace("-", "")
    first = await street.member(name=f"Noor {name}")
    of = (await first.get("/api/v1/members/me")).json()["affiliations"][0]["organisation"]["organisation_id"]
    join = {"name": f"Noor {name}", "email": f"{name.lower()}@vechtdal.example", "organisation_id": of}
    second, team = await street.member(**join, organisation=None), await street.team()
    ids = [await street.member_id(browser) for browser in (first, second)]
    await street.members.quiet()
    found = (await team.get("/api/v1/same-persons", params={"limit": "100"})).json()["items"]
    (pair,) = [one["pair_id"] for one in found if {one["first"]["member_id"], one["second"]["member_id"]} == set(ids)]
    await team.post(f"/api/v1/same-persons/{pair}/merge")

    async def is_one():
        return await street.member_id(second) == ids[0]

    await eventually(is_one, saying="one person")
    reader = await here.signed_in(join["email"])
    async with asyncio.timeout(30), reader.stream("GET", "/api/v1/inbox/stream") as answer:
        parts = answer.aiter_raw()
        await anext(parts)
        await team.post(f"/api/v1/same-persons/{pair}/keep-apart")
        async for _ in parts:  # ends by itself
            pass

    assert await here.member_id(reader) == ids[1]


async def test_events_end_when_the_reader_signs_out(troubled):
    street, trouble = troubled
    browser = await street.member()

    async with asyncio.timeout(30), browser.stream("GET", "/api/v1/inbox/stream") as answer:
        parts = answer.aiter_raw()
        await anext(parts)
        await browser.delete("/api/v1/sessions/current")
        async for _ in parts:  # ends by itself
            pass

    async def nobody_reads() -> bool:
        return trouble.streams_open == 0

    await eventually(nobody_reads, saying="the end of the stream")


async def test_a_reader_who_takes_nothing_is_let_go_and_so_is_the_service(shared_street, postgres, nats, monkeypatch):
    """F18: nothing of them stays, neither here nor there, though they never leave."""
    monkeypatch.setattr(CarefulHttp, "take_seconds_max", 0.5)
    trouble = Trouble()
    trouble.of_an_event = "x" * 200_000
    async with (
        serving(trouble.app) as url,
        another_gateway(
            shared_street, postgres, nats, requests_url=url, notify_url=url, stream_send_seconds_max=0.3
        ) as street,
    ):  # fmt: skip
        browser = await street.team()
        host, port = street.url.removeprefix("http://").split(":")
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        with socket.socket() as stuck:
            stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            stuck.connect((host, int(port)))
            stuck.sendall(f"GET /api/v1/inbox/stream HTTP/1.1\r\nHost: x\r\nCookie: {cookies}\r\n\r\n".encode())

            async def reads() -> bool:
                return trouble.streams_open == 1

            async def nobody_reads() -> bool:
                return trouble.streams_open == 0

            await eventually(reads, saying="a stream")
            await eventually(nobody_reads, saying="the end of the stream")

            me = stuck.getsockname()

            async def gone() -> bool:
                return me not in [one.raddr for one in psutil.Process().net_connections("tcp")]

            await eventually(gone, saying="the end of the connection")


async def test_open_streams_take_no_connection_of_other_calls(shared_street, postgres, nats):
    async with (
        serving(Trouble().app) as url,
        another_gateway(
            shared_street, postgres, nats, requests_url=url, notify_url=url, connections_max=1, streams_max=1,
            connect_seconds_max=3.0,
        ) as street,
    ):  # fmt: skip
        browser = await street.team()
        async with browser.stream("GET", "/api/v1/inbox/stream") as answer:
            parts = answer.aiter_raw()  # kept: without it the client would hang up
            await anext(parts)
            other = await browser.get("/api/v1/requests")
            one_too_many = await browser.get("/api/v1/inbox/stream")

    assert other.status_code == 200
    assert (one_too_many.status_code, slug(one_too_many)) == (503, "temporarily-unavailable")


async def test_a_service_that_is_away_is_said_to_be(street, postgres, nats):
    nobody = f"http://127.0.0.1:{free_port()}"
    async with another_gateway(street, postgres, nats, requests_url=nobody, restart_seconds_max=0.2) as other:
        browser = await other.team()

        answer = await browser.get("/api/v1/requests")
        health = await browser.get("/health/ready")

    assert (answer.status_code, slug(answer)) == (503, "temporarily-unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert (health.status_code, health.json()["status"]) == (200, "degraded")
    assert (health.json()["parts"]["members"], health.json()["parts"]["requests"]) == ("ready", "away")


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_service_that_restarts_is_waited_for(street, postgres, nats, method):
    port, trouble = free_port(), Trouble()
    address = f"http://127.0.0.1:{port}"
    async with another_gateway(street, postgres, nats, requests_url=address) as other:
        browser = await other.team()
        async with serving(trouble.app, port):
            assert (await browser.get("/api/v1/requests")).status_code == 200

        asked = asyncio.create_task(browser.request(method, "/api/v1/requests"))
        await eventually(lambda: _waits(other), saying="a waiting call")
        async with serving(trouble.app, port):
            answer = await asked

    assert answer.status_code in (200, 201)
    assert len(trouble.heard) == 2


async def _waits(street) -> bool:
    return bool(street.gateway.service.app.state.gateway.upstreams._away_since)


async def test_a_call_whose_answer_got_lost_is_repeated_only_when_that_is_safe(street, postgres, nats):
    breaks_off = BreaksOff(json.dumps(Trouble().app.openapi()).encode())
    async with (
        breaks_off as url,
        another_gateway(street, postgres, nats, requests_url=url, restart_seconds_max=3.0) as other,
    ):
        browser = await other.team()

        plain = await browser.post("/api/v1/requests", json={})
        calls_plain, breaks_off.calls = breaks_off.calls, 0
        keyed = await browser.post("/api/v1/requests", json={}, headers={"Idempotency-Key": "0123456789abcdef"})

    assert (plain.status_code, slug(plain), calls_plain) == (502, "answer-lost", 1)
    assert (keyed.status_code, slug(keyed)) == (503, "temporarily-unavailable")
    assert breaks_off.calls > 1


async def test_what_was_learnt_of_a_service_is_looked_at_again_after_an_upgrade(street, postgres, nats, monkeypatch):
    monkeypatch.setattr("services.gateway.catalogue.LOOKED_AGAIN_SECONDS", 0.0)
    trouble = Trouble()
    async with serving(trouble.app) as url, another_gateway(street, postgres, nats, requests_url=url) as other:
        browser = await other.team()
        assert (await browser.get("/api/v1/offers")).status_code == 404

        @trouble.app.get("/v1/offers")
        async def list_offers() -> list[str]:
            return []

        trouble.app.openapi_schema = None
        assert (await browser.get("/api/v1/offers")).json() == []


async def test_a_method_that_a_route_has_not_is_refused_here(street):
    answer = await (await street.member()).put("/api/v1/members/me", json={})

    assert (answer.status_code, slug(answer)) == (405, "method-not-allowed")
    assert answer.headers["allow"] == "DELETE, GET, PATCH"


async def test_roles_count_through_the_gateway(street):
    member, team = await street.member(), await street.team()
    member_id = await street.member_id(member)

    assert slug(await member.put(f"/api/v1/node-team/{member_id}")) == "not-allowed"
    assert (await team.put(f"/api/v1/node-team/{member_id}")).status_code == 204
