"""Runs a function of this package in a process of its own, on uvloop as the services do.

What makes the load may not share a process with what is measured: it would wait for it, and be waited for.
"""

import asyncio
import gc
import importlib
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import uvloop

from node import ROOT


async def alone(function: Callable[..., Awaitable[Any]], **arguments: Any) -> Any:
    """What the function returns, when it is called in a process of its own; both ways as JSON."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.process", f"{function.__module__}:{function.__qualname__}"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        said, _ = await process.communicate(json.dumps(arguments).encode())
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        raise RuntimeError(f"{function.__qualname__} ended with {process.returncode}")
    return json.loads(said.splitlines()[-1])


def main() -> None:
    """The other side: finds the function, runs it, prints what it returns."""
    module, _, name = sys.argv[1].partition(":")
    function = getattr(importlib.import_module(module), name)
    gc.freeze()  # as a service does
    gc.set_threshold(20_000, 20, 20)
    print("\n" + json.dumps(uvloop.run(function(**json.load(sys.stdin)))), flush=True)


if __name__ == "__main__":
    main()
