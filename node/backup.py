"""`./odh backup TARGET`: keeps a node's databases and streams in a new folder, also while the node runs."""

import argparse
import asyncio
import os
import shutil
import sys
import time
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

from node import addresses, names
from node.called_from import from_where_called
from node.keeping import databases, erased, lines, manifest, streams
from node.keeping.manifest import Manifest, Unusable
from node.keeping.servers import FAULTS, Servers, in_words, of_running, of_secrets, started
from node.keeping.stillness import calm, moment


def main() -> int:
    parser = argparse.ArgumentParser(prog="odh backup", description="Bewaar een node (keep a node).")
    parser.add_argument("target", type=from_where_called, help="een nieuwe map (a new folder)")
    parser.add_argument("--data", type=from_where_called, default=addresses.DATA, help="map van de node (.odh)")
    parser.add_argument("--node", help="naam, als de node die niet heeft (its name, if it has none)")
    parser.add_argument("--secrets", type=from_where_called, help="in compose: waar de geheimen staan (its secrets)")
    parser.add_argument("--erased", type=from_where_called, help="de lijst van wie gewist is (who was erased)")
    parser.add_argument(
        "--patience", type=float, default=10.0, metavar="S", help="zo lang op rust wachten (wait for calm): 10"
    )
    parser.add_argument("--with-secrets", action="store_true", help="ook de sleutels van de node (its keys too)")
    asked = parser.parse_args()
    try:
        return asyncio.run(run(asked))
    except FAULTS as why:
        print(f"Niet bewaard (not kept): {in_words(why)}", file=sys.stderr)
        return 1


async def run(asked: argparse.Namespace) -> int:
    if asked.target.exists() and any(asked.target.iterdir()):
        raise Unusable(f"{asked.target} is niet leeg (not empty)")
    if asked.with_secrets and asked.secrets:
        raise Unusable("bewaar in compose de volumes secrets-* zelf (keep the volumes of the secrets yourself)")
    running = of_secrets(asked.secrets) if asked.secrets else of_running(asked.data)
    if running is None and not (asked.data / "postgres").exists():
        raise Unusable(f"er is geen node op {asked.data} (no node there)")
    old_umask = os.umask(0o077)  # whatever is in it is nobody else's to read
    try:
        asked.target.mkdir(parents=True, exist_ok=True)
        async with nullcontext(running) if running else _started(asked) as servers:
            await keep(servers, asked.target, asked)
    finally:
        os.umask(old_umask)
    return 0


def _started(asked: argparse.Namespace) -> AbstractAsyncContextManager[Servers]:
    return started(asked.data, names.of(asked.data, asked.node) or "utrecht", 0)


async def keep(servers: Servers, target: Path, asked: argparse.Namespace) -> None:
    since = time.monotonic()
    for service, url in servers.databases.items():
        if await databases.is_half_restored(url):
            raise Unusable(f"{service} is nog niet teruggezet; geef de restore eerst opnieuw (a restore broke off)")
    async with streams.connected(servers.nats, servers.tls_ca) as client:
        was_calm = await calm(servers, client, asked.patience)
        # What is taken in leaves its queue: kept before the databases are seen, no event is in neither.
        snapshots = {}
        for name in filter(streams.is_queue, await streams.names(client, servers.node)):
            snapshots[name] = await streams.keep(client, name, target, *await streams.where(client, name))
        async with moment(servers, client) as found:
            # First the streams, which go on growing; the databases are seen as they were for as long as it takes.
            for name, upto in found.streams.items():
                if name not in snapshots:
                    snapshots[name] = await streams.keep(client, name, target, *upto)
            kept = {name: await databases.keep(one, target, name) for name, one in found.snapshots.items()}
            gone = await databases.erased_there(found.snapshots["members"])
    erased.write(target / manifest.ERASED, dict.fromkeys([*gone, *(erased.read(asked.erased) if asked.erased else ())]))
    if asked.with_secrets:
        shutil.copytree(asked.data / "keys", target / "secrets")
    told = Manifest(
        node=servers.node,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        databases=kept,
        streams=snapshots,
        mails_waiting=found.mails_waiting,
        has_secrets=asked.with_secrets,
        lines=None if asked.secrets else lines.keep(asked.data, servers.node, target),
    )
    manifest.write(target, told)
    rows = sum(table.rows for one in kept.values() for table in one.tables)
    messages = sum(one.state["messages"] for one in snapshots.values())
    size = manifest.size_of(target)
    print(f"Node {servers.node} bewaard in {target} (kept): {rows} rijen (rows), {messages} berichten (messages),")
    print(f"{size / 1e6:.1f} MB in {time.monotonic() - since:.1f} s; even stil: {found.still_seconds * 1000:.0f} ms.")
    if not was_calm and found.mails_waiting:
        print(f"{found.mails_waiting} mails onderweg; na terugzetten gaan die weer (they go again after a restore).")
