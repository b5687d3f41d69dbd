"""A node's streams, kept and put back by the broker's own snapshots, and cut where the databases were.

The messages come as the broker has them on its disk, with their numbers and times; how far each consumer had heard is
kept apart, as it was when the databases were kept: what it heard later, no database remembers.
"""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError

from chassis.streams import tls_of
from node import jetstream
from node.keeping.manifest import ConsumerKept, StreamKept, Unusable, parts_of, written

ANSWER_SECONDS_MAX = 30.0

#: So many times a second without an answer.
SILENCES_MAX = 30


@asynccontextmanager
async def connected(url: str, tls_ca: Path | None = None) -> AsyncIterator[Client]:
    """To the node's broker, by TLS with who signed its certificate; raises `Unusable` when it does not answer."""

    async def quietly(_: Exception) -> None:
        """What goes wrong is told by whoever asked."""

    try:
        client = await nats.connect(
            url.split(","), allow_reconnect=False, connect_timeout=3, tls=tls_of(tls_ca), error_cb=quietly
        )
    except (NatsError, OSError, TimeoutError):
        raise Unusable("NATS antwoordt niet (NATS does not answer)") from None
    try:
        yield client
    finally:
        await client.close()


async def names(client: Client, node: str) -> list[str]:
    """The streams of the node that stand."""
    return sorted(name for name in await _every(client, "STREAM.NAMES", "streams") if name.startswith(f"odh-{node}-"))


def is_queue(stream: str) -> bool:
    """Whether it holds what partners published and was not taken in yet; what was is gone from it."""
    return stream.endswith("-partners")


async def where(client: Client, stream: str) -> tuple[int, list[ConsumerKept]]:
    """The number of the last message, and how far each consumer of the node's own services has heard."""
    last = (await ask(client, f"STREAM.INFO.{stream}"))["state"]["last_seq"]
    found = [
        ConsumerKept(config=one["config"], heard=one["ack_floor"]["stream_seq"])
        for one in await consumers(client, stream)
    ]
    return last, [one for one in found if _is_of_a_service(one)]


async def consumers(client: Client, stream: str) -> list[Any]:
    """All who hear a stream, with how far they are."""
    return await _every(client, f"CONSUMER.LIST.{stream}", "consumers")


def _is_of_a_service(consumer: ConsumerKept) -> bool:
    """What is pushed to another node is made by who joins the two; and who has no name only read for a while."""
    return "durable_name" in consumer.config and not consumer.config.get("deliver_subject")


async def keep(client: Client, stream: str, folder: Path, last: int, consumers: list[ConsumerKept]) -> StreamKept:
    """The broker's snapshot of a stream, without its consumers, in a file."""
    file = f"streams/{stream}.gz"
    with written(folder / file) as take:
        begun = await snapshot(client, stream, take, no_consumers=True)
    return StreamKept(config=begun["config"], state=begun["state"], last=last, consumers=tuple(consumers), file=file)


async def snapshot(
    client: Client, stream: str, take: Callable[[bytes], Coroutine[Any, Any, None]], **asked: Any
) -> Any:
    """Hands over the broker's snapshot of a stream, with its checksums checked, a part at a time.

    Returns the `config` and `state` that it is put back with. Raises `Unusable` when the broker ended it before it was
    whole: its last message then has no data either.
    """
    inbox = client.new_inbox()
    chunks = await client.subscribe(inbox, pending_msgs_limit=-1, pending_bytes_limit=-1)
    asked |= {"deliver_subject": inbox, "jsck": True, "chunk_size": jetstream.CHUNK_BYTES}
    begun = await ask(client, f"STREAM.SNAPSHOT.{stream}", asked)
    while (chunk := await chunks.next_msg(timeout=ANSWER_SECONDS_MAX)).data:
        await take(chunk.data)
        if chunk.reply:
            await client.publish(chunk.reply)
    await chunks.unsubscribe()
    status = (chunk.headers or {}).get("Status", "204")
    if status != "204":
        raise Unusable(f"{stream}: {(chunk.headers or {}).get('Description', status)}")
    return begun


async def has_messages(client: Client, stream: str) -> bool:
    """Whether there is anything to lose."""
    return bool((await ask(client, f"STREAM.INFO.{stream}"))["state"]["messages"])


async def put_back(client: Client, stream: str, folder: Path, kept: StreamKept, replicas: int) -> int:
    """Makes the stream as it was kept, less what was said after that; returns how many messages those are.

    It is kept on `replicas` servers here, on however many it was; first on one of them. A consumer counts what there is
    when it begins, which is nothing at a server that still takes the stream from another.
    """
    # Whoever keeps the lines lets it take from others again, from where it is now (`node.links.sourcing`).
    config = {name: value for name, value in kept.config.items() if name != "sources"} | {"num_replicas": 1}
    with _for_who_keeps(stream):
        begun, parts = {"config": config, "state": kept.state}, parts_of(folder / kept.file, jetstream.CHUNK_BYTES)
        await jetstream.restore(client, stream, begun, parts, seconds=ANSWER_SECONDS_MAX)
    # What other nodes and partners said is not ours to say anew.
    cut = 0 if stream.endswith("-elsewhere") or is_queue(stream) else await _cut(client, stream, kept.last)
    for consumer in filter(_is_of_a_service, kept.consumers):  # older backups may have others
        name = consumer.config["durable_name"]
        made = {"stream_name": stream, "config": consumer.config | {"num_replicas": 0}}  # as many as the stream
        await ask(client, f"CONSUMER.DURABLE.CREATE.{stream}.{name}", made)
        if consumer.heard:
            await ask_again(client, f"CONSUMER.RESET.{stream}.{name}", {"seq": consumer.heard + 1})
    if replicas > 1:  # the others take it meanwhile
        await ask(client, f"STREAM.UPDATE.{stream}", config | {"num_replicas": replicas})
    return cut


async def _cut(client: Client, stream: str, last: int) -> int:
    """Removes what was said after the databases were kept: no service knows of having said it, and will say it anew.

    Timers stay, those that fired meanwhile and those that were set: whoever hears one looks whether it still applies,
    and one that is lost would be missed for good.
    """
    js = client.jetstream(timeout=5)
    end = (await ask(client, f"STREAM.INFO.{stream}"))["state"]["last_seq"]
    cut = 0
    for seq in range(last + 1, end + 1):
        try:
            message = await js.get_msg(stream, seq)
        except NotFoundError:
            continue
        headers = message.headers or {}
        if not {"Nats-Schedule", "Nats-Scheduler"} & headers.keys():
            await js.delete_msg(stream, seq)
            cut += 1
    return cut


async def holds(client: Client, stream: str, subject: str, event_id: str) -> bool:
    """Whether a stream has an event, under its id."""
    js, seq = client.jetstream(timeout=5), 1
    while True:
        try:
            message = await js.get_msg(stream, seq, subject=subject, next=True)
        except NotFoundError:
            return False
        if (message.headers or {}).get("Nats-Msg-Id") == event_id:
            return True
        seq = (message.seq or seq) + 1


async def remove(client: Client, stream: str) -> None:
    """The stream, and all that is in it."""
    await ask(client, f"STREAM.DELETE.{stream}")


async def ask(client: Client, what: str, body: Any = None, *, seconds: float = ANSWER_SECONDS_MAX) -> Any:
    """A question to JetStream; raises `Unusable` with what it says is wrong."""
    with _for_who_keeps(what):
        return await jetstream.ask(client, what, body, seconds=seconds, tries=jetstream.NOBODY_THERE_MAX)


async def ask_again(client: Client, what: str, body: Any) -> Any:
    """The same, again after each second of silence, for what may be done twice: of several servers, one that does not
    know yet which of them has a consumer takes the question, and says nothing.
    """
    for _ in range(SILENCES_MAX):
        with suppress(Unusable):
            return await ask(client, what, body, seconds=1)
    return await ask(client, what, body)


async def _every(client: Client, what: str, named: str) -> list[Any]:
    with _for_who_keeps(what):
        how = {"seconds": ANSWER_SECONDS_MAX, "tries": jetstream.NOBODY_THERE_MAX}
        return await jetstream.every(client, what, named, **how)


@contextmanager
def _for_who_keeps(what: str) -> Iterator[None]:
    """What went wrong at JetStream, told as what keeps a backup or a restore from its end."""
    try:
        yield
    except jetstream.Refused as no:
        raise Unusable(str(no)) from None
    except (NatsError, TimeoutError):
        raise Unusable(f"{what}: JetStream antwoordt niet (does not answer)") from None
