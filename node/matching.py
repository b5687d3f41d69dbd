"""`./odh matching`: how requests and offers find each other on the node that runs here."""

import argparse
import asyncio
import os
import sys
from typing import Any

from chassis.database import is_away
from node import addresses, learning
from services.matching.settings import MatchingSettings


def main() -> int:
    """Works on the node that runs here, unless the operator said which database."""
    asked = arguments()
    return asyncio.run(run(asked, MatchingSettings(**told(asked))))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="odh matching", description="Hoe vraag en aanbod elkaar vinden (matching).")
    actions = parser.add_subparsers(dest="action", required=True)
    for each in learning.add_to(actions):
        each.add_argument("--data", help="map van de node die draait (folder of the node)")
        each.add_argument("--database", help="adres van de database van matching (its address)")
    return parser.parse_args()


def told(asked: argparse.Namespace) -> dict[str, Any]:
    """The settings that the operator gave, or those of the node that runs."""
    told: dict[str, Any] = {}
    running = addresses.read(addresses.from_where_called(asked.data) if asked.data else None)
    if asked.database:
        told["database_url"] = asked.database
    elif running and "ODH_DATABASE_URL" not in os.environ:
        told["database_url"] = running.databases["matching"]
    return told


async def run(asked: argparse.Namespace, settings: MatchingSettings) -> int:
    try:
        return await learning.run(asked, settings)
    except Exception as error:
        if not is_away(error):
            raise
        print("De database van matching is niet te bereiken (its database is away).", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
