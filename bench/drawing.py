"""Lines in a picture: panels beside each other, as SVG that is legible on a light and on a dark page."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

Point = tuple[float, float]

COLUMNS, WIDTH, HEIGHT = 2, 480, 250
#: Of a panel, what its title, its numbers and the names of its lines take.
LEFT, RIGHT, TOP, BOTTOM = 52, 150, 34, 30
LINES_MAX, NAME_HEIGHT = 9, 14.0

#: By number, so that a line has the same colour on a light page and a lighter one on a dark page.
_LIGHT = ("#1f6f54", "#b3261e", "#2456a6", "#9a6a00", "#7b3fa0", "#00788a", "#a33a6b", "#5b6b00", "#5f5f5f")
_DARK = ("#6fd3ae", "#ff8a80", "#8ab8ff", "#f2c14e", "#d3a2f2", "#66d9e8", "#f59cc4", "#c5d86d", "#bdbdbd")

_STYLE = (
    ".g{fill:#fff}.t{fill:#1c2b26}.m{fill:#41554d;font-size:11px}.x{stroke:#c9d3ce;stroke-width:1}"
    ".b{stroke:#b3261e;stroke-width:1;opacity:.55}.n{font-size:11px}.l{fill:none;stroke-width:1.8}"
    + "".join(f".s{n}{{stroke:{colour}}}.f{n}{{fill:{colour}}}" for n, colour in enumerate(_LIGHT))
    + "@media(prefers-color-scheme:dark){.g{fill:#10201a}.t{fill:#eef5f1}.m{fill:#b6c7bf}"
    ".x{stroke:#33463e}.b{stroke:#ff8a80}"
    + "".join(f".s{n}{{stroke:{colour}}}.f{n}{{fill:{colour}}}" for n, colour in enumerate(_DARK))
    + "}"
)


@dataclass(frozen=True, slots=True)
class Panel:
    """Some lines over one another, by name, over what `across` says.

    `moments` are marked below them; with `is_log` both axes are.
    """

    title: str
    lines: Mapping[str, Sequence[Point]]
    across: str
    is_log: bool = False
    moments: Sequence[float] = field(default_factory=tuple)


def picture(title: str, told: str, panels: Sequence[Panel]) -> str:
    """The whole; `told` says in words what is to be seen in it."""
    rows = math.ceil(len(panels) / COLUMNS)
    width, height = COLUMNS * WIDTH, rows * HEIGHT
    drawn = [
        f'<g transform="translate({number % COLUMNS * WIDTH} {number // COLUMNS * HEIGHT})">{_panel(panel)}</g>'
        for number, panel in enumerate(panels)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-labelledby="t d" '
            'font-family="system-ui, sans-serif" font-size="13">',
            f'<title id="t">{escape(title)}</title><desc id="d">{escape(told)}</desc>',
            f'<style>{_STYLE}</style><rect class="g" width="100%" height="100%"/>',
            *drawn,
            "</svg>\n",
        ]
    )


def _panel(panel: Panel) -> str:
    lines = {name: points for name, points in panel.lines.items() if points}
    every = [point for points in lines.values() for point in points]
    if not every:
        return f'<text class="t" x="{LEFT}" y="20">{escape(panel.title)}</text>'
    across, up = ([point[axis] for point in every] for axis in (0, 1))
    left, right = min(across), max(across)
    wider = max(1.5, math.sqrt(10 * min(up) / max(up))) if panel.is_log else 1.0  # what is flat must look flat
    low, high = (min(up) / wider, max(up) * wider) if panel.is_log else (0.0, max(up) * 1.08 or 1.0)
    x = _scale(left, right, LEFT, WIDTH - RIGHT, is_log=panel.is_log)
    y = _scale(low, high, HEIGHT - BOTTOM, TOP, is_log=panel.is_log)
    parts = [f'<text class="t" x="{LEFT}" y="20" font-weight="600">{escape(panel.title)}</text>']
    for value in _ticks(low, high, is_log=panel.is_log):
        parts.append(f'<path class="x" d="M{LEFT} {y(value):.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text class="m" x="{LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{_short(value)}</text>')
    parts += [
        f'<text class="m" x="{x(value):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{_short(value)}</text>'
        for value in _ticks(left, right, is_log=panel.is_log)
    ]
    foot = HEIGHT - BOTTOM
    parts += [f'<path class="b" d="M{x(at):.1f} {foot}v-7"/>' for at in panel.moments if left <= at <= right]
    parts.append(f'<text class="m" x="{WIDTH - RIGHT + 18}" y="{foot + 18}">{escape(panel.across)}</text>')
    highest_first = sorted(lines.items(), key=lambda line: y(line[1][-1][1]))[:LINES_MAX]
    beside = _apart([y(points[-1][1]) for _, points in highest_first])
    for number, (name, points) in enumerate(highest_first):
        path = "L".join(f"{x(one):.1f} {y(other):.1f}" for one, other in points)
        parts.append(f'<path class="l s{number}" d="M{path}"/>')
        if panel.is_log:
            parts += [f'<circle class="f{number}" cx="{x(a):.1f}" cy="{y(b):.1f}" r="3"/>' for a, b in points]
        parts.append(
            f'<text class="n f{number}" x="{WIDTH - RIGHT + 8}" y="{beside[number]:.0f}">{escape(name)}</text>'
        )
    return "".join(parts)


def _apart(ends: list[float]) -> list[float]:
    """Where names stand: beside the end of their line, or below the name before it, but never below the panel."""
    found: list[float] = []
    for end in ends:
        found.append(max(end + 4, found[-1] + NAME_HEIGHT if found else 0))
    floor = HEIGHT - BOTTOM + 4.0
    for number in reversed(range(len(found))):
        found[number] = min(found[number], floor)
        floor = found[number] - NAME_HEIGHT
    return found


def _scale(low: float, high: float, begin: float, end: float, *, is_log: bool) -> Callable[[float], float]:
    along: Callable[[float], float] = math.log if is_log else float
    span = along(high) - along(low) or 1.0
    return lambda value: begin + (along(value) - along(low)) / span * (end - begin)


def _ticks(low: float, high: float, *, is_log: bool) -> list[float]:
    """Round numbers: powers of ten, or some four at equal distances."""
    if is_log:
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)))
        steps = (1, 2, 5) if high / low < 50 else (1,)
        return [
            value for power in (*powers, max(powers) + 1) for s in steps if low <= (value := s * 10.0**power) <= high
        ]
    step = 10 ** math.floor(math.log10((high - low) / 4 or 1))
    step = next(step * times for times in (1, 2, 5, 10) if (high - low) / (step * times) <= 5)
    return [step * number for number in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _short(value: float) -> str:
    if value >= 1e6:
        return f"{value / 1e6:g} M"
    return f"{value / 1e3:g} k" if value >= 10_000 else f"{value:g}"
