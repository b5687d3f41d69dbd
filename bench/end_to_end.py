"""From a POST at the public address to the mail that an ambassador gets, on a whole node (P8 to P10).

Embeddings are off: what a text means takes 20 ms a text, on any machine, and tells nothing of the way of an event.
The limits of the gateway and of the mail that is sent in a second are out of the way too.
"""

import asyncio
import os
import re
import shutil
import statistics
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
import httpx

from bench.bodies import a_request
from bench.ground import Ground, plain
from bench.load import NUMBER, closed_loop, open_loop, percentile
from bench.measuring import Finding, Size
from bench.process import alone
from node.addresses import Addresses
from node.client import Person
from node.node import Node
from node.part import free_port

ASKERS, IN_FLIGHT, STEADY_PER_SECOND, PART_OF_SATURATION = 4, 32, 20.0, 0.7
DRAIN_SECONDS_MAX = 60.0

UNLIMITED = {
    "matching": {"ODH_EMBEDDING_MODEL": "none"},
    "notify": {"ODH_MAILS_PER_SECOND": "100000"},
    "gateway": {"ODH_MEMBER_LIMIT": "10000000/minute", "ODH_ADDRESS_LIMIT": "10000000/minute"},
}

SCHOOL = {"kind": "school", "name": "ROC Meetlat", "place": {"name": "Utrecht"}, "brin": "25PJ"}
COMPANY = {"kind": "company", "name": "Meetkunde BV", "place": {"name": "Zeist"}, "kvk": "30123456"}


async def posted_to_mailed(ground: Ground, size: Size, seed: int) -> Finding:
    """First as fast as it goes, then at a steady pace, then at 70 % of what was mailed at the fastest."""
    async with open_node(ground) as (node, where), AsyncExitStack() as cast:
        trial = Asked(node, where, await people(where, cast), seed)
        await trial.steady(STEADY_PER_SECOND, size.warm_seconds)
        saturated = await trial.saturated(size)
        at_20 = await trial.steady(STEADY_PER_SECOND, size.steady_seconds)
        most = saturated["mailed/s"] * PART_OF_SATURATION
        at_70 = await trial.steady(most, size.steady_seconds)
        figures = saturated | {
            "20/s p50 ms": statistics.median(at_20),
            "20/s p99 ms": percentile(at_20, 0.99),
            "70 % /s": most,
            "70 % p50 ms": statistics.median(at_70),
            "70 % p99 ms": percentile(at_70, 0.99),
        }
        return Finding(figures, {"requests": await trial.counts()})


class Asked:
    """What is asked of one node, in phases one after the other."""

    def __init__(self, node: Node, where: Addresses, headers: list[dict[str, str]], seed: int) -> None:
        self.node, self._where, self._headers, self._seed = node, where, headers, seed
        self._phase, self._accepted = 0, 1  # one was asked beforehand, to see that everybody knows everybody
        self._mailed_before = self._mails() - 1

    async def saturated(self, size: Size) -> dict[str, float]:
        """As many as go: how many are accepted in a second, and how many of those are mailed."""
        asked = await self.ask(closed_loop, in_flight=IN_FLIGHT, warm_seconds=size.warm_seconds, seconds=size.seconds)
        last = max((await self._all_arrivals()).values())
        return {
            "accepted/s": asked["accepted"] / asked["lasted"],
            "mailed/s": asked["accepted"] / ((last - asked["began"]) / 1e9),
        }

    async def steady(self, per_second: float, seconds: float) -> list[float]:
        """At this pace: for each request the time from when it was to be sent until its mail was there, in ms."""
        asked = await self.ask(open_loop, per_second=per_second, seconds=seconds)
        arrivals = await self._all_arrivals()
        return [(arrivals[number] - intended) / 1e6 for number, intended, *_ in asked["answers"] if number in arrivals]

    async def ask(self, loop: Any, *, may_refuse: bool = False, **how: float) -> dict[str, Any]:
        """Asks for as long as the loop does; `may_refuse`: also where not every call is accepted."""
        self._phase += 1
        calls = {
            "path": "/api/v1/requests",
            "bodies": [a_request(0, mark=self._mark)],  # the one that `people` have seen to be proposed
            "headers": self._headers,
            "run": f"{self._seed:016x}{self._phase:08x}",
        }
        asked: dict[str, Any] = await alone(loop, port=self._port, calls=calls, **how)
        if set(asked["statuses"]) != {"201"} and not may_refuse:
            raise RuntimeError(f"not every request was accepted: {asked['statuses']}")
        self._accepted += asked["accepted"]
        return asked

    async def _all_arrivals(self) -> dict[int, int]:
        """When all mail of this phase has come: that of each request that was accepted."""
        async with asyncio.timeout(DRAIN_SECONDS_MAX):
            while self._mails() - self._mailed_before < self._accepted:
                await asyncio.sleep(0.05)
        return dict(await self.arrivals())

    @property
    def _mark(self) -> str:
        return f"meting {self._phase}"

    @property
    def _port(self) -> int:
        return int(self._where.gateway.rpartition(":")[2])

    def _mails(self) -> int:
        """The mails on disk: asking the catcher would have it make a list of thousands while it is measured."""
        return len(os.listdir(self.node.data / "mail" / "new"))

    async def arrivals(self) -> list[tuple[int, int]]:
        """Of each mail about a request of this phase the number in its title, and when it came in (Unix, in ns)."""
        async with httpx.AsyncClient(timeout=60) as http:
            mails = (await http.get(f"{self._where.mail}/api/messages")).json()["messages"]
        about = re.compile(rf"\({self._mark} (\d{{8}})\)")
        return [(int(found[1]), int(mail["id"], 16)) for mail in mails if (found := about.search(mail["subject"]))]

    async def counts(self) -> dict[str, int]:
        """What was counted at each step of the way."""
        return {
            "accepted": self._accepted,
            "stored": await self._count("requests", "SELECT count(*) FROM proposition WHERE side = 'request'"),
            "matched": await self._count("matching", "SELECT count(*) FROM match"),
            "notified": self._mails() - self._mailed_before,
        }

    async def _count(self, service: str, statement: str) -> int:
        connection = await asyncpg.connect(plain(self._where.databases[service]), ssl=False)
        try:
            return int(await connection.fetchval(statement))
        finally:
            await connection.close()


@asynccontextmanager
async def open_node(ground: Ground) -> AsyncIterator[tuple[Node, Addresses]]:
    folder = ground.folder / "node"
    node = Node(folder, gateway_port=free_port(), settings_of=UNLIMITED)
    try:
        await node.start()
        yield node, node.addresses()
    finally:
        await node.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def people(where: Addresses, cast: AsyncExitStack) -> list[dict[str, str]]:
    """Members who will ask, an ambassador, and one offer that fits; returns how each asker is known."""

    async def joins(name: str, **details: Any) -> Person:
        email = f"{name.lower()}@meetlat.example"
        person = await cast.enter_async_context(Person(where, name=name.title(), email=email))
        await person.follow(await person.join(role="docent", **details))
        return person

    askers = [await joins("asker-0", organisation=SCHOOL)]
    school_id = (await askers[0].get("/members/me"))["affiliations"][0]["organisation"]["organisation_id"]
    askers += [await joins(f"asker-{number}", organisation_id=school_id) for number in range(1, ASKERS)]
    ambassador = await joins("ambassador", organisation_id=school_id)
    offerer = await joins("offerer", organisation=COMPANY)
    team = await cast.enter_async_context(Person(where, name="Team", email=where.team[0]))
    await team.follow(await team.ask_to_sign_in())
    member_id = (await ambassador.get("/members/me"))["member_id"]
    await team.put(f"/ambassadors/{member_id}", {"organisation_ids": [school_id]})
    json = {"Content-Type": "application/json"}
    await offerer.call("POST", "/offers", content=_numbered(0, "aanbod"), headers=json)
    await askers[0].call("POST", "/requests", content=_numbered(0, "voorproef"), headers=json)
    await ambassador.mail("/matches/")
    return [{"Cookie": "; ".join(f"{name}={value}" for name, value in asker.http.cookies.items())} for asker in askers]


def _numbered(number: int, mark: str) -> bytes:
    return a_request(0, mark=mark).replace(NUMBER, f"{number:08d}").encode()
