"""How much each signal counts, and from which score a pair is proposed: fitted on judged pairs, and kept as data."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

NAMES = ("content", "same-theme", "kind", "distance", "direction", "unwanted", "level", "period", "same-language")

#: What somebody who knows the field would say, before anything was measured. What judged pairs tell little about, such
#: as levels and periods, stays near it.
PRIOR = {
    "content": 6.0,
    "same-theme": 2.5,
    "kind": 3.5,
    "distance": 4.0,
    "direction": 4.0,
    "unwanted": -2.5,
    "level": 0.5,
    "period": 0.3,
    "same-language": 0.3,
}


@dataclass(frozen=True, slots=True)
class Weights:
    """The weight of each signal; a negative one takes off. A pair below `score_min` is not worth anybody's minute."""

    weights: Mapping[str, float]
    score_min: float
    origin: str
    version: int = 0
    """As a node counts those that it has used (`weighing`); 0 for what no node has."""


@cache
def kept_weights() -> Weights:
    """The weights that come with this release."""
    found = json.loads(resources.files("services.matching").joinpath("weights.json").read_text(encoding="utf-8"))
    return Weights(found["weights"], found["score_min"], found["origin"])
