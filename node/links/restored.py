"""A node that was put back says so, so that its neighbours tell it what they heard of it since."""

import time
from datetime import UTC, datetime
from pathlib import Path

from nats.aio.client import Client

from contracts.envelope import encode
from contracts.event import new_id
from contracts.members import NodeRestored
from node.files import write
from node.links import sourcing
from node.links.register import Register

#: When a node was put back last, in the folder of its register: who keeps its lines may be another process.
SILENT = "silent-since"
SILENT_SECONDS = 2.5 * sourcing.SILENT_SECONDS_MAX


async def renew(client: Client, register: Register) -> None:
    """Lets other nodes take from the node's streams anew, and says that it was put back; who keeps its lines gives
    nothing meanwhile, see `is_silent`.
    """
    folder = register.folder
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / SILENT, str(time.time()))
    await sourcing.renew(client, f"odh-{register.node}-elsewhere", folder)
    if await sourcing.renew(client, f"odh-{register.node}-shared", folder):
        await tell(client, register.node)
    await sourcing.stop_giving(client, register)
    write(folder / SILENT, str(time.time()))


def is_silent(folder: Path) -> bool:
    """Whether nobody is to hear anything of this node yet, because it was put back a moment ago.

    Who takes looks at a stream's identity only when it is called anew, and `sourcing.call_again` does that when nothing
    was heard for a while. A line that was gone for less than that shows nothing: the taker goes on at the number where
    it was, which the stream that was put back gives out a second time. (Seen with 2.15.1, one time in ten.)
    """
    try:
        began = float((folder / SILENT).read_text())
    except FileNotFoundError:
        return False
    return 0 <= time.time() - began < SILENT_SECONDS


async def tell(client: Client, node: str) -> None:
    """Into its own stream, from which it comes to the others like all that it says."""
    now, event_id = datetime.now(UTC), new_id()
    event = NodeRestored(node=node, version=int(now.timestamp()))
    body = encode(event, event_id=event_id, node=node, time=now, traceparent=None)
    await client.jetstream().publish(event.subject(node), body, headers={"Nats-Msg-Id": event_id})
