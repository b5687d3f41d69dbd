"""What insight answers: counts as they may be told (`rules`), and where something lacks or lies idle."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, Field

from services.insight import rules
from services.insight.rules import By, Shown


class Counts(BaseModel):
    """Counts of one group. One of 1 to 4 is `1-4`, any other is rounded to five; none is not told.

    Not told are a median of a few, the parts of a few, and in groups what is a few in all of them together.
    """

    asked: Shown | None = Field(description="Requests that were placed in the period.")
    answered: Shown | None = Field(description="Of those: led to an introduction, or were answered in another way.")
    waiting: Shown | None = Field(description="Of those: still open, without an answer.")
    waiting_escalated: Shown | None = Field(description="Of those waiting: sought an answer to in the whole country.")
    unanswered: Shown | None = Field(description="Of those asked: ended without an answer.")
    escalated: Shown | None = Field(description="Of those: sought an answer to in the whole country.")
    fulfilled: Shown | None = Field(description="Of those: the asker said that it was answered.")
    offered: Shown | None = Field(description="Offers that were placed in the period.")
    standing: Shown | None = Field(description="Offers that stand now, whenever they were placed.")
    taken_up: Shown | None = Field(description="Of those offered: led to an introduction.")
    days_to_answer: float | None = Field(description="Median of the days between asking and introduction.")
    km_to_answer: float | None = Field(description="Median of the kilometres between who asked and who offered.")
    days_waiting: float | None = Field(description="Median of the days that what is still open has waited.")


class Group(Counts):
    """Counts of a theme, a kind, a network, a province, a region or a month."""

    key: str = Field(description="Its code, as in the events; empty for what has none.")
    name: str | None = Field(default=None, description="What people call it, where the code does not say.")


class GroupsView(BaseModel):
    """Every group of which something is told, the largest first; every month, in their order.

    What has two themes or networks counts in both.
    """

    by: By
    since: str = Field(description="The first month, e.g. 2026-01.")
    until: str = Field(description="The last month.")
    exact: bool
    groups: list[Group]


class Waiting(BaseModel):
    """How long what is still open has waited."""

    week: Shown | None = Field(description="Less than 7 days.")
    month: Shown | None = Field(description="7 to 30 days.")
    quarter: Shown | None = Field(description="30 to 90 days.")
    longer: Shown | None


class SummaryView(BaseModel):
    """Everything in the period together."""

    since: str
    until: str
    exact: bool
    counts: Counts
    waiting: Waiting
    organisations: dict[str, Shown] = Field(description="Those that take part now, by kind.")


class Spot(BaseModel):
    """A theme or a kind in a province."""

    key: str
    province: str
    asked: Shown
    not_answered: Shown | None = Field(description="Of those asked; none of a few.")
    to_escalate: Shown | None = Field(
        description="Of those not answered: still open in a region, and not sought an answer to in the whole country."
    )
    offered: Shown = Field(description="Offers that stand there now.")
    offered_elsewhere: Shown = Field(description="Offers that stand in other provinces.")
    asked_elsewhere: Shown


class SpotsView(BaseModel):
    """Where something lacks, and where something lies idle; the largest first.

    Of the region, the province or the network that is asked for, beside what all of them ask and offer.
    """

    across: str
    since: str
    until: str
    exact: bool
    white: list[Spot] = Field(description="Asked in the period, not all of it answered, and nobody there offers it.")
    surplus: list[Spot] = Field(description="Offered there now, and nobody there asked for it in the period.")


class RegionView(BaseModel):
    """A node that something was heard of."""

    region: str
    name: str


class Initiatives(BaseModel):
    """Initiatives that were started in the period, and how they stand now; told as the other counts are."""

    started: Shown
    running: Shown | None
    done: Shown | None
    lasting: Shown | None = Field(description="Go on as a lasting collaboration.")
    stopped: Shown | None = Field(description="Did not work out.")
    students: int | None = Field(description="Students that they reached; none where only a few told how many.")


class InitiativeGroup(Initiatives):
    """Initiatives of a theme, a kind, a network, a province, a region (of who asked) or a month."""

    key: str
    name: str | None = None


class Sentence(BaseModel):
    """What an initiative brought, as its writer lets it be told."""

    outcome: str
    kind: str
    themes: tuple[str, ...]
    province: str
    month: str = Field(description="In which it ended, e.g. 2026-05.")


class InitiativesView(BaseModel):
    """All initiatives of the period together, by group unless they are a few, and what they brought."""

    by: By
    since: str
    until: str
    exact: bool
    all: Initiatives
    groups: list[InitiativeGroup]
    sentences: list[Sentence] = Field(description="The newest.")


def initiatives_of(row: Mapping[str, Any], *, exact: bool) -> dict[str, Any]:
    """The counts of initiatives as they may be told."""
    counts = _with_parts(row, "started", ("running", "done", "lasting", "stopped"), exact=exact)
    students = rules.shown_sum(row["students"], row["students_most"], row["with_students"], exact=exact)
    return counts | {"students": students}


def sentence_of(row: Any) -> Sentence:
    """A sentence with the month in which it was told, which says less than the day."""
    month = row["ended_at"].astimezone(rules.AMSTERDAM).strftime("%Y-%m")
    return Sentence(
        outcome=row["outcome"], kind=row["kind"], themes=tuple(row["themes"]), province=row["province"], month=month
    )


def counts_of(row: Mapping[str, Any], *, exact: bool) -> Counts:
    """The counts of one group as they may be told."""
    return Counts(**_told(row, exact=exact))


def groups_of(
    found: Mapping[str, Mapping[str, Any]], whole: Mapping[str, Any], names: Mapping[str, str], *, exact: bool
) -> list[Group]:
    """Every group as it may be told; in the order of the counts as they are told, which adds nothing to them.

    What is a few in the whole is told of no group: four groups of a few are one each.
    """
    untold = untold_of(_told(whole, exact=exact))
    groups = [Group(key=key, name=names.get(key), **_told(row, exact=exact) | untold) for key, row in found.items()]
    return sorted(groups, key=lambda one: (-rules.least(one.asked), -rules.least(one.standing), one.key))


def untold_of(whole: Mapping[str, Any]) -> dict[str, None]:
    """What is told of no group, because in all of them together it is a few, or is not told."""
    return {name: None for name, told in whole.items() if told is None or told == rules.A_FEW}


def waiting_of(row: Mapping[str, Any], *, exact: bool) -> Waiting:
    """How long what is open has waited, as it may be told."""
    parts = ("week", "month", "quarter", "longer")
    told = _with_parts(row, "waiting", tuple(f"waiting_{part}" for part in parts), exact=exact)
    return Waiting(**{part: told[f"waiting_{part}"] for part in parts})


def spots_of(found: Sequence[Any], *, exact: bool) -> tuple[list[Spot], list[Spot]]:
    """What lacks and what lies idle, as it may be told."""
    numbers = ("offered", "offered_elsewhere", "asked_elsewhere")

    def spot(row: Any) -> Spot:
        told: dict[str, Any] = {name: rules.shown(int(row[name]), exact=exact) for name in numbers}
        told |= _with_parts(row, "asked", ("not_answered", "to_escalate"), exact=exact)
        return Spot(key=row["key"], province=row["province"], **told)

    white = [spot(row) for row in found if row["asked"] and not row["is_offered_there"]]
    white = [one for one in white if one.not_answered != 0]  # of a few it is not told, and they stay
    surplus = [spot(row) for row in found if row["offered"] and not row["is_asked_there"]]
    white.sort(key=lambda one: (-rules.least(one.asked), one.key, one.province))
    surplus.sort(key=lambda one: (-rules.least(one.offered), one.key, one.province))
    return white, surplus


#: Of which counts others are parts.
_PARTS: dict[str, tuple[str, ...]] = {
    "asked": ("answered", "waiting", "unanswered", "escalated", "fulfilled"),
    "offered": ("taken_up",),
    "standing": (),
}


def _told(row: Mapping[str, Any], *, exact: bool) -> dict[str, Any]:
    counts: dict[str, Any] = {}
    for name, parts in _PARTS.items():
        counts |= _with_parts(row, name, parts, exact=exact)
    of_waiting = _with_parts(row, "waiting", ("waiting_escalated",), exact=exact)
    return counts | {
        "waiting_escalated": None if counts["waiting"] is None else of_waiting["waiting_escalated"],
        "days_to_answer": rules.shown_middle(row["days_to_answer"], row["introduced"], 1, exact=exact),
        "km_to_answer": rules.shown_middle(row["km_to_answer"], row["with_km"], 5, exact=exact),
        "days_waiting": rules.shown_middle(row["days_waiting"], row["waiting"], 1, exact=exact),
    }


def _with_parts(row: Mapping[str, Any], name: str, parts: tuple[str, ...], *, exact: bool) -> dict[str, Shown | None]:
    """A count and its parts; of a few no parts, which would tell of one person how it went."""
    told = rules.shown(row[name], exact=exact)
    return {name: told} | {part: None if told == rules.A_FEW else rules.shown(row[part], exact=exact) for part in parts}
