"""A place as somebody fills it in: a town by its name, told apart from others of the same name by its province."""

from collections.abc import Collection
from functools import lru_cache
from typing import Self

from pydantic import model_validator

from chassis.inputs import Input, ShortText
from contracts.members import Place
from contracts.places import AmbiguousPlace, UnknownPlace, UnknownProvince, find_place


class PlaceDraft(Input):
    """A town by its name, and the province where several share the name."""

    name: ShortText
    province: ShortText | None = None

    @model_validator(mode="after")
    def _exists(self) -> Self:
        place_called(self.name, self.province)
        return self

    def found(self) -> Place:
        """The place itself."""
        return place_called(self.name, self.province)


class Placed:
    """What is somewhere: a table with these columns of its own."""

    place_name: str
    province: str
    latitude: float
    longitude: float

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(name=self.place_name, province=self.province, latitude=self.latitude, longitude=self.longitude)

    @place.setter
    def place(self, place: Place) -> None:
        self.place_name, self.province = place.name, place.province
        self.latitude, self.longitude = place.latitude, place.longitude


@lru_cache(maxsize=1024)
def place_called(name: str, province: str | None) -> Place:
    """The place of this name, or a `ValueError` with what to choose from; what was typed is not repeated."""
    try:
        return find_place(name, province)
    except AmbiguousPlace as refused:
        raise ValueError(f"several places have this name: choose the province: {_or(refused.provinces)}") from None
    except UnknownPlace as refused:
        near = _or([f"{near.name} ({near.province})" for near in refused.candidates])
        raise ValueError("no such place is known" + (f": do you mean {near}?" if near else "")) from None
    except UnknownProvince as refused:
        raise ValueError(str(refused)) from None


def _or(choices: Collection[str]) -> str:
    *most, last = list(choices) or [""]
    return f"{', '.join(most)} or {last}" if most else last
