"""Who puts a node back may ask a server for a consumer of which it does not know yet."""

import asyncio

from node.keeping import streams
from tests.given import fresh_name


async def test_where_a_consumer_goes_on_is_said_until_somebody_has_it(nats):
    stream = fresh_name("kept")
    async with streams.connected(nats.url) as client:
        await streams.ask(client, f"STREAM.CREATE.{stream}", {"name": stream, "subjects": [f"{stream}.>"]})

        asking = asyncio.create_task(streams.ask_again(client, f"CONSUMER.RESET.{stream}.somebody", {"seq": 5}))
        await asyncio.sleep(0)  # it is asked
        config = {"durable_name": "somebody", "ack_policy": "explicit"}
        made = {"stream_name": stream, "config": config}
        await streams.ask(client, f"CONSUMER.DURABLE.CREATE.{stream}.somebody", made)

        assert (await asking)["ack_floor"]["stream_seq"] == 4
