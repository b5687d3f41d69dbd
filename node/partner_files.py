"""The rows of a partner's file: CSV, XLSX, JSON lines or a JSON list, each with the number that its maker sees."""

import csv
import json
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from contracts.days import AMSTERDAM

Row = dict[str, Any]

#: What a spreadsheet may be when it is unpacked, and how wide; a small file can hold very much of nothing.
UNPACKED_BYTES_MAX, PARTS_MAX, COLUMNS_MAX = 200 * 1024 * 1024, 1_000, 200


class NotReadable(Exception):
    """Why a file cannot be read, for who gave it."""


def rows(file: Path, sheet: str | None = None) -> Iterator[tuple[int, Row]]:
    """The rows that hold something, by number; a CSV file or a sheet begins with the names of its columns."""
    try:
        if file.suffix.lower() == ".csv":
            yield from _named(_csv(file))
        elif file.suffix.lower() in (".xlsx", ".xlsm"):
            yield from _named(_xlsx(file, sheet))
        else:
            yield from _json(file)
    except UnicodeDecodeError:
        raise NotReadable(f"{file.name} is geen UTF-8; bewaar het als 'CSV UTF-8' (save it as CSV UTF-8)") from None
    except (json.JSONDecodeError, RecursionError) as wrong:
        raise NotReadable(f"{file.name} is geen JSON (is not JSON): {wrong}") from None
    except OSError as wrong:
        raise NotReadable(f"{file.name}: {wrong.strerror}") from None


def _json(file: Path) -> Iterator[tuple[int, Row]]:
    text = file.read_text(encoding="utf-8-sig").strip()
    if text.startswith("["):
        found = list(enumerate(json.loads(text), 1))
    else:
        found = [(number, json.loads(line)) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    for number, row in found:
        if not isinstance(row, dict):
            raise NotReadable(f"{number}: geen object met velden (not an object with fields)")
        yield number, row


def _named(lines: Iterator[tuple[int, list[Any]]]) -> Iterator[tuple[int, Row]]:
    """Each line as a row, by the names in the first."""
    names: list[str] = []
    for number, cells in lines:
        if not any(cell not in (None, "") for cell in cells):
            continue
        if not names:
            names = [str(cell or "").strip() for cell in cells]
            twice = {name for name in names if name and names.count(name) > 1}
            if twice:
                raise NotReadable(f"kolommen met dezelfde naam (columns of the same name): {', '.join(sorted(twice))}")
            continue
        if any(cell not in (None, "") for cell in cells[len(names) :]):
            raise NotReadable(f"{number}: meer velden dan kolommen (more fields than columns)")
        yield number, {name: cell for name, cell in zip(names, cells, strict=False) if name and cell not in (None, "")}


def _csv(file: Path) -> Iterator[tuple[int, list[Any]]]:
    """With `;` or `,`, and lists in a field with `|`."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        delimiter = ";" if ";" in lines.readline() else ","
        lines.seek(0)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        try:
            for cells in reader:
                yield reader.line_num, [_listed(cell) for cell in cells]
        except csv.Error as wrong:
            raise NotReadable(f"{reader.line_num}: {wrong}") from None


def _xlsx(file: Path, sheet: str | None) -> Iterator[tuple[int, list[Any]]]:
    from openpyxl import load_workbook  # only for who asks
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(file) as packed:  # it reads no more of a part than this says
            sizes = [part.file_size for part in packed.infolist()]
        if sum(sizes) > UNPACKED_BYTES_MAX or len(sizes) > PARTS_MAX:
            raise NotReadable(f"{file.name} is uitgepakt te groot (too large when it is unpacked)")
        book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        if sheet is not None and sheet not in book.sheetnames:
            raise NotReadable(f"geen blad (no sheet) {sheet}: {', '.join(book.sheetnames)}")
        found = book[sheet] if sheet else book.worksheets[0]
        found.reset_dimensions()  # what the sheet says of its size need not be true
        for number, cells in enumerate(found.iter_rows(max_col=COLUMNS_MAX), 1):
            yield number, [_cell(cell) for cell in cells]
        book.close()
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, IndexError, SyntaxError) as wrong:
        raise NotReadable(f"{file.name} is geen XLSX (is not XLSX): {wrong}") from None


def _cell(cell: Any) -> Any:
    """What a cell shows: a day as it is written in events, a whole number without a point, leading zeros."""
    value = cell.value
    if value is None or cell.data_type == "e":
        return None
    if isinstance(value, datetime):
        if value.time() == time():
            return value.date().isoformat()
        return value.replace(tzinfo=AMSTERDAM).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and set(cell.number_format) == {"0"}:
        return str(value).zfill(len(cell.number_format))
    return _listed(value) if isinstance(value, str) else value


def _listed(text: str) -> Any:
    return [part.strip() for part in text.split("|")] if "|" in text else text.strip()
