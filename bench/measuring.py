"""How a trial is repeated, and what is noted with its figures, so that they can be judged and made again."""

import asyncio
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from bench.ground import Ground
from node import ROOT
from node.nats import BINARY as NATS_SERVER
from node.postgres import BINARIES

#: A run is void when a probe at its end differs more than this from the one at its start.
DRIFT_MAX = 0.25

PACKAGES = (
    *("fastapi", "starlette", "uvicorn", "uvloop", "httptools", "pydantic", "sqlalchemy", "sqlmodel", "asyncpg"),
    *("nats-py", "faststream", "faststream-outbox", "joserfc", "cryptography", "opentelemetry-sdk"),
)


@dataclass(frozen=True, slots=True)
class Size:
    """How much is done in a trial."""

    seconds: float = 3.0
    warm_seconds: float = 1.0
    events_relayed: int = 20_000
    events_published: int = 6_000
    events_handled: int = 10_000
    events_one_by_one: int = 1_500
    steady_seconds: float = 10.0
    away_seconds: float = 60.0
    flood_seconds: float = 10.0
    stored_few: int = 10_000
    stored_some: int = 100_000
    stored_many: int = 1_000_000


FULL = Size()
QUICK = Size(
    seconds=0.5,
    warm_seconds=0.2,
    events_relayed=600,
    events_published=300,
    events_handled=600,
    events_one_by_one=100,
    steady_seconds=1.0,
    away_seconds=1.0,
    flood_seconds=0.5,
    stored_few=500,
    stored_some=1_000,
    stored_many=2_000,
)


@dataclass(slots=True)
class Finding:
    """What one trial gave: figures by name, and per kind of work the counts that must all be the same."""

    figures: dict[str, float]
    counts: dict[str, dict[str, int]] = field(default_factory=dict)

    def disagreements(self) -> list[str]:
        """What was counted differently in one place than in another."""
        return [
            f"{what}: " + ", ".join(f"{name} {count}" for name, count in counted.items())
            for what, counted in self.counts.items()
            if len(set(counted.values())) > 1
        ]


Trial = Callable[[Ground, Size, int], Awaitable[Finding]]


async def repeat(
    trials: dict[str, Trial],
    ground: Ground,
    size: Size,
    *,
    repeats: int,
    seed: int,
    say: Callable[[str], None],
    seldom: Collection[str] = (),
) -> dict[str, list[Finding]]:
    """Does the trials in turn, and again; every second time in the other order, so that neither always goes first.

    What is done seldom is done every second time.
    """
    found: dict[str, list[Finding]] = {name: [] for name in trials}
    for turn in range(repeats):
        now = [name for name in trials if turn % 2 == 0 or name not in seldom]
        for name in now[:: 1 if turn % 2 == 0 else -1]:
            since = time.monotonic()
            finding = await trials[name](ground, size, seed + turn)
            found[name].append(finding)
            figures = ", ".join(f"{figure:.4g} {what}" for what, figure in finding.figures.items())
            say(f"  {turn + 1}/{repeats}  {name:<34} {figures}   ({time.monotonic() - since:.1f} s)")
            for disagreement in finding.disagreements():
                say(f"       ! {disagreement}")
    return found


async def probe(folder: Path) -> dict[str, float]:
    """How the machine is doing by itself: its disk, its processor, and how busy others keep it."""
    others = await asyncio.to_thread(psutil.cpu_percent, 0.5)
    return {"fsync us": _fsync_us(folder), "loop ms": _loop_ms(), "others %": others}


def _fsync_us(folder: Path) -> float:
    took = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(200):
            since = time.perf_counter()
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
            took.append(time.perf_counter() - since)
    return statistics.median(took) * 1e6


def _loop_ms() -> float:
    took = []
    for _ in range(9):
        since = time.perf_counter()
        total = 0
        for number in range(200_000):
            total += number
        took.append(time.perf_counter() - since)
    return statistics.median(took) * 1e3


def drifted(start: dict[str, float], end: dict[str, float]) -> list[str]:
    """Which probes differ by over a quarter; the share of others, itself a part of a whole, by as many points."""
    found = []
    for name, before in start.items():
        change = (end[name] - before) / 100 if name == "others %" else end[name] / before - 1
        if abs(change) > DRIFT_MAX:
            found.append(f"{name} {before:.0f} → {end[name]:.0f}")
    return found


def processor_seconds(*processes: psutil.Process) -> float:
    """Of processor time until now, with that of all that they started, ended or not."""
    every = [one for process in processes for one in (process, *process.children(recursive=True))]
    ended = sum(one.cpu_times().children_user + one.cpu_times().children_system for one in processes)
    return ended + sum(one.cpu_times().user + one.cpu_times().system for one in every)


def machine() -> dict[str, Any]:
    """What the figures were made with."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory GB": round(psutil.virtual_memory().total / 1e9),
        "system": f"{platform.system()} {platform.release()}",
        "python": sys.version.split()[0],
        "postgres": _output(str(BINARIES / "postgres"), "--version").split()[-1],
        "nats-server": _output(str(NATS_SERVER), "--version").split()[-1].removeprefix("v"),
        "packages": {name: version(name) for name in PACKAGES},
        "commit": _output("git", "rev-parse", "--short=12", "HEAD") or "unknown",
        "changed since": bool(
            _output("git", "status", "--porcelain", "--", "chassis", "contracts", "services", "bench")
        ),
    }


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.strip()
    except FileNotFoundError:
        return ""
