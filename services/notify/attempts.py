"""When a mail is tried again, and when it is given up: decisions, without database, mail server or clock."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.notify.templates import SIGN_IN_TEMPLATES, Category, Delivery, Template, may_be_mailed

#: After a temporary failure; the last one repeats.
_BACK_OFF = tuple(timedelta(seconds=seconds) for seconds in (1, 5, 15, 40))

#: From this age on a mail is tried less often, so that a server which is back has it within a minute at first.
_BACK_OFF_FROM_AGE = ((timedelta(days=1), timedelta(hours=1)), (timedelta(hours=1), timedelta(minutes=10)))

KEEP_TRYING = timedelta(days=3)

#: Nobody leaves a mail for so long between two tries: this node was off, or what it keeps is of a backup.
_OFF_AFTER = timedelta(days=1)

#: An address that refused mail is left alone for so long: a server says no for a fault of its own, or of ours, too.
_LEAVE_ALONE = timedelta(days=7)

#: While the mail server cannot be reached at all.
_SERVER_BACK_OFF_SECONDS = (0.2, 1.0, 5.0, 15.0, 30.0)

#: A mail whose sender died this often may be what kills it, and each time it may have arrived.
UNSURE_ATTEMPTS_MAX = 5


def tried_since(known: datetime | None, attempts: int, due_at: datetime, now: datetime) -> datetime:
    """Since when a mail that was due then is tried: how long it waited before, or while this node was off, is no try.

    `known` is what was said the last time. Before the first of its `attempts` there was no server that heard of it.
    """
    return now if known is None or attempts == 1 or now - due_at > _OFF_AFTER else known


def tried_since_without_server(known: datetime | None, attempts: int, due_at: datetime, now: datetime) -> datetime:
    """The same of a mail for which there was no server now: of its tries that takes no time.

    A mail that no server heard of yet has waited since the first time: the operator is told by that.
    """
    if known is None:
        return now
    return known if attempts == 1 else known + (now - due_at)


def next_attempt(attempts: int, since: datetime, now: datetime, jitter: float) -> datetime:
    """When a deferred mail is tried again after so many attempts; `jitter` in 0..1 spreads a crowd by half the wait."""
    wait = _BACK_OFF[min(attempts, len(_BACK_OFF)) - 1]
    for age, longer in _BACK_OFF_FROM_AGE:
        if now - since >= age:
            wait = longer
            break
    return now + wait * (1 + jitter / 2)


def server_pause_seconds(failures: int, jitter: float) -> float:
    """How long to leave a mail server alone after so many failures in a row."""
    return _SERVER_BACK_OFF_SECONDS[min(failures, len(_SERVER_BACK_OFF_SECONDS)) - 1] * (1 + jitter / 2)


def is_given_up(since: datetime, now: datetime) -> bool:
    """Whether a mail has been tried for long enough."""
    return now - since > KEEP_TRYING


def is_left_alone(refused_at: Iterable[datetime], now: datetime) -> bool:
    """Whether no mail goes to an address that refused one at these moments."""
    return any(now - moment < _LEAVE_ALONE for moment in refused_at)


def is_unsure_again(attempts_unsure: int) -> bool:
    """Whether a mail that may have arrived, and may have before, is one time too many."""
    return attempts_unsure + 1 >= UNSURE_ATTEMPTS_MAX


@dataclass(frozen=True, slots=True)
class Settled:
    """What becomes of a mail without asking the mail server."""

    status: Delivery
    refusal: str | None = None
    until: datetime | None = None  # when it is due again, if it waits


def without_sending(
    template: Template,
    category: Category | None,
    *,
    expires_at: datetime | None,
    needs: Iterable[str],
    refused: Mapping[str, bool],
    member_id: str,
    has_left: bool,
    is_over: bool,
    muted: Iterable[str],
    not_before: datetime,
    items: int,
    now: datetime,
) -> Settled | None:
    """What becomes of a mail that is due but must not be sent (now); nothing when it is to be sent.

    `refused` has whose contact is known, with whether their address refused mail lately. `not_before` is when the
    member's silence ends, or now. `items` is how many things a digest tells: of nothing (any more) nobody is mailed.
    Who left is mailed no more than the links that they ask for. `is_over` is when something newer says otherwise.
    """
    if template in SIGN_IN_TEMPLATES:  # it goes to the address that came along, and whoever asked for it waits
        return Settled(Delivery.EXPIRED) if expires_at is None or expires_at <= now else None
    if is_over or (expires_at is not None and expires_at <= now):
        return Settled(Delivery.EXPIRED)
    if not all(who in refused for who in needs):
        return Settled(Delivery.AWAITING_CONTACT)
    if has_left or not may_be_mailed(category, muted) or (template is Template.DIGEST and not items):
        return Settled(Delivery.UNWANTED)
    if refused.get(member_id):
        return Settled(Delivery.FAILED, "address-refused")
    return Settled(Delivery.WAITING, until=not_before) if not_before > now else None
