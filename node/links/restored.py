"""A node that was put back says so, so that its neighbours tell it what they heard of it since."""

from datetime import UTC, datetime
from pathlib import Path

from nats.aio.client import Client

from contracts.event import encode, new_id
from contracts.members import NodeRestored
from node.links import sourcing


async def renew(client: Client, node: str, folder: Path) -> None:
    """Lets other nodes take from the node's streams anew, and says that it was put back. `folder` is for what it needs
    meanwhile.
    """
    await sourcing.renew(client, f"odh-{node}-elsewhere", folder)
    if await sourcing.renew(client, f"odh-{node}-shared", folder):
        await tell(client, node)


async def tell(client: Client, node: str) -> None:
    """Into its own stream, from which it comes to the others like all that it says."""
    now, event_id = datetime.now(UTC), new_id()
    event = NodeRestored(node=node, version=int(now.timestamp()))
    body = encode(event, event_id=event_id, node=node, time=now, traceparent=None)
    await client.jetstream().publish(event.subject(node), body, headers={"Nats-Msg-Id": event_id})
