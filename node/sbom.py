"""`./odh sbom`: what an image of the services is made of, as CycloneDX JSON, from the lock with its hashes.

./odh sbom > sbom.json
./odh sbom --all > sbom.json      also what only a node on one machine and the tests stand on

The same lock gives the same bytes, so that two releases can be compared.
"""

import argparse
import subprocess
import sys
from importlib.util import find_spec

from node import ROOT

ALL, SERVICES = "requirements.lock", "requirements-services.lock"
MADE_WITH = "cyclonedx_py"


def main() -> int:
    parser = argparse.ArgumentParser(prog="odh sbom", description="Waar Om de Hoek uit bestaat (what it is made of).")
    parser.add_argument("--all", action="store_true", help="ook wat alleen tests nodig hebben (of the tests as well)")
    asked = parser.parse_args()
    if not is_there(MADE_WITH):
        return 2
    lock = ALL if asked.all else SERVICES
    told = ["--pyproject", "pyproject.toml", "--mc-type", "application"]  # whose parts these are
    form = ["--of", "JSON", "--sv", "1.6", "--output-reproducible"]
    made_by = [sys.executable, "-W", "ignore", "-m", MADE_WITH]  # it warns that a lock does not say who needs whom
    return subprocess.run([*made_by, "requirements", *told, *form, lock], cwd=ROOT).returncode


def is_there(module: str) -> bool:
    """Whether a tool is in this environment; says so when it is not."""
    found = find_spec(module) is not None
    if not found:
        print(
            f"{module} staat niet in deze omgeving (is not in this environment): zie requirements.in", file=sys.stderr
        )
    return found


if __name__ == "__main__":
    sys.exit(main())
