"""`./odh secrets DIR`: makes a node's secrets, and puts what each part of it may know in a folder of its own.

In compose it is the first to run, with a volume for each folder, so that no part can read what is another's. What is
there already stays as it is.
"""

import argparse
import json
from pathlib import Path

from node.called_from import from_where_called
from node.secrets import new_encryption_keys, new_identity_key, password, public_half, public_halves, write

SERVICES = ("members", "requests", "matching", "notify", "gateway")

#: PostgreSQL and NATS run as users of their own, who read what only their folder, or volume, protects.
FOR_SERVERS = 0o644


def main() -> int:
    parser = argparse.ArgumentParser(prog="odh secrets", description="Maak de geheimen van een node (make secrets).")
    parser.add_argument("folder", type=from_where_called, help="waar ze komen te staan")
    parser.add_argument("--postgres", default="postgres:5432", help="waar de databases zijn (postgres:5432)")
    parser.add_argument("--nats", default="nats:4222", help="waar NATS is (nats:4222)")
    options = parser.parse_args()
    hand_out(options.folder, postgres=options.postgres, nats=options.nats)
    print(f"De geheimen staan in {options.folder} (the secrets are there).")
    return 0


def hand_out(folder: Path, *, postgres: str, nats: str) -> None:
    """A folder for each part. `postgres` and `nats` are where the services find them, as host:port."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for part in ("postgres", "nats", *SERVICES):
        (folder / part).mkdir(mode=0o755, exist_ok=True)
    password(folder / "postgres" / "superuser", FOR_SERVERS)
    of_nats = password(folder / "nats" / "password", FOR_SERVERS)
    login = {"user": "odh", "password": of_nats}
    write(folder / "nats" / "login.conf", f"authorization: {json.dumps(login)}\n", FOR_SERVERS)
    private_key = folder / "gateway" / "identity.private.jwk.json"
    if not private_key.exists():
        write(private_key, new_identity_key())
    sealed_to_us = folder / "notify" / "encryption.private.jwks.json"
    if not sealed_to_us.exists():
        write(sealed_to_us, new_encryption_keys())
    write(folder / "members" / "encryption.public.jwks.json", public_halves(sealed_to_us))
    for service in SERVICES:
        own = password(folder / "postgres" / service, FOR_SERVERS)
        write(folder / service / "database_url", f"postgresql+asyncpg://{service}:{own}@{postgres}/{service}")
        write(folder / service / "nats_url", f"nats://odh:{of_nats}@{nats}")
        write(folder / service / "identity.public.jwks.json", public_half(private_key))
