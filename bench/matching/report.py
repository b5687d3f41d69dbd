"""What came out: a line for each method, a line for each feature of the set, and what would be proposed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from statistics import mean
from typing import Any

from bench.matching import baselines
from bench.matching.asking import Answer, as_proposition, best_first, proposed
from bench.matching.measures import RELEVANT, Quality, mean_of, quality_of
from bench.matching.sets import GradedSet
from contracts.vocabulary import Side
from services.matching.pairs import can_match
from services.matching.weights import kept_weights

BEGIN, END = "<!-- table: made by ./odh bench matching --write -->", "<!-- end of table -->"
HEADS = ("nDCG@10", "MRR", "recall@10", "ms/query")
COMBINED = "combined"


@dataclass(frozen=True)
class Report:
    """The figures of one set."""

    name: str
    graded: GradedSet
    answers: Sequence[Answer]
    reading_milliseconds: float
    now: datetime

    @cached_property
    def ranked(self) -> Mapping[str, Mapping[str, list[str]]]:
        """The list of each method for each request."""
        lists: dict[str, dict[str, list[str]]] = {
            "full text": {answer.request_id: answer.by_words for answer in self.answers},
            "semantic": {answer.request_id: answer.by_meaning for answer in self.answers},
            COMBINED: {
                answer.request_id: best_first(answer.pairs, kept_weights(), self.now) for answer in self.answers
            },
        }
        return lists | {name: found for name, (found, _) in self._plain.items()}

    @cached_property
    def _plain(self) -> dict[str, tuple[dict[str, list[str]], float]]:
        """The plain methods: their lists, and their milliseconds for a request."""
        texts = {its_id: f"{offer.title} {offer.text}" for its_id, offer in self.graded.offers.items()}
        found = {}
        for name, search in (("BM25", baselines.by_bm25(texts)), ("pg_trgm", baselines.by_trigrams(texts))):
            lists, took = {}, 0.0
            for its_id, request in self.graded.requests.items():
                lists[its_id], seconds = search(f"{request.title} {request.text}")
                took += seconds
            found[name] = (lists, took * 1000 / max(1, len(lists)))
        lists, took_ms = found["BM25"]
        found["BM25, what can match"] = (
            {its_id: self._that_can(its_id, ids) for its_id, ids in lists.items()},
            took_ms,
        )
        return found

    def _that_can(self, request_id: str, offers: Sequence[str]) -> list[str]:
        """The offers that pass the hard rules too: kind, reach, level, whose it is."""
        asked = as_proposition(self.graded.requests[request_id], Side.REQUEST)
        offered = {offer: as_proposition(self.graded.offers[offer], Side.OFFER) for offer in offers}
        return [offer for offer in offers if can_match(asked, offered[offer], self.now)]

    def quality(self, method: str, requests: Sequence[str] | None = None) -> Quality:
        """How well a method does, over all requests or some."""
        lists = self.ranked[method]
        return mean_of(
            quality_of(lists[its_id], self.graded.grades.get(its_id, {})) for its_id in requests or list(lists)
        )

    def milliseconds(self, method: str) -> float:
        """For one request, without reading its text."""
        stage = {"full text": "words", "semantic": "meaning", COMBINED: "combined"}.get(method)
        if stage:
            return mean(answer.milliseconds[stage] for answer in self.answers)
        return self._plain[method][1]

    def proposals(self) -> dict[str, float]:
        """What would be proposed, at most three a request and above the lowest score: how much of it helps."""
        right = made = helped = 0
        for answer in self.answers:
            grades = self.graded.grades.get(answer.request_id, {})
            offers = proposed(answer, kept_weights(), self.now)
            good = sum(grades.get(offer, 0) >= RELEVANT for offer in offers)
            right, made, helped = right + good, made + len(offers), helped + bool(good)
        return {
            "a request": made / len(self.answers),
            "help": right / max(1, made),
            "helped": helped / len(self.answers),
        }

    def by_feature(self) -> dict[str, tuple[int, Quality]]:
        """The combination for each feature: over how many requests, and how well."""
        features = sorted({feature for its in self.graded.features.values() for feature in its})
        having = {f: [its_id for its_id, its in self.graded.features.items() if f in its] for f in features}
        return {feature: (len(ids), self.quality(COMBINED, ids)) for feature, ids in having.items()}

    def figures(self) -> dict[str, Any]:
        """Everything, as plain data."""
        return {
            "set": self.name,
            "methods": {m: self.quality(m)._asdict() | {"ms": self.milliseconds(m)} for m in self.ranked},
            "features": {f: q._asdict() | {"requests": n} for f, (n, q) in self.by_feature().items()},
            "proposals": self.proposals(),
            "reading_ms": self.reading_milliseconds,
        }

    def rows(self) -> list[list[str]]:
        """The methods, as they are shown."""
        return [[method, *_shown(self.quality(method)), f"{self.milliseconds(method):.1f}"] for method in self.ranked]

    def markdown(self) -> str:
        """The tables, as they are shown; they can be read as they are."""
        counted = sum(map(len, self.graded.grades.values()))
        told = (
            f"Set `{self.name}`: {len(self.graded.requests)} requests, {len(self.graded.offers)} offers, {counted} "
            f"judgements. Reading and keeping a text took {self.reading_milliseconds:.0f} ms."
        )
        offered = self.proposals()
        proposals = (
            f"Proposed (score {kept_weights().score_min} or more, at most three each): {offered['a request']:.1f} a "
            f"request, of which {offered['help']:.0%} help (grade 2 or 3); {offered['helped']:.0%} of the requests "
            "get one that helps."
        )
        features = [[f, str(n), *_shown(quality)] for f, (n, quality) in self.by_feature().items()]
        parts = [told, table(["method", *HEADS], self.rows()), proposals]
        if features:
            parts.append(table([f"{COMBINED}, by feature", "requests", *HEADS[:-1]], features))
        return "\n\n".join(parts)

    text = markdown


def _shown(quality: Quality) -> list[str]:
    return ["-" if value is None else f"{value:.4f}" for value in quality]


def lines_of_slices(found: Mapping[str, Quality]) -> str:
    """How well each slice is predicted by the others."""
    rows = [[name, *_shown(quality)] for name, quality in found.items()]
    return table(["slice left out", *HEADS[:-1]], [*rows, ["mean", *_shown(mean_of(found.values()))]])


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    widths = [max(len(row[column]) for row in [heads, *rows]) for column in range(len(heads))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in [heads, *rows]
    ]
    return "\n".join([lines[0], "| " + " | ".join("-" * width for width in widths) + " |", *lines[1:]])
