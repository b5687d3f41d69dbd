"""`./odh status`: what is behind and by how much. Exit code 0: nothing; 1: something is, or nobody answers."""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from chassis.figures import Figures, StreamFigures
from node.called_from import from_where_called
from node.looking import Found, look, place

#: What waits longer, or is more, is behind. A node that is busy has some of each all the time.
UNSENT_SECONDS_MAX = 10.0
PENDING_MAX = 1000
MAIL_SECONDS_MAX = 300.0
TEXTS_UNREAD_MAX = 100
SOURCE_LAG_MAX = 1000
SOURCE_SILENT_SECONDS_MAX = 60.0


class Trouble(NamedTuple):
    """One thing that is behind or ill."""

    where: str
    nl: str
    en: str


def main() -> int:
    parser = argparse.ArgumentParser(prog="odh status", description="Wat loopt achter, en hoeveel (what is behind).")
    parser.add_argument("--data", type=from_where_called, help="map van de node die draait (folder of the node)")
    parser.add_argument("--json", action="store_true", help="voor een programma (for a program)")
    asked = parser.parse_args()
    at = place(asked.data)
    if at is None:
        print("Er draait hier geen node; start er een met ./odh up (no node runs here).", file=sys.stderr)
        return 1
    found = asyncio.run(look(at))
    troubles = list(troubles_of(found))
    print(as_json(at.node, found, troubles) if asked.json else as_text(at.node, found, troubles))
    return 1 if troubles else 0


def troubles_of(found: Found) -> Iterator[Trouble]:
    """Everything that somebody should look at."""
    for service, processes in found.items():
        if not processes:
            yield Trouble(service, "antwoordt niet", "does not answer")
        for part, state in sorted({item for one in processes for item in one.parts.items()}):
            if state != "ready":
                yield Trouble(service, f"{part}: {state}", f"{part}: {state}")
        if processes:
            yield from _behind(processes[0])
    for stream in streams_of(found):
        yield from _sources_behind(stream)


def _behind(one: Figures) -> Iterator[Trouble]:
    if (oldest := one.oldest_unsent_seconds or 0) > UNSENT_SECONDS_MAX:
        yield Trouble(
            one.service,
            f"{one.unsent} berichten niet verzonden, het oudste {oldest:.0f} s oud",
            f"{one.unsent} events not published, the oldest {oldest:.0f} s old",
        )
    for consumer in one.consumers:
        if consumer.pending > PENDING_MAX:
            yield Trouble(one.service, f"{consumer.name}: {consumer.pending} te gaan", f"{consumer.pending} to hear")
    if one.dead_letters:
        yield Trouble(
            one.service,
            f"{one.dead_letters} niet verwerkt: zie ./odh dead-letters",
            f"{one.dead_letters} dead letters",
        )
    if (oldest := one.own.get("mails-oldest-seconds", 0)) > MAIL_SECONDS_MAX:
        mails = one.own["mails-waiting"]
        yield Trouble(
            one.service,
            f"{mails:.0f} mails wachten, de oudste {oldest:.0f} s",
            f"{mails:.0f} mails wait, the oldest {oldest:.0f} s",
        )
    if (texts := one.own.get("texts-unread", 0)) > TEXTS_UNREAD_MAX:
        yield Trouble(one.service, f"{texts:.0f} teksten nog niet gelezen", f"{texts:.0f} texts not read yet")


def _sources_behind(stream: StreamFigures) -> Iterator[Trouble]:
    for source in stream.sources:
        silent = source.silent_seconds
        if source.lag > SOURCE_LAG_MAX:
            yield Trouble(stream.name, f"{source.name} loopt {source.lag} achter", f"{source.lag} behind")
        if silent is None or silent > SOURCE_SILENT_SECONDS_MAX:
            since = "nooit" if silent is None else f"{silent:.0f} s niet"
            ago = "never" if silent is None else f"not for {silent:.0f} s"
            yield Trouble(stream.name, f"van {source.name} {since} gehoord", f"{source.name} was {ago} heard of")


def streams_of(found: Found) -> tuple[StreamFigures, ...]:
    """The node's streams, as the first service tells that could ask."""
    return next((one.streams for processes in found.values() for one in processes if one.streams), ())


def as_json(node: str, found: Found, troubles: Iterable[Trouble]) -> str:
    """For a program: the troubles, and every figure."""
    services: dict[str, Any] = {}
    for service, processes in found.items():
        told = processes[0].model_dump(exclude={"service", "node", "streams", "parts"}) if processes else {}
        services[service] = {"processes": [one.parts for one in processes]} | told
    troubles = [trouble._asdict() for trouble in troubles]  # type: ignore[misc]
    streams = [stream.model_dump() for stream in streams_of(found)]
    told = {"node": node, "healthy": not troubles, "troubles": troubles, "services": services, "streams": streams}
    return json.dumps(told, indent=2)


def as_text(node: str, found: Found, troubles: list[Trouble]) -> str:
    """For a person: a line for each service, each stream and each trouble."""
    lines = [f"Om de Hoek: node {node}", "", _SERVICE.format(*_HEADINGS)]
    for service, processes in found.items():
        if not processes:
            lines.append(_SERVICE.format(service, 0, *["-"] * 6).rstrip())
            continue
        one = processes[0]
        numbers = [sum(getattr(c, what) for c in one.consumers) for what in ("pending", "unacked", "redelivered")]
        told = [len(processes), *numbers, _shown(one.unsent), f"{one.oldest_unsent_seconds or 0:.1f}"]
        lines.append(_SERVICE.format(service, *told, _shown(one.dead_letters)))
    for processes in found.values():
        for what, count in (processes[0].own if processes else {}).items():
            lines.append(f"  {what.replace('-', ' '):<24}{count:>12.0f}")
    lines.append("")
    for stream in streams_of(found):
        lines.append(f"  {stream.name:<32}{stream.messages:>10} berichten {stream.bytes / 1e6:>10.1f} MB")
        for source in stream.sources:
            silent = "-" if source.silent_seconds is None else f"{source.silent_seconds:.1f}"
            lines.append(f"    van {source.name:<26}{source.lag:>10} achter (behind), gehoord {silent} s geleden")
    lines += ["", *(f"  ! {where}: {nl} ({en})" for where, nl, en in troubles)]
    return "\n".join([*lines, "Er is iets (look above)." if troubles else "Alles is bij (nothing is behind)."])


def _shown(count: int | None) -> str:
    return "?" if count is None else str(count)


_SERVICE = "  {:<12}{:>10}{:>10}{:>10}{:>12}{:>12}{:>10}{:>8}"
_HEADINGS = ("", "processen", "te gaan", "bezig", "nogmaals", "onverzonden", "oudste s", "dood")
