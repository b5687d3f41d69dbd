"""What may come in: unknown fields are refused, texts are limited, normalised and stored as text."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Annotated, Any, TypeVar, cast

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    field_validator,
)
from pydantic_core import CoreSchema

from chassis.problems import A_DAY, A_MOMENT, A_TIME, FieldErrors, field_messages

# C0 and C1 controls but tab, newline and carriage return; the bidirectional overrides and isolates that can make a
# text read as something else; lone surrogates, which no database stores.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

#: The years of a moment: in the first and the last that Python knows, some have no moment in another time zone.
YEAR_MIN, YEAR_MAX = 1900, 2999


class Input(BaseModel):
    """The base of every body that comes in."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _holds_no_control_characters(cls, value: object) -> object:
        for text in value if isinstance(value, list) else (value,):
            if isinstance(text, str) and _has_control_characters(text):
                raise ValueError("contains control characters")
        return value


def _has_control_characters(text: str) -> bool:
    return not text.isprintable() and _FORBIDDEN.search(text) is not None


def _as_text(value: object) -> object:
    if not isinstance(value, str):
        return value
    if _has_control_characters(value):
        raise ValueError("contains control characters")
    return unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n"))


def _one_line(value: str) -> str:
    return " ".join(value.split())


def _as_a_day(value: Any) -> Any:
    if value is not None and not isinstance(value, str):  # pydantic would take a number for a moment in 1970
        raise ValueError(A_DAY)
    return value


def _as_a_moment(value: Any) -> Any:
    if value is not None and not isinstance(value, str):
        raise ValueError(A_MOMENT)
    return value


def _within_the_calendar(value: datetime) -> datetime:
    if not YEAR_MIN <= value.year <= YEAR_MAX:
        raise ValueError(f"must lie between {YEAR_MIN} and {YEAR_MAX}")
    return value


def _as_on_a_clock(value: Any) -> Any:
    if value is not None and not (isinstance(value, str) and re.fullmatch(r"\d\d:\d\d(:00)?", value)):
        raise ValueError(A_TIME)
    return value


#: One line of at most 200 characters, in Unicode's NFC.
ShortText = Annotated[
    str, BeforeValidator(_as_text), StringConstraints(min_length=1, max_length=200), AfterValidator(_one_line)
]

#: At most 5000 characters, newlines allowed, in Unicode's NFC.
LongText = Annotated[str, BeforeValidator(_as_text), StringConstraints(min_length=1, max_length=5000)]

#: A day as it is typed, such as 2026-11-30.
Day = Annotated[date, BeforeValidator(_as_a_day)]

#: A moment with its time zone, as it is typed; one that stays a moment in every time zone, and in the database.
Moment = Annotated[AwareDatetime, BeforeValidator(_as_a_moment), AfterValidator(_within_the_calendar)]

#: A time of day to the minute, such as 14:30; the `time` of JSON Schema has seconds and a time zone.
_ON_A_CLOCK = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9](:00)?$"}
Clock = Annotated[time, BeforeValidator(_as_on_a_clock), WithJsonSchema(_ON_A_CLOCK)]


#: How long the name of a person may be: it is mailed, perhaps to somebody else's address, and carries no message.
PERSON_NAME_MAX = 100


class AtMost:
    """Less than a text of its kind may have otherwise. A limit beside its own would be told only of what that takes."""

    def __init__(self, characters: int) -> None:
        self._characters = characters

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = text = cast("dict[str, Any]", handler(source))
        while text["type"] != "str":
            text = text["schema"]
        text["max_length"] = self._characters
        return cast("CoreSchema", schema)


Checked = TypeVar("Checked", bound=Input)


def checked(model: type[Checked], told: Mapping[str, Any]) -> Checked:
    """What came in by an event, checked as if it came over HTTP; raises `FieldErrors`."""
    try:
        return model.model_validate(told)
    except ValidationError as error:
        raise FieldErrors(field_messages(error)) from None
