"""A day of three services, two of them twice, in which things break by a seed.

People ask, look and answer; requests, matching and notify say and hear by the chassis as it is, and decide by the rules
as they are (`services.matching.steps`, `services.notify.rules`). What is kept is in memory.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from chassis import EventRouter, Problem, Reply, say
from chassis.replies import IdempotencyKey
from chassis.settings import Settings
from chassis.tasks import ended
from chassis.transactions import Item
from contracts.event import Event
from contracts.matching import IntroductionMade, MatchAnswered, MatchEndorsed
from contracts.requests import RequestClosed
from contracts.vocabulary import Side, Status
from services.matching import steps
from services.matching.match import Match, State
from tests.matching.conftest import a_request
from tests.matching.pure import a_match
from tests.simulation.broker import Broker
from tests.simulation.database import Database
from tests.simulation.ending import broken, matches_of
from tests.simulation.handlers import matching, notify
from tests.simulation.process import Process, simulated
from tests.simulation.session import Session
from tests.simulation.virtual_time import run

STORM_SECONDS, QUIET_SECONDS_MAX = 12.0, 60.0

#: A client gives up on an answer, and asks again under the same key.
PATIENCE_SECONDS = 3.0


class Day:
    """One, by its seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.broker = Broker(self.chance)
        self.settings = Settings(
            node="sim",
            attempts_max=20,
            retry_delay_seconds_first=0.05,
            retry_delay_seconds_max=0.5,
            relay_poll_seconds=0.5,
            batch_size_max=self.chance.choice((1, 3, 100)),
            relay_batch_size_max=self.chance.choice((2, 20, 500)),
            group_size_max=self.chance.choice((1, 64)),
        )
        self.databases = {name: Database(self.chance) for name in ("requests", "matching", "notify")}
        for database in self.databases.values():
            database.clumsy = self.chance.choice((0.0, 0.0, 0.05, 0.3))
        self.handlers = {"requests": EventRouter(), "matching": matching, "notify": notify}
        self.places = ["requests", "matching", "matching", "notify", "notify"]
        self.processes: list[Process | None] = [None] * len(self.places)
        #: How likely a process dies at each of the named points that it passes, and how often that happens at the most.
        self.deadly, self.deaths_left = self.chance.choice((0.0, 0.002, 0.02)), self.chance.randrange(6)
        #: What was asked of requests, by id, and what was acknowledged: the highest version.
        self.asked: dict[str, int] = {}
        self.acknowledged: dict[str, int] = {}

    async def live(self) -> list[str]:
        """Returns what does not hold at its end."""
        for number in range(len(self.places)):
            self._start(number)
        acting = [asyncio.create_task(self._ask(number)) for number in range(self.chance.randrange(2, 9))]
        beside = [asyncio.create_task(self._look_and_answer()), asyncio.create_task(self._revive())]
        breaking = [asyncio.create_task(self._break()) for _ in range(self.chance.randrange(0, 8))]
        await asyncio.gather(*breaking)
        for database in self.databases.values():
            database.clumsy = 0.0
        try:
            async with asyncio.timeout(QUIET_SECONDS_MAX):
                await asyncio.gather(*acting)
                while not self._is_quiet():
                    await asyncio.sleep(0.3)
        except TimeoutError:
            return [f"I7: not quiet: {self._left()}, {self.asked} and {self.acknowledged}"]
        finally:
            await ended(*acting, *beside)
        found = list(broken(self))
        await asyncio.gather(*(process.stop() for process in self.processes if process), return_exceptions=True)
        return found

    # What people do.

    async def _do(self, service: str, work: Callable[[Any], Awaitable[Reply]], key: str) -> bool:
        """Asks until there is an answer; whether that is yes."""
        call = IdempotencyKey("somebody", key.ljust(16, "-"), key.encode())
        while True:
            alive = [p for p, name in zip(self.processes, self.places, strict=True) if p and name == service]
            try:
                if alive:
                    async with asyncio.timeout(PATIENCE_SECONDS):
                        await self.chance.choice(alive).transactions.do(Item(work, key=call))
                        return True
            except Problem as problem:
                if problem.status != 503:
                    return False
            except Exception:  # no answer, or none that says what was done
                pass
            await asyncio.sleep(self.chance.uniform(0.05, 0.5))

    async def _ask(self, number: int) -> None:
        request_id = f"r{number}"
        await asyncio.sleep(self.chance.uniform(0, STORM_SECONDS / 2))

        async def place(session: Session) -> Reply:
            assert await session.get(("request", request_id)) is None, "placed twice"
            await session.put(("request", request_id), (1, Status.OPEN))
            say(session, a_request(request_id))
            return Reply({"request_id": request_id}, 201)

        async def withdraw(session: Session) -> Reply:
            version, status = await session.get(("request", request_id))
            assert status is Status.OPEN, "withdrawn twice"
            await session.put(("request", request_id), (version + 1, Status.WITHDRAWN))
            closed = a_request(request_id, said=RequestClosed, version=version + 1, status=Status.WITHDRAWN)
            say(session, closed)
            return Reply({})

        self.asked[request_id] = 1
        await self._do("requests", place, f"place-{request_id}")
        self.acknowledged[request_id] = 1
        if self.chance.random() < 0.4:
            await asyncio.sleep(self.chance.expovariate(1.0))
            self.asked[request_id] = 2
            await self._do("requests", withdraw, f"withdraw-{request_id}")
            self.acknowledged[request_id] = 2

    async def _look_and_answer(self) -> None:
        """Ambassadors endorse what they see, and sides say yes, each once."""
        while True:
            await asyncio.sleep(self.chance.uniform(0.1, 0.6))
            for match in matches_of(self).values():
                if match.waits_for():
                    await self._step(match)

    async def _step(self, seen: Match) -> None:
        async def step(session: Session) -> Reply:
            match: Match = await session.get(("match", seen.request_id))
            now = NOW + timedelta(seconds=asyncio.get_running_loop().time())
            said: list[Event] = []
            if seen.state is State.PROPOSED:
                match = steps.endorse(match, now)
                said.append(MatchEndorsed(**match.told()))
            else:
                side = next(side for side in Side if seen.answer_of(side) is None)
                match = steps.answer(match, side, accepted=True)
                said.append(MatchAnswered(**match.told(), side=side, accepted=True))
                if steps.both_accepted(match):
                    match = steps.introduce(match, now)
                    said.append(IntroductionMade(**match.told()))
            await session.put(("match", seen.request_id), match)
            for event in said:
                say(session, event)
            return Reply({})

        await self._do("matching", step, f"{seen.match_id}-{seen.version}")

    # What breaks.

    def _start(self, number: int) -> None:
        name = self.places[number]
        process = Process(name, self.settings, self.handlers[name], self.databases[name], self.broker, self._dies_at)
        process.start()
        self.processes[number] = process

    def _dies_at(self, _: str) -> bool:
        """Whether a process dies at a named point of the code: a few times in a day."""
        self.deaths_left -= (dies := self.deaths_left > 0 and self.chance.random() < self.deadly)
        return dies

    async def _revive(self) -> None:
        """Who died is missed after a moment."""
        while True:
            await asyncio.sleep(self.chance.uniform(0.05, 1.0))
            for number, process in enumerate(self.processes):
                if process is not None and not process.is_alive:
                    self.processes[number] = None
                    await process.kill()
                    self._start(number)

    async def _break(self) -> None:
        chance = self.chance
        await asyncio.sleep(chance.uniform(0, STORM_SECONDS))
        lasts, number = chance.uniform(0.02, 2.5), chance.randrange(len(self.places))
        process, database = self.processes[number], self.databases[self.places[number]]
        match chance.choice(("kill", "kill", "stop", "database", "trouble", "broker", "lose", "slow")):
            case "kill" | "stop" as how if process:
                self.processes[number] = None
                await (process.kill() if how == "kill" else process.stop())
                await asyncio.sleep(lasts)
                self._start(number)
            case "database" if not database.is_away:
                await database.restart(lasts)
            case "trouble":
                database.trouble = chance.choice((0.01, 0.05, 0.2))
                await asyncio.sleep(lasts)
                database.trouble = 0.0
            case "broker" if not self.broker.is_away:
                await self.broker.restart(lasts)
            case "lose" if process and process.streams.client:
                process.streams.client.lose()
            case "slow" if process and process.streams.client:
                client: Any = process.streams.client
                client.slow_seconds = chance.choice((0.3, 2.0, 6.0))
                await asyncio.sleep(lasts)
                client.slow_seconds = 0.0

    # What came of it.

    def _left(self) -> dict[str, Any]:
        return {
            "outboxes": {name: len(database.outbox) for name, database in self.databases.items()},
            "to hear": self.broker.left(),
            "waiting": sum(bool(match.waits_for()) for match in matches_of(self).values()),
        }

    def _is_quiet(self) -> bool:
        left = self._left()
        return not any(left["outboxes"].values()) and not left["to hear"] and not left["waiting"]


NOW = a_match().waiting_since


def lived(seed: int) -> list[str]:
    """What does not hold at the end of a day, the same for the same seed."""
    with simulated(seed):
        return run(Day(seed).live())
