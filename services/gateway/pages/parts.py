"""Parts of pages that are asked for beside what a page is about: without them it is shown all the same."""

import asyncio
from typing import Any

from chassis import Problem
from services.gateway.pages.reading import Reader
from services.gateway.pages.words import day, say

#: Where those who bring people together are told, and which of them are not there.
AMBASSADORS, ABSENT = "/v1/ambassadors?limit=100", "/v1/desk/absent"


async def part(reader: Reader, path: str) -> Any:
    """A part of a page; none when it cannot be told now."""
    try:
        return await reader.ask(path)
    except Problem:
        return None


async def colleagues(reader: Reader) -> dict[str, str]:
    """The other ambassadors, as `colleagues_of` tells them."""
    return colleagues_of(reader, *await asyncio.gather(part(reader, AMBASSADORS), part(reader, ABSENT)))


def colleagues_of(reader: Reader, found: Any, absent: Any) -> dict[str, str]:
    """The other ambassadors by their references: a name, where they belong, and until when they are not there."""
    language = reader.language
    until = {one["member_id"]: day(one["until"], language) for one in absent or ()}
    own = reader.caller.identity.references if reader.caller else ()
    named = {
        one["member_id"]: ", ".join([one["name"], *one["organisations"][:1]])
        for one in (found or {"items": []})["items"]
        if one["member_id"] not in own
    }
    named |= {
        one: say("desk.absent-colleague", language, name=named[one], day=until[one]) for one in named if one in until
    }
    return dict(sorted(named.items(), key=lambda item: item[1].casefold()))
