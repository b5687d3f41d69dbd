"""The vocabulary of each network, translated into ours: data in `profiles/*.toml`, so that a fifth network is a file.

A profile has `types` (their event types, by ours), `fields` (their names, by what is told: `all` for every kind),
`values` (their words, by our field), `joined` (what of ours they keep in parts), `implied` (what an event type of
theirs says already) and `ignored` (what they keep and we have no place for). Our own names and words are taken from
everybody.
"""

import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from chassis import Input
from chassis.problems import FieldErrors, field_messages
from contracts.vocabulary import Network
from services.partners.inputs import DATA
from services.partners.rules import TYPE_BEGIN, TYPE_END, kind_of_event

FOLDER = Path(__file__).parent / "profiles"


class Profile(BaseModel):
    """One network's words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    types: dict[str, str] = {}
    fields: dict[str, dict[str, str]] = {}
    values: dict[str, dict[str, str]] = {}
    joined: dict[str, dict[str, tuple[str, ...]]] = {}
    implied: dict[str, dict[str, str]] = {}
    ignored: dict[str, tuple[str, ...]] = {}

    def kind_of(self, event_type: str) -> tuple[str, bool]:
        """What an event tells of, and whether that is withdrawn; raises `UnknownType`."""
        own = self.types.get(event_type)
        return kind_of_event(f"{TYPE_BEGIN}{own}{TYPE_END}" if own else event_type)

    def read(self, kind: str, told: dict[str, Any], event_type: str = "") -> Input:
        """The data of an event in our words; raises `FieldErrors`, which calls the fields as the partner does."""
        told = {name: value for name, value in told.items() if name not in self.ignored.get(kind, ())}
        for name, parts in self.joined.get(kind, {}).items():
            if found := [told.pop(part) for part in parts if told.get(part)]:
                told[name] = " ".join(str(part).strip() for part in found)
        names, theirs = self._names(kind), self.own_names(kind, told)
        ours = self.implied.get(event_type, {}) | {names.get(name, name): value for name, value in told.items()}
        try:
            return DATA[kind].model_validate({name: self._in_our_words(name, value) for name, value in ours.items()})
        except ValidationError as error:
            raise FieldErrors(
                (".".join([theirs.get(first, first), *rest]), message)
                for (first, *rest), message in ((path.split("."), said) for path, said in field_messages(error))
            ) from None

    def own_names(self, kind: str, told: Iterable[str]) -> dict[str, str]:
        """How the partner calls our fields: as in what it told, or as it would when it uses words of its own there."""
        names = self._names(kind)
        used = {names[name]: name for name in told if name in names}
        return {ours: name for name, ours in names.items()} | used if used else {}

    def _names(self, kind: str) -> dict[str, str]:
        return {**self.fields.get("all", {}), **self.fields.get(kind, {})}

    def _in_our_words(self, field: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self._in_our_words(field, one) for one in value]
        if isinstance(value, str):
            value = self.values.get(field, {}).get(value.strip().casefold(), value)
        return _place(value) if field == "place" else value


def _place(value: Any) -> Any:
    """'Bergen (Limburg)', as lists have it, is a town and its province."""
    if not isinstance(value, str):
        return value
    name, _, province = value.partition("(")
    return {"name": name.strip()} | ({"province": province.rstrip(" )").strip()} if province else {})


@cache
def profile_of(network: Network) -> Profile:
    """The profile of a network; without a file of its own it speaks our words."""
    file = FOLDER / f"{network}.toml"
    return Profile.model_validate(tomllib.loads(file.read_text()) if file.exists() else {})
