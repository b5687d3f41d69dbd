"""`./odh audit`: whether something is known to be wrong with a version that Om de Hoek stands on.

It asks the advisories of the Python Package Index about every package of requirements.lock, by name and version;
nothing is installed. It ends with 0 when all were looked up and nothing is known, 1 when something is, and 2 when not
all could be looked up: without the network, or where the index has no advisories.
"""

import argparse
import json
import subprocess
import sys
from typing import Any, NamedTuple

from node import ROOT
from node.sbom import ALL, is_there

MADE_WITH = "pip_audit"


class Found(NamedTuple):
    """What was looked up: how many packages, what is known of some of them, and of which nothing could be learned."""

    looked_up: int
    known: tuple[str, ...]
    skipped: tuple[str, ...]


def main() -> int:
    about = "Wat is er bekend van de versies die vastliggen (what is known of the versions that are pinned)."
    argparse.ArgumentParser(prog="odh audit", description=about).parse_args()
    if not is_there(MADE_WITH):
        return 2
    told = ["--requirement", ALL, "--require-hashes", "--disable-pip", "--format", "json", "--progress-spinner", "off"]
    done = subprocess.run([sys.executable, "-m", MADE_WITH, *told], cwd=ROOT, capture_output=True, text=True)
    try:
        found = read(json.loads(done.stdout))
    except ValueError:
        why = (done.stderr.strip().splitlines() or [""])[-1]
        print(f"Niet nagekeken (not looked up): {why}", file=sys.stderr)
        return 2
    return show(found)


def read(told: dict[str, Any]) -> Found:
    """pip-audit calls a package that it could learn nothing of skipped, and ends as if all were well."""
    parts = told["dependencies"]
    known = [
        f"{part['name']} {part['version']}: {one['id']}, {repaired(one)}"
        for part in parts
        for one in part.get("vulns", ())
    ]
    skipped = [part["name"] for part in parts if "skip_reason" in part]
    return Found(len(parts) - len(skipped), tuple(known), tuple(skipped))


def repaired(advisory: dict[str, Any]) -> str:
    versions = ", ".join(advisory.get("fix_versions", ()))
    return f"hersteld in (mended in) {versions}" if versions else "nog niet hersteld (not mended yet)"


def show(found: Found) -> int:
    for one in found.known:
        print(one)
    print(f"{found.looked_up} nagekeken (looked up), {len(found.known)} bekend (known)")
    if found.skipped:
        names = ", ".join(found.skipped[:5]) + (", ..." if len(found.skipped) > 5 else "")
        print(f"{len(found.skipped)} niet nagekeken (not looked up): {names}", file=sys.stderr)
    return 1 if found.known else 2 if found.skipped else 0


if __name__ == "__main__":
    sys.exit(main())
