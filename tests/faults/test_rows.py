"""Every row of the table of faults is proven by something that is there, and the command knows by what."""

import re

import pytest

from node import ROOT
from tests.faults import nemesis
from tests.faults.rows import ALONE, ROWS, proofs_of, storms
from tests.story.test_killed_halfway import POINTS, WINDOW


def test_there_is_a_proof_of_every_row():
    assert list(ROWS) == [f"F{number}" for number in range(1, 26)]
    assert [name for name, row in ROWS.items() if not row.tests and not storms([name])] == []
    assert ROWS.keys() >= {*nemesis.ROWS, *ALONE}


def test_every_row_is_told_to_who_operates_a_node():
    told = re.findall(r"^\| (F\d+) \|", (ROOT / "docs" / "faults.md").read_text(), flags=re.M)

    assert told == list(ROWS)


@pytest.mark.parametrize("test", proofs_of(list(ROWS), also_of_storms=True))
def test_a_proof_that_is_named_is_there(test):
    file, _, name = test.partition("::")

    assert (ROOT / file).exists()
    assert not name or re.search(rf"^(async )?def {name}\(", (ROOT / file).read_text(), flags=re.M)


def test_every_named_point_is_died_at():
    """One that is added to the code must be added there, where a service is killed at each of them."""
    code = "\n".join(file.read_text() for folder in ("chassis", "services") for file in (ROOT / folder).rglob("*.py"))
    named = set(re.findall(r'_service(?:\.name)?\}\.([a-z0-9-]+)"', code)) | set(
        re.findall(r'crashpoint\("(.+?)"\)', code)
    )

    died_at = {WINDOW, *(str(point.values[1]) for point in POINTS)}
    assert len(named) > 10
    assert {name for name in named if not any(point.endswith(name) for point in died_at)} == set()


def test_rows_are_asked_for_together_and_those_of_storms_are_lived_rather_than_tried():
    assert storms(["F24", "F1", "F6", "F5"]) == [["F1", "F5"], ["F24"]]
    assert proofs_of(["F1", "F24"], also_of_storms=False) == []
    assert proofs_of(["F1"], also_of_storms=True) == sorted(ROWS["F1"].tests)


def test_the_proofs_of_a_file_follow_each_other_for_they_share_a_node():
    files = [test.partition("::")[0] for test in proofs_of(list(ROWS), also_of_storms=True)]

    assert files == sorted(files)
