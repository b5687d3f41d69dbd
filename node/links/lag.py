"""How far behind each line is, seen from this end."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import nats
from nats.aio.client import Client

from chassis.streams import tls_of
from node import jetstream
from node.links import sourcing
from node.links.accounts import Flow
from node.links.register import Register


class Lag(NamedTuple):
    """One other node: when it was last heard, and how many messages wait on either side (none: it cannot tell)."""

    name: str
    heard_at: datetime | None
    to_come: int | None
    to_go: int

    @property
    def is_heard(self) -> bool:
        return self.heard_at is not None and datetime.now(UTC) - self.heard_at < timedelta(
            seconds=sourcing.SILENT_SECONDS_MAX
        )

    def in_words(self) -> str:
        """A line for a screen."""
        heard = f"{self.heard_at.astimezone():%d-%m %H:%M:%S}" if self.heard_at else "nooit (never)"
        come = "?" if self.to_come is None or not self.is_heard else str(self.to_come)
        state = "verbonden (connected)" if self.is_heard else "weg (away)"
        waiting = f"nog te halen (to come) {come}, nog te vertellen (to go) {self.to_go}"
        return f"{self.name:<20} {state:<22} gehoord (heard) {heard}  {waiting}"


async def of(register: Register, url: str, tls_ca: Path | None = None) -> list[Lag]:
    """Every line of a node, by the name of the other."""
    client = await nats.connect(url.split(","), allow_reconnect=False, connect_timeout=3, tls=tls_of(tls_ca))
    try:
        flows = sourcing.flows(register)
        names = sorted({name for name, _ in (*flows.given, *flows.taken)})
        sources = await _sources(client, register.node)
        found = []
        for name in names:
            known = [sources.get((flow.stream, flow.consumer)) for other, flow in flows.taken if other == name]
            taken = [one for one in known if one is not None]
            heard = [one["active"] for one in taken if one["active"] >= 0]  # -1: never
            found.append(
                Lag(
                    name,
                    heard_at=datetime.now(UTC) - timedelta(microseconds=min(heard) / 1000) if heard else None,
                    to_come=sum(one["lag"] for one in taken) if taken else None,
                    to_go=sum([await _to_go(client, flow) for n, flow in flows.given if n == name]),
                )
            )
        return found
    finally:
        await client.close()


async def _sources(client: Client, node: str) -> dict[tuple[str, str], dict[str, int]]:
    """The sources of a node's stream, by the stream and consumer that they name."""
    told = await jetstream.ask(client, f"STREAM.INFO.odh-{node}-elsewhere")
    states = {(one["name"], (one.get("external") or {}).get("api")): one for one in told.get("sources") or ()}
    return {
        (one["name"], one["consumer"]["name"]): states[one["name"], one["external"]["api"]]
        for one in told["config"].get("sources") or ()
        if (one["name"], one["external"]["api"]) in states
    }


async def _to_go(client: Client, flow: Flow) -> int:
    """What the other node has not taken yet."""
    try:
        told = await jetstream.ask(client, f"CONSUMER.INFO.{flow.stream}.{flow.consumer}")
    except jetstream.Refused:
        return 0
    return int(told["num_pending"] + told["num_ack_pending"])
