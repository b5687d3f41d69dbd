"""Whoever presses a button twice: their browser throws the first answer away, with the session in it. Pure."""

from datetime import datetime, timedelta

#: For so long a token that was used counts once more, or whoever always presses twice could never come in.
PRESSED_TWICE_WITHIN = timedelta(seconds=10)


def is_pressed_twice(used_at: datetime | None, now: datetime) -> bool:
    """Whether a token was used just now; replicas may differ a little in what time it is."""
    return used_at is not None and abs(now - used_at) < PRESSED_TWICE_WITHIN
