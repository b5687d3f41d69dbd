"""Asks every service of a node how it is: the node that runs here, or the one that a gateway's settings describe.

Only who has the gateway's private key is told. In compose that is the gateway's container, which also knows where the
others are: `docker compose exec gateway python -m node status`.
"""

import asyncio
import json
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from joserfc.jwk import OKPKey
from pydantic import ValidationError

from chassis.behind import Found
from chassis.figures import Figures
from chassis.identity import GATEWAY, Identity, sign_identity
from node import addresses
from services.gateway.settings import GatewaySettings

ASKING_SECONDS_MAX = 10.0


@dataclass(frozen=True)
class Place:
    """A node to look at: where its services are, and the key that opens their figures."""

    node: str
    services: dict[str, str]
    key: OKPKey


def place(data: Path | None) -> Place | None:
    """The node that runs on this folder, or else the one of the settings; none when there is neither."""
    if running := addresses.read(data):
        private = (data or addresses.DATA) / "keys" / "identity.private.jwk.json"
        return Place(running.node, running.services, OKPKey.import_key(json.loads(private.read_text())))
    try:
        settings = GatewaySettings()
    except ValidationError:
        return None
    key = OKPKey.import_key(json.loads(settings.identity_private_key_file.read_text()))
    return Place(settings.node, settings.service_urls | {GATEWAY: f"http://127.0.0.1:{settings.port}"}, key)


async def look(at: Place) -> Found:
    """Every process of every service, all at the same time."""
    timeout = aiohttp.ClientTimeout(total=ASKING_SECONDS_MAX)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        answers = await asyncio.gather(*(_ask(http, at, service) for service in at.services))
    return dict(zip(at.services, answers, strict=True))


async def _ask(http: aiohttp.ClientSession, at: Place, service: str) -> list[Figures]:
    processes = await _processes(at.services[service])
    told = await asyncio.gather(*(_ask_process(http, at, service, url) for url in processes))
    return [figures for figures in told if figures]


async def _processes(url: str) -> list[str]:
    """A name of compose stands for every replica of a service: each has an address of its own."""
    where = urlsplit(url)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(where.hostname, where.port, type=socket.SOCK_STREAM)
    except OSError:
        return []
    hosts = dict.fromkeys(f"[{to[0]}]" if family == socket.AF_INET6 else to[0] for family, *_, to in found)
    return [f"{where.scheme}://{host}:{where.port or 80}" for host in hosts]


async def _ask_process(http: aiohttp.ClientSession, at: Place, service: str, url: str) -> Figures | None:
    identity = Identity(member_id=GATEWAY, roles=frozenset({GATEWAY}))
    token = sign_identity(at.key, identity, node=at.node, audience=service, now=datetime.now(UTC))
    try:
        async with http.get(f"{url}/internal/figures", headers={"Authorization": f"Bearer {token}"}) as answer:
            return Figures.model_validate_json(await answer.read()) if answer.status == 200 else None
    except (aiohttp.ClientError, TimeoutError, ValidationError):
        return None
