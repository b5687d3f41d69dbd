"""The connection to the broker is closed, whatever happens to the broker at that moment."""

import asyncio
from unittest.mock import AsyncMock

from chassis import Settings
from chassis.streams import Streams


async def test_who_closes_goes_on_though_the_client_cancels_what_it_waits_for_itself(nats, monkeypatch):
    """As it does when the broker is killed between its last answer and the end of the connection."""
    streams = Streams(Settings(nats_url=nats.url), "closing")
    await streams.dial()
    assert streams.client is not None

    with monkeypatch.context() as broken:
        broken.setattr(streams.client, "close", AsyncMock(side_effect=asyncio.CancelledError))
        await asyncio.create_task(streams.close())

    await streams.close()
    assert streams.client.is_closed
