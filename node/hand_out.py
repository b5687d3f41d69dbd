"""`./odh secrets DIR`: makes a node's secrets, and puts what each part of it may know in a folder of its own.

In compose it is the first to run, with a volume for each folder, so that no part can read what is another's. What is
there already stays as it is.
"""

import argparse
import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

from chassis.settings import Settings
from node import SERVICES, names
from node.called_from import from_where_called
from node.files import write
from node.links import server
from node.links.accounts import OPERATOR, SYSTEM_USER, USERS
from node.links.register import NotPossible, Register
from node.secrets import new_encryption_keys, new_identity_key, new_push_key, password, public_half, public_halves

#: PostgreSQL and NATS run as users of their own, who read what only their folder, or volume, protects.
FOR_SERVERS = 0o644

#: Where the NATS server sees the folder of the lines, and where it waits for regions.
LINES_SEEN_AT, LEAF_LISTEN = Path("/etc/nats/secrets/lines"), "0.0.0.0:7422"

#: Where NATS servers that are several find each other, each on its own machine or in its own container.
ROUTE_PORT = 6222


def main() -> int:
    parser = argparse.ArgumentParser(prog="odh secrets", description="Maak de geheimen van een node (make secrets).")
    parser.add_argument("folder", type=from_where_called, help="waar ze komen te staan")
    parser.add_argument("--postgres", default="postgres:5432", help="waar de databases zijn (postgres:5432)")
    parser.add_argument("--nats", default="nats:4222", help="waar NATS is (nats:4222); meer servers met komma's")
    options = parser.parse_args()
    try:
        hand_out(options.folder, postgres=options.postgres, nats=options.nats)
    except NotPossible as why:
        print(f"Dat kan niet (not possible): {why}", file=sys.stderr)
        return 1
    print(f"De geheimen staan in {options.folder} (the secrets are there).")
    return 0


def hand_out(folder: Path, *, postgres: str, nats: str) -> None:
    """A folder for each part. `postgres` and `nats` are where the services find them, as host:port; several servers of
    NATS with commas between them.

    Raises `NotPossible` when the node of the folder is called otherwise than the settings say.
    """
    node = names.of_secrets(folder, Settings().node)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for part in ("postgres", "nats", "nats/users", "operator", *SERVICES):
        (folder / part).mkdir(mode=0o755, exist_ok=True)
    names.keep_in_secrets(folder, node)
    password(folder / "postgres" / "superuser", FOR_SERVERS)
    servers = nats.split(",")
    users = write_accounts(folder, [server.rpartition(":")[0] for server in servers])
    private_key = folder / "gateway" / "identity.private.jwk.json"
    if not private_key.exists():
        write(private_key, new_identity_key())
    sealed_to_us = folder / "notify" / "encryption.private.jwks.json"
    if not sealed_to_us.exists():
        write(sealed_to_us, new_encryption_keys())
    write(folder / "members" / "encryption.public.jwks.json", public_halves(sealed_to_us))
    signs_pushes = folder / "notify" / "push.private.jwk.json"
    if not signs_pushes.exists():
        write(signs_pushes, new_push_key())
    for service in SERVICES:
        own = password(folder / "postgres" / service, FOR_SERVERS)
        write(folder / service / "database_url", f"postgresql+asyncpg://{service}:{own}@{postgres}/{service}")
        write(folder / service / "nats_url", _urls(service, users[service], servers))
        write(folder / service / "identity.public.jwks.json", public_half(private_key))
    for user, name in ((OPERATOR, "nats_url"), (SYSTEM_USER, "system_url")):
        write(folder / "operator" / name, _urls(user, users[user], servers))


def _urls(user: str, own: str, servers: list[str]) -> str:
    return ",".join(f"nats://{user}:{own}@{server}" for server in servers)


def hosts_of(urls: str) -> list[str]:
    """The names of the NATS servers that a file such as `operator/nats_url` speaks of."""
    return [urlsplit(url).hostname or "" for url in urls.split(",")]


def write_accounts(folder: Path, hosts: list[str]) -> dict[str, str]:
    """What every NATS server of the node reads: users, lines, and where the others are; `hosts` are their names.

    Returns the password of each user.
    """
    passwords = {user: password(folder / "nats" / "users" / user, FOR_SERVERS) for user in USERS}
    told = Settings()
    register = Register(folder / "nats" / "lines", told.node, national=told.national_node)
    cluster = None
    if len(hosts) > 1:
        routes = tuple(f"{host}:{ROUTE_PORT}" for host in hosts)
        own = password(folder / "nats" / "users" / "cluster", FOR_SERVERS)
        cluster = server.Cluster(f"0.0.0.0:{ROUTE_PORT}", routes, own)
    configured = server.config(
        register, passwords, leaf_listen=LEAF_LISTEN, seen_at=LINES_SEEN_AT, clients_too=False, cluster=cluster
    )
    lines = "".join(f"{name}: {json.dumps(value)}\n" for name, value in configured.items())
    write(folder / "nats" / "accounts.conf", lines, FOR_SERVERS)
    return passwords
