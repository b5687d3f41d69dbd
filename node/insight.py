"""`./odh insight rebuild`: the counts of a node made anew from its streams, and whether they were right."""

import argparse
import asyncio
import os
import sys
from typing import Any

from nats.errors import Error as NatsError

from chassis.database import is_away
from node import addresses
from node.called_from import from_where_called
from node.links.server import ca_of
from services.insight.app import service
from services.insight.comparing import Difference
from services.insight.rebuilding import AlreadyRebuilding, Outcome, rebuild
from services.insight.settings import InsightSettings

#: They were made anew, and differ from what was there.
DIFFERS = 3

_TABLES = {
    "proposition": "vragen en aanbod (requests and offers)",
    "lost": "verloren bij terugzetten (lost by a restore)",
    "mark": "onbeantwoord, doorgezet (unanswered, escalated)",
    "match": "matches",
    "initiative": "initiatieven (initiatives)",
    "organisation": "organisaties (organisations)",
    "merging": "samengevoegd (merged)",
    "region": "regio's (regions)",
}


def main() -> int:
    """Works on the node of the folder, or that runs here unless the environment says which database and broker."""
    asked = arguments()
    if addresses.is_empty(asked.data):
        return 1
    return asyncio.run(run(InsightSettings(**told(asked)), keep_untold=not asked.only_what_is_told))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="odh insight", description="Wat er gevraagd en geboden wordt (insight).")
    actions = parser.add_subparsers(dest="action", required=True)
    anew = actions.add_parser("rebuild", help="maak de tellingen opnieuw uit de streams (from the streams)")
    anew.add_argument("--data", type=from_where_called, help="map van de node die draait (folder of the node)")
    anew.add_argument(
        "--only-what-is-told",
        action="store_true",
        help="laat weg wat niet meer in de streams staat (leave out what the streams have lost)",
    )
    return parser.parse_args()


def told(asked: argparse.Namespace) -> dict[str, Any]:
    """Where the running node is; in a container the environment says so."""
    data = asked.data or addresses.DATA
    running = addresses.read(data)
    if not running or (not asked.data and "ODH_DATABASE_URL" in os.environ):
        return {}
    where = {"node": running.node, "database_url": running.databases["insight"], "nats_url": running.nats}
    return where | {"nats_tls_ca_file": ca_of(data)}


async def run(settings: InsightSettings, *, keep_untold: bool) -> int:
    insight = service(settings)
    try:
        async with asyncio.timeout(10):
            await insight.streams.dial()
        return show(await rebuild(insight, progress, keep_untold=keep_untold))
    except AlreadyRebuilding:
        print("Dat gebeurt al (it is being made anew already).", file=sys.stderr)
    except (NatsError, TimeoutError):
        print("NATS is niet te bereiken (NATS is away).", file=sys.stderr)
    except Exception as error:
        if not is_away(error):
            raise
        print("De database van insight is niet te bereiken (its database is away).", file=sys.stderr)
    finally:
        await insight.streams.close()
        await insight.engine.dispose()
    return 1


def show(outcome: Outcome) -> int:
    """What was read, how far back that goes, and what differs."""
    reach = outcome.reach
    since = f"{reach.since:%Y-%m-%d %H:%M} UTC" if reach.since else "-"
    print(f"gelezen (read): {reach.events} gebeurtenissen (events), de oudste (the oldest) van {since}")
    if reach.removed:
        print(f"niet meer in de streams (not in the streams any more): {reach.removed} berichten (messages)")
    for stream in reach.limited:
        print(f"! {stream} heeft een grens: wat ouder is, is er niet meer (it has a limit: what is older is gone)")
    if reach.not_understood:
        print(f"! niet begrepen (not understood): {reach.not_understood}; zie ./odh dead-letters")
    if outcome.behind:
        print(f"! insight loopt {outcome.behind} gebeurtenissen achter; daar kan verschil van komen (is behind)")
    for table, difference in outcome.differences.items():
        print(f"{_TABLES[table]}: {_in_words(difference)}")
    if outcome.differs:
        print("Verschil met wat er was; er wordt nu uit het nieuwe gelezen (they differed; the new is read now).")
        return DIFFERS
    print("Geen verschil met wat er was (no difference).")
    return 0


def _in_words(difference: Difference) -> str:
    parts = [f"{difference.same} hetzelfde (the same)"]
    if difference.other:
        parts.append(f"{difference.other} anders (other)")
    if difference.new:
        parts.append(f"{difference.new} nieuw (new)")
    if difference.untold:
        parts.append(f"{difference.untold} niet meer verteld (not told any more)")
    return ", ".join(parts)


def progress(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
