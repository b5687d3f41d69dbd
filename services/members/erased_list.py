"""In the background: who was erased is written in a list outside the database, which outlives what happens to that.

A line is `{"member_id": ..., "erased_at": ...}`; the id leads nowhere any more. Replicas that share the file may both
write a line: whoever reads the list takes each id once.
"""

import asyncio
import json
import os
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import sqlalchemy as sa
from sqlmodel import col

from chassis import Service
from services.members.settings import MembersSettings
from services.members.tables import Erasure

LOOK_SECONDS = 1.0

#: A transaction is seen when it commits, which is later than the moment that it wrote down, by a clock that may have
#: been wrong. What is later still is found when all are looked at again.
SEEN_LATE_MAX = timedelta(days=2)
ALL_AGAIN_SECONDS = 3600.0

_EVER = datetime.min.replace(tzinfo=UTC)


async def keep_list(service: Service) -> None:
    """For as long as the service runs, where the settings name a file."""
    file = cast(MembersSettings, service.settings).erased_list_file
    if file is None:
        return
    listed = await asyncio.to_thread(_listed, file)
    since, all_again = _EVER, time.monotonic() + ALL_AGAIN_SECONDS
    while True:
        if time.monotonic() >= all_again:
            since, all_again = _EVER, time.monotonic() + ALL_AGAIN_SECONDS
        found = await _erased_since(service, since)
        new = [one for one in found if one[0] not in listed]
        if new:
            await asyncio.to_thread(_append, file, new)
            listed |= {member_id for member_id, _ in new}
        if found:
            since = min(found[-1][1], service.now()) - SEEN_LATE_MAX
        await asyncio.sleep(LOOK_SECONDS)


async def _erased_since(service: Service, since: datetime) -> list[tuple[str, datetime]]:
    """Who was erased since then and when, the last one last."""
    columns = col(Erasure.member_id), col(Erasure.asked_at)
    async with service.engine.connect() as connection:
        found = await connection.execute(sa.select(*columns).where(columns[1] >= since).order_by(columns[1]))
        return [(row.member_id, row.asked_at) for row in found]


def _listed(file: Path) -> set[str]:
    """The ids that it has; a line that a power cut broke off counts as not written.

    A list with nobody on it is there as well, so that whoever gives it to a restore can tell it from a wrong path.
    """
    file.touch(mode=0o600)
    found = set()
    for line in file.read_text().splitlines():
        with suppress(ValueError, TypeError, KeyError):
            found.add(str(json.loads(line)["member_id"]))
    return found


def _append(file: Path, erased: list[tuple[str, datetime]]) -> None:
    """On the disk when it returns; in one write, so that two replicas do not write through each other."""
    lines = [json.dumps({"member_id": who, "erased_at": at.isoformat(timespec="seconds")}) for who, at in erased]
    before = file.read_bytes()
    text = ("" if before[-1:] in (b"", b"\n") else "\n") + "\n".join(lines) + "\n"
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, text.encode())
        os.fsync(handle)
    finally:
        os.close(handle)
