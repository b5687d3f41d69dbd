"""Somebody who can look everywhere in a node at once: streams, databases and mail. Only tests have one."""

import asyncio
import json
from collections import Counter
from contextlib import suppress
from typing import Any

import asyncpg
import nats
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from contracts.event import new_id
from node.client import Mail, Post
from node.node import Node
from tests.given import PATIENCE_SECONDS, eventually

UNDER_WAY = ["awaiting-contact", "waiting", "sending"]


class Onlooker:
    def __init__(self, node: Node) -> None:
        self.node = node
        self._post = Post(node.addresses())
        self._read: dict[str, Mail] = {}
        self._connections: dict[str, asyncpg.Connection] = {}

    async def look(self) -> None:
        self._nats = await nats.connect(
            self.node.nats.url, max_reconnect_attempts=-1, reconnect_time_wait=0.1, error_cb=_quietly
        )
        self.js = self._nats.jetstream()

    async def look_away(self) -> None:
        await self._nats.close()
        await self._post.close()
        for connection in self._connections.values():
            await connection.close()

    def stream(self, kind: str) -> str:
        return f"odh-{self.node.name}-{kind}"

    async def quiet(self, within: float = PATIENCE_SECONDS) -> None:
        """Nobody has anything to say, to hear or to send any more."""
        await eventually(self.is_quiet, within=within, saying="silence")

    async def said_about(self, entity_id: str) -> Counter[str]:
        """How often each event about something, or with `*` about anything, is in the shared stream."""
        subjects = f"odh.{self.node.name}.shared.*.*.{entity_id}"
        info = await self.js.stream_info(self.stream("shared"), subjects_filter=subjects)
        said: Counter[str] = Counter()
        for subject, count in (info.state.subjects or {}).items():
            said[subject.split(".")[4]] += count
        return said

    async def different_events_about(self, entity_id: str) -> Counter[str]:
        """The same, where an event that was brought again counts once."""
        ids: dict[str, str] = {}
        for message in await self.messages("shared"):
            subject = message.subject or ""
            if subject.endswith(f".{entity_id}"):
                ids[json.loads(message.data or b"")["id"]] = subject.split(".")[4]
        return Counter(ids.values())

    async def messages(self, kind: str) -> list[RawStreamMsg]:
        """Every message of a stream, oldest first."""
        state = (await self.js.stream_info(self.stream(kind))).state
        found = []
        for seq in range(max(state.first_seq, 1), state.last_seq + 1):
            with suppress(NotFoundError):
                found.append(await self.js.get_msg(self.stream(kind), seq))
        return found

    async def subjects(self, kind: str) -> dict[str, int]:
        """How many messages a stream has on each subject; the broker tells a hundred thousand at a time."""
        found: dict[str, int] = {}
        while True:
            ask = json.dumps({"subjects_filter": ">", "offset": len(found)}).encode()
            answer = await self._nats.request(f"$JS.API.STREAM.INFO.{self.stream(kind)}", ask, timeout=60)
            told = json.loads(answer.data)
            page = told["state"].get("subjects") or {}
            found |= page
            if not page or len(found) >= told.get("total", 0):
                return found

    async def publish(self, subject: str, body: bytes) -> None:
        """As a second route would bring it: under an id of its own, which the broker has not seen."""
        await self.js.publish(subject, body, headers={"Nats-Msg-Id": new_id()})

    async def mails(self, *, to: str | None = None, page: str = "/") -> list[Mail]:
        """Every mail, or those to somebody, that links to a page; in the order in which they came."""
        ids = await self._post.ids(to)
        for id in ids:
            if id not in self._read:
                self._read[id] = await self._post.read(id)
        return [self._read[id] for id in ids if self._read[id].link(page)]

    async def message_ids(self) -> Counter[str]:
        """How often each mail went out, by the part of its Message-ID that is its own."""
        return Counter(name.strip("<>").partition("@")[0] for name in await self._post.message_ids())

    async def rows(self, service: str, statement: str, *values: Any) -> list[Any]:
        """What a service's database has. A connection is kept for the next look; the server may be killed meanwhile."""
        kept = self._connections.pop(service, None)
        if kept is None or kept.is_closed():
            kept = await asyncpg.connect(self.node.postgres.url(service, "postgresql"), ssl=False)
        found = await kept.fetch(statement, *values)
        self._connections[service] = kept
        return list(found)

    async def is_quiet(self) -> bool:
        """Nothing waits to be said, heard or sent at this moment."""
        if not await self._left_to_say() and not await self._left_to_hear() and not await self._left_to_say():
            return True
        await asyncio.sleep(0.05)  # looking is work too, for the same machine
        return False

    async def _left_to_say(self) -> int:
        left = await self.rows("notify", "SELECT count(*) FROM notification WHERE status = ANY($1)", UNDER_WAY)
        for service in self.node.services:
            left += await self.rows(service, "SELECT count(*) FROM outbox")
        return sum(int(row[0]) for row in left)

    async def _left_to_hear(self) -> int:
        left = 0
        for kind in ("shared", "local", "elsewhere"):
            for consumer in await self.js.consumers_info(self.stream(kind)):
                left += (consumer.num_pending or 0) + (consumer.num_ack_pending or 0)
        return left


async def _quietly(_: Exception) -> None:
    """A broker that is killed is what these tests are about."""
