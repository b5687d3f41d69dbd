"""The same tables for a spreadsheet.

Excel opens a CSV file by itself when it has the separator of its own language, and reads UTF-8 when a byte order mark
says so; in Dutch a comma is in the numbers, so the separator is a semicolon.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from fastapi import Response

from contracts.vocabulary import Language
from contracts.words import kind_in_words, network_in_words, province_in_words, theme_in_words
from services.insight.rules import A_FEW
from services.insight.views import GroupsView, InitiativesView, SpotsView

_BY = {
    Language.DUTCH: {
        "theme": "thema",
        "kind": "soort",
        "network": "netwerk",
        "province": "provincie",
        "region": "regio",
        "month": "maand",
    },
    Language.ENGLISH: {way: way for way in ("theme", "kind", "network", "province", "region", "month")},
}
_COLUMNS = {
    Language.DUTCH: {
        "asked": "gevraagd",
        "answered": "beantwoord",
        "waiting": "wacht nog",
        "unanswered": "zonder antwoord geëindigd",
        "escalated": "doorgezet",
        "fulfilled": "volgens de vrager gelukt",
        "offered": "nieuw aanbod",
        "standing": "aanbod dat nu staat",
        "taken_up": "aanbod dat tot een kennismaking leidde",
        "days_to_answer": "dagen tot antwoord (mediaan)",
        "km_to_answer": "km tot antwoord (mediaan)",
        "days_waiting": "dagen dat het al wacht (mediaan)",
        "not_answered": "niet beantwoord",
        "offered_elsewhere": "aanbod in andere provincies",
        "asked_elsewhere": "gevraagd in andere provincies",
        "started": "begonnen initiatieven",
        "running": "loopt nog",
        "done": "klaar",
        "lasting": "gaat door als samenwerking",
        "stopped": "niet gelukt",
        "students": "bereikte studenten",
        "spot": "wat",
        "white": "gevraagd, niet aangeboden",
        "surplus": "aangeboden, niet gevraagd",
        "none": "(geen)",
    },
    Language.ENGLISH: {
        "asked": "asked",
        "answered": "answered",
        "waiting": "still waiting",
        "unanswered": "ended without an answer",
        "escalated": "escalated",
        "fulfilled": "fulfilled, says who asked",
        "offered": "new offers",
        "standing": "offers that stand now",
        "taken_up": "offers that led to an introduction",
        "days_to_answer": "days to an answer (median)",
        "km_to_answer": "km to an answer (median)",
        "days_waiting": "days waited so far (median)",
        "not_answered": "not answered",
        "offered_elsewhere": "offers in other provinces",
        "asked_elsewhere": "asked in other provinces",
        "started": "initiatives started",
        "running": "under way",
        "done": "done",
        "lasting": "go on as a collaboration",
        "stopped": "did not work out",
        "students": "students reached",
        "spot": "what",
        "white": "asked, not offered",
        "surplus": "offered, not asked",
        "none": "(none)",
    },
}
_NUMBERS = (
    *("asked", "answered", "waiting", "unanswered", "escalated", "fulfilled", "offered", "standing", "taken_up"),
    *("days_to_answer", "km_to_answer", "days_waiting"),
)
_OF_SPOT = ("asked", "not_answered", "offered", "offered_elsewhere", "asked_elsewhere")

_OF_INITIATIVES = ("started", "running", "done", "lasting", "stopped", "students")

Row = Sequence[Any]


def rows_of_groups(found: GroupsView, language: Language) -> Iterable[Row]:
    """A heading, and a row for each group."""
    words = _COLUMNS[language]
    yield [_BY[language][found.by], *(words[name] for name in _NUMBERS)]
    for group in found.groups:
        name = group.name or in_words(found.by, group.key, language) or words["none"]
        yield [name, *(getattr(group, number) for number in _NUMBERS)]


def rows_of_initiatives(found: InitiativesView, language: Language) -> Iterable[Row]:
    """A heading, and a row for each group."""
    words = _COLUMNS[language]
    yield [_BY[language][found.by], *(words[name] for name in _OF_INITIATIVES)]
    for group in found.groups:
        name = group.name or in_words(found.by, group.key, language) or words["none"]
        yield [name, *(getattr(group, number) for number in _OF_INITIATIVES)]


def rows_of_spots(found: SpotsView, language: Language) -> Iterable[Row]:
    """A heading, what lacks, and what lies idle."""
    words = _COLUMNS[language]
    ways = [_BY[language][found.across], _BY[language]["province"]]
    yield [words["spot"], *ways, *(words[name] for name in _OF_SPOT)]
    for what, spots in (("white", found.white), ("surplus", found.surplus)):
        for spot in spots:
            name = in_words(found.across, spot.key, language)
            yield [words[what], name, province_in_words(spot.province, language), *(getattr(spot, n) for n in _OF_SPOT)]


def in_words(by: str, key: str, language: Language) -> str:
    """A key as people say it; a month and a region as they are."""
    known = {"theme": theme_in_words, "kind": kind_in_words, "network": network_in_words, "province": province_in_words}
    return known[by](key, language) if by in known else key


def sheet(rows: Iterable[Row], language: Language, name: str) -> Response:
    """The rows as a file that a browser keeps."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";" if language is Language.DUTCH else ",")
    for row in rows:
        writer.writerow([_cell(value, language) for value in row])
    return Response(
        out.getvalue().encode("utf-8-sig"),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="om-de-hoek-{name}.csv"'},
    )


def _cell(value: Any, language: Language) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        told = f"{value:g}"
        return told.replace(".", ",") if language is Language.DUTCH else told
    told = str(value)
    if told == A_FEW:  # of which Excel would make a date
        return "< 5"
    return f"'{told}" if told.startswith(("=", "+", "-", "@", "\t", "\r")) else told  # it would run a formula
