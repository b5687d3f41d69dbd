"""The fields of one line of a graded set, taken as they come: what is missing is filled in where that is honest.

What has no kind, as a request, is a question; what has no language or themes gets those that the node would suggest to
whoever writes it; what has no place stands in the middle of the country. What cannot be read names its field.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from contracts.members import Place
from contracts.places import AmbiguousPlace, UnknownPlace, UnknownProvince, find_place
from contracts.vocabulary import Kind, Language, Status, Theme
from services.matching.suggesting import language_of, themes_of

GRADES = (0, 1, 2, 3)

#: A question is answered by expertise, a tip, a guest lesson and more.
KIND_OF_A_QUESTION = Kind.EXPERTISE

#: For what has no place: about as far from everywhere.
THE_MIDDLE = "Utrecht"

Line = Mapping[str, Any]


def id_in(line: Line, name: str) -> str:
    """An id, which may be a number; raises `ValueError`."""
    found = line.get(name)
    if isinstance(found, bool) or not isinstance(found, str | int) or found == "":
        raise ValueError(f"{name!r} is missing" if found in (None, "") else f"{name!r} is no id: {found!r}")
    return str(found)


def grade_in(line: Line) -> int:
    """A grade, which may be written as 2, 2.0 or "2"; raises `ValueError`."""
    found = line.get("grade")
    try:
        if isinstance(found, bool) or float(found) not in GRADES:  # type: ignore[arg-type]
            raise ValueError
        return int(float(found))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ValueError(f"'grade' is one of {GRADES}, not {found!r}") from None


def proposition_in(line: Line, its_id: str, expires_at: datetime, *, is_request: bool) -> dict[str, Any]:
    """What an event needs; whose it is matters only in that everybody is somebody else. Raises `ValueError`."""
    title, text = _text(line, "title"), _text(line, "text")
    if not (title or text):
        raise ValueError("'title' is missing, and so is 'text'")
    language = _each(line, "language", Language) or (language_of(title, text),)
    themes = _each(line, "themes", Theme) or themes_of(title, text, language[0])
    kind = _each(line, "kind", Kind) or ((KIND_OF_A_QUESTION,) if is_request else ())
    if not kind:
        raise ValueError("'kind' is missing")
    return {
        "member_id": f"member-{its_id}",
        "organisation_id": f"organisation-{line.get('organisation') or its_id}",
        "kind": kind[0],
        "themes": themes,
        "title": title,
        "text": text,
        "language": language[0],
        "place": _place(line),
        "reach_km": _number(line, "reach_km"),
        "starts_on": _day(line, "starts_on"),
        "ends_on": _day(line, "ends_on"),
        "mbo_level": _number(line, "mbo_level"),
        "status": Status.OPEN,
        "expires_at": expires_at,
    }


def _text(line: Line, name: str) -> str:
    found = line.get(name)
    if not isinstance(found, str | int | float | None):
        raise ValueError(f"{name!r} is no text: {found!r}")
    return "" if found is None else str(found).strip()


def _each(line: Line, name: str, known: Callable[[str], Any]) -> tuple[Any, ...]:
    """The words of a closed list in a field, one or several, however they are written; none when it has none."""
    found = line.get(name)
    several = found if isinstance(found, list) else [found]
    return tuple(dict.fromkeys(_one(name, one, known) for one in several if one not in (None, "")))


def _one(name: str, found: Any, known: Callable[[str], Any]) -> Any:
    try:
        return known(str(found).strip().lower().replace("_", "-").replace(" ", "-"))
    except ValueError as error:
        raise ValueError(f"{name!r}: {error}") from None


def _place(line: Line) -> Place:
    """A place by its name; of several the largest."""
    name, province = _text(line, "place") or THE_MIDDLE, _text(line, "province") or None
    try:
        return find_place(name, province)
    except AmbiguousPlace as several:
        return find_place(name, several.provinces[0])
    except UnknownPlace as unknown:
        like = ", ".join(f"{place.name} ({place.province})" for place in unknown.candidates)
        raise ValueError(f"'place': {unknown}: {name!r}" + (f"; is it {like}?" if like else "")) from None
    except UnknownProvince as unknown:
        raise ValueError(f"'province': {unknown}: {province!r}") from None


def _number(line: Line, name: str) -> int | None:
    found = line.get(name)
    try:
        return None if found in (None, "") else int(float(found))  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name!r} is no number: {found!r}") from None


def _day(line: Line, name: str) -> date | None:
    found = line.get(name)
    try:
        return date.fromisoformat(str(found)[:10]) if found else None
    except ValueError:
        raise ValueError(f"{name!r} is no day: {found!r}") from None
