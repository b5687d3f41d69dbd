"""What hangs, stops or breaks off halfway takes nothing else along, and is told."""

import asyncio
import json
from contextlib import AsyncExitStack

from structlog.testing import capture_logs

from tests.gateway.conftest import another_gateway, serving, slug
from tests.gateway.upstream import BreaksOff, HalfAnAnswer, Trouble
from tests.given import eventually


async def test_a_service_that_hangs_keeps_nothing_from_the_others(shared_street, postgres, nats):
    trouble = Trouble()
    async with (
        serving(trouble.app) as url,
        another_gateway(
            shared_street, postgres, nats, requests_url=url, connections_max=4, connect_seconds_max=3.0
        ) as street,
    ):
        browser = await street.member()
        hanging = [asyncio.create_task(browser.get("/api/v1/requests/slow")) for _ in range(8)]
        await eventually(lambda: _are_refused(hanging), saying="calls that hang, and others that found no connection")

        # One of them may find a connection that was used before; the others need a new one.
        others = await asyncio.gather(*(browser.get("/api/v1/members/me") for _ in range(3)))

        trouble.released.set()
        await asyncio.gather(*hanging)
    assert [answer.status_code for answer in others] == [200, 200, 200]


async def _are_refused(calls):
    return sum(call.done() for call in calls) >= 4


async def test_what_a_token_is_asked_with_is_sent_once_and_the_lost_answer_is_told(shared_street, postgres, nats):
    breaks_off = BreaksOff(json.dumps(Trouble().app.openapi()).encode())
    async with (
        breaks_off as url,
        another_gateway(shared_street, postgres, nats, partners_url=url, restart_seconds_max=3.0) as street,
    ):
        door = street.visitor(Accept="*/*")

        token = await door.post("/partners/v1/token", data={"grant_type": "client_credentials"})
        calls_for_token, breaks_off.calls = breaks_off.calls, 0
        events = await door.post("/partners/v1/events", content=b"{}")

    assert (token.status_code, slug(token), calls_for_token) == (502, "answer-lost", 1)
    assert (events.status_code, breaks_off.calls > 1) == (503, True)


async def test_of_an_answer_that_breaks_off_a_partner_reads_that_it_got_lost(shared_street, postgres, nats):
    async with (
        HalfAnAnswer() as url,
        another_gateway(shared_street, postgres, nats, partners_url=url) as street,
    ):
        with capture_logs() as logs:
            answer = await street.visitor(Accept="*/*").post("/partners/v1/events", content=b"{}")

    assert (answer.status_code, slug(answer)) == (502, "answer-lost")
    assert [one for one in logs if one["log_level"] == "error"] == []


async def test_a_gateway_that_stops_ends_the_streams_and_breaks_none_off(shared_street, postgres, nats):
    async with serving(Trouble().app) as url, AsyncExitStack() as stack:
        settings = {"requests_url": url, "notify_url": url}
        street = await stack.enter_async_context(another_gateway(shared_street, postgres, nats, **settings))
        browser = await street.team()
        async with browser.stream("GET", "/api/v1/inbox/stream") as answer:
            parts = answer.aiter_raw()
            await anext(parts)

            await stack.aclose()

            async for _ in parts:  # a stream that was broken off would fail here
                pass
