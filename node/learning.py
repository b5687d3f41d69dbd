"""`./odh matching refit` and `./odh matching weights`: what matching learns from the answers that it got."""

import argparse
import json
import sys
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from chassis.database import engine_for, sessions_of
from node.called_from import from_where_called
from services.matching import refitting
from services.matching.learning import (
    AGREEMENT_MARGIN,
    MATCHES_MIN,
    NDCG_MARGIN,
    REQUESTS_MIN,
    REQUESTS_NEW_MIN,
    Graded,
    Refit,
    Verdict,
    verdict,
)
from services.matching.refitting import Overtaken, Sessions
from services.matching.settings import MatchingSettings
from services.matching.weighing import NoSuchVersion, Version
from services.matching.weights import kept_weights

ACTIONS = ("refit", "weights")

#: Nothing was learned, and why: for a script that runs this every month.
TOO_LITTLE, WORSE = 3, 4

_CODES: dict[Verdict, int] = {
    "no-worse": 0,
    "nothing-new": 0,
    "too-little": TOO_LITTLE,
    "worse-on-feedback": WORSE,
    "worse-on-graded-set": WORSE,
}

_IN_WORDS: dict[Verdict, str] = {
    "no-worse": "De nieuwe gewichten zijn niet slechter (the new weights are no worse).",
    "nothing-new": "De gewichten blijven zoals ze zijn (the weights stay as they are).",
    "too-little": "Er is te weinig om van te leren (too little to learn from).",
    "worse-on-feedback": "Geweigerd: slechter op de feedback die apart was gehouden "
    f"(refused: worse on the feedback held out, by more than {AGREEMENT_MARGIN}).",
    "worse-on-graded-set": "Geweigerd: slechter op de beoordeelde set (refused: worse on the graded set, by more than "
    f"{NDCG_MARGIN}, or worse again and that far below the release).",
}

_LACKING = {
    "requests": f"vragen die iets zeggen (requests that say something; {REQUESTS_MIN} needed)",
    "requests-since": f"zulke vragen sinds deze gewichten (since these weights; {REQUESTS_NEW_MIN} needed)",
    "fitted": f"matches die pasten (matches that fitted; {MATCHES_MIN} needed)",
    "unfitted": f"matches die niet pasten (matches that did not fit; {MATCHES_MIN} needed)",
}


class UnusableSet(Exception):
    """The graded set that was named cannot be read."""


def add_to(actions: Any) -> list[argparse.ArgumentParser]:
    """The options of both commands."""
    refit = actions.add_parser("refit", help="leer van de antwoorden (learn from the answers)")
    refit.add_argument("--apply", action="store_true", help="neem de nieuwe gewichten in gebruik (take them into use)")
    refit.add_argument("--set", help="een andere beoordeelde set (another graded set; see bench/matching/README.md)")
    refit.add_argument("--json", help="waar de uitkomst ook komt (a file for the outcome as JSON)")
    weights = actions.add_parser("weights", help="welke gewichten er zijn (which weights there are)")
    weights.add_argument("use", nargs="?", choices=["use"], help="neem een versie in gebruik (take one into use)")
    weights.add_argument("version", nargs="?", type=int)
    return [refit, weights]


async def run(asked: argparse.Namespace, settings: MatchingSettings) -> int:
    """Does what was asked, on the database that the settings name."""
    engine = engine_for(settings.database_url, 4)
    try:
        if asked.action == "refit":
            return await refit(asked, sessions_of(engine), settings)
        return await weights(asked, sessions_of(engine))
    finally:
        await engine.dispose()


async def refit(asked: argparse.Namespace, sessions: Sessions, settings: MatchingSettings) -> int:
    """Learns, shows what it is worth, and takes it into use when that was asked and it is no worse."""
    made = await refitting.refit(sessions, datetime.now(UTC))
    try:
        graded = await on_graded_set(made, asked.set, settings)
    except UnusableSet as error:
        print(f"Deze set is niet te gebruiken (this set is of no use): {error}", file=sys.stderr)
        return 2
    found = verdict(made, graded)
    print("\n".join(lines_of(made, graded, found)))
    if asked.json:
        file = from_where_called(asked.json)
        file.write_text(json.dumps(outcome(made, graded, found), indent=1) + "\n")
    if found == "no-worse" and asked.apply:
        try:
            version = await refitting.apply(sessions, made, evaluation(made, graded), datetime.now(UTC))
        except Overtaken:
            print("Intussen zijn er andere gewichten in gebruik (others came into use meanwhile).", file=sys.stderr)
            return 1
        print(f"Versie {version} is in gebruik (is in use).")
    elif found == "no-worse":
        print("Met --apply komen ze in gebruik (with --apply they are taken into use).")
    return _CODES[found]


async def on_graded_set(made: Refit, named: str | None, settings: MatchingSettings) -> Graded | None:
    """nDCG@10 before and after; none where there is nothing to compare, or the graded sets are not installed."""
    if find_spec("bench") is None:
        if named:
            raise UnusableSet("bench is not installed here")
        return None
    comparing = import_module("bench.matching.comparing")
    try:
        graded = comparing.read_set(from_where_called(named) if named else comparing.TEST_SET)
    except (comparing.WrongLine, OSError) as error:
        raise UnusableSet(error) from error
    if made.agreement is None:
        return None
    several = [kept_weights(), made.before, made.after]
    return Graded(*await comparing.ndcg_of(graded, several, model=settings.embedding_model != "none"))


def evaluation(made: Refit, graded: Graded | None) -> dict[str, Any]:
    """How well the weights do, as it is kept with them."""
    agreement = dict(zip(("before", "after"), made.agreement, strict=True)) if made.agreement else None
    return {"agreement": agreement, "ndcg": graded._asdict() if graded else None}


def outcome(made: Refit, graded: Graded | None, found: Verdict) -> dict[str, Any]:
    """All of it as plain data: the same feedback gives the same."""
    enough = made.enough
    return {
        "verdict": found,
        "version_in_use": made.before.version,
        "feedback": {
            "matches": enough.matches,
            "requests": enough.requests,
            "telling": enough.telling,
            "fitted": enough.fitted,
            "unfitted": enough.unfitted,
        },
        "lacks": enough.lacks,
        "evaluation": evaluation(made, graded),
        "score_min": {"before": made.before.score_min, "after": made.after.score_min},
        "weights": {
            name: {"before": made.before.weights[name], "after": weight} for name, weight in made.after.weights.items()
        },
    }


def lines_of(made: Refit, graded: Graded | None, found: Verdict) -> list[str]:
    """What a person sees."""
    enough = made.enough
    lines = [
        f"Feedback: {enough.matches} matches, {enough.requests} vragen; {enough.telling} vragen zeggen iets: "
        f"{enough.fitted} matches pasten, {enough.unfitted} niet",
        "  (matches; requests; requests that say something: matches that fitted, and that did not)",
    ]
    if made.agreement is not None:
        lines += ["", f"{'':<44} {'nu (now)':>10} {'nieuw (new)':>12}"]
        lines.append(_compared("feedback, apart gehouden (held out)", *made.agreement))
        if graded:
            lines.append(_compared("beoordeelde set, nDCG@10 (graded set)", graded.before, graded.after))
            lines.append(f"  met de gewichten van de release (with those of the release): {graded.release:.4f}")
        else:
            lines.append("Er is hier geen beoordeelde set (there is no graded set here).")
        lines.append(_compared("laagste score (lowest score)", made.before.score_min, made.after.score_min))
        lines += ["", "gewicht (weight)"]
        lines += [_compared(f"  {n}", made.before.weights[n], weight) for n, weight in made.after.weights.items()]
    lacking = [f"  nog {count} {_LACKING[what]}" for what, count in enough.lacks.items()]
    return [*lines, "", _IN_WORDS[found], *lacking]


def _compared(what: str, before: float, after: float) -> str:
    return f"{what:<44} {before:>10.4g} {after:>12.4g} {after - before:>+8.3f}"


async def weights(asked: argparse.Namespace, sessions: Sessions) -> int:
    """Lists the versions, or goes to one of them."""
    if asked.use:
        if asked.version is None:
            print("Welke versie? ./odh matching weights use N (which version?)", file=sys.stderr)
            return 2
        try:
            await refitting.use(sessions, asked.version, datetime.now(UTC))
        except NoSuchVersion:
            print(f"Versie {asked.version} is er niet (there is no such version).", file=sys.stderr)
            return 2
        print(f"Versie {asked.version} is in gebruik (is in use).")
        return 0
    for version in await refitting.versions(sessions, datetime.now(UTC)):
        print(_line_of(version))
    return 0


def _line_of(version: Version) -> str:
    mark = "*" if version.is_in_use else " "
    told = [f"{mark} {version.weights.version:>3}  {version.made_at:%Y-%m-%d %H:%M}  {version.made_by:<8}"]
    if version.made_by == "refit":
        told.append(f"{version.requests} vragen (requests)")
        for what, shown in (("agreement", "feedback"), ("ndcg", "nDCG@10")):
            if measured := version.evaluation.get(what):
                told.append(f"{shown} {measured['before']:.4f} -> {measured['after']:.4f}")
    else:
        told.append(version.weights.origin)
    return "  ".join(told)
