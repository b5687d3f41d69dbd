"""What a service at rest costs the broker."""

import json

import nats as client_of

from tests.chassis.conftest import lending_on
from tests.given import eventually


async def test_a_consumer_at_rest_takes_eight_messages_a_minute(postgres, nats):
    broker, asked = await client_of.connect(nats.url), []

    async def note(message):
        asked.append(json.loads(message.data))

    await broker.subscribe("$JS.API.CONSUMER.MSG.NEXT.>", cb=note)
    await broker.flush()
    async with lending_on(postgres, nats):

        async def something() -> bool:
            return bool(asked)

        await eventually(something, saying="a request for messages")
    await broker.close()

    for request in asked:
        signs_of_life, ends_and_begins = 60e9 / request["idle_heartbeat"], 2 * 60e9 / request["expires"]
        assert signs_of_life + ends_and_begins <= 8
