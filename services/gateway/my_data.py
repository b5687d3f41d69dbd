"""Everything that the node keeps about somebody, gathered from its services for themselves."""

import asyncio
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from chassis.problems import Unavailable
from services.gateway.callers import Caller
from services.gateway.gateway import Gateway
from services.gateway.signing_in import sessions_of

#: Who keeps something of people, in the order in which it is read.
KEEPERS = ("members", "requests", "matching", "notify", "partners")


async def kept(gateway: Gateway, caller: Caller, now: datetime) -> dict[str, Any]:
    """All of it, service by service; raises `Unavailable` when one is away: half of it would look like all."""
    there = [service for service in KEEPERS if service in gateway.upstreams.services]
    found = await asyncio.gather(*(_of(gateway, service, caller) for service in there))
    sessions = await sessions_of(gateway, caller, now)
    told = dict(zip(there, found, strict=True)) | {"gateway": {"sessions": sessions}}
    return {"node": gateway.settings.node, "asked_at": now, "kept": told}


async def _of(gateway: Gateway, service: str, caller: Caller) -> dict[str, list[dict[str, Any]]]:
    asked = urlencode([("member_id", reference) for reference in caller.identity.references])
    token = gateway.identities.own_token(service)
    answer = await gateway.upstreams.call(service, "GET", f"/internal/kept?{asked}", token=token)
    if answer.status != 200:
        raise Unavailable(f"{service} does not tell what it keeps")
    found: dict[str, list[dict[str, Any]]] = answer.json()
    return found
