"""What is decided of initiatives: who sees and writes them, which of two tellings stands, when somebody is reminded.

Pure. An introduction of two nodes is known in both, and what comes of it is kept in both alike: each tells the other
what its own side did. A line may be cut meanwhile, so that both sides take the same step; then both nodes come to the
same end, in whatever order they hear of it (`version_after`, decision 0043).
"""

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta

from chassis.identity import Identity
from chassis.problems import Problem
from contracts.vocabulary import InitiativeStatus, Role, Side, StoppedBecause

#: What happened longer ago is a slip of the keyboard.
NOTED_DAYS_BACK_MAX = 2 * 365

#: While it is one of these, what happens can be noted.
NOTED_WHILE = frozenset({InitiativeStatus.RUNNING, InitiativeStatus.LASTING})

#: A timer may ring this part of its wait too early, by a broker's clock that is not ours.
EARLY_PART_MAX = 0.1


class IntroductionNotFound(
    Problem, slug="introduction-not-found", status=404, title="There is no such introduction of yours"
):
    """An initiative starts from an introduction, by one of the two who were introduced."""


class InitiativeNotFound(Problem, slug="initiative-not-found", status=404, title="This initiative does not exist"):
    """No such initiative, or none that the caller may see: the two are not told apart."""


class StartedBefore(Problem, slug="initiative-started-before", status=409, title="This initiative was started before"):
    """You or the other started it: note there what happens."""


class InitiativeHasEnded(Problem, slug="initiative-ended", status=409, title="This initiative has ended"):
    """How it ended was told before."""


class NotTheirsToTell(
    Problem, slug="initiative-of-others", status=403, title="This initiative is not that node's to tell"
):
    """Another node tells of an initiative that none of its people is a side of."""


class NotTheirsToWrite(
    Problem, slug="initiative-not-yours", status=403, title="Only the two who were introduced write in this initiative"
):
    """An ambassador reads what happens, and leaves the writing to the two."""


def may_read(who: Identity, own_organisations: Iterable[str], ambassador_ids: Collection[str]) -> bool:
    """Whether somebody reads it who is not a side: the node's team, and the ambassadors of the two.

    Those are who brought the two together, and who are an ambassador of an organisation of this node's sides.
    """
    if who.has(Role.NODE_TEAM):
        return True
    if not who.has(Role.AMBASSADOR):
        return False
    scope = who.scope.organisation_ids if who.scope else ()
    return not set(ambassador_ids).isdisjoint(who.references) or not set(scope).isdisjoint(own_organisations)


def version_after(status: InitiativeStatus, step_by: Side, erased: Collection[Side] = ()) -> int:
    """The version that a step leads to: an end is after a start, and of two at once that of who asks stands.

    1 and 2 when it was started, 3 and 4 when it ended, and from 6 on when a side was erased. So the highest version
    wins here as it does of everything, though two nodes that did not hear of each other made them.
    """
    if erased:
        return 5 + sum({Side.REQUEST: 1, Side.OFFER: 2}[side] for side in set(erased))
    return (1 if status is InitiativeStatus.RUNNING else 3) + (step_by is Side.REQUEST)


def wording_after(wording: int, changed_by: Side) -> int:
    """The number of the title and days that a change leads to; of two changes at once that of who asks stands.

    0 is how it was started. Apart from the version: a change is no step, and may come at any time while it goes on.
    """
    return 2 * (wording // 2 + 1) + (changed_by is Side.REQUEST)


def worded_by(wording: int, started_by: Side) -> Side:
    """Who wrote the title that stands."""
    if wording == 0:
        return started_by
    return Side.REQUEST if wording % 2 else Side.OFFER


def quiet_since(started_at: datetime, noted_at: datetime | None, starts_on: datetime | None) -> datetime:
    """Since when nothing happened that anybody noted; before it begins nothing needs to."""
    return max(moment for moment in (started_at, noted_at, starts_on) if moment)


def must_remind(quiet: datetime, reminded_at: datetime | None, after: timedelta, now: datetime) -> bool:
    """Whether the two are reminded: once for each silence, so never twice within its length."""
    return (reminded_at is None or reminded_at < quiet) and now >= quiet + after * (1 - EARLY_PART_MAX)


def happened_error(happened_on: date, *, today: date) -> str | None:
    """What is wrong with the day that something happened."""
    if happened_on > today:
        return "must not be in the future"
    if happened_on < today - timedelta(days=NOTED_DAYS_BACK_MAX):
        return "must be within two years"
    return None


def because_error(status: InitiativeStatus, because: StoppedBecause | None) -> str | None:
    """What is wrong with the reason: who stopped says why, and nobody else does."""
    if status is InitiativeStatus.STOPPED and because is None:
        return "say why it did not work out"
    if status is not InitiativeStatus.STOPPED and because is not None:
        return "only when it did not work out"
    return None
