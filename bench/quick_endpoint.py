"""An OpenAI-compatible endpoint that has read the synthetic texts before: a model elsewhere that costs us nothing.

What matching does besides reading can then be measured: `python -m bench.quick_endpoint PORT CACHE`.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from uvicorn import Config, Server

from bench.scale_texts import READ_OFFERS, READ_REQUESTS, Vectors, told, vectors
from contracts.vocabulary import Side
from services.matching.similarity import DIMENSIONS, text_of


def answers(known: Vectors) -> dict[str, Any]:
    """The answer for each text that was read."""
    sides = ((Side.OFFER, READ_OFFERS, known.offers), (Side.REQUEST, READ_REQUESTS, known.requests))
    return {
        text_of(one.title, one.text): [round(float(number), 5) for number in vector]
        for side, count, rows in sides
        for one, vector in zip((told(number, side) for number in range(count)), rows, strict=True)
    }


def app(known: dict[str, Any]) -> Starlette:
    """The endpoint; a text that it does not know lies where no other does."""
    strange = np.random.default_rng(1).normal(size=DIMENSIONS).round(5).tolist()

    async def embeddings(request: Request) -> Response:
        texts = json.loads(await request.body())["input"]
        data = [{"index": number, "embedding": known.get(text, strange)} for number, text in enumerate(texts)]
        return Response(json.dumps({"data": data}), media_type="application/json")

    async def ready(_: Request) -> Response:
        return JSONResponse({"status": "ready"})

    return Starlette(
        routes=[Route("/v1/embeddings", embeddings, methods=["POST"]), Route("/health/ready", ready)],
    )


async def main(port: int, cache: Path) -> None:
    """Serves until it is stopped."""
    await Server(Config(app(answers(await vectors(cache))), port=port, log_level="warning")).serve()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), Path(sys.argv[2])))
