"""`./odh lock`: pin requirements.in again, with the hashes of every platform's files.

`./odh lock --upgrade` takes the newest versions; without it only what changed in requirements.in moves. The lock names
no package index, so that every machine installs from the one that it is set up for: the hashes tell whether the
files are the right ones.
"""

import subprocess
import sys

from node import ROOT

HEADER = "# Made by `./odh lock` from requirements.in; never edited by hand.\n"


def main() -> int:
    command = [
        *(sys.executable, "-m", "piptools", "compile", "--quiet", "--no-header", "--generate-hashes"),
        *("--no-emit-index-url", "--no-emit-trusted-host", "--no-emit-find-links", "--strip-extras"),
        *("--allow-unsafe", "--output-file=requirements.lock", "requirements.in"),
    ]
    made = subprocess.run([*command, *sys.argv[1:]], cwd=ROOT)
    if made.returncode == 0:
        lock = ROOT / "requirements.lock"
        text = lock.read_text()
        lock.write_text(text if text.startswith(HEADER) else HEADER + text)
    return made.returncode
