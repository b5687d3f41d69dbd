"""A service that stands still while the broker goes on: it is brought the same event again and again meanwhile."""

import time

from tests.chassis.conftest import lending_on, wanted
from tests.given import eventually


async def test_what_came_again_and_again_meanwhile_has_its_effect_once_and_is_given_up_by_nobody(
    postgres, nats, tool_id
):
    async with lending_on(postgres, nats, ack_wait_seconds=0.1, deliveries_max=2) as lending:
        await lending.publish(wanted(tool_id))
        time.sleep(1)  # noqa: ASYNC251  nothing of this process goes on, as when its machine is stopped

        await lending.handled(tool_id)
        await lending.quiet()

        consumer = next(one for one in lending.service.consumers if one.name.endswith("tool-wanted"))
        info = await lending.service.streams.js.consumer_info(consumer.stream, consumer.name)
        assert info.delivered.consumer_seq > 3
        assert await lending.dead_letters() == []


async def test_what_was_never_done_is_given_up_all_the_same(postgres, nats, tool_id, trouble):
    async def fail(*_):
        raise RuntimeError

    trouble[tool_id] = fail
    settings = {"ack_wait_seconds": 0.1, "attempts_max": 50, "deliveries_max": 2, "retry_delay_seconds_first": 60}
    async with lending_on(postgres, nats, **settings) as lending:
        await lending.publish(wanted(tool_id))
        time.sleep(1)  # noqa: ASYNC251

        async def is_given_up():
            return await lending.dead_letters()

        letters = await eventually(is_given_up, saying="a dead letter")
        assert {one.headers["Odh-Reason"] for one in letters} == {"its handler never finished"}
