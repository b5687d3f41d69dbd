"""Durable consumers by which an earlier release heard: the broker lets them go when nobody has asked for a while.

What comes for them would wait for ever, and who looks whether a node is still would never find it so.
"""

from contextlib import suppress
from typing import TYPE_CHECKING

from nats.js.errors import NotFoundError

from chassis.router import durable_of

if TYPE_CHECKING:
    from chassis.service import Service

#: Replicas of the earlier release ask every half minute at the least (`pulling.STANDS_SECONDS`): theirs stay.
LET_GO_SECONDS = 120.0


async def let_go(service: "Service") -> None:
    """Tells the broker so of each; a service may make consumers and change them, and may delete none."""
    await service.streams.ready()
    js = service.streams.js
    for event_type in service.handlers.heard_before:
        stream, name = service.streams.name(event_type.reach), durable_of(service.name, event_type)
        with suppress(NotFoundError):
            config = (await js.consumer_info(stream, name)).config
            config.inactive_threshold = LET_GO_SECONDS
            await js.add_consumer(stream, config)
