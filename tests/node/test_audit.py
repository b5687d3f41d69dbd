"""What an audit tells, and that nothing looked up is not nothing wrong."""

import json
import subprocess
import sys

import pytest

from node import ROOT
from node.audit import read, show

CLEAN = {"name": "aiohttp", "version": "3.14.5", "vulns": []}
BAD = {"name": "h11", "version": "0.1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["0.2"]}]}
UNREAD = {"name": "idna", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("parts", "ends_with", "says"),
    [
        ([CLEAN], 0, "1 nagekeken (looked up), 0 bekend (known)"),
        ([CLEAN, BAD], 1, "h11 0.1: PYSEC-1, hersteld in (mended in) 0.2"),
        ([CLEAN, UNREAD], 2, "1 niet nagekeken (not looked up): idna"),
        ([BAD, UNREAD], 1, "1 niet nagekeken (not looked up): idna"),
    ],
)
def test_it_ends_well_only_when_all_was_looked_up(capsys, parts, ends_with, says):
    assert show(read({"dependencies": parts})) == ends_with

    told = capsys.readouterr()
    assert says in told.out + told.err


@pytest.mark.long
def test_what_the_services_are_made_of_is_all_of_their_lock():
    made = [subprocess.run([sys.executable, "-m", "node.sbom"], cwd=ROOT, capture_output=True) for _ in range(2)]

    assert made[0].stdout == made[1].stdout
    told = json.loads(made[0].stdout)
    lock = (ROOT / "requirements-services.lock").read_text().splitlines()
    assert {(one["name"], one["version"]) for one in told["components"]} == {
        tuple(line.removesuffix(" \\").split("==")) for line in lock if "==" in line
    }
    assert (told["bomFormat"], told["metadata"]["component"]["name"]) == ("CycloneDX", "om-de-hoek")
