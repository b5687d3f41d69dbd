"""A node that was put back says so, so that its neighbours tell it what they heard of it since."""

from datetime import UTC, datetime

from nats.aio.client import Client

from contracts.event import encode, new_id
from contracts.members import NodeRestored


async def tell(client: Client, node: str) -> None:
    """Into its own stream, from which it comes to the others like all that it says."""
    now, event_id = datetime.now(UTC), new_id()
    event = NodeRestored(node=node, version=int(now.timestamp()))
    body = encode(event, event_id=event_id, node=node, time=now, traceparent=None)
    await client.jetstream().publish(event.subject(node), body, headers={"Nats-Msg-Id": event_id})
