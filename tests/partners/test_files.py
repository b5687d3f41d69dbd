"""A partner's file: what its rows are, and what is wrong with them, in the partner's own words. No node is needed."""

import json
import sys
import zipfile
from datetime import date, datetime

import openpyxl
import pytest

from contracts.vocabulary import Network
from node import partner, partner_files
from node.partner_events import data_of, wrong_with
from node.partner_files import NotReadable, rows

CENTRES = "nummer;centrumnaam;stad;kvk\nc-1;CIV Water;Zwolle;08123456\n\nc-3;;Nergens;12\n"


@pytest.fixture
def odh_partner(monkeypatch, capsys, tmp_path):
    """Runs the command on a file of a test; its exit code and what it writes."""

    def run(action: str, content: str, *arguments: str, name: str = "centra.csv") -> tuple[int, str]:
        file = tmp_path / name
        file.write_text(content)
        monkeypatch.setattr(sys, "argv", ["odh partner", action, *arguments, str(file)])
        code = partner.main()
        shown = capsys.readouterr()
        return code, shown.out + shown.err

    return run


CHECK = ("--network", "katapult", "--kind", "centre", "--subject", "nummer")
OURS = ("--source", "https://centra.example")


def test_each_wrong_field_is_told_by_row_as_its_maker_sees_it(odh_partner):
    code, shown = odh_partner("check", CENTRES, *CHECK)

    assert code == 1
    assert {line.partition(": ")[2].partition(":")[0] for line in shown.splitlines() if line.startswith("4: ")} == {
        *("centrumnaam", "stad")
    }
    assert "2 nagekeken, 1 niet goed" in shown


@pytest.mark.parametrize("action", ["check", "load"])
def test_a_key_of_which_the_file_holds_no_secret_is_named(odh_partner, tmp_path, action):
    (tmp_path / "key.txt").write_text("client_id=docenten.1\nnats_seed=SUAINVENTED\n")
    right = "nummer;centrumnaam;stad\nc-1;CIV Water;Zwolle\n"

    code, shown = odh_partner(action, right, *CHECK, *OURS, "--key-file", str(tmp_path / "key.txt"))

    assert code == 2
    assert f"{tmp_path / 'key.txt'}: geen client_id en client_secret" in shown


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("c.json", json.dumps([{"nummer": "c-1", "centrumnaam": "CIV Water", "stad": "Zwolle"}])),
        ("c.jsonl", '\n{"nummer": "c-1", "centrumnaam": "CIV Water", "stad": "Zwolle"}\n'),
        ("c.csv", "nummer,centrumnaam,stad\nc-1,CIV Water,Zwolle\n"),
    ],
)
def test_rows_come_in_several_forms(odh_partner, name, content):
    assert odh_partner("check", content, *CHECK, name=name)[0] == 0


def test_a_file_of_events_is_checked_too(odh_partner):
    event = {
        "specversion": "1.0",
        "id": "1",
        "source": "https://x.example",
        "type": "nl.katapult.centrum",
        "subject": "c-1",
        "time": "2026-11-26T09:00:00Z",
        "data": {"centrumnaam": "CIV Water", "stad": "Zwolle", "kvk": "1"},
    }
    two = json.dumps([event, event | {"type": "nl.katapult.x"}])
    code, shown = odh_partner("check", two, "--network", "katapult", name="c.json")

    assert code == 1
    assert shown.startswith("1: kvk: ")
    assert "2: type: " in shown


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("nummer;stad\nc;Zwolle;en meer\n", "more fields than columns"),
        ("nummer;nummer\nc;d\n", "columns of the same name"),
        ('nummer;stad\nc;"Zwolle\n', "unexpected end"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_so(odh_partner, content, told):
    code, shown = odh_partner("check", content, *CHECK)

    assert code == 2
    assert told in shown


def test_another_encoding_is_told_and_not_guessed(tmp_path):
    (tmp_path / "c.csv").write_bytes("nummer;stad\nc;Skarsterlân\n".encode("cp1252"))
    with pytest.raises(NotReadable, match="UTF-8"):
        list(rows(tmp_path / "c.csv"))


@pytest.mark.parametrize(
    ("kind", "row", "field"),
    [
        ("school", {"naam": "Vechtdal", "plaats": "Zwolle", "soort": "school", "brin": "onzin"}, "brin"),
        (
            "docent",
            {"naam": "Noor", "emailadres": "geen adres", "school": "s", "toestemming_op": "2026-11-01"},
            "emailadres",
        ),
        (
            "praktijktip",
            {"docent": "n", "titel": "Bel 06-12345678", "tekst": "x", "themas": "energie", "plaats": "Zwolle"},
            "titel",
        ),
    ],
)
def test_what_only_the_services_would_refuse_is_told_here_as_well(kind, row, field):
    ours = {"school": "organisation", "docent": "person", "praktijktip": "tip"}[kind]
    event = {
        "specversion": "1.0",
        "id": "1",
        "source": "https://x.example",
        "type": f"nl.duurzaammbo.{kind}",
        "subject": "s-1",
        "time": "2026-11-26T09:00:00Z",
        "data": data_of(Network.DUURZAAM_MBO, ours, "nummer", row),
    }

    assert [name for name, _ in wrong_with(Network.DUURZAAM_MBO, event)] == [field]


def a_sheet(file, *lines, formats=()) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Uitleg"
    sheet = book.create_sheet("Docenten")
    for line in lines:
        sheet.append(line)
    for cell, number_format in formats:
        sheet[cell].number_format = number_format
    book.save(file)


def test_a_sheet_gives_days_numbers_and_leading_zeros_as_they_are_seen(tmp_path):
    file = tmp_path / "docenten.xlsx"
    head = ["nummer", "naam", "toestemming_op", "kvk", "deelnemers", "datum"]
    a_sheet(
        file,
        head,
        [],
        [7, "Noor", date(2026, 11, 1), 8123456, 25.0, datetime.fromisoformat("2026-11-01T09:30")],
        formats=[("D3", "00000000"), ("A3", "0000")],
    )

    ((number, row),) = rows(file, "Docenten")

    assert (number, row) == (
        3,
        {
            "nummer": "0007",
            "naam": "Noor",
            "toestemming_op": "2026-11-01",
            "kvk": "08123456",
            "deelnemers": 25,
            "datum": "2026-11-01T09:30:00+01:00",
        },
    )
    with pytest.raises(NotReadable, match="Uitleg, Docenten"):
        list(rows(file, "Elders"))


def test_a_number_in_a_field_of_text_is_written_out(tmp_path):
    told = data_of(Network.DUURZAAM_MBO, "organisation", "nummer", {"nummer": 1, "naam": 1848, "kvk": 8123456})

    assert told == {"naam": "1848", "kvk": "08123456"}


def test_a_small_file_that_unpacks_to_very_much_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(partner_files, "UNPACKED_BYTES_MAX", 1_000_000)
    with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * 1_000_001)
    assert (tmp_path / "bomb.xlsx").stat().st_size < 10_000

    with pytest.raises(NotReadable, match="too large"):
        list(rows(tmp_path / "bomb.xlsx"))
    (tmp_path / "text.xlsx").write_text("nummer;naam")
    with pytest.raises(NotReadable, match="not XLSX"):
        list(rows(tmp_path / "text.xlsx"))
