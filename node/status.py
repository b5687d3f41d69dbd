"""`./odh status`: what is behind and by how much. Exit code 0: nothing; 1: something is, or nobody answers."""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterable
from typing import Any

from chassis.behind import Found, Trouble, streams_of, troubles_of
from node import addresses
from node.called_from import from_where_called
from node.looking import look, place


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
    troubles = list(troubles_of(found, addresses.option(asked.data or addresses.DATA)))
    print(as_json(at.node, found, troubles) if asked.json else as_text(at.node, found, troubles))
    return 1 if troubles else 0


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
