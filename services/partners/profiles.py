"""The vocabulary of each network, translated into ours: data in `profiles/*.toml`. A fifth network is a file
in the folder that the operator set (`contracts.networks`), with the `name` by which people know it.

A profile has `types` (their event types, by ours), `fields` (their names, by what is told: `all` for every kind),
`values` (their words, by our field), `joined` (what of ours they keep in parts), `implied` (what an event type of
theirs says already) and `ignored` (what they keep and we have no place for). Our own names and words are taken from
everybody.
"""

import tomllib
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from chassis import Input
from chassis.problems import FieldErrors, field_messages
from contracts import networks
from contracts.networks import NetworkNotRight, file_of
from services.partners.inputs import DATA, PersonData
from services.partners.rules import CONSENT_AHEAD_MAX, TYPE_BEGIN, TYPE_END, WITHDRAWN, kind_of_event

FOLDER = Path(__file__).parent / "profiles"


#: Every field of what partners tell.
_FIELDS = {name for data in DATA.values() for name in data.model_fields}


class Profile(BaseModel):
    """One network's words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = ""
    types: dict[str, str] = {}
    fields: dict[str, dict[str, str]] = {}
    values: dict[str, dict[str, str]] = {}
    joined: dict[str, dict[str, tuple[str, ...]]] = {}
    implied: dict[str, dict[str, str]] = {}
    ignored: dict[str, tuple[str, ...]] = {}

    @model_validator(mode="after")
    def _leads_to_what_is_ours(self) -> Self:
        wrong = [f"types: {theirs}" for theirs, ours in self.types.items() if ours.removesuffix(WITHDRAWN) not in DATA]
        for name in ("fields", "joined", "ignored"):
            wrong += [f"{name}: {kind}" for kind in getattr(self, name) if kind not in (*DATA, "all")]
        for kind, own in self.fields.items():
            ours_of = DATA[kind].model_fields if kind in DATA else _FIELDS
            wrong += [f"fields.{kind}: {theirs}" for theirs, ours in own.items() if ours not in ours_of]
        wrong += [f"values: {field}" for field in self.values if field not in _FIELDS]
        wrong += [f"implied: {theirs}" for theirs in self.implied if theirs not in self.types]
        if wrong:
            raise ValueError(f"leads to nothing of ours: {', '.join(wrong)}")
        return self

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
                for (first, *rest), message in ((path.split("."), said) for path, said in _each_once(error))
            ) from None

    def read_now(self, kind: str, told: dict[str, Any], event_type: str, now: datetime) -> Input:
        """As `read`; what says that somebody agrees later is wrong too."""
        data = self.read(kind, told, event_type)
        if isinstance(data, PersonData) and data.consented_at > now + CONSENT_AHEAD_MAX:
            theirs = self.own_names(kind, told).get("consented_at", "consented_at")
            raise FieldErrors([(theirs, "lies in the future: nobody agreed yet")])
        return data

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


def _each_once(error: ValidationError) -> list[tuple[str, str]]:
    """Every wrong field; of a list not that it is empty, when that is because what is in it is wrong."""
    found = field_messages(error)
    return [(path, said) for path, said in found if not any(other.startswith(f"{path}.") for other, _ in found)]


def _place(value: Any) -> Any:
    """'Bergen (Limburg)', as lists have it, is a town and its province."""
    if not isinstance(value, str):
        return value
    name, _, province = value.partition("(")
    return {"name": name.strip()} | ({"province": province.rstrip(" )").strip()} if province else {})


@cache
def profile_of(network: str) -> Profile:
    """The profile of a network; without a file of its own it speaks our words. Raises `NetworkNotRight`."""
    file = file_of(network) or FOLDER / f"{network}.toml"
    if not file.exists():
        return Profile()
    try:
        return Profile.model_validate(tomllib.loads(file.read_text()))
    except ValidationError as error:
        wrong = "; ".join(f"{name}: {message}" for name, message in field_messages(error))
        raise NetworkNotRight(f"{file}: {wrong}") from None


def learn(folder: Path | None) -> None:
    """From now on the networks of a folder are known, if each profile can be used. Raises `NetworkNotRight`."""
    networks.learn(folder)
    profile_of.cache_clear()
    for network in networks.known():
        profile_of(network)
