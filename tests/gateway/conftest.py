"""A gateway in front of a real members service, over real sockets, and the people who come to it. All are invented."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import nats as nats_client
import pytest
import sqlalchemy as sa
import uvicorn
from joserfc.jwk import OKPKey

from chassis.http import CarefulHttp
from contracts.envelope import decode
from contracts.event import Event
from contracts.members import SignInRequested
from node.secrets import new_push_key
from services.gateway.app import service as gateway_service
from services.gateway.settings import GatewaySettings
from services.insight.app import service as insight_service
from services.matching.app import service as matching_service
from services.members.app import service as members_service
from services.notify.app import service as notify_service
from services.requests.app import service as requests_service
from tests.given import Clock, Running, eventually, fresh_name, make_identity_keys, running

TEAM = "team@omdehoek.example"
NATION = "national"
PUBLIC_URL = "http://utrecht.omdehoek.example"
BROWSER = {"Accept": "text/html,application/xhtml+xml", "Accept-Language": "nl"}


class _Server(uvicorn.Server):
    """uvicorn as it serves a service, without its signal handlers: those are pytest's here."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(app: Any, port: int = 0, **config: Any) -> AsyncIterator[str]:
    """An app on a port of its own; gives its address."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    options: dict[str, Any] = {
        "http": CarefulHttp, "ws": "none", "lifespan": "off", "log_config": None, "access_log": False,
        "proxy_headers": False, "server_header": False, "timeout_graceful_shutdown": 1,
        "timeout_keep_alive": 60,  # a client gives a silent connection up after 5 s, and is to do so first
    }  # fmt: skip
    server = _Server(uvicorn.Config(app, **(options | config)))
    serve = asyncio.create_task(server.serve(sockets=[listener]))

    async def started() -> bool:
        return server.started

    await eventually(started, saying="a server")
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serve
        listener.close()


@dataclass
class Keys:
    """The gateway's key, in files as a node keeps them."""

    private: OKPKey
    private_file: Path
    public_file: Path


def make_keys(folder: Path) -> Keys:
    """A fresh pair."""
    key, public_file = make_identity_keys(folder)
    private_file = folder / "identity.private.jwk.json"
    private_file.write_text(json.dumps(key.as_dict(private=True)))
    return Keys(key, private_file, public_file)


@dataclass
class Street:
    """The gateway and members, in the words of these tests."""

    members: Running
    gateway: Running
    url: str
    members_url: str
    keys: Keys
    links: dict[str, str] = field(default_factory=dict)
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    def visitor(self, **headers: str) -> httpx.AsyncClient:
        """Somebody whom nobody knows (yet): a client with cookies of its own."""
        client = httpx.AsyncClient(base_url=self.url, headers=headers, timeout=30)
        self.clients.append(client)
        return client

    async def link_for(self, email: str) -> str:
        """The token of the newest link that was mailed to an address."""

        async def mailed() -> str | None:
            return self.links.pop(email, None)

        return str(await eventually(mailed, saying=f"a link for {email}"))

    async def signed_in(self, email: str, browser: httpx.AsyncClient | None = None) -> httpx.AsyncClient:
        """Somebody who asks for a link and follows it."""
        browser = browser or self.visitor()
        asked = await browser.post("/api/v1/sign-in-links", json={"email": email})
        assert asked.status_code == 202, asked.text
        return await self.follow(await self.link_for(email), browser)

    async def follow(self, token: str, browser: httpx.AsyncClient) -> httpx.AsyncClient:
        """A browser that shows the token of a link, and is signed in."""
        answer = await browser.post("/api/v1/sessions", json={"token": token})
        assert answer.status_code == 201, answer.text
        return browser

    async def member(self, **changes: Any) -> httpx.AsyncClient:
        """Somebody new, who joined and is signed in."""
        email = changes.setdefault("email", f"{fresh_name('iemand')}@vechtdal.example")
        browser = self.visitor()
        answer = await browser.post("/api/v1/members", json=a_join(**changes))
        assert answer.status_code == 202, answer.text
        return await self.follow(await self.link_for(email), browser)

    async def team(self) -> httpx.AsyncClient:
        """Somebody of the node's team."""
        return await self.signed_in(TEAM)

    async def member_id(self, browser: httpx.AsyncClient) -> str:
        """Who is signed in there."""
        return str((await browser.get("/api/v1/sessions/current")).json()["member_id"])


def a_join(**changes: Any) -> dict[str, Any]:
    """What somebody fills in to join."""
    return {
        "name": "Noor Jansen",
        "organisation": {"kind": "centre", "name": fresh_name("Centrum"), "place": {"name": "Utrecht"}},
        "consent": True,
    } | changes


@asynccontextmanager
async def a_street(postgres: Any, nats: Any, folder: Path, **settings: Any) -> AsyncIterator[Street]:
    """Members and a gateway of one node, on addresses of their own."""
    keys, node = make_keys(folder), fresh_name("node")
    common = {"node": node, "identity_public_keys_file": keys.public_file}
    async with (
        running(members_service, postgres, nats, sign_in_links_per_hour_max=1000, **common) as members,
        serving(members.service.app) as members_url,
        a_gateway(postgres, nats, keys, node=node, members_url=members_url, **settings) as (gateway, url),
    ):
        street = Street(members, gateway, url, members_url, keys)
        listener = await nats_client.connect(nats.url)

        async def on_link(message: Any) -> None:
            _, event = decode(message.data)
            assert isinstance(event, SignInRequested)
            street.links[event.email] = event.token

        await listener.subscribe(f"odh.{node}.local.members.sign-in-requested.*", cb=on_link)
        try:
            yield street
        finally:
            for client in street.clients:
                await client.aclose()
            await listener.close()


@asynccontextmanager
async def a_gateway(postgres: Any, nats: Any, keys: Keys, **settings: Any) -> AsyncIterator[tuple[Running, str]]:
    """A gateway on a database of its own, and its address. It leaves the node's streams to whoever made the node."""
    database = fresh_name("test").replace("-", "_")
    plenty = dict.fromkeys(("sign_in_limit", "join_limit", "member_limit", "address_limit"), "100000/minute")
    values: dict[str, Any] = {
        "database_url": postgres.url(database),
        "nats_url": nats.url,
        "database_connections_max": 4,
        "identity_public_keys_file": keys.public_file,
        "identity_private_key_file": keys.private_file,
        "session_cached_seconds": 0.2,
        "identity_cached_seconds": 0.5,
    }
    service = gateway_service(GatewaySettings(**(values | plenty | settings)))
    here = Running(service, keys.private, clock := Clock())
    service.clock = clock
    await postgres.create_migrated(database, service._migrations)

    async def is_ready() -> bool:
        return set((await service.parts()).values()) == {"ready"} and await here._left_to_hear() == 0

    async with service.app.router.lifespan_context(service.app), serving(service.app) as url:
        await eventually(is_ready, saying="a ready gateway")
        yield here, url
    await postgres.drop_database(database)


@asynccontextmanager
async def another_gateway(street: Street, postgres: Any, nats: Any, **settings: Any) -> AsyncIterator[Street]:
    """The same street, seen through a gateway with other settings."""
    node = street.members.service.settings.node
    settings = {"node": node, "members_url": street.members_url} | settings
    async with a_gateway(postgres, nats, street.keys, **settings) as (gateway, url):
        yield replace(street, gateway=gateway, url=url)


@pytest.fixture(scope="session")
async def shared_street(postgres: Any, nats: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Street]:
    """One street for all tests: each brings its own people."""
    async with a_street(postgres, nats, tmp_path_factory.mktemp("street")) as street:
        yield street


@pytest.fixture
async def street(shared_street: Street) -> AsyncIterator[Street]:
    """The street, whose visitors of this test go home afterwards."""
    yield shared_street
    while shared_street.clients:
        await shared_street.clients.pop().aclose()


async def insight_forgets(neighbourhood: Any, node: str) -> None:
    """What was heard of another node: the other tests see a country of one region."""
    (insight,) = (one for one in neighbourhood.services if one.service.name == "insight")
    await insight.quiet()
    async with insight.service.engine.begin() as connection:
        await connection.execute(sa.text("DELETE FROM proposition WHERE node = :node"), {"node": node})


@pytest.fixture
async def nation_says(neighbourhood: Any) -> AsyncIterator[Any]:
    """Lets a service, and all others, hear what the nation says."""

    async def say(to: Running, event: Event) -> None:
        await to.publish_elsewhere(event, said_by=NATION)
        await to.quiet()

    yield say
    await insight_forgets(neighbourhood, NATION)


def slug(answer: httpx.Response) -> str:
    """The stable name of a problem."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem = answer.json()
    assert problem["status"] == answer.status_code
    return str(problem["type"].rsplit("/", 1)[1])


@dataclass
class Neighbourhood(Street):
    """A street with all services, whose people look at pages."""

    services: tuple[Running, ...] = ()

    def visitor(self, **headers: str) -> httpx.AsyncClient:
        """Somebody with a browser."""
        return super().visitor(**(BROWSER | headers))

    async def quiet(self) -> None:
        """Returns when everything that was said has been heard."""
        for _ in range(3):
            for service in (self.members, *self.services):
                await service.quiet()

    async def a_match(self, **changes: Any) -> "APair":
        """A school that asks, a company that offers, and the match that was found; both with these changes."""
        asker, offerer = await self.member(name="Noor Jansen"), await self.member(name="Sem de Vries")
        about = fresh_name("onderwerp")
        offered = await offerer.post("/api/v1/offers", json=a_proposition(f"Wij weten alles van {about}", **changes))
        assert offered.status_code == 201, offered.text
        asked = await asker.post("/api/v1/requests", json=a_proposition(f"Wie weet alles van {about}?", **changes))
        assert asked.status_code == 201, asked.text
        request_id, offer_id = asked.json()["request_id"], offered.json()["offer_id"]
        team = await self.team()

        async def found() -> str | None:
            matches = (await team.get("/api/v1/matches", params={"limit": 100})).json()["items"]
            ours = (m for m in matches if m["request"]["request_id"] == request_id)
            return next((m["match_id"] for m in ours if m["offer"]["offer_id"] == offer_id), None)

        return APair(asker, offerer, team, request_id, str(await eventually(found, saying="a match")))


@dataclass
class APair:
    """Two who fit, and who looks at it."""

    asker: httpx.AsyncClient
    offerer: httpx.AsyncClient
    team: httpx.AsyncClient
    request_id: str
    match_id: str


def a_proposition(title: str, **changes: Any) -> dict[str, Any]:
    """What somebody fills in; each on a theme and a kind that fit only each other by their words."""
    return {
        "kind": "guest-lesson",
        "themes": ["energy-transition"],
        "title": title,
        "text": f"{title} Dat zoeken of bieden wij graag, in de klas of bij ons.",
        "place": {"name": "Zeist"},
    } | changes


def _pushing(folders: pytest.TempPathFactory) -> dict[str, Any]:
    """Devices are told things."""
    key = folders.mktemp("push") / "key.json"
    key.write_text(new_push_key())
    return {"push_private_key_file": key, "push_to_private": True}


@pytest.fixture(scope="session")
async def shared_neighbourhood(shared_street, postgres, nats, tmp_path_factory) -> AsyncIterator[Neighbourhood]:
    """All services, in this process."""
    node = shared_street.members.service.settings.node
    common = {"node": node, "national_node": NATION, "identity_public_keys_file": shared_street.keys.public_file}
    mails = {"smtp_url": "smtp://127.0.0.1:1", "public_url": PUBLIC_URL}
    own = {
        "requests": (requests_service, {}),
        "matching": (matching_service, {"embedding_model": "none", "proposals_per_request_max": 20}),
        "notify": (notify_service, mails | _pushing(tmp_path_factory)),
        "insight": (insight_service, {}),
    }
    async with AsyncExitStack() as stack:
        services, urls = [], {}
        for name, (make, settings) in own.items():
            services.append(await stack.enter_async_context(running(make, postgres, nats, **common, **settings)))
            urls[f"{name}_url"] = await stack.enter_async_context(serving(services[-1].service.app))
        street = await stack.enter_async_context(
            another_gateway(shared_street, postgres, nats, public_url=PUBLIC_URL, national_node=NATION, **urls)
        )
        yield Neighbourhood(**vars(replace(street, clients=[])), services=tuple(services))


@pytest.fixture
async def neighbourhood(shared_neighbourhood) -> AsyncIterator[Neighbourhood]:
    """The same for each test, whose visitors go home afterwards."""
    yield shared_neighbourhood
    while shared_neighbourhood.clients:
        await shared_neighbourhood.clients.pop().aclose()
