"""Wakes the senders of this process when a transaction has put something in the post, or on its way to a device."""

import asyncio
from typing import Literal
from weakref import WeakSet

from sqlalchemy import event
from sqlmodel.ext.asyncio.session import AsyncSession

By = Literal["mail", "push"]

#: One of each for each service in this process: one, or several in a test.
senders: dict[By, WeakSet[asyncio.Event]] = {"mail": WeakSet(), "push": WeakSet()}


def wake_senders_after_commit(session: AsyncSession, *by: By) -> None:
    """It leaves right after the commit; a sender elsewhere, or one that missed this, finds it by its poll.

    Who has nothing to send is left asleep: to look would cost it three ways to the database.
    """
    waking: set[By] = session.info.setdefault("wakes senders", set())
    if not waking:
        event.listen(session.sync_session, "after_commit", lambda _: _wake(waking), once=True)
    waking.update(by)


def _wake(waking: set[By]) -> None:
    for by in waking:
        for sender in senders[by]:
            sender.set()
    waking.clear()
