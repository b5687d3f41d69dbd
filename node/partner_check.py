"""`./odh partner check`: is what a partner means to send right? Nothing is sent."""

import json
from pathlib import Path

from chassis.problems import FieldErrors, Problem
from contracts.vocabulary import Network
from services.partners.envelopes import STRUCTURED, events_of
from services.partners.profiles import profile_of


def check(network: Network, file: Path) -> int:
    """Says of each event what is wrong with it, by field; nothing is sent."""
    wrong = 0
    bodies = list(_events(file.read_bytes()))
    for number, body in enumerate(bodies, 1):
        for field, message in _problems(network, body):
            wrong += 1
            print(f"{number}: {field}: {message}")
    print(f"{len(bodies)} events nagekeken, {wrong} fouten ({len(bodies)} events checked, {wrong} wrong).")
    return 1 if wrong else 0


def _events(body: bytes) -> list[bytes]:
    text = body.strip()
    if text.startswith(b"["):
        return [json.dumps(one).encode() for one in json.loads(text)]
    lines = [line for line in text.splitlines() if line.strip()]
    is_one_a_line = all(line.lstrip().startswith(b"{") and line.rstrip().endswith(b"}") for line in lines)
    return lines if is_one_a_line else [text]


def _problems(network: Network, body: bytes) -> list[tuple[str, str]]:
    profile = profile_of(network)
    try:
        (event,) = events_of(STRUCTURED, {}, body, batch_max=1)
        kind, withdrawn = profile.kind_of(event.type)
        if not withdrawn:
            profile.read(kind, event.data)
    except FieldErrors as errors:
        return [(error["field"], error["message"]) for error in errors.facts["errors"]]
    except Problem as problem:
        return [("event", problem.title)]
    return []
