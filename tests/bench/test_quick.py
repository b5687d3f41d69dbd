"""`./odh bench` itself, as short as it can be: every row comes out, and everything is counted the same everywhere.

Never a time: what a machine does that runs tests beside it, says nothing.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.rows import ROW_IDS
from node import ROOT


@pytest.mark.long
@pytest.mark.whole_node
@pytest.mark.timeout(400)
def test_every_row_comes_out_and_the_counts_agree(tmp_path: Path) -> None:
    kept = tmp_path / "bench.json"

    done = subprocess.run(
        [sys.executable, "-m", "node", "bench", "--quick", f"--json={kept}"], cwd=ROOT, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(kept.read_text())
    assert {row["row"] for row in found["rows"]} == set(ROW_IDS)
    counted = [counts for trial in found["trials"].values() for one in trial for counts in one["counts"].values()]
    assert len(counted) >= 8
    assert all(len(set(counts.values())) == 1 and min(counts.values()) > 0 for counts in counted)
