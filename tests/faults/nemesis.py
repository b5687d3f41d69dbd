"""What breaks, where and when: drawn from a seed beforehand, so that a bad day can be lived again."""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from tests.faults.cluster import SERVICES, Cluster, Site


class Break(NamedTuple):
    """One thing that is broken for a while: a line, or a part of a node that is killed."""

    at: float
    lasts: float
    how: str
    site: str
    part: str = "line"

    def __str__(self) -> str:
        return f"{self.at:5.1f} s  {self.how:<9} {self.site}/{self.part} for {self.lasts:.1f} s"


Draw = Callable[[random.Random, Sequence[str]], list[Break]]


def _one(*hows: str, lasts: tuple[float, float], parts: Sequence[str] = ("line",), hub: bool = False) -> Draw:
    """Something that befalls one part of one site; `hub`: the hub too."""

    def draw(chance: random.Random, regions: Sequence[str]) -> list[Break]:
        where = chance.choice([*regions, *(["national"] * len(regions) if hub else [])])
        return [Break(0, chance.uniform(*lasts), chance.choice(hows), where, chance.choice(parts))]

    return draw


def _swizzle(chance: random.Random, regions: Sequence[str]) -> list[Break]:
    """All lines are cut one by one, and come back in another order."""
    cut = [(name, 0.8 * number) for number, name in enumerate(chance.sample(regions, len(regions)))]
    last = cut[-1][1]
    back = [last + 2 + 1.5 * number for number in range(len(regions))]
    chance.shuffle(back)
    return [Break(at, end - at, "cut", name) for (name, at), end in zip(cut, back, strict=True)]


def _whole_hub(chance: random.Random, _: Sequence[str]) -> list[Break]:
    """The host of the hub is gone, and comes back."""
    lasts = chance.uniform(5, 12)
    return [
        Break(0, lasts, "kill", "national", part) for part in ("postgres", "nats", "members", "requests", "matching")
    ]


def _one_by_one(chance: random.Random, regions: Sequence[str]) -> list[Break]:
    """Every service of a site is asked to stop, and started anew, as when a release is put in place."""
    where = chance.choice([*regions, "national"])
    return [Break(3.0 * number, 0.1, "restart", where, part) for number, part in enumerate(SERVICES)]


LASTING = (2.0, 7.0)
#: Where a relay dies: before it publishes, before the broker's answer, and before it removes what is stored.
RELAYING = ("relay-after-select", "relay-before-ack", "relay-after-ack")
#: Somebody says something in this time, at which a relay dies that is to die.
DIES_WITHIN_SECONDS = 10.0

#: The rows of the table of faults, each with what may befall a country by it.
ROWS: dict[str, list[Draw]] = {
    "F1": [_one("kill", lasts=(0.1, 1), parts=("requests",))],
    "F2": [_one(*RELAYING, lasts=(0.1, 1), parts=("requests", "matching", "members", "notify"), hub=True)],
    "F3": [_one("kill", lasts=(0.1, 1), parts=("matching",), hub=True)],
    "F4": [_one("kill", lasts=(0.1, 1), parts=("notify",))],
    "F5": [_one("kill", lasts=(0.1, 3), parts=("nats",), hub=True)],
    "F8": [_one("kill", lasts=(0.1, 2), parts=("postgres",), hub=True)],
    "F10": [
        _one("cut", "half-open", "one-way", "other-way", "slow", "flap", lasts=LASTING),
        _one("kill", lasts=(0.1, 1), parts=SERVICES, hub=True),
        _one("kill", lasts=(0.1, 3), parts=("nats", "postgres"), hub=True),
        _whole_hub,
    ],
    "F11": [_swizzle],
    "F12": [_one("stall", lasts=(2, 4), parts=("nats",), hub=True)],
    "F13": [_one("zombie", lasts=(4, 7), parts=("matching", "requests"), hub=True)],
    "F19": [
        _one("later", "tarpit", "hang-up", lasts=LASTING, parts=("mail",), hub=True),
        _one("kill", lasts=LASTING, parts=("mail",), hub=True),
    ],
    "F21": [_one_by_one],
    "F23": [_one("no-commit", "no-answer", "cut", lasts=LASTING, parts=("databases",), hub=True)],
}


def drawn(seed: str, rows: Sequence[str], regions: Sequence[str], seconds: float) -> list[Break]:
    """A storm of so many seconds; nothing breaks that is broken, and at the end everything is whole."""
    chance, made, free, at = random.Random(seed), list[Break](), dict[tuple[str, str], float](), 1.0
    while True:
        at += chance.expovariate(1 / 2.0)
        if at > seconds:
            return made
        together = [one._replace(at=at + one.at) for one in chance.choice(ROWS[chance.choice(rows)])(chance, regions)]
        if all(one.at > free.get((one.site, one.part), 0) and one.at + one.lasts < seconds + 5 for one in together):
            made += together
            free |= {(one.site, one.part): one.at + one.lasts + 1 for one in together}


async def storm(cluster: Cluster, breaks: Sequence[Break], tell: Callable[[str], None]) -> None:
    """Does all that was drawn; returns when everything is whole again."""
    since = time.monotonic()
    whole: dict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def happen(one: Break) -> None:
        await asyncio.sleep(one.at - (time.monotonic() - since))
        async with whole[one.site, one.part]:  # what takes long to start is not killed before it stands
            tell(str(one))
            await HOW[one.how](cluster.site(one.site), one)

    async with asyncio.TaskGroup() as all_of_it:
        for one in breaks:
            all_of_it.create_task(happen(one))


async def _kill(site: Site, one: Break) -> None:
    site.kill(one.part)
    await asyncio.sleep(one.lasts)
    await site.revive(one.part)


def _dies_at(point: str) -> Callable[[Site, Break], Awaitable[None]]:
    async def dies(site: Site, one: Break) -> None:
        if await site.dies_at(one.part, point, DIES_WITHIN_SECONDS):
            await asyncio.sleep(one.lasts)
            await site.revive(one.part)

    return dies


async def _zombie(site: Site, one: Break) -> None:
    """It stands still for longer than the broker waits, a second one goes on with its work, and it comes back."""
    async with site.with_a_second(one.part):
        await site.stalled(one.part, one.lasts)


async def _restart(site: Site, one: Break) -> None:
    await site.node.parts[one.part].stop()
    await asyncio.sleep(one.lasts)
    await site.revive(one.part)


async def _stall(site: Site, one: Break) -> None:
    await site.stalled(one.part, one.lasts)


def _mail(**rule: object) -> Callable[[Site, Break], Awaitable[None]]:
    async def behaves(site: Site, one: Break) -> None:
        await site.mail_behaves(rule)
        if "wait_seconds" in rule:
            site.killed["mail"] = site.killed.get("mail", 0) + 1
        await asyncio.sleep(one.lasts)
        await site.mail_behaves()

    return behaves


async def _flap(site: Site, one: Break) -> None:
    assert site.line
    until = time.monotonic() + one.lasts
    while time.monotonic() < until:
        site.line.cut()
        await asyncio.sleep(0.15)
        site.line.mend()
        await asyncio.sleep(0.45)


def _on_line(break_it: str, *arguments: object) -> Callable[[Site, Break], Awaitable[None]]:
    async def broken(site: Site, one: Break) -> None:
        line = site.line if one.part == "line" else site.to_databases
        assert line
        getattr(line, break_it)(*arguments)
        await asyncio.sleep(one.lasts)
        line.mend()

    return broken


HOW: dict[str, Callable[[Site, Break], Awaitable[None]]] = {
    "kill": _kill,
    "restart": _restart,
    "stall": _stall,
    "zombie": _zombie,
    **{point: _dies_at(point) for point in RELAYING},
    "flap": _flap,
    "cut": _on_line("cut"),
    "half-open": _on_line("half_open"),
    "one-way": _on_line("half_open", "there"),
    "other-way": _on_line("half_open", "back"),
    "slow": _on_line("slow", 0.4),
    "no-commit": _on_line("lose_answers", b"COMMIT", 3),
    "no-answer": _on_line("lose_answers", b"", 60),
    "later": _mail(answer=451),
    "tarpit": _mail(stage="data", wait_seconds=10, times=1),
    "hang-up": _mail(stage="data", hang_up="after-answer"),
}
