"""Where the parts of a picture come: bars, columns over time, and a map of dots. The templates draw them as SVG.

All lengths are in units of a picture that is 360 wide, which is about a phone.
"""

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from contracts.places import every_place

WIDTH = 360
#: How high a row of bars is: its name, and each bar.
LENGTH_MAX, ROW, BAR = 300, 30, 16
COLUMN_TOP, COLUMN_BASE = 16, 150

#: How many kilometres a unit of the map is, and where its corner lies.
_PER_DEGREE_EAST, _PER_DEGREE_NORTH, _WEST, _NORTH = 83.0, 135.0, 3.35, 53.5
MAP_WIDTH, MAP_HEIGHT = 330, 380

#: Where a few are among the counts, the scale goes to here at least: a few must not look like much.
_LEAST = 10

Shown = int | str | None


class Bar(NamedTuple):
    """One bar, and the number beside it."""

    shown: Shown
    length: float


class Row(NamedTuple):
    """The bars of one group, from `top` down."""

    key: str
    name: str | None
    top: int
    bars: tuple[Bar, ...]


class Bars(NamedTuple):
    """Rows of bars."""

    rows: list[Row]
    height: int


class Column(NamedTuple):
    """Two columns of a month beside each other."""

    key: str
    left: float
    width: float
    bars: tuple[Bar, ...]
    has_label: bool


class Dots(NamedTuple):
    """A province as dots: its path, where its number comes, and how full its colour is, from 0 to 4."""

    province: str
    path: str
    x: int
    y: int
    shown: Shown
    level: int


def size(shown: Shown) -> int:
    """How much a shown count is drawn as: of a few nobody knows how many they are; what is not told is not drawn."""
    return 2 if isinstance(shown, str) else shown or 0


def bars(groups: Sequence[Mapping[str, Any]], parts: Sequence[str]) -> Bars:
    """A row for each group, with a bar for each part of it."""
    most, row = _most(groups, parts), ROW + BAR * len(parts)
    rows = [
        Row(
            key=group["key"],
            name=group.get("name"),
            top=place * row,
            bars=tuple(Bar(group[part], _length(group[part], most, LENGTH_MAX)) for part in parts),
        )
        for place, group in enumerate(groups)
    ]
    return Bars(rows, max(1, len(rows)) * row)


def columns(groups: Sequence[Mapping[str, Any]], parts: Sequence[str]) -> list[Column]:
    """A column for each part of each month."""
    most, step = _most(groups, parts), WIDTH / max(1, len(groups))
    every = math.ceil(len(groups) / 12)
    return [
        Column(
            key=group["key"],
            left=round(place * step + step * 0.12, 1),
            width=round(step * 0.76 / len(parts), 1),
            bars=tuple(Bar(group[part], _length(group[part], most, COLUMN_BASE - COLUMN_TOP)) for part in parts),
            has_label=place % every == 0,
        )
        for place, group in enumerate(groups)
    ]


def dots(groups: Sequence[Mapping[str, Any]], part: str) -> list[Dots]:
    """The country: each place a dot, in the strength of what is counted in its province."""
    shown = {group["key"]: group[part] for group in groups}
    most = max(_LEAST if "1-4" in shown.values() else 1, *map(size, shown.values()), 1)
    found = []
    for province, (path, x, y) in sorted(_provinces().items()):
        count = shown.get(province, 0)
        level = math.ceil(4 * size(count) / most)
        found.append(Dots(province, path, x, y, count, level))
    return found


@cache
def _provinces() -> dict[str, tuple[str, int, int]]:
    points: dict[str, set[tuple[int, int]]] = {}
    for place in every_place():
        x = round((place.longitude - _WEST) * _PER_DEGREE_EAST)
        y = round((_NORTH - place.latitude) * _PER_DEGREE_NORTH)
        points.setdefault(place.province, set()).add((x + 8, y + 8))
    return {
        province: (
            "".join(f"M{x} {y}h0" for x, y in sorted(found)),
            round(sum(x for x, _ in found) / len(found)),
            round(sum(y for _, y in found) / len(found)),
        )
        for province, found in points.items()
    }


def _most(groups: Sequence[Mapping[str, Any]], parts: Sequence[str]) -> int:
    shown = [group[part] for group in groups for part in parts]
    return max(_LEAST if "1-4" in shown else 1, *map(size, shown), 1)


def _length(shown: Shown, most: int, whole: int) -> float:
    return round(max(whole * size(shown) / most, 3), 1) if size(shown) else 0
