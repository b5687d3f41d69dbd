"""Who lives in a node while everything around them breaks: they ask, offer, seek further, look and answer."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar

import httpx

from node.client import Person
from tests.faults.cluster import Cluster, Site
from tests.given import eventually
from tests.story.ledger import Ledger

Found = TypeVar("Found")

#: Where the people of each node live.
PLACES = {
    "national": ("Utrecht", "Utrecht"),
    "zeeland": ("Goes", "Zeeland"),
    "drenthe": ("Assen", "Drenthe"),
    "limburg": ("Venlo", "Limburg"),
}

#: What is offered in one node only, so that the others must ask the country for it.
KNOWN_IN = {
    "national": ("tip", "biodiversity", "Bloemen langs het fietspad", "zaaien van bloemen langs een fietspad"),
    "zeeland": ("guest-lesson", "energy-transition", "Warmte uit getijden", "warmte halen uit getijdenwater"),
    "drenthe": ("equipment", "robotisation", "Robotarm voor hout", "een robotarm die hout sorteert"),
    "limburg": ("site-visit", "climate-adaptation", "Regenwater bewaren", "regenwater bewaren onder een plein"),
}

#: A storm takes long, and whoever asks in it asks again.
PATIENCE_SECONDS = 120.0


class People:
    """Of one node: somebody of a school and of a company, their ambassador, and the node's team."""

    def __init__(self, site: Site, ledger: Ledger, seed: str) -> None:
        self.site, self._ledger = site, ledger
        self._random = random.Random(f"{seed} {site.name}")
        self._mailbox = f"kanarie-{site.name}.example"
        self._phone = f"06 4{sum(map(ord, site.name)):07}"
        #: What was acknowledged: the ids of requests and of offers, and what was ended again.
        self.requests: list[str] = []
        self.offers: list[str] = []
        self.withdrawn: list[str] = []
        self._to_escalate: asyncio.Queue[str] = asyncio.Queue()
        #: Whoever does something holds their own.
        self._doing = [asyncio.Lock() for _ in range(4)]

    @property
    def canaries(self) -> tuple[str, ...]:
        """What must never be read outside the node, unless it is sealed."""
        return self._mailbox, self._phone.removeprefix("06 "), f"Kanarievogel{self.site.name}"

    @asynccontextmanager
    async def joined(self) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            town, province = PLACES[self.site.name]

            async def person(name: str, **organisation: Any) -> Person:
                who = Person(
                    self.site.node.addresses(),
                    name=f"{name} Kanarievogel{self.site.name}",
                    email=f"{name.lower()}@{self._mailbox}",
                    phone=self._phone,
                )
                await stack.enter_async_context(who)
                await who.follow(await who.join(**organisation))
                return who

            number = sum(map(ord, self.site.name))
            school = {"kind": "school", "name": f"ROC {town}", "place": {"name": town}, "brin": f"{number % 90 + 10}ZZ"}
            company = {"kind": "company", "name": f"Werkplaats {town} BV", "place": {"name": town}}
            self.asker = await person("Vera", organisation=school)
            self.offerer = await person("Abel", organisation=company | {"kvk": f"{number:08}"})
            self.ambassador = await person("Joke", organisation_id=await self.asker.organisation_id())
            self.team = Person(self.site.node.addresses(), name="Team", email=self.site.node.addresses().team[0])
            await stack.enter_async_context(self.team)
            await self.team.follow(await self.team.ask_to_sign_in())
            await self.team.put(f"/ambassadors/{await self.ambassador.member_id()}", {"provinces": [province]})
            await self.ambassador.follow(await self.ambassador.ask_to_sign_in())  # so that it counts at once
            for _ in range(2):
                await self.place("offers", self.site.name)
            yield

    # What they do, again and again.

    async def live(self, until: asyncio.Event) -> None:
        """Places things until it is enough, and goes on looking and answering until it is cancelled."""
        async with asyncio.TaskGroup() as doing:
            doing.create_task(self._place_things(until, self._doing[0]))
            steps = (self._escalate_one, self._ambassador_looks, self._members_answer)
            for step, lock in zip(steps, self._doing[1:], strict=True):
                doing.create_task(self._always(step, lock))

    @asynccontextmanager
    async def asleep(self) -> AsyncIterator[None]:
        """They finish what they are doing, and do nothing until the block ends."""
        async with AsyncExitStack() as stack:
            for lock in self._doing:
                await stack.enter_async_context(lock)
            yield

    async def forget_what_is_lost(self) -> set[str]:
        """What was acknowledged after the backup that the node was put back from: nobody asks for it any more."""
        rows = await self.site.look.rows("requests", "SELECT proposition_id FROM proposition")
        lost = {*self.requests, *self.offers} - {row["proposition_id"] for row in rows}
        for kept in (self.requests, self.offers, self.withdrawn):
            kept[:] = [one for one in kept if one not in lost]
        waiting = [self._to_escalate.get_nowait() for _ in range(self._to_escalate.qsize())]
        for one in waiting:
            if one not in lost:
                self._to_escalate.put_nowait(one)
        return lost

    async def place(self, what: str, known_in: str) -> str:
        kind, theme, title, words = KNOWN_IN[known_in]
        body = {
            "kind": kind,
            "themes": [theme],
            "title": title,
            "text": f"Het gaat om {words}: wie {'kan' if what == 'offers' else 'zoekt'} dat ook?",
            "place": {"name": PLACES[self.site.name][0]},
        }
        who, kept = (self.offerer, self.offers) if what == "offers" else (self.asker, self.requests)
        answer = await self._ledger.send(who, f"/{what}", body, within=PATIENCE_SECONDS)
        placed = str(answer[f"{what.removesuffix('s')}_id"])
        kept.append(placed)
        return placed

    async def waits(self) -> int:
        """How many matches wait for one of them, and requests to be sought further."""
        waiting = [await self._waiting_for(who) for who in (self.ambassador, self.team, self.asker, self.offerer)]
        return sum(map(len, waiting)) + self._to_escalate.qsize()

    async def _place_things(self, until: asyncio.Event, doing: asyncio.Lock) -> None:
        while not until.is_set():
            await asyncio.sleep(self._random.uniform(0.5, 2.5))
            async with doing:
                await self._place_something()

    async def _place_something(self) -> None:
        others = [name for name in PLACES if name not in ("national", self.site.name)]
        if self._random.random() < 0.15:
            await self.place("offers", self.site.name)
        elif self.site.name != "national":
            known_in = self._random.choice([self.site.name, "national", *others])
            request_id = await self.place("requests", known_in)
            if known_in in others:
                self._to_escalate.put_nowait(request_id)
            if self._random.random() < 0.1:
                await self._ledger.send(self.asker, f"/requests/{request_id}/withdraw", within=PATIENCE_SECONDS)
                self.withdrawn.append(request_id)

    async def _escalate_one(self) -> None:
        if self._to_escalate.empty():
            return
        request_id = self._to_escalate.get_nowait()
        body = {"request_id": request_id}
        answer = await self._ledger.ask(self.team, "/escalations", body, within=PATIENCE_SECONDS)
        if not answer.is_success and request_id not in self.withdrawn:
            assert answer.status_code == 404, answer.text  # not heard of yet
            self._to_escalate.put_nowait(request_id)

    async def _ambassador_looks(self) -> None:
        for who in (self.ambassador, self.team):
            for match in await self._waiting_for(who):
                fits = self._random.random() < 0.85
                step, body = ("endorse", None) if fits else ("dismiss", {"because": "other-need"})
                await self._may_be_too_late(who, f"/matches/{match['match_id']}/{step}", body)

    async def _members_answer(self) -> None:
        for who in (self.asker, self.offerer):
            for match in await self._waiting_for(who):
                wants = self._random.random() < 0.9
                body = {"accepted": True} if wants else {"accepted": False, "because": "other-need"}
                await self._may_be_too_late(who, f"/matches/{match['match_id']}/answer", body)

    async def _may_be_too_late(self, who: Person, path: str, body: Any) -> None:
        """Somebody else may have ended the match since it was read."""
        answer = await self._ledger.ask(who, path, body, within=PATIENCE_SECONDS)
        assert answer.is_success or answer.status_code in (403, 404, 409), f"{path}: {answer.text}"

    async def _waiting_for(self, who: Person) -> list[dict[str, Any]]:
        """Nothing when nobody answers: it is looked at again."""
        try:
            answer = await who.http.get("/api/v1/matches", params={"awaiting_me": True})
        except httpx.TransportError:
            return []
        return list(answer.json()["items"]) if answer.is_success else []

    async def _always(self, step: Callable[[], Awaitable[None]], doing: asyncio.Lock) -> None:
        while True:
            async with doing:
                await step()
            await asyncio.sleep(0.3)


async def while_alive(living: asyncio.Future[Any], doing: Coroutine[Any, Any, Found]) -> Found:
    """What comes of it; whoever cannot go on ends the rest."""
    task = asyncio.ensure_future(doing)
    await asyncio.wait({living, task}, return_when=asyncio.FIRST_COMPLETED)
    if not task.done():
        task.cancel()
        living.result()
    return task.result()


async def settled(country: Cluster, people: Sequence[People], within: float) -> None:
    """Everybody has answered what waited for them, and nothing is under way."""

    async def nothing_left() -> bool:
        await country.quiet(within)
        return not sum([await one.waits() for one in people]) and all([await s.look.is_quiet() for s in country.sites])

    await eventually(nothing_left, within=within, saying="an end to all matches")
