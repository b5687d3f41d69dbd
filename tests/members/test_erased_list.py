"""Who was erased is written in a list outside the database, each once."""

import asyncio
import json

import pytest

from services.members import erased_list
from tests.given import eventually
from tests.members.conftest import COMPANY


@pytest.fixture
async def looks(members, monkeypatch, tmp_path):
    """From which moment on each look at who was erased was."""
    found = []
    erased_since = erased_list._erased_since

    async def noted(service, since):
        found.append(since)
        return await erased_since(service, since)

    monkeypatch.setattr(erased_list, "_erased_since", noted)
    monkeypatch.setattr(erased_list, "LOOK_SECONDS", 0.01)
    monkeypatch.setitem(members.service.settings.__dict__, "erased_list_file", tmp_path / "erased.jsonl")
    return found


async def listed_after(members, looks, number):
    """Who is in the list once it was kept for so many looks."""
    looks.clear()

    async def looked():
        return len(looks) > number

    keeping = asyncio.create_task(erased_list.keep_list(members.service))
    try:
        await eventually(looked, saying=f"{number} looks")
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
    return [json.loads(line)["member_id"] for line in members.service.settings.erased_list_file.open()]


async def is_listed(members, *who):
    """Waits until these are in the list and nobody else, while it is kept."""

    async def listed():
        file = members.service.settings.erased_list_file
        lines = file.read_text().splitlines() if file.exists() else ()
        return [json.loads(line)["member_id"] for line in lines] == [*who]

    await eventually(listed, saying=f"{len(who)} in the list")


@pytest.mark.parametrize(("days", "all_again_seconds"), [(0.1, 3600), (30, 3600), (-3, 0.1)])
async def test_who_is_erased_after_a_clock_was_wrong_is_in_the_list_too(
    members, looks, monkeypatch, days, all_again_seconds
):
    monkeypatch.setattr(erased_list, "ALL_AGAIN_SECONDS", all_again_seconds)
    noor = await members.joined()
    sem = await members.joined(name="Sem Bakker", email="sem@elders.example", organisation=COMPANY)
    members.clock.move(days=max(days, 0))  # of who is erased first, or else behind for who is erased next
    await members.http_as(noor).delete("/v1/members/me")
    keeping = asyncio.create_task(erased_list.keep_list(members.service))
    try:
        await is_listed(members, noor)
        members.clock.move(days=-abs(days))
        await members.http_as(sem).delete("/v1/members/me")
        await is_listed(members, noor, sem)
    finally:
        members.clock.move(days=max(-days, 0))
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def test_a_list_that_has_everybody_is_not_compared_with_all_of_them_at_each_look(members, looks):
    noor = await members.joined()
    before = members.clock()
    await members.http_as(noor).delete("/v1/members/me")
    assert await listed_after(members, looks, 1) == [noor]

    assert await listed_after(members, looks, 2) == [noor]

    assert looks[1] >= before - erased_list.SEEN_LATE_MAX
