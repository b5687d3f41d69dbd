"""The table points to what is there, and nothing that is here is left out of it."""

import re
from pathlib import Path

from tests.hostile.rows import ROWS

ROOT = Path(__file__).parents[2]


def test_every_row_is_proven_by_tests_that_are_there():
    assert list(ROWS) == [f"S{number}" for number in range(1, 13)]
    for row in ROWS.values():
        for test in row.proven:
            file, _, name = test.partition("::")
            assert re.search(rf"^(async )?def {name or 'test_'}", (ROOT / file).read_text(), flags=re.M), test


def test_every_file_that_is_here_proves_a_row():
    here = {f"tests/hostile/{file.name}" for file in Path(__file__).parent.glob("test_*.py")}

    assert here - {"tests/hostile/test_rows.py"} <= {test for row in ROWS.values() for test in row.proven}


def test_the_page_tells_the_same_rows():
    page = (ROOT / "docs" / "safety.md").read_text()

    for name, row in ROWS.items():
        assert f"| {name} | {row.attack} | {row.holds} |\n" in page
