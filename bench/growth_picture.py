"""How cost grows from ten thousand to a million, drawn from what was measured: docs/growth.svg."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import results
from bench.drawing import Panel, Point, picture

FILE = results.PAGE.parent / "growth.svg"

#: What a POST costs among so many stored requests: of each trial how many those are.
STORED = {"among few": 10_000, "among some": 100_000, "among many": 1_000_000}
A_POST = "ms of processor a request"

Record = dict[str, Any]


def draw() -> None:
    """Draws it anew, from the newest result of each kind."""
    FILE.write_text(drawn(_newest("worlds"), _newest("trials", "among many")))


def _newest(*names: str) -> Record:
    """The newest result that has these, or that has trials by these names; empty when there is none."""
    for file in sorted(results.FOLDER.glob("*.json"), reverse=True):
        record: Record = json.loads(Path(file).read_text())
        if names[0] in record and all(name in record[names[0]] for name in names[1:]):
            return record
    return {}


def drawn(scale: Record, growing: Record) -> str:
    """Both axes by powers of ten: what is as much for each of a million as for each of ten thousand lies flat."""
    worlds = scale.get("worlds", [])
    ms = {
        "whole, for a request": _of(worlds, lambda w: w["sides"]["request"]["ms"]["all ways"]["p50"]),
        "whole, for an offer": _of(worlds, lambda w: w["sides"]["offer"]["ms"]["all ways"]["p50"]),
        "meaning, index": _of(worlds, lambda w: w["sides"]["request"]["ms"]["meaning"]["p50"]),
        "meaning, exact": _of(worlds, lambda w: w["sides"]["request"]["ms"]["meaning, exact"]["p50"]),
        "words": _of(worlds, lambda w: w["sides"]["request"]["ms"]["words"]["p50"]),
        "place": _of(worlds, lambda w: w["sides"]["request"]["ms"]["place"]["p50"]),
    }
    kept = {
        "an offer, with its vector": _of(worlds, lambda w: 1000 / w["ingest"]["kept/s"]),
        "a region's, at the nation": _of(worlds, lambda w: 1000 / w["ingest"]["copies kept/s"]),
    }
    disk = {
        "all": _of(worlds, lambda w: sum(w["disk MB"].values())),
        "indexes of meanings": _of(worlds, lambda w: sum(v for k, v in w["disk MB"].items() if "ix_meaning_1" in k)),
    }
    panels = [
        Panel("a search among so many offers: half within, ms", ms, "offers", is_log=True),
        Panel("kept among so many, ms each", kept, "offers", is_log=True),
        Panel("disk of so many offers, MB", disk, "offers", is_log=True),
    ]
    if posts := _posts(growing):
        panels.append(
            Panel(
                "a POST among so many requests, ms of processor",
                {"service, PostgreSQL": posts},
                "requests",
                is_log=True,
            )
        )
    told = "; ".join(
        f"{panel.title}: " + ", ".join(f"{name} {_told(points)}" for name, points in panel.lines.items() if points)
        for panel in panels
    )
    return picture("How cost grows from ten thousand to a million", told, panels)


def _of(worlds: list[Record], figure: Any) -> list[Point]:
    return [(world["offers"], float(figure(world))) for world in worlds]


def _posts(growing: Record) -> list[Point]:
    trials = growing.get("trials", {})
    return [
        (stored, sorted(each["figures"][A_POST] for each in trials[name])[len(trials[name]) // 2])
        for name, stored in STORED.items()
        if name in trials and A_POST in trials[name][0]["figures"]
    ]


def _told(points: Sequence[Point]) -> str:
    return " then ".join(f"{value:.3g}" for _, value in points)
