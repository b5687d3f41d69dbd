"""Who was erased is written in a list outside the database, each once."""

import asyncio
import json

import pytest

from services.members import erased_list
from tests.given import eventually


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


async def test_a_list_that_has_everybody_is_not_compared_with_all_of_them_at_each_look(members, looks):
    noor = await members.joined()
    before = members.clock()
    await members.http_as(noor).delete("/v1/members/me")
    assert await listed_after(members, looks, 1) == [noor]

    assert await listed_after(members, looks, 2) == [noor]

    assert looks[1] >= before - erased_list.SEEN_LATE_MAX
