"""Where the servers of a node are: those of one that runs, of one that is started for it, or of one in compose."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from nats.errors import Error as NatsError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from chassis.database import DatabaseAway
from chassis.settings import Settings
from node import SERVICES, addresses
from node.keeping.manifest import Unusable
from node.links.register import NotPossible
from node.links.server import ca_of

#: Whatever can keep a backup or a restore from its end.
FAULTS = (
    *(Unusable, NotPossible, NatsError, OSError),
    *(asyncpg.PostgresError, asyncpg.InterfaceError, SQLAlchemyError, DatabaseAway),
)


def in_words(fault: BaseException) -> str:
    """What one of the faults says it is, for who gave the command."""
    said = fault.driver_exception if isinstance(fault, DBAPIError) else fault
    return str(said) or type(said).__name__


@dataclass(frozen=True)
class Servers:
    """The node's name, and the addresses with their passwords; on how many NATS servers a stream is kept, and who
    signed their certificate, where they speak TLS.
    """

    node: str
    databases: Mapping[str, str]
    nats: str
    stream_replicas: int = 1
    tls_ca: Path | None = None


def of_secrets(folder: Path) -> Servers:
    """As `./odh secrets` hands them out; the node's name is in the environment."""
    databases = {service: (folder / service / "database_url").read_text().strip() for service in SERVICES}
    told = Settings()
    nats = (folder / "operator" / "nats_url").read_text().strip()
    return Servers(told.node, databases, nats, told.stream_replicas, told.nats_tls_ca_file)


def of_running(data: Path) -> Servers | None:
    """The node that `./odh up` runs on this folder, if one does."""
    running = addresses.read(data)
    return Servers(running.node, running.databases, running.nats, tls_ca=ca_of(data)) if running else None


@asynccontextmanager
async def started(data: Path, name: str, gateway_port: int) -> AsyncIterator[Servers]:
    """The servers of a node that does not run, without its services, for as long as the block."""
    from node.node import Node  # not in the image, where no node is started
    from node.part import PartFailed

    node = Node(data, name=name, gateway_port=gateway_port, services=())
    try:
        await node.start()
    except PartFailed as failure:
        raise Unusable(str(failure)) from None
    try:
        for service in SERVICES:
            await node.postgres.create_database(service)
        databases = {service: node.postgres.url(service) for service in SERVICES}
        yield Servers(name, databases, node.nats.url, tls_ca=ca_of(data))
    finally:
        await node.stop()
