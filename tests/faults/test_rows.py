"""Every row of the table of faults is proven by something that is there, and the command knows by what."""

import re

import pytest

from node import ROOT
from tests.faults import nemesis
from tests.faults.rows import ALONE, ROWS, proofs_of, storms


def test_there_is_a_proof_of_every_row():
    assert list(ROWS) == [f"F{number}" for number in range(1, 25)]
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


def test_rows_are_asked_for_together_and_those_of_storms_are_lived_rather_than_tried():
    assert storms(["F24", "F1", "F6", "F5"]) == [["F1", "F5"], ["F24"]]
    assert proofs_of(["F1", "F24"], also_of_storms=False) == []
    assert proofs_of(["F1"], also_of_storms=True) == list(ROWS["F1"].tests)
