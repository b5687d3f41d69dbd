"""How what one node says comes to another: JetStream's own sourcing, from consumers that stand beforehand.

Whoever gives makes the consumer, and with it decides what leaves; whoever takes names it as a source. The stream keeps
with every message where it came from, so that it goes on where it was, whatever was cut or killed meanwhile.
"""

import asyncio
import json
import os
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from nats.aio.client import Client
from nats.errors import Error as NatsError

from chassis.figures import HEARD
from node import jetstream
from node.files import write
from node.jetstream import Refused, ask
from node.keeping import streams
from node.links.accounts import Flow, down, up
from node.links.register import Register

#: Whoever is at the other end of a line answers within this time, or is asked again.
LINE_SECONDS_MAX = 2.0

#: A line shows life every second; this long without is not heard.
SILENT_SECONDS_MAX = 3.0

#: When a source was last heard is noted with the stream so often, and when it falls silent.
NOTED_SECONDS = 30.0

#: So many messages may be under way over a line. Each round over a line that takes 50 ms can bring as many.
UNDER_WAY_MAX = 5000


class Flows(NamedTuple):
    """What a node gives to others and takes from them, each with the other node's name."""

    given: list[tuple[str, Flow]]
    taken: list[tuple[str, Flow]]


def flows(register: Register) -> Flows:
    """All that crosses the lines of this node."""
    node, national = register.node, register.national
    if register.is_national:
        regions = sorted(register.regions)
        return Flows(
            [(region, flow) for region in regions for flow in down(node, region)],
            [(region, flow) for region in regions for flow in up(node, region)],
        )
    if not national:
        return Flows([], [])
    return Flows([(national, flow) for flow in up(national, node)], [(national, flow) for flow in down(national, node)])


async def ensure(client: Client, register: Register) -> None:
    """Makes the consumers and sources that are not there, and takes away those of who is no longer let in."""
    here = flows(register)
    for stream in (f"odh-{register.node}-{kind}" for kind in ("shared", "elsewhere")):
        wanted = {flow.consumer: flow for _, flow in here.given if flow.stream == stream}
        there = {one["name"] for one in await _consumers(client, stream) if one["config"].get("deliver_subject")}
        for name in there - wanted.keys():
            await ask(client, f"CONSUMER.DELETE.{stream}.{name}")
        for name in wanted.keys() - there:
            await _give(client, wanted[name])
    await _take(client, register.node, [flow for _, flow in here.taken])


async def _give(client: Client, flow: Flow) -> None:
    config = {
        "durable_name": flow.consumer,
        "deliver_subject": flow.deliver,
        "deliver_policy": "all",
        "ack_policy": "flow_control",
        "max_ack_pending": UNDER_WAY_MAX,
        "max_deliver": -1,
        "flow_control": True,
        "idle_heartbeat": 1_000_000_000,
        "filter_subjects": list(flow.filters),
    }
    made = {"stream_name": flow.stream, "config": config, "action": "create"}
    await ask(client, f"CONSUMER.CREATE.{flow.stream}.{flow.consumer}", made)


async def _take(client: Client, node: str, taken: list[Flow]) -> None:
    stream = f"odh-{node}-elsewhere"
    told = await ask(client, f"STREAM.INFO.{stream}")
    config, noted = told["config"], _noted(told, taken)
    before = config.get("sources") or []
    heard, known = [one.get("consumer") for one in before], [_of_source(one) for one in before]
    wanted = [
        {
            "name": flow.stream,
            "external": {"api": flow.api, "deliver": ""},
            "consumer": {"name": flow.consumer, "deliver_subject": flow.deliver},
            "subject_transforms": _as_its_own(flow),
        }
        for flow in taken
    ]
    pairs = list(zip(taken, wanted, strict=True))
    new = [flow for flow, one in pairs if one["consumer"] not in heard]
    begun = dict(zip(new, await asyncio.gather(*(_begins_again(client, flow) for flow in new)), strict=True))
    renamed = [flow for flow, one in pairs if one["consumer"] in heard and _of_source(one) not in known]
    await asyncio.gather(*(_goes_on(client, stream, flow) for flow in renamed))
    sources = [one for flow, one in pairs if begun.get(flow, True)]
    if known != [_of_source(one) for one in sources] or noted != (config.get("metadata") or {}):
        await ask(client, f"STREAM.UPDATE.{stream}", config | {"sources": sources, "metadata": noted})


def _noted(told: dict[str, Any], taken: list[Flow]) -> dict[str, str]:
    """The metadata of a stream, with when each source was last heard; one that is new is to be heard from now on.

    Also one that is not there to be taken from is noted, and so is silent.
    """
    before, now = told["config"].get("metadata") or {}, time.time()
    noted = {key: value for key, value in before.items() if not key.startswith(HEARD)}
    noted |= {(key := HEARD + flow.stream): before.get(key, f"{now:.0f}") for flow in taken}
    for one in told.get("sources") or ():
        key, silent = HEARD + one["name"], one["active"] / 1e9
        if key in noted and silent >= 0:
            may_differ = 1 if silent >= SILENT_SECONDS_MAX else NOTED_SECONDS
            if now - silent - float(noted[key]) > may_differ:
                noted[key] = f"{now - silent:.0f}"
    return noted


def _as_its_own(flow: Flow) -> list[dict[str, str]]:
    """What the subjects become of what is taken: a node's own stream has its own only, whatever it puts in there.

    A line does not look at the subject of what it brings: each has that of the giver's stream, which is the giver's to
    choose. The nation rightly passes on what others say, which it took in this way.
    """
    if flow.stream != f"odh-{flow.sender}-shared":
        return []
    return [{"src": "odh.*.>", "dest": f"odh.{flow.sender}.>"}]


def _of_source(source: dict[str, Any]) -> tuple[Any, Any]:
    """By what one source is told from another, and from what it was."""
    return source.get("consumer"), source.get("subject_transforms") or []


async def _goes_on(client: Client, stream: str, flow: Flow) -> None:
    """Lets a consumer go on after what was taken of it, before its source gets other subjects.

    The server then takes it for a source of which it has nothing, and goes on after what it acknowledged; that can be
    minutes behind what it has. Where nothing was acknowledged the giver's stream may be another than the last message
    came from, with other numbers. Whatever the giver answers, the source is changed.
    """
    with suppress(Refused, NatsError, TimeoutError):
        async with asyncio.timeout(LINE_SECONDS_MAX):
            message = await client.jetstream().get_last_msg(stream, f"odh.{flow.sender}.>")
            source, number, *_ = (message.headers or {}).get("Nats-Stream-Source", " 0").split(" ")
            call = f"CONSUMER.RESET.{flow.stream}.{flow.consumer}"
            begins = (await ask(client, call, api=flow.api)).get("reset_seq")
            if source.startswith(f"{flow.stream}:") and isinstance(begins, int) and 1 < begins <= int(number):
                await ask(client, call, {"seq": int(number) + 1}, api=flow.api)


async def _begins_again(client: Client, flow: Flow) -> bool:
    """Lets a consumer that is taken from anew begin at its first message; whether whoever gives was there to do so.

    By itself the taker's server only asks to go on after what was acknowledged. To a stream that was put back that is
    too late: what it had acknowledged since is not in it. Of what comes again it leaves out what it has.
    """
    with suppress(Refused, NatsError, TimeoutError):
        async with asyncio.timeout(LINE_SECONDS_MAX):
            await ask(client, f"CONSUMER.RESET.{flow.stream}.{flow.consumer}", {"seq": 1}, api=flow.api)
        return True
    return False


async def call_again(client: Client, register: Register) -> None:
    """Lets the server call anew for each source that is silent.

    By itself it waits up to half a minute between two calls, and longer each time. Where it was, it reads in the last
    message that it has of a source, so that nothing is lost or taken twice by asking again.
    """
    stream = f"odh-{register.node}-elsewhere"
    told = await ask(client, f"STREAM.INFO.{stream}")
    heard = {
        (one["name"], one["external"]["api"])
        for one in told.get("sources") or ()
        if 0 <= one["active"] < SILENT_SECONDS_MAX * 1e9
    }
    sources = told["config"].get("sources") or []
    loud = [one for one in sources if (one["name"], one["external"]["api"]) in heard]
    if loud != sources:
        # The server then says no more when it heard of them.
        config = told["config"] | {"metadata": _noted(told, [flow for _, flow in flows(register).taken])}
        await ask(client, f"STREAM.UPDATE.{stream}", config | {"sources": loud})
        await ask(client, f"STREAM.UPDATE.{stream}", config)


async def _consumers(client: Client, stream: str) -> list[Any]:
    return await jetstream.every(client, f"CONSUMER.LIST.{stream}", "consumers")


async def renew(client: Client, stream: str, folder: Path) -> bool:
    """Lets every taker of a stream begin again at its first message, as it does for a stream that it does not know.

    For a stream that went back: the takers have numbers that it gives out a second time, and would leave those messages
    out. The server knows a stream by an identity that it gives when the stream is made, so the stream is made anew from
    its own snapshot, with its consumers. No service may run: one that finds no stream makes an empty one. The snapshot
    is in `folder` until the stream stands, so that this can be broken off and done again. False where there is none.
    """
    kept, about = folder / f"{stream}.snapshot", folder / f"{stream}.snapshot.json"
    is_there = stream in await jetstream.every(client, "STREAM.NAMES", "streams")
    if not is_there and not about.exists():  # nothing was put back: it is lost, and begins anew
        return False
    if not about.exists():
        write(about, json.dumps(await _snapshot(client, stream, kept)))
    if is_there:
        await ask(client, f"STREAM.DELETE.{stream}")
    with kept.open("rb") as chunks:
        parts = iter(partial(chunks.read, jetstream.CHUNK_BYTES), b"")
        await jetstream.restore(client, stream, json.loads(about.read_text()), parts)
    about.unlink()
    kept.unlink()
    return True


async def stop_giving(client: Client, register: Register) -> None:
    """Takes away the consumers of what is given, so that whoever takes must call again; `ensure` makes them anew."""
    for _, flow in flows(register).given:
        if flow.consumer in {one["name"] for one in await _consumers(client, flow.stream)}:
            await ask(client, f"CONSUMER.DELETE.{flow.stream}.{flow.consumer}")


async def _snapshot(client: Client, stream: str, file: Path) -> dict[str, Any]:
    """Writes the stream to a file; returns what the server must be told to take it back. Raises `Unusable`."""
    write(file, "")  # its owner's only
    with file.open("wb") as chunks:

        async def take(chunk: bytes) -> None:
            chunks.write(chunk)

        begun = await streams.snapshot(client, stream, take)
        chunks.flush()
        os.fsync(chunks.fileno())  # for the stream is removed next
    # What is taken from others begins again when the stream stands, see `_begins_again`.
    return {"config": begun["config"] | {"sources": None}, "state": begun["state"]}
