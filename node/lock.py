"""`./odh lock`: pin what Om de Hoek stands on again, with the hashes of every platform's files.

`./odh lock --upgrade` takes the newest versions; without it only what changed in the .in files moves. There is one
choice of versions, requirements.lock; requirements-services.lock is the part of it that an image of the services needs.
Neither names a package index, so that every machine installs from the one that it is set up for: the hashes tell
whether the files are the right ones.
"""

import subprocess
import sys

from node import ROOT

#: What is pinned from what. The second is made within the versions that the first has.
LOCKS = {
    "requirements.lock": ["requirements-services.in", "requirements.in"],
    "requirements-services.lock": ["--constraint=requirements.lock", "requirements-services.in"],
}


def main() -> int:
    for name, wanted in LOCKS.items():
        if code := pin(name, wanted):
            return code
    return 0


def pin(name: str, wanted: list[str]) -> int:
    """Makes one lock; returns pip-compile's exit code."""
    command = [
        *(sys.executable, "-m", "piptools", "compile", "--quiet", "--no-header", "--generate-hashes"),
        *("--no-emit-index-url", "--no-emit-trusted-host", "--no-emit-find-links", "--strip-extras"),
        *("--allow-unsafe", f"--output-file={name}"),
    ]
    made = subprocess.run([*command, *wanted, *sys.argv[1:]], cwd=ROOT)
    if made.returncode == 0:
        lock, header = ROOT / name, f"# Made by `./odh lock` from {wanted[-1]}; never edited by hand.\n"
        text = lock.read_text()
        lock.write_text(text if text.startswith(header) else header + text)
    return made.returncode
