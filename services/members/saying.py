"""Which network said what of an organisation or a person, and who wins when they differ. Pure.

The whole state is made anew from what was said each time, so it never depends on the order in which it came, and what
one network takes back leaves what another said.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from contracts.vocabulary import Network

#: Who said it when it was no network: who registered the organisation here, its ambassador, the node's team, or the
#: person themselves.
HERE = ""

#: What is kept of an organisation, field by field.
FIELDS = ("kind", "name", "place", "brin", "kvk", "website", "networks")

#: What is kept of a person, beside their address and the organisations that they belong to.
PERSON_FIELDS = ("name", "phone", "language", "networks")

#: Who knows a field of an organisation best. Of the others, and of the fields that are not here, the latest counts.
KNOWS_BEST: Mapping[str, tuple[str, ...]] = {
    "name": (Network.DUURZAAM_MBO, Network.KATAPULT),
    "brin": (Network.DUURZAAM_MBO, Network.LEREN_VOOR_MORGEN),
    "kind": (Network.KATAPULT, Network.DUURZAAM_MBO),
}


class Said(NamedTuple):
    """One field as one network said it last; `entity_id` is of which record, before it was merged with others."""

    entity_id: str
    network: str
    field: str
    value: Any
    said_at: datetime


def state(said: Iterable[Said]) -> dict[str, Any]:
    """Every field of an organisation of which something was said, by who wins; `networks` are all named or that spoke.

    What was said here wins. Then who knows the field best, then who spoke last. Nothing (none) never beats something.
    """
    return _won(list(said), FIELDS, KNOWS_BEST)


def person_state(said: Iterable[Said], stays: str) -> dict[str, Any]:
    """The same of a person, whom nobody knows better than they do themselves: what they said here, else the latest.

    Of two memberships what was said in the one that stays (its id is `stays`) goes before what was said in the other.
    """
    told = list(said)
    own = [one for one in told if one.network == HERE and one.entity_id == stays]
    return _won(told, PERSON_FIELDS, {}) | {
        one.field: one.value for one in own if one.value is not None and one.field in ("name", "phone", "language")
    }


def _won(told: list[Said], fields: Iterable[str], knows_best: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in fields:
        if field == "networks":
            continue
        if values := [one for one in told if one.field == field]:
            found[field] = max(values, key=lambda one: _weight(one, knows_best.get(one.field, ()))).value
    named = {name for one in told if one.field == "networks" for name in one.value}
    found["networks"] = sorted(named | {one.network for one in told if one.network != HERE})
    return found


def _weight(one: Said, best: tuple[str, ...]) -> tuple[bool, bool, int, datetime, str, str]:
    knows = len(best) - best.index(one.network) if one.network in best else 0
    return (one.value is not None, one.network == HERE, knows, one.said_at, one.network, one.entity_id)
