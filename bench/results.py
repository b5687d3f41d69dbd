"""What the trials gave: a line for each row, a file to keep, and the table in docs/measurements.md."""

import json
import math
import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.measuring import Finding
from bench.rows import PEERS, ROWS, Figure, Row
from node import ROOT

FOLDER = ROOT / "bench" / "results"
PAGE = ROOT / "docs" / "measurements.md"
BEGIN, END = "<!-- table: made by ./odh bench --write -->", "<!-- end of table -->"

Findings = dict[str, list[Finding]]


@dataclass(frozen=True, slots=True)
class Line:
    """A row with its figures. Each is a median, and the least and the most, over the repeats."""

    row: str
    what: str
    measured: tuple[float, float, float]
    ceiling: tuple[float, float, float] | None
    value: tuple[float, float, float]
    unit: str
    bar: float
    stretch: float
    verdict: str

    def cells(self) -> list[str]:
        """The line as it is shown."""
        bar = _shown(self.bar, self.unit)
        return [
            self.row,
            self.what,
            _spread(self.measured, "ms" if self.unit == "ms" else "/s"),
            _spread(self.ceiling, "/s") if self.ceiling else "",
            _spread(self.value, self.unit) if self.ceiling else "",
            f"under {bar}" if self.unit == "ms" else bar,
            self.verdict,
        ]


HEADS = ("row", "what", "measured", "ceiling", "ratio", "bar", "")


def lines(found: Findings, void: dict[str, list[str]]) -> list[Line]:
    """The rows of which everything was measured; a void one says why instead of what it reached."""
    return [
        _line(row, found, void.get(row.subject, [])) for row in ROWS if row.trials <= found.keys()
    ]  # fmt: skip


def _line(row: Row, found: Findings, drift: list[str]) -> Line:
    measured = _figures(found, row.measured)
    ceiling = _figures(found, row.ceiling) if row.ceiling else None
    # Each repeat beside the ceiling of its own turn: what the machine did meanwhile touches both.
    beside = ceiling or [1.0] * len(measured)
    values = [one / other if other else float("nan") for one, other in zip(measured, beside, strict=True)]
    value = statistics.median(values)
    wrong = [text for name in row.trials for finding in found[name] for text in finding.disagreements()]
    if wrong:
        verdict = f"void: {wrong[0]}"
    elif any(map(math.isnan, values)):
        verdict = "void: nothing was done in the time for it"
    elif drift:
        verdict = f"void: {', '.join(drift)}"
    else:
        verdict = verdict_of(row, value)
    return Line(
        row.id,
        row.what,
        _of(measured),
        _of(ceiling) if ceiling else None,
        _of(values),
        row.unit,
        row.bar,
        row.stretch,
        verdict,
    )


def verdict_of(row: Row, value: float) -> str:
    """Whether the bar was reached, and if not, by how much it was missed."""
    if row.reached(value, row.stretch):
        return "reached, the further mark too"
    if row.reached(value, row.bar):
        return "reached"
    missed = value / row.bar - 1 if row.unit == "ms" else 1 - value / row.bar
    return f"missed by {missed:.0%}"


def made_by(record: Mapping[str, object]) -> str:
    """When a table was made, by which commit and on what: how the sentence above each begins."""
    return (
        f"Made on {record['made']} by commit `{record['commit']}` on {record['cores']} cores of {record['processor']}"
    )


def peer_lines(found: Findings) -> list[list[str]]:
    """What others do for the same work."""
    return [
        ["", name, _spread(_of(_figures(found, (name, "events/s"))), "/s"), "", "", "", ""]
        for peers in PEERS.values()
        for name in peers
        if name in found and "events/s" in found[name][0].figures
    ]


def _figures(found: Findings, figure: Figure) -> list[float]:
    trial, name = figure
    return [finding.figures[name] for finding in found[trial]]


def _of(values: list[float]) -> tuple[float, float, float]:
    return statistics.median(values), min(values), max(values)


def _spread(values: tuple[float, float, float], unit: str) -> str:
    median, least, most = (_shown(value, unit) for value in values)
    bare = {"%": "%", "/s": "/s", "x": "x", "ms": " ms"}[unit]
    return f"{median} ({least.removesuffix(bare)} – {most.removesuffix(bare)})"


def _shown(value: float, unit: str) -> str:
    if unit == "%":
        return f"{value:.0%}"
    if unit == "/s":
        return f"{value:,.0f}/s"
    if unit == "x":
        return f"{value:.1f}x"
    return f"{value:.3g} ms"


def table(found: Findings, void: dict[str, list[str]]) -> str:
    """The lines as a table in Markdown, which can be read as it is."""
    rows = [list(HEADS), *(line.cells() for line in lines(found, void)), *peer_lines(found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    shown = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    return "\n".join([shown[0], "| " + " | ".join("-" * width for width in widths) + " |", *shown[1:]])


def keep(file: Path, record: dict[str, Any], found: Findings, void: dict[str, list[str]]) -> None:
    """Everything that was found, as JSON."""
    kept = record | {
        "void": void,
        "rows": [asdict(line) for line in lines(found, void)],
        "trials": {name: [asdict(finding) for finding in findings] for name, findings in found.items()},
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


def renewed(page: str, made: str, begin: str = BEGIN, end: str = END) -> str:
    """The page with another table between its marks."""
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n\n{made}\n\n{end}{after}"
