"""`./odh test`: pytest, from the root of the project; what follows the command is passed on.

The whole suite is shared out over one process more than there are processors, up to four, a file at a time; each has
servers of its own, and waits for them now and then. Who names tests, or says how many processes (`-n 0`: none), gets
just that. What is marked `long` is left out of it: `./odh test -m long` runs those.

Two have options of their own (`--help`), for they are longer than a test: `./odh test faults` is a country of real
nodes in a storm, and `./odh test hostile` is all that somebody can send who means no good.
"""

import os
import subprocess
import sys

from node import ROOT

QUICK = ["-m", "not long"]
SHARED_OUT = ["-n", str(min((os.cpu_count() or 1) + 1, 4)), "--dist=loadfile", "--no-loadscope-reorder"]


def main() -> int:
    asked = sys.argv[1:]
    if asked[:1] in (["faults"], ["hostile"]):
        return subprocess.run([sys.executable, "-m", f"tests.{asked[0]}", *asked[1:]], cwd=ROOT).returncode
    whole = not any(argument.split("::")[0].startswith("tests") or argument == "-n" for argument in asked)
    marked = any(argument.startswith("-m") for argument in asked)
    chosen = (SHARED_OUT if whole else []) + (QUICK if whole and not marked else [])
    command = [sys.executable, "-m", "pytest", *chosen, *asked]
    return subprocess.run(command, cwd=ROOT).returncode
