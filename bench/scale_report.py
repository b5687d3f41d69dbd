"""What `./odh bench scale` gave, as tables: a line a figure, a column a world, and how much more it is at the next."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from bench import growth_picture, results

BEGIN = "<!-- table: made by ./odh bench scale --write -->"
REPLICAS_BEGIN = "<!-- table: made by ./odh bench replicas --write -->"
RECALL_MIN = 0.98

World = dict[str, Any]


def finds_enough(world: World) -> bool:
    """Whether the index misses at most one in fifty of the nearest."""
    return all(side["recall@30"] >= RECALL_MIN for side in world["sides"].values())


def _ms(side: str, way: str, which: str) -> Callable[[World], float]:
    return lambda world: float(world["sides"][side]["ms"][way][which])


def _index_mb(kind: str) -> Callable[[World], float]:
    return lambda world: float(sum(mb for name, mb in world["disk MB"].items() if name.startswith(kind)))


_SIDES = {"request": "offers for a request", "offer": "requests for an offer"}
_FIGURES: tuple[tuple[str, Callable[[World], float]], ...] = (
    *(
        (f"{what}: {shown}, {which} ms", _ms(side, way, which))
        for side, what in _SIDES.items()
        for way, shown in (
            ("all ways", "the whole statement"), ("meaning", "by meaning, index"),
            ("meaning, exact", "by meaning, exact"), ("words", "by words"), ("place", "by place"),
        )
        for which in ("p50", "p99")
    ),
    ("offers placed/s: kept with their vector", lambda world: float(world["ingest"]["kept/s"])),
    ("offers placed/s: kept and proposed", lambda world: float(world["ingest"]["kept and proposed/s"])),
    ("offers placed/s: with the model inside", lambda world: float(world["ingest"]["all/s"])),
    ("requests of a region kept by the nation/s", lambda world: float(world["ingest"]["copies kept/s"])),
    ("an offer in its turn, ms", lambda world: float(world["ingest"]["in its turn ms/event"])),
    ("the model, ms a text", lambda world: float(world["ingest"]["model ms/text"])),
    ("disk: all, MB", lambda world: float(sum(world["disk MB"].values()))),
    ("disk: indexes of meanings, MB", _index_mb("ix_meaning_1")),
    ("disk: vectors and fingerprints, MB", lambda world: float(world["disk MB"].get("meaning", 0))),
    ("memory of one connection's process, MB", lambda world: float(world["sides"]["request"]["backend MB"])),
    ("memory of the whole server, MB", lambda world: float(world["memory"]["server MB"])),
    ("making the indexes of meanings, s", lambda world: float(world["made s"].get("indexes of meanings", 0))),
)  # fmt: skip


def table(found: list[World]) -> str:
    """The figures of the worlds beside each other; between two worlds, how many times the one is of the other."""
    heads = [f"{world['offers']:,} ({world['spread']})" for world in found]
    rows = [["", *_between(heads, ["times"] * (len(found) - 1))]]
    for name, figure in _FIGURES:
        values = [figure(world) for world in found]
        growth = [f"{after / before:.1f}" if before else "" for before, after in pairwise(values)]
        rows.append([name, *_between([_shown(value) for value in values], growth)])
    for side, what in _SIDES.items():
        of_side = [world["sides"][side] for world in found]
        rows.append([f"{what}: recall@30, mean", *_between([f"{one['recall@30']:.3f}" for one in of_side])])
        worst = [f"{one['recall@30 worst']:.2f}" for one in of_side]
        rows.append([f"{what}: recall@30, worst", *_between(worst)])
    rows.append(["void, for these probes differ", *_between([", ".join(world["drift"]) for world in found])])
    return as_table(rows)


def ef_table(found: list[World]) -> str:
    """What looking further in the index brings and costs: recall and milliseconds for each `ef_search`."""
    rows = [["ef_search", *(f"{world['offers']:,}: {what}" for world in found for what in _SIDES.values())]]
    for ef in next(iter(found[0]["sides"].values()))["ef"]:
        cells = [world["sides"][side]["ef"][ef] for world in found for side in _SIDES]
        rows.append([ef, *(f"{one['recall']:.3f}, {one['p50']:.1f} ms" for one in cells)])
    return as_table(rows)


def write(record: dict[str, Any], found: list[World]) -> None:
    """Renews the tables in the page."""
    told = (
        f"{results.made_by(record)}, "
        f"PostgreSQL {record['postgres']} with {record['shared buffers']} of shared buffers; {record['queries']} "
        f"queries a side, {record['exact']} of them beside the exact answer."
    )
    made = f"{told}\n\n{table(found)}\n\n{ef_table(found)}"
    results.PAGE.write_text(results.renewed(results.PAGE.read_text(), made, begin=BEGIN, end="<!-- end of scale -->"))
    growth_picture.draw()


def write_replicas(record: dict[str, Any], found: list[dict[str, Any]]) -> None:
    """Renews the table of what replicas bring."""
    told = f"{results.made_by(record)}; requests and offers in turn, into a node that has heard 200."
    made = f"{told}\n\n{replicas_table(found)}"
    page = results.renewed(results.PAGE.read_text(), made, begin=REPLICAS_BEGIN, end="<!-- end of replicas -->")
    results.PAGE.write_text(page)


def replicas_table(found: list[dict[str, Any]]) -> str:
    """A line a trial: how many events a second, beside one process with the same model, and what they cost."""
    rows = [["read by", "processes", "events", "events/s", "beside one", "matches", "ms of processor an event"]]
    for one in found:
        first = next(other for other in found if other["model"] == one["model"])
        used = ", ".join(f"{name} {ms:.1f}" for name, ms in one["ms of processor an event"].items())
        beside = f"{one['events/s'] / first['events/s']:.2f}x"
        heard = [str(one["events"]), f"{one['events/s']:.1f}", beside, str(one["matches"])]
        rows.append([one["model"], str(one["replicas"]), *heard, used])
    return as_table(rows)


def as_table(rows: list[list[str]]) -> str:
    """Rows as a table in Markdown, the first of them its heads."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    shown = ["| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |" for row in rows]
    return "\n".join([shown[0], "| " + " | ".join("-" * width for width in widths) + " |", *shown[1:]])


def _between(values: list[str], growth: list[str] | None = None) -> list[str]:
    between = growth or [""] * (len(values) - 1)
    return [cell for pair in zip(values, [*between, None], strict=True) for cell in pair if cell is not None]


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
