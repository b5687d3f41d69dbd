"""Notify that stops while somebody reads along: the stream ends, and nobody waits for it."""

import asyncio
from contextlib import AsyncExitStack

import httpx

from tests.gateway.conftest import serving
from tests.notify.conftest import a_notify


async def test_a_stop_waits_for_no_reader(postgres, nats, mail_catcher):
    async with (
        a_notify(postgres, nats, mail_catcher) as notify,
        AsyncExitStack() as stack,
        httpx.AsyncClient() as client,
    ):
        # As it is served, but with more patience than this test has.
        address = await stack.enter_async_context(serving(notify.service.app, timeout_graceful_shutdown=60))
        headers = notify.http_as("somebody").headers
        async with client.stream("GET", f"{address}/v1/inbox/stream", headers=headers) as response:
            lines = response.aiter_lines()
            await anext(lines)

            async with asyncio.timeout(5):
                await stack.aclose()

            async for _ in lines:  # a stream that was broken off would fail here
                pass
