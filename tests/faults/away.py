"""F25: a whole node is away for minutes; the others work on, and afterwards everybody knows what everybody did."""

import asyncio
from collections.abc import Callable, Sequence

from node.links.register import NATIONAL
from tests.faults.people import People


class StoodStill(Exception):
    """Somebody waited for who was away."""


async def one_by_one(people: Sequence[People], seconds: float, tell: Callable[[str], None]) -> None:
    """The nation first, which comes back; then a region."""
    for gone in people[:2]:
        others = [one for one in people if one is not gone]
        site = gone.site
        async with gone.asleep():
            await site.look.look_away()
            for part in site.node.parts:
                site.kill(part)
            await site.node.stop()
            tell(f"{site.name} is away, every part of it")
            before = {one.site.name: await _done(one) for one in others}
            await asyncio.sleep(seconds)
            for one in others:
                done = await _done(one) - before[one.site.name]
                what = "things were heard" if one.site.name == NATIONAL else "matches came to an introduction"
                tell(f"meanwhile {done} {what} in {one.site.name}")
                if not done:
                    raise StoodStill(f"{one.site.name} waited for {site.name}")
            await site.put_back()
            tell(f"{site.name} is back")


async def _done(one: People) -> int:
    """What a region does by itself; and what comes to the nation of the regions that are there."""
    introduced = "SELECT count(*) AS done FROM match WHERE state = 'introduced'"
    heard = "SELECT count(*) AS done FROM proposition WHERE node IS NOT NULL"
    (found,) = await one.site.look.rows("matching", heard if one.site.name == NATIONAL else introduced)
    return int(found["done"])
