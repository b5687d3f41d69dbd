"""`./odh restore SOURCE`: puts back what `./odh backup` kept, into a node whose services do not run."""

import argparse
import asyncio
import shutil
import sys
import time
from contextlib import nullcontext, suppress
from pathlib import Path

from chassis.publishing import stream_of
from contracts import networks
from node import addresses
from node.called_from import folder_told, from_where_called
from node.keeping import databases, erased, lines, manifest, streams
from node.keeping.manifest import Manifest, Unusable
from node.keeping.servers import FAULTS, Servers, in_words, of_running, of_secrets, started
from node.links import keeper, restored


def main() -> int:
    parser = argparse.ArgumentParser(prog="odh restore", description="Zet een node terug (put a node back).")
    parser.add_argument("source", type=from_where_called, help="wat ./odh backup maakte (what backup made)")
    parser.add_argument("--data", type=from_where_called, default=addresses.DATA, help="map van de node (.odh)")
    parser.add_argument("--secrets", type=from_where_called, help="in compose: waar de geheimen staan (its secrets)")
    parser.add_argument(
        "--erased", type=from_where_called, action="append", default=[], help="lijst van wie gewist is (who was erased)"
    )
    parser.add_argument("--with-secrets", action="store_true", help="ook de sleutels die erbij zitten (its keys too)")
    parser.add_argument("--overwrite", action="store_true", help="over gegevens heen (over data that is there)")
    asked = parser.parse_args()
    try:
        return asyncio.run(run(asked))
    except FAULTS as why:
        print(f"Niet teruggezet (not restored): {in_words(why)}", file=sys.stderr)
        return 1


async def run(asked: argparse.Namespace) -> int:
    kept = checked(asked.source)
    for file in asked.erased:
        erased.read(file)  # what cannot be read is told before anything is changed
    if asked.secrets:
        servers = of_secrets(asked.secrets)
        if servers.node != kept.node:
            raise Unusable(f"dit is node {kept.node}, en hier is ODH_NODE {servers.node} (another node)")
        system_url = (asked.secrets / "operator" / "system_url").read_text().strip()
        if await keeper.is_kept(system_url, servers.node, servers.tls_ca):
            raise Unusable("lines draait nog; stop het eerst (lines still runs; stop it first)")
    elif of_running(asked.data):
        raise Unusable("stop de node eerst (stop the node first)")
    if asked.with_secrets:
        _put_back_secrets(kept, asked)
    async with nullcontext(servers) if asked.secrets else started(asked.data, kept.node, 0) as there:
        await put_back(there, kept, asked)
    for what in [] if asked.secrets else lines.put_back(kept, asked.source, asked.data):
        print(what)
    return 0


def checked(source: Path) -> Manifest:
    """What is in a backup that is whole, and that this release knows; raises `Unusable`."""
    kept = manifest.read(source)
    for service, database in kept.databases.items():
        databases.check_known(service, database)
    return kept


async def put_back(there: Servers, kept: Manifest, asked: argparse.Namespace) -> None:
    since = time.monotonic()
    gone = [*erased.read(asked.source / manifest.ERASED)]
    for file in asked.erased:
        gone += erased.read(file)
    async with streams.connected(there.nats, there.tls_ca) as client:
        gone += await _check_free(there, client, kept, asked.overwrite)
        for url in there.databases.values():  # a node that is half put back must not open
            await databases.begin(url)
        await databases.note_to_erase(there.databases["members"], gone)  # for the next attempt, if this one breaks off
        for service, database in kept.databases.items():
            await databases.put_back(there.databases[service], asked.source, service, database)
        for stream in await streams.names(client, kept.node):
            await streams.remove(client, stream)
        for stream, snapshot in kept.streams.items():
            await streams.put_back(client, stream, asked.source, snapshot, there.stream_replicas)
        for service in kept.databases:  # one that came with a later release was never started
            await _take_out_what_was_said(there.databases[service], kept.node, client)
        await restored.tell(client, kept.node)
    again = await erased.erase_again(there.databases["members"], kept.node, gone)
    for url in there.databases.values():
        await databases.end(url)
    print(f"Node {kept.node} van {kept.made_at} teruggezet (restored) in {time.monotonic() - since:.1f} s.")
    print(f"{len(again)} gewiste leden opnieuw gewist (members who had been erased are erased again).")
    if kept.mails_waiting:
        print(f"{kept.mails_waiting} mails waren onderweg en gaan (weer) (were under way, and go (again)).")
    if missing := ", ".join(await _networks_without_file(there, kept)):
        print(
            f"Zet voor je start de bestanden terug van eigen netwerken: {missing} (put their files back before that)."
        )
    start = "docker compose up --detach --wait" if asked.secrets else f"./odh up{addresses.option(asked.data)}"
    print(f"Start de node met (start it with): {start}")


async def _check_free(there: Servers, client: streams.Client, kept: Manifest, overwrite: bool) -> list[str]:
    """Raises `Unusable` where there is something to lose, unless that may be; returns whom it says were erased."""
    gone: list[str] = []
    for service, url in there.databases.items():
        connection = await databases.connect(url)
        try:
            if await databases.in_use(connection):
                raise Unusable(f"{service} draait nog; stop de diensten eerst (stop the services first)")
            if not overwrite and await databases.has_rows(connection):
                raise Unusable(f"{service} heeft al gegevens; --overwrite zet er overheen (it has data already)")
            gone += await databases.erased_there(connection) if service == "members" else []
        finally:
            await connection.close()
    for stream in await streams.names(client, kept.node):
        if not overwrite and await streams.has_messages(client, stream):
            raise Unusable(f"{stream} heeft al berichten; --overwrite zet er overheen (it has messages already)")
    return gone


async def _take_out_what_was_said(url: str, node: str, client: streams.Client) -> None:
    """A row stays in an outbox for a moment after its event is stored; the broker's memory of ids was not kept."""
    connection = await databases.connect(url)
    try:
        for seq, event_id, subject in await connection.fetch(
            "SELECT seq, event_id, subject FROM outbox WHERE due_at IS NULL"
        ):
            if await streams.holds(client, f"odh-{node}-{stream_of(subject)}", subject, event_id):
                await connection.execute("DELETE FROM outbox WHERE seq = $1", seq)
    finally:
        await connection.close()


async def _networks_without_file(there: Servers, kept: Manifest) -> list[str]:
    """Networks of the operator's own, of which there are partners and is no file here: partners would stay closed."""
    if "partners" not in kept.databases:
        return []
    with suppress(networks.NetworkNotRight):
        networks.learn(folder_told("ODH_NETWORKS_FOLDER"))
    connection = await databases.connect(there.databases["partners"])
    try:
        return [one for (one,) in await connection.fetch(_NETWORKS) if one not in networks.known()]
    finally:
        await connection.close()


_NETWORKS = """
    SELECT DISTINCT network FROM partner JOIN credential USING (partner_id) WHERE ends_at IS NULL OR ends_at > now()
    ORDER BY network
"""


def _put_back_secrets(kept: Manifest, asked: argparse.Namespace) -> None:
    """The keys and passwords of before, for a node that has no others yet: PostgreSQL is made with its password."""
    keys, given = asked.data / "keys", asked.source / "secrets"
    if asked.secrets or not kept.has_secrets:
        raise Unusable("er zijn geen sleutels bij (no keys came along)")
    if keys.exists():
        if _holds(keys, given):  # a restore that broke off put them there
            return
        raise Unusable(f"{keys} is er al, met andere sleutels (is there already, with other keys)")
    new = keys.with_name("keys.new")  # beside its place, so that half of them is never taken for all
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(given, new)
    new.chmod(0o700)
    new.rename(keys)


def _holds(folder: Path, given: Path) -> bool:
    """Whether every file of the one is in the other, and says the same there."""
    for file in filter(Path.is_file, given.rglob("*")):
        there = folder / file.relative_to(given)
        if not there.is_file() or there.read_bytes() != file.read_bytes():
            return False
    return True
