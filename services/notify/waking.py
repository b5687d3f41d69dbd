"""Wakes the senders of this process when a transaction has put something in the post."""

import asyncio
from typing import Any
from weakref import WeakSet

from sqlalchemy import event
from sqlmodel.ext.asyncio.session import AsyncSession

#: One for each sender in this process: one, or several in a test.
senders: WeakSet[asyncio.Event] = WeakSet()


def wake_senders_after_commit(session: AsyncSession) -> None:
    """The mail leaves right after the commit; a sender elsewhere, or one that missed this, finds it by its poll."""
    if not session.info.get("wakes senders"):
        session.info["wakes senders"] = True
        event.listen(session.sync_session, "after_commit", _wake, once=True)


def _wake(_: Any) -> None:
    for sender in senders:
        sender.set()
