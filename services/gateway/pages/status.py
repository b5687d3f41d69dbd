"""The page that tells the node's team what is behind, and by how much: the figures of `./odh status`."""

import asyncio

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.responses import Response

from chassis import Problem
from chassis.behind import streams_of, troubles_of
from chassis.figures import Figures, figures_of
from chassis.identity import GATEWAY
from contracts.vocabulary import Language, Role
from services.gateway.pages.reading import Reader, SignedInReader

router = APIRouter(include_in_schema=False)


@router.get("/status")
async def show_status(reader: SignedInReader) -> Response:
    """One process of each service tells it, whichever is asked; how many there are, only the command knows."""
    reader.must_have(Role.NODE_TEAM)
    services = reader.gateway.upstreams.services
    told = await asyncio.gather(*(_ask(reader, service) for service in services))
    own = await figures_of(reader.request.app.state.service)
    found = dict(zip(services, told, strict=True)) | {GATEWAY: [own]}
    dutch = reader.language is Language.DUTCH
    troubles = [(one.where, one.nl if dutch else one.en) for one in troubles_of(found)]
    return reader.page("status.html", found=found, troubles=troubles, streams=streams_of(found), node=own.node)


async def _ask(reader: Reader, service: str) -> list[Figures]:
    token = reader.gateway.identities.own_token(service)
    try:
        answer = await reader.gateway.upstreams.call(service, "GET", "/internal/figures", token=token)
        return [Figures.model_validate_json(answer.content)] if answer.status == 200 else []
    except (Problem, ValidationError):
        return []
