"""`./odh nodes`: who is let in over the lines between nodes, and how far behind they are.

On the national node: `add-region`, `rotate`, `remove-region` (or `revoke`); in a region: `join`; on both: `list`,
`certificate`. A node that runs takes up a change within a second or two, one that does not when it starts; also one
that runs becomes part of a country only when it starts.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import nats
from nats.errors import Error as NatsError

from chassis import metrics
from chassis.settings import Settings
from node import addresses, names, ports
from node.called_from import from_where_called
from node.files import write
from node.jetstream import Refused
from node.keeping.manifest import Unusable
from node.links import certificates, lag, restored
from node.links.keeper import Keeper
from node.links.register import NATIONAL, NotPossible, Register, lines_of, read_bundle
from node.links.server import Tls, is_near
from node.part import free_port

LEAF_PORT = 7422

RESTART = "Start de node opnieuw, dan weten alle diensten het (restart the node, so that every service knows)."


class Place(NamedTuple):
    """The node that is meant: its lines, and where its NATS server is when it runs."""

    register: Register
    nats: str | None
    data: Path | None


def main() -> int:
    asked = arguments().parse_args()
    try:
        done = ACTIONS[asked.action](asked)
        return done if isinstance(done, int) else 0
    except (NotPossible, Refused, Unusable) as why:
        print(f"Dat kan niet (not possible): {why}", file=sys.stderr)
        return 1
    except (NatsError, OSError, TimeoutError) as trouble:
        if isinstance(trouble, OSError) and trouble.filename:  # a file that cannot be used
            raise
        print("NATS antwoordt niet (NATS does not answer).", file=sys.stderr)
        return 1


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="odh nodes", description="Lijnen tussen nodes (lines between nodes).")
    actions = parser.add_subparsers(dest="action", required=True)
    for action, told in {
        "add-region": "laat een regio toe (let a region in)",
        "rotate": "geef een regio een nieuwe sleutel (give a region a new key)",
    }.items():
        one = _action(actions, action, told)
        one.add_argument("region", help="naam van de regio (its name)")
        one.add_argument(
            "--at", help="waar regio's deze node vinden, host:poort, meer met komma's (where regions find it)"
        )
        one.add_argument(
            "--without-tls", action="store_true", help="ook als die lijn het gebouw verlaat (also outside the building)"
        )
        one.add_argument("--to", type=from_where_called, help="bestand voor de regio (file for the region)")
    for action in ("remove-region", "revoke"):
        _action(actions, action, "laat een regio niet meer toe (let a region in no more)").add_argument("region")
    _action(actions, "join", "word een regio (become a region)").add_argument(
        "bundle", type=_bundle_file, help="het bestand van de landelijke node; - leest wat binnenkomt (reads stdin)"
    )
    _action(actions, "list", "wie er zijn en wat achterloopt (who is there, what is behind)")
    _action(actions, "renew", "na teruggezette gegevens (after data was put back): everything is told again")
    one = _action(actions, "certificate", "maak een certificaat voor TLS (make a certificate)")
    one.add_argument("host", nargs="+", help="namen en adressen van de server (its names and addresses)")
    _action(actions, "keep", "houd de lijnen bij, in compose (keep the lines, in compose)")
    return parser


def _action(actions: Any, name: str, told: str) -> argparse.ArgumentParser:
    one: argparse.ArgumentParser = actions.add_parser(name, help=told, description=told)
    one.add_argument("--data", type=from_where_called, default=addresses.DATA, help="map van de node (.odh)")
    one.add_argument("--node", help="naam van een nieuwe node (name of a new node)")
    one.add_argument("--secrets", type=from_where_called, help="in compose: waar de geheimen staan (its secrets)")
    return one


def _bundle_file(name: str) -> Path:
    """Where the bundle is. In a container nothing can be put that it has not; there it comes in as input."""
    return Path("/dev/stdin") if name == "-" else from_where_called(name)


def place(asked: argparse.Namespace, name: str | None = None) -> Place:
    """`name` is what a node that has no name yet becomes."""
    if asked.secrets:
        nats = (asked.secrets / "operator" / "nats_url").read_text().strip()
        told = Settings()
        return Place(Register(asked.secrets / "nats" / "lines", told.node, national=told.national_node), nats, None)
    running = addresses.read(asked.data)
    node = names.of(asked.data, asked.node or (running.node if running else None)) or name or NATIONAL
    return Place(Register(lines_of(asked.data), node), running.nats if running else None, asked.data)


def let_in(asked: argparse.Namespace) -> None:
    at = place(asked)
    if not is_name(asked.region):
        raise NotPossible("kleine letters, cijfers en streepjes (small letters, digits, dashes)")
    is_first = not at.register.is_national
    tls = Tls(at.register.folder)
    where = asked.at or f"127.0.0.1:{leaf_port(at.data)}"
    outside = [one for one in where.split(",") if not is_near(one)]
    if outside and not tls.is_there and not asked.without_tls:
        raise NotPossible(
            f"de lijn naar {outside[0]} zou zonder TLS gaan; maak eerst een certificaat, of zeg --without-tls "
            "(it would go without TLS: make a certificate first, or say --without-tls)"
        )
    scheme = "tls" if tls.is_there else "nats-leaf"
    url = ",".join(f"{scheme}://{one}" for one in where.split(","))
    change = at.register.add if asked.action == "add-region" else at.register.rotate
    bundle = change(asked.region, url, tls.ca.read_text() if tls.is_there and tls.ca.exists() else None)
    if at.data:
        names.keep(at.data, at.register.node)  # it is in the bundle
    if is_first and asked.secrets:  # to where the bundle is not
        print(f"Zet ODH_NATIONAL_NODE={at.register.node} in .env, dan up, dan restart nats (set it).", file=sys.stderr)
    elif is_first and at.nats:
        print(RESTART)
    if asked.secrets and not asked.to:  # in a container there is no folder to put it in
        print(json.dumps(bundle._asdict(), indent=2))
        return
    file = asked.to or from_where_called(f"{asked.region}.line.json")
    write(file, json.dumps(bundle._asdict(), indent=2))
    print(f"{asked.region} mag erbij: geef {file} aan die regio, zoals je een wachtwoord geeft.")
    print(f"({asked.region} is let in: give that file to the region, as one gives a password.)")
    print(f"Daar (there):  ./odh up --join {file}")


def leave_out(asked: argparse.Namespace) -> None:
    place(asked).register.remove(asked.region)
    print(f"{asked.region} wordt niet meer toegelaten (is let in no more).")


def join(asked: argparse.Namespace) -> None:
    bundle = read_bundle(asked.bundle)
    at = place(asked, bundle.region)
    at.register.join(bundle)
    print(f"{bundle.region} hoort nu bij {bundle.national} (belongs to it now).")
    if at.nats or asked.secrets:
        print(RESTART)


def show(asked: argparse.Namespace) -> int:
    at = place(asked)
    ending = certificates.ending(at.register.folder, datetime.now(UTC))
    for file, ends_at in ending.items():
        print(f"! {file} is geldig tot (is valid until) {ends_at:%Y-%m-%d}; zie (see) TLS, docs/operating-nodes.md")
    if at.nats is None:
        for name in sorted(at.register.regions) or ([at.register.national] if at.register.line else []):
            print(f"{name:<20} deze node draait niet (this node does not run)")
        print(f"Er draait geen node op {at.data} (no node runs there).", file=sys.stderr)
        return 1
    tls = Tls(at.register.folder)
    found = asyncio.run(lag.of(at.register, at.nats, tls.ca_of_clients))
    if not found:
        print("Deze node staat alleen (this node is alone).")
    for one in found:
        print(one.in_words())
    return 0 if all(one.is_heard for one in found) and not ending else 3


def renew(asked: argparse.Namespace) -> None:
    at = place(asked)
    if asked.secrets:
        asyncio.run(_renew_now(at))
        print("Deze node vertelt alles opnieuw (this node tells everything again).")
        return
    at.register.folder.mkdir(parents=True, exist_ok=True)
    write(at.register.folder / "store.json", "{}")
    print("Bij de volgende start vertelt deze node alles opnieuw (at its next start this node tells everything again).")


async def _renew_now(at: Place) -> None:
    client = await nats.connect((at.nats or "").split(","), allow_reconnect=False, connect_timeout=3)
    await restored.renew(client, at.register)
    await client.close()


def certificate(asked: argparse.Namespace) -> None:
    at = place(asked)
    here = () if asked.secrets else ("127.0.0.1", "localhost")  # where the node's own services find the server
    is_authority_anew = certificates.make(at.register.folder, list(dict.fromkeys([*asked.host, *here])))
    if asked.secrets:
        _tell_server(at, asked.secrets)
    print(f"Gemaakt in {at.register.folder}; ca.pem is voor wie verbinding maakt (ca.pem is for who connects).")
    if is_authority_anew:
        print("Wie ca.pem had, vertrouwt die tot de einddatum: geef elke regio een nieuw bestand, met rotate.")
        print("(Who had ca.pem trusts it until it ends: give each region a new file, with rotate.)")
    print("Start de node opnieuw (restart the node).")


def keep(asked: argparse.Namespace) -> None:
    asyncio.run(_keep(place(asked), asked.secrets))


async def _keep(at: Place, secrets: Path) -> None:
    async def configure() -> None:
        _tell_server(at, secrets)

    settings, system_url = Settings(), (secrets / "operator" / "system_url").read_text().strip()
    metrics.configure("lines", settings)
    Keeper(at.register, url=at.nats or "", system_url=system_url, configure=configure).start()
    while True:
        certificates.measure(at.register.folder, datetime.now(UTC))
        await asyncio.sleep(settings.metrics_seconds)


def _tell_server(at: Place, secrets: Path) -> None:
    """In compose: writes what the NATS server reads when it starts, or is asked to read again."""
    from node.hand_out import hosts_of, write_accounts

    write_accounts(secrets, hosts_of(at.nats or ""))


def is_name(text: str) -> bool:
    return bool(text) and len(text) <= 40 and set(text) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def leaf_port(data: Path | None) -> int:
    """Where regions find a node of `./odh up`; chosen now when it did not start yet."""
    if data is None:
        return LEAF_PORT
    file = data / "ports.json"
    remembered = ports.read(file)
    if "nats-leaf" not in remembered:
        remembered["nats-leaf"] = free_port()
        data.mkdir(parents=True, exist_ok=True)
        ports.keep(file, remembered)
    return remembered["nats-leaf"]


ACTIONS: dict[str, Callable[[argparse.Namespace], int | None]] = {
    "add-region": let_in,
    "rotate": let_in,
    "remove-region": leave_out,
    "revoke": leave_out,
    "join": join,
    "list": show,
    "renew": renew,
    "certificate": certificate,
    "keep": keep,
}
