"""Half an hour of load and trouble, drawn from what was watched: docs/soak.svg."""

from typing import Any

from bench import results
from bench.drawing import Panel, Point, picture
from bench.levels import series
from bench.load import percentile

FILE = results.PAGE.parent / "soak.svg"

Record = dict[str, Any]


def drawn(record: Record) -> str:
    """Minutes to the right; a red stroke below is a moment at which something broke."""
    began, samples = record["began"], record["samples"]
    nodes = {name.partition("/")[0] for one in samples for name in one["memory MB"]}
    region = next(iter(nodes - {"national"}))
    moments = [one["at"] / 60 for one in record["breaks"]]

    def lines(kind: str, *without: str) -> dict[str, list[Point]]:
        every = sorted({name for one in samples for name in one[kind] if name.startswith(f"{region}/")})
        return {
            name.partition("/")[2]: [((at - began) / 60, value) for at, value in series(samples, kind, name)]
            for name in every
            if name.partition("/")[2] not in without
        }

    waits = {name.removeprefix("events for "): line for name, line in lines("waits", "oldest to say, s").items()}
    panels = [
        Panel("memory, MB", lines("memory MB", "mail"), "minutes", moments=moments),
        Panel("open files", lines("open files", "mail", "postgres"), "minutes", moments=moments),
        Panel("disk, MB", lines("disk MB"), "minutes", moments=moments),
        Panel("what waits", waits, "minutes", moments=moments),
        Panel(
            "the oldest that waits to be said, s",
            {"oldest": lines("waits")["oldest to say, s"]},
            "minutes",
            moments=moments,
        ),
        Panel("a request's answer, by half a minute, s", _answers(record), "minutes", moments=moments),
    ]
    told = (
        f"In {record['minutes']:g} minutes, in which {len(record['breaks'])} things broke, of the node {region}: its "
        "memory, open files, disk, what waits to be said, heard and sent, and how long requests took. "
        + "; ".join(f"{one['kind']} {one['name']} {one['first']:.3g} to {one['last']:.3g}" for one in record["levels"])
    )
    return picture("Half an hour of load and trouble", told, panels)


def _answers(record: Record) -> dict[str, list[Point]]:
    halves: dict[int, list[float]] = {}
    for at, took, _ in record["answers"]:
        halves.setdefault(int(at // 30), []).append(took)
    return {
        name: [(half / 2, percentile(took, part)) for half, took in sorted(halves.items())]
        for name, part in (("half within", 0.5), ("99 % within", 0.99))
    }
