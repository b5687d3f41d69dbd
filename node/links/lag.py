"""How far behind each line is, seen from this end."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import nats
from nats.aio.client import Client

from chassis.figures import sources_of
from chassis.streams import tls_of
from node import jetstream
from node.links import sourcing
from node.links.accounts import Flow
from node.links.register import Register


class Lag(NamedTuple):
    """One other node: since when it is silent, and how many messages wait on either side (none: it cannot tell)."""

    name: str
    is_heard: bool
    silent_since: datetime | None
    to_come: int | None
    to_go: int

    def in_words(self) -> str:
        """A line for a screen."""
        at = f"{self.silent_since.astimezone():%d-%m %H:%M:%S}" if self.silent_since else "?"
        come = "?" if self.to_come is None else str(self.to_come)
        state = "verbonden (connected)" if self.is_heard else "weg (away)"
        heard = "gehoord (heard)" if self.is_heard else "stil sinds (silent since)"
        waiting = f"nog te halen (to come) {come}, nog te vertellen (to go) {self.to_go}"
        return f"{self.name:<20} {state:<22} {heard} {at}  {waiting}"


async def of(register: Register, url: str, tls_ca: Path | None = None) -> list[Lag]:
    """Every line of a node, by the name of the other."""
    client = await nats.connect(url.split(","), allow_reconnect=False, connect_timeout=3, tls=tls_of(tls_ca))
    try:
        flows = sourcing.flows(register)
        names = sorted({name for name, _ in (*flows.given, *flows.taken)})
        told = await jetstream.ask(client, f"STREAM.INFO.odh-{register.node}-elsewhere")
        heard = {
            one["name"] for one in told.get("sources") or () if 0 <= one["active"] / 1e9 < sourcing.SILENT_SECONDS_MAX
        }
        sources, found = sources_of(told), []
        for name in names:
            streams = {flow.stream for other, flow in flows.taken if other == name}
            known = [one for one in sources if one.name in streams]
            silent = [one.silent_seconds for one in known if one.silent_seconds is not None]
            found.append(
                Lag(
                    name,
                    is_heard=bool(streams & heard),
                    silent_since=datetime.now(UTC) - timedelta(seconds=min(silent)) if silent else None,
                    to_come=sum(one.lag for one in known) if streams & heard else None,
                    to_go=sum([await _to_go(client, flow) for n, flow in flows.given if n == name]),
                )
            )
        return found
    finally:
        await client.close()


async def _to_go(client: Client, flow: Flow) -> int:
    """What the other node has not taken yet."""
    try:
        told = await jetstream.ask(client, f"CONSUMER.INFO.{flow.stream}.{flow.consumer}")
    except jetstream.Refused:
        return 0
    return int(told["num_pending"] + told["num_ack_pending"])
