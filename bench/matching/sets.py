"""A graded set, as JSON lines: offers, requests, and judgements of how well an offer answers a request."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from contracts.members import Place
from contracts.places import AmbiguousPlace, find_place
from contracts.requests import OfferPlaced, RequestPlaced
from contracts.vocabulary import Kind, Language, Status, Theme

FOLDER = Path(__file__).parent
SPLITS = ("tune", "test")
GRADES = (0, 1, 2, 3)


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
    with file.open(encoding="utf-8") as lines:
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
            except KeyError as error:
                raise WrongLine(file, number, f"{error.args[0]!r} is missing") from error
            except (ValueError, TypeError, AttributeError) as error:
                raise WrongLine(file, number, " ".join(str(error).split()) or type(error).__name__) from error
    for number, line in judged:  # a judgement may stand before what it is about
        for what, known in (("request", found.requests), ("offer", found.offers)):
            if line[what] not in known:
                raise WrongLine(file, number, f"there is no {what} {line[what]!r}")
        found.grades.setdefault(line["request"], {})[line["offer"]] = line["grade"]
    return found


def _add(found: GradedSet, line: Any, expires_at: datetime, number: int, judged: list[tuple[int, Any]]) -> None:
    match line["type"]:
        case "offer":
            _refuse_twice(found.offers, line["id"])
            found.offers[line["id"]] = OfferPlaced(offer_id=line["id"], **_proposition(line, expires_at))
        case "request":
            _refuse_twice(found.requests, line["id"])
            found.requests[line["id"]] = RequestPlaced(request_id=line["id"], **_proposition(line, expires_at))
            found.features[line["id"]] = tuple(line.get("features") or ())
        case "judgement":
            if line["grade"] not in GRADES or isinstance(line["grade"], bool):
                raise ValueError(f"a grade is one of {GRADES}, not {line['grade']!r}")
            judged.append((number, {"request": line["request"], "offer": line["offer"], "grade": line["grade"]}))
        case other:
            raise ValueError(f"type {other!r} is not an offer, a request or a judgement")


def _refuse_twice(known: dict[str, Any], its_id: str) -> None:
    if its_id in known:
        raise ValueError(f"{its_id!r} is there already")


def _proposition(line: dict[str, Any], expires_at: datetime) -> dict[str, Any]:
    """What an event needs; whose it is matters only in that everybody is somebody else."""
    whose = line.get("organisation") or line["id"]
    return {
        "member_id": f"member-{line['id']}",
        "organisation_id": f"organisation-{whose}",
        "kind": Kind(line["kind"]),
        "themes": tuple(Theme(theme) for theme in line["themes"]),
        "title": str(line["title"]),
        "text": str(line["text"]),
        "language": Language(line.get("language") or Language.DUTCH),
        "place": _place(line["place"], line.get("province")),
        "reach_km": line.get("reach_km"),
        "starts_on": _day(line.get("starts_on")),
        "ends_on": _day(line.get("ends_on")),
        "mbo_level": line.get("mbo_level"),
        "status": Status.OPEN,
        "expires_at": expires_at,
    }


def _place(name: str, province: str | None) -> Place:
    """A place by its name; of several the largest."""
    try:
        return find_place(name, province)
    except AmbiguousPlace as several:
        return find_place(name, several.provinces[0])


def _day(day: str | None) -> date | None:
    return date.fromisoformat(day) if day else None
