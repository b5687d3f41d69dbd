"""What could not be handled, with the reason; seen and replayed by command: `./odh dead-letters`."""

import argparse
import asyncio
import sys
from datetime import UTC, datetime

from nats.aio.msg import Msg
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from chassis.problems import Problem
from chassis.settings import Settings
from chassis.streams import Streams
from contracts.envelope import decode, encode
from contracts.erasing import OfErasure
from contracts.event import EventRejected, event_types, new_id
from contracts.export import import_contracts


class NotHandled(Problem, slug="not-handled", status=500, title="It could not be handled, by a fault at our side"):
    """It was tried again and again, and given up; tell it again with an id of its own, or ask the node's operator."""


#: With this begins the reason of what is no event that this release knows.
NOT_UNDERSTOOD = "not understood"


async def bury(streams: Streams, service: str, message: Msg, *, reason: str, attempts: int) -> None:
    """Keeps a message that a service gives up on; returns when the broker has stored it."""
    event = message.subject.split(".", 3)[3] if message.subject.count(".") >= 3 else new_id()
    original = message.headers or {}
    heard = message.metadata
    await streams.js.publish(
        f"odh.{streams.node}.dead.{service}.{event}",
        message.data,
        headers={
            # The time too: a stream that was lost and made again counts from one again.
            "Nats-Msg-Id": f"dead-{service}-{heard.stream}-{heard.sequence.stream}-{heard.timestamp.timestamp()}",
            "Odh-Subject": message.subject,
            "Odh-Service": service,
            "Odh-Reason": reason,
            "Odh-Attempts": str(attempts),
            "Odh-Buried-At": datetime.now(UTC).isoformat(timespec="seconds"),
            "Odh-Event-Id": original.get("Nats-Msg-Id", ""),
            **_lifetime(original),
        },
    )


def _lifetime(headers: dict[str, str]) -> dict[str, str]:
    """What may not stay in its stream may not stay here either."""
    return {name: value for name, value in headers.items() if name == "Nats-TTL"}


def rejection_of(letter: Msg | RawStreamMsg) -> EventRejected | None:
    """What whoever said it hears when nobody will handle it any more; none of what was not understood."""
    try:
        envelope, event = decode(letter.data or b"")
        return EventRejected(
            rejected_id=envelope.id,
            rejected_type=envelope.type,
            rejected_by=(letter.headers or {}).get("Odh-Service", ""),
            problem=NotHandled().type_uri,
            title=NotHandled.title,
            rejected_about=event.entity_id,
        )
    except ValueError:
        return None


def is_of_erasure(letter: Msg | RawStreamMsg) -> bool:
    """Whether somebody's data stays until it is handled; what was not understood may as well be anything."""
    headers = letter.headers or {}
    name = ".".join(headers.get("Odh-Subject", "").split(".")[-3:-1])
    erasing = {event_type.wire_name for event_type in event_types() if issubclass(event_type, OfErasure)}
    return name in erasing and not headers.get("Odh-Reason", "").startswith(NOT_UNDERSTOOD)


async def letters(streams: Streams) -> list[RawStreamMsg]:
    """Every dead letter, oldest first."""
    stream = streams.name("dead")
    state = (await streams.js.stream_info(stream)).state
    found = []
    for seq in range(max(state.first_seq, 1), state.last_seq + 1):  # a stream that never held anything begins at 0
        try:
            found.append(await streams.js.get_msg(stream, seq))
        except NotFoundError:
            continue
    return found


async def replay(streams: Streams, letter: RawStreamMsg, *of_others: RawStreamMsg) -> None:
    """Puts a dead letter back where it came from, and takes it out of the dead letters.

    Every service that hears the event gets it again; those that handled it find it in their inbox and do nothing.
    `of_others` are the letters that other services left of the same event: they go with it, for it comes back once.
    """
    assert letter.headers is not None
    assert letter.seq is not None
    await streams.js.publish(
        _back_to(streams.node, letter.headers["Odh-Subject"]),
        letter.data or b"",
        headers={
            "Nats-Msg-Id": f"replay-{new_id()}",
            "Content-Type": "application/cloudevents+json",
            **_lifetime(letter.headers),
        },
    )
    for one in (letter, *of_others):
        await remove(streams, one)


def _event_of(letter: RawStreamMsg) -> tuple[str | None, bytes | None]:
    return (letter.headers or {}).get("Odh-Subject"), letter.data


def _back_to(node: str, subject: str) -> str:
    """Where a message is published to be in its stream under its subject: what other nodes say, nobody here can."""
    own = f"odh.{node}."
    return subject if subject.startswith(own) else f"{own}elsewhere.{subject.removeprefix('odh.')}"


async def throw_away(streams: Streams, letter: RawStreamMsg) -> None:
    """Nobody will handle it, which whoever said it hears."""
    if rejection := rejection_of(letter):
        event_id, now = new_id(), datetime.now(UTC)
        body = encode(rejection, event_id=event_id, node=streams.node, time=now, traceparent=None)
        await streams.js.publish(rejection.subject(streams.node), body, headers={"Nats-Msg-Id": event_id})
    await remove(streams, letter)


async def remove(streams: Streams, letter: RawStreamMsg) -> None:
    """Takes it out; raises an error of the broker when that was done already."""
    assert letter.seq is not None
    await streams.js.delete_msg(streams.name("dead"), letter.seq)


_STAYS = (
    "{} blijft: daarmee wordt iemand gewist; neem de oorzaak weg en kies replay (what erases somebody stays: mend the "
    "cause, and replay it)."
)


def main(arguments: list[str] | None = None, *more: argparse.ArgumentParser) -> int:
    """The command line; `more` has what its caller takes besides."""
    about = "What could not be handled, and why."
    parser = argparse.ArgumentParser(prog="odh dead-letters", description=about, parents=more)
    parser.add_argument("action", nargs="?", choices=["list", "show", "replay", "drop"], default="list")
    parser.add_argument("number", nargs="?", help="the letter's number in the list, or 'all'")
    parser.add_argument("--node", default=None, help="the node's name (default: ODH_NODE)")
    parser.add_argument("--nats", default=None, help="the NATS server (default: ODH_NATS_URL)")
    parser.add_argument("--nats-ca", default=None, help="who signed its certificate (default: ODH_NATS_TLS_CA_FILE)")
    asked = parser.parse_args(arguments)
    overrides = {"node": asked.node, "nats_url": asked.nats, "nats_tls_ca_file": asked.nats_ca}
    import_contracts()  # what a letter holds may be of any of them
    settings = Settings(**{name: value for name, value in overrides.items() if value})
    return asyncio.run(_run(asked.action, asked.number, settings))


async def _run(action: str, number: str | None, settings: Settings) -> int:
    streams = Streams(settings, "dead-letters")
    try:
        await asyncio.wait_for(streams.dial(), 3)
    except TimeoutError:
        if streams.is_refused:
            print("NATS laat je daar niet binnen (NATS refuses these credentials).", file=sys.stderr)
        else:
            print("Daar antwoordt geen NATS (no NATS server answers there).", file=sys.stderr)
        return 1
    try:
        found = await letters(streams)
    except NotFoundError:
        print(f"There is no node called {settings.node} on that server.", file=sys.stderr)
        await streams.close()
        return 1
    try:
        chosen = [letter for letter in found if number in (None, "all", str(letter.seq))]
        if action != "list" and (number is None or not chosen):
            print("Say which letter: its number in the list, or 'all'.", file=sys.stderr)
            return 2
        of_event: dict[tuple[str | None, bytes | None], list[RawStreamMsg]] = {}
        for letter in found:
            of_event.setdefault(_event_of(letter), []).append(letter)
        stays = [letter for letter in chosen if action == "drop" and is_of_erasure(letter)]
        for letter in chosen:
            headers = letter.headers or {}
            print(
                f"{letter.seq:>6}  {headers.get('Odh-Buried-At')}  {headers.get('Odh-Service'):<9} "
                f"{headers.get('Odh-Subject')}  {headers.get('Odh-Attempts')} attempts: {headers.get('Odh-Reason')}"
            )
            if action == "show":
                print((letter.data or b"").decode("utf-8", "replace"))
            elif action == "replay" and (same := of_event.pop(_event_of(letter), None)):
                await replay(streams, *same)
            elif action == "drop" and letter not in stays:
                await throw_away(streams, letter)
        done = {"list": "stand here", "show": "shown", "replay": "replayed", "drop": "dropped"}[action]
        print(f"{len(chosen) - len(stays)} dead letters {done}.")
        if stays:
            print(_STAYS.format(len(stays)), file=sys.stderr)
        return 1 if stays else 0
    finally:
        await streams.close()
