"""docs/operating.md, `Use a managed PostgreSQL, NATS cluster or mail server`: services over servers that others run."""

import io
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from node import ROOT, SERVICES, addresses
from node.part import free_port
from node.program import Program
from node.story import play
from node.telling import Teller
from tests.deploy.containers import port_of_a_container, why_not
from tests.operating.checkout import Checkout
from tests.operating.page import Page, folder_of_its_own

pytestmark = [
    pytest.mark.engine,
    pytest.mark.timeout(600),
    pytest.mark.skipif(bool(missing := why_not()), reason=f"needs containers: {missing}"),
]

#: What each file that `./odh secrets` makes is named by.
NAMED_BY = {
    "database_url": "ODH_DATABASE_URL_FILE",
    "nats_url": "ODH_NATS_URL_FILE",
    "identity.public.jwks.json": "ODH_IDENTITY_PUBLIC_KEYS_FILE",
    "identity.private.jwk.json": "ODH_IDENTITY_PRIVATE_KEY_FILE",
    "encryption.public.jwks.json": "ODH_ENCRYPTION_PUBLIC_KEYS_FILE",
    "encryption.private.jwks.json": "ODH_ENCRYPTION_PRIVATE_KEYS_FILE",
    "push.private.jwk.json": "ODH_PUSH_PRIVATE_KEY_FILE",
}


async def test_the_story_is_played_over_servers_that_others_run(run_directory: Path):
    here, nats_port = folder_of_its_own(run_directory, "elsewhere"), port_of_a_container()
    (make_secrets,) = Page("operating.md").under("Use a managed PostgreSQL, NATS cluster or mail server")
    with a_postgres() as postgres:
        words = {"db.example.org:5432": at(postgres, 5432), "nats.example.org:4222": f"127.0.0.1:{nats_port}"}
        await Checkout(here, words).type(make_secrets)
        await make_databases(postgres, here / "secrets")
        with a_nats(here / "secrets", nats_port):
            async with the_services(here) as node:
                await play(node, Teller(io.StringIO()))

        matching = await asyncpg.connect(in_database(postgres, "matching"))
        assert await matching.fetchval("SELECT state FROM match") == "introduced"
        await matching.close()


@contextmanager
def a_postgres() -> Iterator[PostgresContainer]:
    """Whatever it leaves is taken away at the end of this, and not by a container that looks after others."""
    testcontainers_config.ryuk_disabled = True
    with PostgresContainer("pgvector/pgvector:pg18", username="postgres", driver=None) as postgres:
        yield postgres


@contextmanager
def a_nats(secrets: Path, port: int) -> Iterator[DockerContainer]:
    """With users and their rights as the secrets say, and streams that are on disk."""
    nats = DockerContainer("nats:2.15-alpine").with_command(["--config", "/etc/nats/node.conf"])
    nats = nats.with_bind_ports(4222, port)
    for name, value in {"ODH_NODE": "utrecht", "SERVER_NAME": "utrecht", "NATS_STORE": "1GB"}.items():
        nats = nats.with_env(name, value)
    nats = nats.with_volume_mapping(str(ROOT / "deploy" / "nats" / "node.conf"), "/etc/nats/node.conf")
    with nats.with_volume_mapping(str(secrets / "nats"), "/etc/nats/secrets") as running:
        yield running


def at(container: DockerContainer, port: int) -> str:
    return f"{container.get_container_host_ip()}:{container.get_exposed_port(port)}"


def in_database(postgres: PostgresContainer, name: str) -> str:
    return postgres.get_connection_url().rpartition("/")[0] + f"/{name}"


async def make_databases(postgres: PostgresContainer, secrets: Path) -> None:
    """As whoever runs the server would: a database for each service, of a user who has no other."""
    connection = await asyncpg.connect(in_database(postgres, "postgres"))
    for service in SERVICES:
        password = urlsplit((secrets / service / "database_url").read_text()).password
        await connection.execute(f"CREATE ROLE {service} LOGIN PASSWORD '{password}'")
        await connection.execute(f"CREATE DATABASE {service} OWNER {service}")
    await connection.close()
    matching = await asyncpg.connect(in_database(postgres, "matching"))
    await matching.execute("CREATE EXTENSION vector")
    await matching.close()


@asynccontextmanager
async def the_services(folder: Path) -> AsyncIterator[addresses.Addresses]:
    """Each a process that is told by its environment where everything is, and a mail server."""
    ports = {name: free_port() for name in (*SERVICES, "smtp", "mail")}
    told = {f"ODH_{name.upper()}_URL": f"http://127.0.0.1:{port}" for name, port in ports.items() if name in SERVICES}
    told |= {"ODH_SMTP_URL": f"smtp://127.0.0.1:{ports['smtp']}", "ODH_PUBLIC_URL": told.pop("ODH_GATEWAY_URL")}
    told |= {"ODH_NODE_TEAM_ADDRESSES": "team@omdehoek.example", "ODH_DESK_RHYTHM": "at-once"}
    catcher = [f"--data={folder / 'mail'}", f"--smtp={ports['smtp']}", f"--http={ports['mail']}"]
    programs = [a_program("mail", ["node.mail_catcher", *catcher], folder, ports, {})]
    for name in SERVICES:
        files = {NAMED_BY[file.name]: str(file) for file in (folder / "secrets" / name).iterdir()}
        own = told | files | {"ODH_PORT": str(ports[name])}
        programs.append(a_program(name, ["chassis", f"services.{name}"], folder, ports, own))
    async with AsyncExitStack() as running:
        for program in programs:
            running.push_async_callback(program.stop)
            await program.prepare()
            program.launch()
        for program in programs:
            await program.wait_ready(120)
        yield addresses.seen_from_outside(
            gateway=told["ODH_PUBLIC_URL"], mail=f"http://127.0.0.1:{ports['mail']}", team="team@omdehoek.example"
        )


def a_program(name: str, arguments: list[str], folder: Path, ports: dict[str, int], told: dict[str, str]) -> Program:
    return Program(
        name, arguments, port=ports[name], log=folder / f"{name}.log", environment=lambda: dict(os.environ) | told
    )
