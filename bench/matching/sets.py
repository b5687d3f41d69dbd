"""A graded set, as JSON lines: offers, requests, and judgements of how well an offer answers a request."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.matching.fields import grade_in, id_in, proposition_in
from contracts.requests import OfferPlaced, RequestPlaced

FOLDER = Path(__file__).parent
SPLITS = ("tune", "test")


class WrongLine(ValueError):
    """A line that cannot be read, with its number and the reason."""

    def __init__(self, file: Path, number: int, why: str) -> None:
        super().__init__(f"{file}:{number}: {why}")
        self.number = number


@dataclass(frozen=True)
class GradedSet:
    """What is asked, what is offered, and the grade of each judged pair of them."""

    requests: dict[str, RequestPlaced] = field(default_factory=dict)
    offers: dict[str, OfferPlaced] = field(default_factory=dict)
    grades: dict[str, dict[str, int]] = field(default_factory=dict)
    """By request, then by offer."""
    features: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What each request tries."""


def read_set(file: Path) -> GradedSet:
    """A set from a file of JSON lines; raises `WrongLine`."""
    with file.open(encoding="utf-8-sig") as lines:
        return read_lines(lines, file)


def read_lines(lines: Iterable[str], file: Path) -> GradedSet:
    """A set from JSON lines; the file is only named. Raises `WrongLine`."""
    found = GradedSet()
    expires_at = datetime.now(UTC) + timedelta(days=90)
    judged: list[tuple[int, Any]] = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                _add(found, json.loads(line), expires_at, number, judged)
            except json.JSONDecodeError as error:
                raise WrongLine(file, number, f"not JSON: {error.msg}") from error
            except ValueError as error:
                raise WrongLine(file, number, " ".join(str(error).split())) from error
    for number, line in judged:  # a judgement may stand before what it is about
        for what, known in (("request", found.requests), ("offer", found.offers)):
            if line[what] not in known:
                raise WrongLine(file, number, f"there is no {what} {line[what]!r}")
        found.grades.setdefault(line["request"], {})[line["offer"]] = line["grade"]
    return found


def _add(found: GradedSet, line: Any, expires_at: datetime, number: int, judged: list[tuple[int, Any]]) -> None:
    if not isinstance(line, dict):
        raise ValueError(f"not an object: {str(line)[:40]}")
    match str(line.get("type") or "").strip().lower():
        case "offer":
            its_id = _new_id(found.offers, line)
            told = proposition_in(line, its_id, expires_at, is_request=False)
            found.offers[its_id] = OfferPlaced(offer_id=its_id, **told)
        case "request":
            its_id = _new_id(found.requests, line)
            told = proposition_in(line, its_id, expires_at, is_request=True)
            found.requests[its_id] = RequestPlaced(request_id=its_id, **told)
            features = line.get("features") or ()
            found.features[its_id] = (features,) if isinstance(features, str) else tuple(map(str, features))
        case "judgement":
            pair = {"request": id_in(line, "request"), "offer": id_in(line, "offer"), "grade": grade_in(line)}
            judged.append((number, pair))
        case "":
            raise ValueError("'type' is missing")
        case other:
            raise ValueError(f"type {other!r} is not an offer, a request or a judgement")


def _new_id(known: dict[str, Any], line: Any) -> str:
    its_id = id_in(line, "id")
    if its_id in known:
        raise ValueError(f"{its_id!r} is there already")
    return its_id
