"""`./odh bench identity`: what is merged by itself and what waits for a person, against the truth of the made set."""

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import combinations
from typing import Any

from bench.identity.making import SPLITS, made
from contracts.places import find_place
from contracts.vocabulary import OrganisationKind
from services.members.sameness import (
    OrganisationFacts,
    PersonFacts,
    Verdict,
    judge_organisations,
    judge_persons,
    organisation_keys,
    person_keys,
)

Pair = tuple[str, str]


def main() -> int:
    """0 when the set was put through, however well."""
    parser = argparse.ArgumentParser(prog="odh bench identity", description="Hoe goed dubbelen herkend worden.")
    parser.add_argument("--split", choices=SPLITS, default="test", help="welke helft (test)")
    parser.add_argument("--wrong", action="store_true", help="toon wat mis gaat (what goes wrong)")
    options = parser.parse_args()
    records = made(options.split)
    verdicts = judge(records)
    print(f"{options.split}: {len(records)} records, {len(verdicts)} pairs compared")
    print(table(records, verdicts))
    if options.wrong:
        for line in wrong(records, verdicts):
            print(line)
    return 0


def judge(records: dict[str, dict[str, Any]]) -> dict[Pair, Verdict]:
    """Every pair that shares a key, with what is thought of it."""
    facts: dict[str, Any] = {name: facts_of(record) for name, record in records.items()}
    by_key = defaultdict(list)
    for name, fact in facts.items():
        keys = organisation_keys(fact) if isinstance(fact, OrganisationFacts) else person_keys(fact)
        for key in keys:
            by_key[records[name]["thing"], key].append(name)
    pairs = {pair for alike in by_key.values() for pair in combinations(sorted(alike), 2)}
    return {
        (a, b): (
            judge_organisations(facts[a], facts[b])
            if isinstance(facts[a], OrganisationFacts)
            else judge_persons(facts[a], facts[b])
        ).verdict
        for a, b in sorted(pairs)
    }


def facts_of(record: dict[str, Any]) -> OrganisationFacts | PersonFacts:
    """A record in the form that is judged."""
    if record["thing"] == "person":
        at = frozenset({record["organisation"]})
        return PersonFacts(record["name"], record["email"], record.get("phone"), at)
    place = find_place(record["place"])
    numbers = {name: record.get(name) for name in ("brin", "kvk", "website")}
    kind = OrganisationKind(record["kind"])
    return OrganisationFacts(kind, record["name"], place.name, place.latitude, place.longitude, **numbers)


def figures(records: dict[str, dict[str, Any]], verdicts: dict[Pair, Verdict]) -> dict[str, dict[str, float]]:
    """Per thing and per way of writing: precision and recall of what merges, and with what a person then decides.

    Merging goes on: who is the same as the same is the same. So pairs are counted after that, wrong ones too.
    """
    truth = {pair for alike in _grouped(records).values() for pair in combinations(sorted(alike), 2)}
    certain = closure(pair for pair, verdict in verdicts.items() if verdict is Verdict.CERTAIN)
    doubtful = {pair for pair, verdict in verdicts.items() if verdict is Verdict.DOUBTFUL and pair not in certain}
    both = closure(certain | (doubtful & truth))
    found = {}
    for name, chosen in _slices(records, truth, certain, doubtful):
        true, merged, asked = truth & chosen, certain & chosen, doubtful & chosen
        found[name] = {
            "pairs": len(true),
            "precision": len(merged & true) / len(merged) if merged else 1.0,
            "recall": len(merged & true) / len(true) if true else 1.0,
            "recall with doubtful": len(both & true) / len(true) if true else 1.0,
            "asked": len(asked),
            "asked rightly": len(asked & true) / len(asked) if asked else 1.0,
        }
    return found


def table(records: dict[str, dict[str, Any]], verdicts: dict[Pair, Verdict]) -> str:
    """The figures as a Markdown table."""
    lines = [
        "| what | pairs | precision, certain | recall, certain | recall with doubtful | asked | of those the same |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, row in figures(records, verdicts).items():
        lines.append(
            f"| {name} | {row['pairs']:.0f} | {row['precision']:.4f} | {row['recall']:.3f} "
            f"| {row['recall with doubtful']:.3f} | {row['asked']:.0f} | {row['asked rightly']:.2f} |"
        )
    return "\n".join(lines)


def wrong(records: dict[str, dict[str, Any]], verdicts: dict[Pair, Verdict]) -> Iterable[str]:
    """What merges wrongly, and what is missed even by the doubtful; those that are not even compared too."""
    groups = _grouped(records)
    for (a, b), verdict in verdicts.items():
        if verdict is Verdict.CERTAIN and records[a]["is"] != records[b]["is"]:
            yield f"WRONG  {records[a]}\n       {records[b]}"
    for alike in groups.values():
        for a, b in combinations(sorted(alike), 2):
            verdict = verdicts.get((a, b))
            if verdict in (None, Verdict.DIFFERENT):
                yield f"MISSED {verdict} {records[a]}\n       {records[b]}"


def closure(pairs: Iterable[Pair]) -> set[Pair]:
    """All pairs of those who are one when these pairs are."""
    leads: dict[str, str] = {}

    def lead(name: str) -> str:
        while leads.setdefault(name, name) != name:
            name = leads[name]
        return name

    for a, b in pairs:
        leads[lead(a)] = lead(b)
    groups = defaultdict(list)
    for name in list(leads):
        groups[lead(name)].append(name)
    return {pair for alike in groups.values() for pair in combinations(sorted(alike), 2)}


def _grouped(records: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
    groups = defaultdict(list)
    for name, record in records.items():
        groups[record["is"]].append(name)
    return groups


def _slices(records: dict[str, dict[str, Any]], *of: set[Pair]) -> Iterable[tuple[str, set[Pair]]]:
    pairs = set().union(*of)
    yield "all", pairs
    for thing in ("organisation", "person"):
        yield f"{thing}s", {pair for pair in pairs if records[pair[0]]["thing"] == thing}
        ways = Counter(record["way"] for record in records.values() if record["thing"] == thing)
        for way, _ in ways.most_common():
            ours = {
                pair
                for pair in pairs
                if records[pair[0]]["thing"] == thing and way in {records[name]["way"] for name in pair}
            }
            yield f"{thing}: {way}", ours


if __name__ == "__main__":
    main()
