"""What was said is looked for in the streams whenever the broker comes back: it may have lost what it acknowledged.

A disk that lied in a power cut, a folder that was put back, a block that rotted: the broker starts on what is left,
and tells nobody. What is missing, and is still kept as `said`, goes back into the outbox, and so is said again under
its id; who heard it before finds it in their inbox. The number in the stream tells where each event was.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError
from sqlalchemy import text

from chassis import metrics
from chassis.locks import unless_busy
from chassis.streams import BrokerAway
from chassis.telemetry import log
from contracts.event import new_id

if TYPE_CHECKING:
    from chassis.service import Service

#: So many events are looked for, the newest first; when one of them is missing, as many before them, and so on.
STEP = 5000

FETCHED_TOGETHER = 500
FETCH_SECONDS_MAX = 2.0

#: The newest timer about something replaced the ones before it. Which those are is found for all of them at once: one
#: by one, a hundred thousand took minutes, on a whole core.
_WITH_NEWEST = """LEFT JOIN (
        SELECT timer_subject, max(seq) AS newest FROM said WHERE timer_subject IS NOT NULL GROUP BY timer_subject
    ) AS timer USING (timer_subject)"""

_KEPT = text(
    f"""
    SELECT seq, stream_seq, event_id, timer_subject FROM said {_WITH_NEWEST}
    WHERE subject LIKE ANY(CAST(:subjects AS text[])) AND stream_seq < :before
        AND (timer_subject IS NULL OR seq = newest)
    ORDER BY stream_seq DESC LIMIT :step
    """
)

_SAY_AGAIN = text(
    """
    WITH lost AS (DELETE FROM said WHERE seq = ANY(CAST(:seqs AS bigint[])) RETURNING *)
    INSERT INTO outbox (seq, event_id, entity_id, subject, due_at, timer_subject, body, said_at) OVERRIDING SYSTEM VALUE
    SELECT seq, event_id, entity_id, subject, due_at, timer_subject, body, said_at FROM lost
    """
)

_FORGET = text(
    f"""
    DELETE FROM said WHERE seq IN (
        SELECT seq FROM said {_WITH_NEWEST}
        WHERE said_at < now() - make_interval(secs => :seconds)
            AND (due_at IS NULL OR due_at < now() - make_interval(secs => :seconds) OR seq < newest))
    """
)


async def look_back(service: "Service") -> None:
    """Whenever the broker is connected; of the replicas that find it back, one looks."""
    came_back = service.streams.came_back
    while True:
        await came_back.wait()
        came_back.clear()
        try:
            async with unless_busy(service.engine, "look-back") as mine:
                if mine:
                    await say_again(service)
        except BaseException:
            came_back.set()
            raise


async def say_again(service: "Service") -> int:
    """Puts back into the outbox what is kept as said and is in no stream; returns how many events that were."""
    await service.streams.ready()
    found = 0
    for kind, subjects in _spoken(service).items():
        found += await service.streams.while_connected(_say_again(service, kind, subjects))
    return found


async def forget_said(service: "Service") -> None:
    """What was said so long ago is not said again; a timer that waits, as long as it waits."""
    async with service.engine.begin() as connection:
        await connection.execute(_FORGET, {"seconds": service.settings.said_kept_hours * 3600})


def _spoken(service: "Service") -> dict[str, list[str]]:
    """What a service says, by the stream that keeps it; whose rejection one is, its number and its id tell."""
    own, name = f"odh.{service.settings.node}", service.name
    return {
        "shared": [f"{own}.shared.{name}.>", f"{own}.to.*.{name}.>"],
        "local": [f"{own}.local.{name}.>", f"{own}.timer.{name}.>", f"{own}.local.chassis.event-rejected.>"],
    } | {stream.kind: [f"{own}.{stream.kind}.*.{name}.>"] for stream in service.streams.own}


async def _say_again(service: "Service", kind: str, subjects: list[str]) -> int:
    """Goes back in steps, until one in which nothing is missing."""
    like = [subject.replace("_", r"\_").replace("*", "%").replace(">", "%") for subject in subjects]
    before, found = 2**62, 0
    while True:
        async with service.engine.connect() as connection:
            values = {"subjects": like, "before": before, "step": STEP}
            kept = (await connection.execute(_KEPT, values)).all()
        if not kept or not (lost := await _missing(service, kind, subjects, kept)):
            break
        async with service.engine.begin() as connection:
            await connection.execute(_SAY_AGAIN, {"seqs": lost})
        before, found = kept[-1].stream_seq, found + len(lost)
    if found:
        metrics.lost.add(found, {"stream": service.streams.name(kind)})
        log.error(
            "the broker lost what it had stored; it is said again", stream=service.streams.name(kind), events=found
        )
        service.relay.wake()
    return found


async def _missing(service: "Service", kind: str, subjects: list[str], kept: Sequence[Any]) -> list[int]:
    """Which of these rows of `said` are not in the stream; none of those that the stream may have let go itself.

    A timer that went off is gone from its place, and what it said stands further on.
    """
    state, limited = await _state(service, kind)
    first, last = (state.first_seq, state.last_seq) if state.messages else (0, 0)
    there, fired = dict[int, str](), dict[str, int]()
    if last >= kept[-1].stream_seq:
        there, fired = await _heads(service, kind, subjects, kept[-1].stream_seq)
    return [
        row.seq
        for row in kept
        if there.get(row.stream_seq) != row.event_id
        and fired.get(row.timer_subject, 0) <= row.stream_seq
        and (row.stream_seq >= first or not limited)
    ]


async def _state(service: "Service", kind: str) -> tuple[Any, bool]:
    """Of a stream, which is made when it is gone; and whether it lets go of messages by itself."""
    streams = service.streams
    try:
        info = await streams.js.stream_info(streams.name(kind))
    except NotFoundError:
        await streams.ensure()
        info = await streams.js.stream_info(streams.name(kind))
    limits = (info.config.max_age, info.config.max_msgs, info.config.max_bytes)
    return info.state, any((limit or 0) > 0 for limit in limits)


async def _heads(
    service: "Service", kind: str, subjects: list[str], since: int
) -> tuple[dict[int, str], dict[str, int]]:
    """The event of each number of a stream, from a number on, and the last number that each timer went off at.

    Raises `BrokerAway` unless it was read to its end.
    """
    js, stream, name = service.streams.js, service.streams.name(kind), f"{service.name}-looking-back-{new_id()}"
    config = ConsumerConfig(
        name=name,
        filter_subjects=subjects,
        deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
        opt_start_seq=max(since, 1),
        ack_policy=AckPolicy.NONE,
        headers_only=True,
        mem_storage=True,
        inactive_threshold=FETCH_SECONDS_MAX,
    )
    left = (await js.add_consumer(stream, config)).num_pending
    reading = await js.pull_subscribe_bind(name, stream)
    found, fired = dict[int, str](), dict[str, int]()
    try:
        while left:
            try:
                messages = await reading.fetch(FETCHED_TOGETHER, timeout=FETCH_SECONDS_MAX / 2)
            except NatsTimeoutError:  # what cannot be read any more was counted, and does not come
                left = (await js.consumer_info(stream, name)).num_pending
                if left:
                    raise BrokerAway from None
                break
            for message in messages:
                number, headers = message.metadata.sequence.stream, message.headers or {}
                found[number] = headers.get("Nats-Msg-Id", "")
                if timer := headers.get("Nats-Scheduler"):
                    fired[timer] = number
            left = messages[-1].metadata.num_pending
    except NotFoundError:
        raise BrokerAway from None
    finally:
        await reading.unsubscribe()
    return found, fired
