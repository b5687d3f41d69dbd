"""Whether what was watched for a long time levels out, or grows without an end: a rule for each kind of figure."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

#: Of what must not grow: so much more at the end than at the begin is no growth.
GROWS_PART, GROWS_MB, GROWS_FILES = 0.05, 4.0, 4.0
#: PostgreSQL is half a hundred processes, one for each connection, whose caches fill at their own pace.
GROWS_PART_OF_MANY = 0.1
#: Of what is kept of each request: so much more a request in the second half than in the first.
PER_REQUEST_PART, PER_REQUEST_MB = 0.25, 3.0
#: What waits at the end beside the begin; below so many nothing has heaped up.
WAITS_PART, WAITS_FEW, WAITS_SECONDS = 0.5, 100.0, 2.0
#: PostgreSQL is told to write ahead so much at the most (`max_wal_size`), and goes over it for a moment.
AHEAD_MB = 1300.0
#: Parts whose memory holds something of all that they keep on disk.
KEEPERS = ("/nats", "/mail")

Sample = dict[str, Any]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Level:
    """One figure at the begin and at the end of the time that is judged, and how it is judged."""

    kind: str
    name: str
    first: float
    last: float
    rule: str
    is_level: bool

    def told(self) -> str:
        """In a line."""
        return f"{self.kind}, {self.name}: {self.first:,.4g} → {self.last:,.4g} ({self.rule})"


def judged(samples: Sequence[Sample], calm_from: float, until: float) -> list[Level]:
    """Memory, open files and what waits in the calm part, in which every process lives; disk over all the time.

    NATS holds in memory where each message stands, and the mail catcher the head of each mail, so that their memory is
    judged as disk is. PostgreSQL fills the caches of a connection, which lines that are cut break: it may come to what
    it had before, in all the time.
    Times are as `at` in the samples. What has fewer than six samples is not judged.
    """
    calm = [one for one in samples if calm_from <= one["at"] <= until]
    whole = [one for one in samples if one["at"] <= until]
    found = [
        *_each(calm, "memory MB", _level_within(GROWS_MB, whole), but=KEEPERS),
        *_each(whole, "memory MB", lambda kind, name, points: _kept(kind, name, points, whole), only=KEEPERS),
        *_each(calm, "open files", _level_within(GROWS_FILES, whole)),
        *_each(calm, "waits", _heaps_not_up),
        *_each(whole, "disk MB", lambda kind, name, points: _kept(kind, name, points, whole)),
    ]
    return [one for one in found if one is not None]


Rule = Callable[[str, str, list[Point]], Level | None]


def _each(
    samples: Sequence[Sample],
    kind: str,
    rule: Rule,
    *,
    only: tuple[str, ...] = ("",),
    but: tuple[str, ...] = (),
) -> list[Level | None]:
    """Of each name that ends in one of `only`, and in none of `but`."""
    names = sorted({name for one in samples for name in one[kind] if name.endswith(only) and not name.endswith(but)})
    return [rule(kind, name, series(samples, kind, name)) for name in names]


def series(samples: Sequence[Sample], kind: str, name: str) -> list[Point]:
    """One figure by its moment."""
    return [(one["at"], one[kind][name]) for one in samples if name in one[kind]]


def _level_within(least: float, whole: Sequence[Sample]) -> Rule:
    def rule(kind: str, name: str, points: list[Point]) -> Level | None:
        ends = _ends(points)
        if ends is None:
            return None
        first, last = ends
        part = GROWS_PART
        if name.endswith("/postgres"):
            first = max(first, _highest(series(whole, kind, name), points[0][0], len(points) // 3))
            part = GROWS_PART_OF_MANY if kind == "memory MB" else GROWS_PART
        most = first + max(least, part * first)
        return Level(kind, name, first, last, f"at most {most:,.4g}", last <= most)

    return rule


def _heaps_not_up(kind: str, name: str, points: list[Point]) -> Level | None:
    ends = _ends(points)
    if ends is None:
        return None
    first, last = ends
    most = max(first * (1 + WAITS_PART), WAITS_SECONDS if name.endswith(", s") else WAITS_FEW)
    return Level(kind, name, first, last, f"at most {most:,.4g}", last <= most)


def _kept(kind: str, name: str, points: list[Point], samples: Sequence[Sample]) -> Level | None:
    """How much a thousand requests take, in the first half and in the second."""
    if name.endswith("/written ahead"):
        most = max(value for _, value in points)
        return Level(kind, name, points[0][1], most, f"at most {AHEAD_MB:,.0f}", most <= AHEAD_MB)
    placed = [(one["at"], sum(one["placed"].values())) for one in samples if one["placed"]]
    if len(points) < 6 or len(placed) < 6:
        return None
    middle = points[len(points) // 2]
    first, last = (
        (end[1] - begin[1]) / max(1.0, (_at(placed, end[0]) - _at(placed, begin[0])) / 1000)
        for begin, end in ((points[0], middle), (middle, points[-1]))
    )
    most = max(first * (1 + PER_REQUEST_PART), PER_REQUEST_MB)
    return Level(f"{kind} per 1,000 requests", name, first, last, f"at most {most:,.4g}", last <= most)


def _at(points: Sequence[Point], at: float) -> float:
    return min(points, key=lambda point: abs(point[0] - at))[1]


def _highest(points: Sequence[Point], before: float, count: int) -> float:
    """The highest median of so many samples that follow each other, before a moment."""
    values = [value for at, value in points if at < before]
    return max((statistics.median(values[at : at + count]) for at in range(0, len(values) - count, count)), default=0.0)


def _ends(points: Sequence[Point]) -> tuple[float, float] | None:
    """The median of the first third and of the last: one sample that stands out is no growth."""
    third = len(points) // 3
    if third < 2:
        return None
    values = [value for _, value in points]
    return statistics.median(values[:third]), statistics.median(values[-third:])


def as_json(levels: Sequence[Level]) -> list[dict[str, Any]]:
    """To keep."""
    return [asdict(one) for one in levels]
