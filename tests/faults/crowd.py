"""Many who ask in one node, at a pace or as fast as it goes, whatever breaks; each request is withdrawn after a while.

So the node has about as many open requests at its end as at its begin: what it keeps of the others is all that grows.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp

from bench.process import alone
from contracts.event import new_id
from node.client import Person
from tests.faults.people import PATIENCE_SECONDS, People

ASKERS = 4
#: How long a request is open.
OPEN_SECONDS = 20.0
#: Twice as long after each no, as a client does: hundreds that ask again at once would keep it from anything else.
PAUSE_SECONDS, PAUSE_SECONDS_MAX = 0.2, 3.2
#: What may be asked again under its key, besides what a server could not do: too slowly, too often.
AGAIN = {408, 429}

#: Of another kind and theme than whoever lives there asks and offers, and in another province than their ambassador's.
BODY = {
    "kind": "expertise",
    "themes": ["circular-economy"],
    "title": "Banken van gebruikte balken",
    "text": "Het gaat om banken maken van gebruikte balken: wie doet dat ook?",
    "place": {"name": "Utrecht"},
}
SCHOOL = {"kind": "school", "name": "ROC Menigte", "place": {"name": "Utrecht"}, "brin": "25MQ"}
COMPANY = {"kind": "company", "name": "Balkenbank BV", "place": {"name": "Zeist"}, "kvk": "30987654"}


class Crowd:
    """They are counted among the people of the node, whose team appoints who looks at their matches."""

    def __init__(self, people: People) -> None:
        self._people, self._where = people, people.site.node.addresses()

    @asynccontextmanager
    async def joined(self) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:

            async def person(name: str, **organisation: Any) -> Person:
                email = f"{name.lower()}@menigte.example"
                who = await stack.enter_async_context(Person(self._where, name=name, email=email))
                await who.follow(await who.join(role="docent", **organisation))
                return who

            askers = [await person("Menig-0", organisation=SCHOOL)]
            school_id = await askers[0].organisation_id()
            askers += [await person(f"Menig-{n}", organisation_id=school_id) for n in range(1, ASKERS)]
            ambassador = await person("Kijker", organisation_id=school_id)
            offerer = await person("Bieder", organisation=COMPANY)
            await self._people.team.put(
                f"/ambassadors/{await ambassador.member_id()}", {"organisation_ids": [school_id]}
            )
            self._cookies = [dict(one.http.cookies) for one in askers]
            self._people.offers.append(str((await offerer.post("/offers", BODY))["offer_id"]))
            await self.asks(in_flight=1, seconds=0.1)
            await ambassador.mail("/matches/")
            yield

    async def asks(self, **how: Any) -> dict[str, Any]:
        """See `asking`; what was acknowledged is remembered."""
        asked: dict[str, Any] = await alone(asking, gateway=self._where.gateway, cookies=self._cookies, **how)
        self._people.requests += asked["placed"]
        self._people.withdrawn += asked["placed"]
        return asked


async def asking(
    *, gateway: str, cookies: list[dict[str, str]], seconds: float, per_second: float = 0, in_flight: int = 0
) -> dict[str, Any]:
    """At a pace, whatever the answers do, or with so many under way; returns when all that was placed is withdrawn.

    Of each request when it was to be placed (Unix, s), how long that took and how often it was asked.
    """
    placed, answers = list[str](), list[tuple[float, float, int]]()
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as doing:
        askers = [
            await stack.enter_async_context(
                aiohttp.ClientSession(
                    f"{gateway}/api/v1/",
                    cookies=each,
                    cookie_jar=aiohttp.CookieJar(unsafe=True),  # the gateway's address is a number
                    headers={"Content-Type": "application/json"},  # also of a step that has no body
                    timeout=aiohttp.ClientTimeout(30),
                    connector=aiohttp.TCPConnector(limit=200, ssl=False),
                )
            )
            for each in cookies
        ]

        began = time.time()

        async def place(number: int, intended: float) -> None:
            who = askers[number % len(askers)]
            answer, tries = await _answered(who, "requests", BODY)
            answers.append((intended, time.time() - intended, tries))
            request_id = str(answer["request_id"])
            placed.append(request_id)
            doing.create_task(withdraw(who, request_id))

        async def withdraw(who: aiohttp.ClientSession, request_id: str) -> None:
            await asyncio.sleep(OPEN_SECONDS)
            await _answered(who, f"requests/{request_id}/withdraw")

        async def place_after_place(number: int) -> None:
            while time.time() < began + seconds:
                await place(number, time.time())

        for number in range(in_flight):
            doing.create_task(place_after_place(number))
        for number in range(round(per_second * seconds)):
            await asyncio.sleep(began + number / per_second - time.time())
            doing.create_task(place(number, began + number / per_second))
    return {"placed": placed, "answers": answers, "began": began, "lasted": time.time() - began}


async def _answered(who: aiohttp.ClientSession, path: str, body: Any = None) -> tuple[dict[str, Any], int]:
    """What the yes says, however often it must be asked under the same key, and how often that was."""
    key, tries, pause, deadline = new_id(), 0, PAUSE_SECONDS, time.monotonic() + PATIENCE_SECONDS
    while True:
        tries += 1
        try:
            async with who.post(path, json=body, headers={"Idempotency-Key": key}) as answer:
                if answer.ok:
                    return await answer.json(), tries
                trouble = f"{answer.status} {await answer.text()}"
                assert answer.status >= 500 or answer.status in AGAIN, f"{path}: {trouble}"
        except (aiohttp.ClientError, TimeoutError) as lost:
            trouble = f"{type(lost).__name__}: {lost}"
        assert time.monotonic() < deadline, f"{path} had no yes in {PATIENCE_SECONDS} s: {trouble}"
        await asyncio.sleep(pause)
        pause = min(pause * 2, PAUSE_SECONDS_MAX)
