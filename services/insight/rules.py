"""What may be told of counts, and of which months. Pure.

A count of a few can tell about a person: who knows that one school in Zeeland has robots knows who asked about them. So
nobody is told how many a few are, and every other count is rounded, so that a few cannot be found by subtraction. The
node's team sees the requests themselves, and may see exact counts (decision 0041).
"""

from datetime import UTC, datetime
from typing import Literal, get_args

from chassis import FieldErrors
from contracts.days import AMSTERDAM

#: From this many on a count is told, rounded to as many.
FEW = 5

#: How a count of less than that is told.
A_FEW: Literal["1-4"] = "1-4"

Shown = int | Literal["1-4"]

By = Literal["theme", "kind", "network", "province", "region", "month"]
WAYS: tuple[By, ...] = get_args(By)

#: In which sums are told: 5, 10, 20, 50, 100 and so on.
_STEPS = [FEW, *(first * 10**zeros for zeros in range(1, 12) for first in (1, 2, 5))]

MONTHS_MAX = 120


def shown(count: int, *, exact: bool = False) -> Shown:
    """A count as it may be told."""
    if exact or count <= 0:
        return max(count, 0)
    if count < FEW:
        return A_FEW
    return FEW * ((count + FEW // 2) // FEW)


def shown_sum(total: int | None, largest: int | None, of: int, *, exact: bool = False) -> int | None:
    """A sum as it may be told: none of a few, and in steps in which the largest part of it cannot be seen.

    A sum of less than two such steps is mostly that one part, and is not told.
    """
    if total is None or largest is None or exact:
        return total
    step = next(step for step in _STEPS if step >= largest)
    told = step * ((total + step // 2) // step)
    return told if of >= FEW and told >= 2 * step else None


def shown_middle(middle: float | None, of: int, step: float, *, exact: bool = False) -> float | None:
    """A median as it may be told: none of a few, and in steps."""
    if middle is None or (of < FEW and not exact):
        return None
    return round(middle, 1) if exact else step * round(middle / step)


def least(count: Shown | None) -> int:
    """The number that a shown count stands for when they are put in order."""
    return 1 if count == A_FEW else int(count or 0)


def months(first: str | None, last: str | None, now: datetime) -> tuple[str, str]:
    """The first and the last month that are asked for, the last twelve when nothing is said.

    Whole months, because days beside each other would tell what a rounded count hides.
    """
    this = now.astimezone(AMSTERDAM)
    until = last or f"{this.year:04}-{this.month:02}"
    since = first or month_after(until, -11)
    if since > until:
        raise FieldErrors([("until", "must not be before `from`")])
    if month_after(since, MONTHS_MAX) <= until:
        raise FieldErrors([("from", f"must be within {MONTHS_MAX} months before `until`")])
    return since, until


def month_after(month: str, by: int) -> str:
    """So many months later, or earlier."""
    year, number = int(month[:4]), int(month[5:])
    count = year * 12 + number - 1 + by
    return f"{count // 12:04}-{count % 12 + 1:02}"


def every_month(since: str, until: str) -> list[str]:
    """The months from one to another, both included."""
    found = [since]
    while found[-1] < until:
        found.append(month_after(found[-1], 1))
    return found


def begins_at(month: str) -> datetime:
    """When a month begins in the Netherlands."""
    return datetime(int(month[:4]), int(month[5:]), 1, tzinfo=AMSTERDAM).astimezone(UTC)


def share(part: Shown, whole: Shown) -> int | None:
    """A part of a whole in percents, to the nearest five; none where either is only a few."""
    if part == A_FEW or whole == A_FEW or not whole:
        return None
    return min(100, 5 * round(20 * int(part) / int(whole)))
