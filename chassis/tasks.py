"""Ending what runs beside the rest."""

import asyncio
from typing import Any


async def ended(*tasks: asyncio.Future[Any]) -> None:
    """Cancels tasks until they have ended; how they ended is nobody's concern.

    Once is not enough: up to Python 3.11 `asyncio.wait_for`, which nats-py and others wait with, may return the answer
    that came in at that moment instead of letting the cancellation through. Who is cancelled meanwhile, perhaps by
    somebody who waits here too and does so time and again, ends the others first.
    """
    cancelled = None
    while going := [task for task in tasks if not task.done()]:
        for task in going:
            task.cancel()
        try:
            await asyncio.wait(going, timeout=0.1)
        except asyncio.CancelledError as error:
            cancelled = error
    for task in tasks:
        if not task.cancelled():
            task.exception()  # looked at, so that asyncio does not complain that nobody did
    if cancelled is not None:
        raise cancelled
