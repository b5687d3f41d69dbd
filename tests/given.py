"""The words of the tests: a running service, what it was given, what it then said, and the passing of time."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar, cast

import httpx
from joserfc.jwk import OKPKey
from nats import connect as connect_to_broker
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import StreamState
from nats.js.errors import NotFoundError
from sqlalchemy import text

from chassis.identity import Identity, sign_identity
from chassis.service import Service
from chassis.settings import Settings
from contracts.deeds import DeedDone
from contracts.envelope import Envelope, decode, encode
from contracts.event import Event, new_id
from contracts.members import AmbassadorScope
from contracts.vocabulary import Role
from tests.asking_again import PATIENCE_SECONDS, answered, stored
from tests.shared_postgres import SharedPostgres

Said = TypeVar("Said", bound=Event)

_LETTERS = str.maketrans("0123456789", "ghijklmnop")


async def eventually(
    condition: Callable[[], Awaitable[Any]], *, within: float = PATIENCE_SECONDS, saying: str = "the condition"
) -> Any:
    """Waits until a condition holds, and returns what it gave; fails when it does not hold in time."""
    deadline = asyncio.get_running_loop().time() + within
    while True:
        found = await condition()
        if found:
            return found
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"{saying} did not come about within {within} s")
        await asyncio.sleep(0.01)


class Clock:
    """Time that a test can move."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def move(self, **by: float) -> None:
        """Moves the time, e.g. `move(days=3)`."""
        self._ahead += timedelta(**by)


class Running:
    """A service on a real database and broker, inside the test's process."""

    def __init__(self, service: Service, key: OKPKey, clock: Clock) -> None:
        self.service, self.clock = service, clock
        self._key = key
        self._marks = {"shared": 0, "local": 0, "elsewhere": 0}
        self.http = self._client({})

    def _client(self, headers: dict[str, str]) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.service.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://service", headers=headers)

    def http_as(
        self,
        member_id: str,
        *,
        roles: tuple[str, ...] = ("member",),
        scope: AmbassadorScope | None = None,
        organisations: tuple[str, ...] = (),
        also: tuple[str, ...] = (),
    ) -> httpx.AsyncClient:
        """An HTTP client that calls as somebody, who belongs to these organisations, and is also known as others."""
        identity = Identity(
            member_id=member_id,
            roles=frozenset({Role.MEMBER.value, *map(str, roles)}),
            scope=scope,
            organisation_ids=organisations,
            also=also,
        )
        if roles == ("gateway",):
            identity = Identity(member_id="gateway", roles=frozenset({"gateway"}))
        token = sign_identity(
            self._key,
            identity,
            node=self.service.settings.node,
            audience=self.service.name,
            now=datetime.now(UTC),
        )
        return self._client({"Authorization": f"Bearer {token}"})

    def session(self) -> Any:
        """A session to look in the database: `async with running.session() as session`."""
        return self.service.sessions()

    async def publish(
        self, event: Event, *, event_id: str | None = None, delivered_times: int = 1, node: str | None = None
    ) -> str:
        """Puts an event in the stream as another service would, several times over if asked; returns its id."""
        event_id = event_id or new_id()
        body = encode(
            event, event_id=event_id, node=node or self.service.settings.node, time=self.clock(), traceparent=None
        )
        for _ in range(delivered_times):  # each with a Nats-Msg-Id of its own, so that the broker keeps them all
            await self._publish(event.subject(self.service.settings.node), body, new_id())  # asked again, kept once
        return event_id

    async def _publish(self, subject: str, body: bytes, message_id: str) -> None:
        await answered(partial(self.service.streams.js.publish, subject, body, headers={"Nats-Msg-Id": message_id}))

    async def publish_elsewhere(
        self, event: Event, *, said_by: str, to_us: bool = False, source: str | None = None
    ) -> str:
        """Puts an event in the stream of what other nodes say, as if it had been brought here; returns its id."""
        event_id, us = new_id(), self.service.settings.node
        body = encode(event, event_id=event_id, node=source or said_by, time=self.clock(), traceparent=None)
        subject = event.subject(said_by, us if to_us else None)
        await self._publish(f"odh.{us}.elsewhere.{subject.removeprefix('odh.')}", body, event_id)
        return event_id

    async def begin(self) -> None:
        """Forgets everything, so that the next test finds a service that nobody has told anything yet."""
        await self.quiet()
        async with self.service.engine.begin() as connection:
            for table in reversed(self.service.tables.metadata.sorted_tables):
                await connection.execute(table.delete())  # of a few rows this is faster than to truncate
        purge, name = self.service.streams.js.purge_stream, self.service.streams.name
        kinds = (*self._marks, "dead", *(stream.kind for stream in self.service.streams.own))
        await asyncio.gather(*(answered(partial(purge, name(kind))) for kind in kinds))
        self.clock = self.service.clock = Clock()
        await self.given()

    async def given(self, *events: Event) -> None:
        """Events that were heard before."""
        await self.when(*events)
        await self.quiet()
        self._marks = {kind: await self._last(kind) for kind in self._marks}

    async def when(self, *events: Event, delivered_times: int = 1) -> None:
        """Events arrive; returns after the service has handled what it hears, and has said what it had to say."""
        for event in events:
            await self.publish(event, delivered_times=delivered_times)
        await self.quiet()

    async def heard(self, *events: Event) -> None:
        """Events come to their handlers past the broker, one after another: the order is the one that is given."""
        for event in events:
            subject, node = event.subject(self.service.settings.node), self.service.settings.node
            body = encode(event, event_id=new_id(), node=node, time=self.clock(), traceparent=None)
            hearing = [one for one in self.service.consumers if one.is_of(subject)]
            assert hearing, subject
            for consumer in hearing:
                prevented = await consumer.once_more(Msg(cast(Client, None), subject=subject, data=body))
                assert prevented is None, prevented

    async def quiet(self) -> None:
        """Returns when the service has nothing more to hear and nothing more to say.

        One consumer is looked at after another: what is handled and said meanwhile may wait at one that was looked at
        before, so it only counts when nothing came into the streams during the look.
        """

        async def nothing_left() -> bool:
            before = [await self._last(kind) for kind in self._marks]
            left = await self._left_to_say() or await self._left_to_hear() or await self._left_to_say()
            return not left and before == [await self._last(kind) for kind in self._marks]

        await eventually(nothing_left, saying="silence")

    async def _left_to_say(self) -> int:
        async def count() -> int:
            async with self.service.engine.connect() as connection:
                return int((await connection.execute(text("SELECT count(*) FROM outbox"))).scalar_one())

        return await stored(count)

    async def _left_to_hear(self) -> int:
        heard, left = {consumer.name for consumer in self.service.consumers}, 0
        for stream in {consumer.stream for consumer in self.service.consumers}:
            for info in await answered(partial(self.service.streams.js.consumers_info, stream)):
                if info.name in heard:  # another service of this test may hear of the stream too
                    heard.remove(info.name)
                    left += info.num_pending + info.num_ack_pending
        return left + len(heard)

    async def _last(self, kind: str) -> int:
        return (await self._state(kind)).last_seq

    async def _state(self, kind: str) -> StreamState:
        return (await answered(partial(self.service.streams.js.stream_info, self.service.streams.name(kind)))).state

    async def messages(self, kind: str, *, since_given: bool = False) -> list[tuple[str, bytes]]:
        """The subject and the bytes of every message in a stream, oldest first."""
        name = self.service.streams.name(kind)
        state, found = await self._state(kind), []
        for seq in range(max(self._marks[kind] if since_given else 0, state.first_seq - 1) + 1, state.last_seq + 1):
            try:
                message = await answered(partial(self.service.streams.js.get_msg, name, seq))
            except NotFoundError:
                continue
            found.append((message.subject or "", message.data or b""))
        return found

    async def envelopes(self) -> list[tuple[Envelope, Event]]:
        """What the service itself has said since `given`, with the envelopes."""
        found = []
        for kind in ("shared", "local"):
            for subject, data in await self.messages(kind, since_given=True):
                if subject.split(".")[2] == "timer":
                    continue
                envelope, event = decode(data)
                if envelope.source.endswith(f":{self.service.name}") or event.speaker() == "chassis":
                    found.append((envelope, event))
        return sorted(found, key=lambda pair: pair[0].id[:13])  # its milliseconds: within one, as they are in a stream

    async def said(self, event_type: type[Said]) -> list[Said]:
        """The events of a type that the service has said since `given`."""
        await self.quiet()
        return [event for _, event in await self.envelopes() if isinstance(event, event_type)]

    async def then_said(self, *event_types: type[Event]) -> list[Event]:
        """The service said events of just these types, in any order; returns them in the order of the types.

        That somebody did it is said with much that people do, and looked at by tests of its own.
        """
        await self.quiet()
        events = [event for _, event in await self.envelopes() if not isinstance(event, DeedDone)]
        assert sorted(type(e).__name__ for e in events) == sorted(t.__name__ for t in event_types)
        return [next(e for e in events if type(e) is t) for t in event_types]

    async def then_nothing_said(self) -> None:
        """The service stayed silent: nothing in the streams since `given`, and nothing in the outbox."""
        await self.then_said()

    async def dead_letters(self) -> list[Any]:
        """What the service gave up on."""
        from chassis.dead_letters import letters

        return await letters(self.service.streams)


def make_identity_keys(folder: Path) -> tuple[OKPKey, Path]:
    """A key pair for the gateway's role: the private key, and the file with the public keys."""
    key = OKPKey.generate_key("Ed25519", parameters={"kid": new_id(), "use": "sig"})
    file = folder / "identity-public-keys.json"
    file.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    return key, file


def fresh_name(prefix: str) -> str:
    """A name that no other test uses, in letters: so many digits may be a phone number, which nobody may write."""
    return f"{prefix}-{new_id()[-12:].translate(_LETTERS)}"


@asynccontextmanager
async def running(
    make_service: Callable[..., Service],
    postgres: Any,
    nats: Any,
    *,
    settings_type: type[Settings] | None = None,
    **overrides: Any,
) -> AsyncIterator[Running]:
    """A service of its own node, on a database and streams of its own; gone afterwards.

    `make_service` is the `service` function of a service's `app.py`; the settings type is read from its signature.
    """
    settings_type = settings_type or _settings_type(make_service)
    clock = Clock()
    database = fresh_name("test").replace("-", "_")
    with TemporaryDirectory() as folder:
        key, keys_file = make_identity_keys(Path(folder))
        values: dict[str, Any] = {
            "node": fresh_name("node"),
            "database_url": postgres.url(database),
            "nats_url": nats.url,
            "identity_public_keys_file": keys_file,
            "retry_delay_seconds_first": 0.05,
            "retry_delay_seconds_max": 0.2,
            "database_connections_max": 8,
            "relay_removed_seconds": 0.02,
            "gather_seconds": 0.0,
        }
        service = make_service(settings_type(**(values | overrides)))
        service.clock = clock
        if isinstance(postgres, SharedPostgres):
            await postgres.create_migrated(database, service._migrations)
        else:  # the service makes its tables itself
            await _maybe(postgres.create_database(database))
        async with service.app.router.lifespan_context(service.app):
            here = Running(service, key, clock)

            async def all_ready() -> bool:
                return set((await service.parts()).values()) == {"ready"} and await here._left_to_hear() == 0

            await eventually(all_ready, saying="a ready service")
            yield here
        await _delete_streams(service, nats.url)
        await _maybe(postgres.drop_database(database))


async def _delete_streams(service: Service, nats_url: str) -> None:
    """Those of its node, after it has closed: whose consumer goes while it hears waits before it looks again."""
    with suppress(NatsError, OSError):  # the broker may have been killed by the test
        client = await connect_to_broker(nats_url, allow_reconnect=False)
        try:
            for stream in await client.jetstream().streams_info():
                if (name := stream.config.name or "").startswith(service.streams.name("")):
                    await client.jetstream().delete_stream(name)
        finally:
            await client.close()


def _settings_type(make_service: Callable[..., Service]) -> type[Settings]:
    import inspect
    import types
    import typing

    annotation = inspect.signature(make_service).parameters["settings"].annotation
    candidates = typing.get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)
    return next(c for c in candidates if isinstance(c, type) and issubclass(c, Settings))


async def _maybe(result: Any) -> Any:
    return await result if asyncio.iscoroutine(result) else result


async def migration_matches(service: Service) -> list[Any]:
    """What the models have that the migrated database has not, and the other way round: empty when they agree."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    def compare(connection: Any) -> list[Any]:
        options = {"compare_type": True, "include_name": lambda name, *_: name != "alembic_version"}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), service.tables.metadata))

    async with service.engine.connect() as connection:
        return list(await connection.run_sync(compare))
