"""`./odh up`: start a whole node, say where it is, and watch over it until Ctrl-C."""

import argparse
import asyncio
import os
import re
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from chassis.behind import has_no_team
from node import addresses, names
from node.called_from import from_where_called
from node.client import TROUBLE
from node.links.register import NotPossible, read_bundle
from node.looking import look, place
from node.node import Node
from node.part import PartFailed
from node.settings import unknown

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    return asyncio.run(run(arguments()))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="odh up", description="Start een hele node (start a whole node).")
    parser.add_argument("--data", type=from_where_called, default=addresses.DATA, help="map met alle gegevens (.odh)")
    parser.add_argument(
        "--port", type=port, default=os.environ.get("ODH_PORT", "8000"), help="poort van het adres (8000)"
    )
    parser.add_argument(
        "--node", "--name", type=name, default=os.environ.get("ODH_NODE"), help="naam van een nieuwe node (utrecht)"
    )
    parser.add_argument("--join", type=from_where_called, help="toegang tot een landelijke node (from ./odh nodes)")
    parser.add_argument("--demo", action="store_true", help="met voorbeeldgegevens (with demo data)")
    return parser.parse_args()


def port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError("een poort is een getal van 1 tot en met 65535 (a number from 1 to 65535)")
    return int(text)


def name(text: str) -> str:
    if not re.fullmatch("[a-z0-9-]{1,40}", text):
        raise argparse.ArgumentTypeError("kleine letters, cijfers en streepjes (small letters, digits, dashes)")
    return text


async def run(options: argparse.Namespace) -> int:
    since = time.monotonic()
    try:
        bundle = read_bundle(options.join) if options.join else None
        known_as = names.of(options.data, options.node or (bundle.region if bundle else None)) or "utrecht"
    except NotPossible as why:
        print(why, file=sys.stderr)
        return 1
    node = Node(
        options.data, name=known_as, gateway_port=options.port, bundle=bundle, say=show_step, say_busy=show_busy
    )
    stop = asked_to_stop(node)
    tell(f"Om de Hoek: node {node.name} start op {node.data}")
    for variable in unknown(os.environ):
        tell(f"  ! {variable} is geen instelling en doet niets; zie ./odh settings (no setting, does nothing)")
    try:
        if not await before(stop, open_node(node, options.demo)):
            return 0
        took = time.monotonic() - since
        tell(welcome(node, took, options.demo, await looked_after(options.data)))
        node.watch(lambda line: tell(f"  ! {line}"))
        await stop.wait()
    except PartFailed as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 1
    finally:
        stopping = time.monotonic()
        await node.stop()
        if stop.is_set():
            tell(f"\nGestopt in {seconds(time.monotonic() - stopping)}; de gegevens staan in {node.data} (stopped).")
    return 0


def tell(line: str) -> None:
    """Whoever was reading may have gone; the node stays."""
    with suppress(OSError):
        print(line, flush=True)


async def open_node(node: Node, with_demo: bool) -> None:
    await node.start()
    if not with_demo:
        return
    from node import demo  # only for who asks

    since = time.monotonic()
    try:
        await demo.load(node.addresses(), node.data)
        show_step("voorbeeldgegevens (demo data)", time.monotonic() - since)
    except TROUBLE as trouble:
        tell(f"  ! nog niet alle voorbeeldgegevens; ./odh up --demo gaat ermee verder (not all demo data): {trouble}")


async def before(stop: asyncio.Event, work: object) -> bool:
    """Whether the work was done before somebody asked to stop."""
    doing, stopping = asyncio.ensure_future(work), asyncio.create_task(stop.wait())  # type: ignore[call-overload]
    await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not doing.done():
        doing.cancel()
        await asyncio.gather(doing, return_exceptions=True)
        return False
    await doing
    return True


def asked_to_stop(node: Node) -> asyncio.Event:
    """The first signal asks every part to finish; a second one no longer waits for that."""
    stop = asyncio.Event()

    def on_signal() -> None:
        if stop.is_set():
            for name in node.parts:
                node.kill(name)
        stop.set()

    for number in STOPPING:
        asyncio.get_running_loop().add_signal_handler(number, on_signal)
    return stop


def show_step(what: str, took: float) -> None:
    tell(f"  ✓ {what:<32}{seconds(took):>8}")


def show_busy(what: str, took: float) -> None:
    tell(f"  … {what:<32}{seconds(took):>8}   nog bezig (still busy)")


def seconds(took: float) -> str:
    return f"{took:.1f} s".replace(".", ",")


async def looked_after(data: Path) -> bool:
    """Whether the node has a team: an address that its settings name counts once, and lets nobody in after that."""
    at = place(data)
    return not any(has_no_team(one) for one in (await look(at))["members"]) if at else True


def welcome(node: Node, took: float, with_demo: bool, has_team: bool) -> str:
    where = node.addresses()
    known = [("team van de regio (the node's team)", email) for email in where.team] if has_team else []
    if with_demo:
        from node.demo import faces

        known += faces()
    on_data = addresses.option(node.data)
    lines = [f"               {email:<42} {what}" for what, email in known]
    if not has_team:
        lines.append(
            f"             ! niemand is van het team; zie ./odh status{on_data} (nobody is of the node's team)"
        )
    people = "\n".join(lines)
    return f"""
Open in {seconds(took)} (open for business)

  adres        {where.gateway}
  mail         {where.mail}   wat verstuurd is, lees je hier (what was sent)
  inloggen     met een link in de mail (sign in by a link in the mail):
{people}
  verhaal      ./odh story{on_data} speelt het hoofdverhaal na (play the main story)
  stoppen      Ctrl-C; een volgende ./odh up{on_data} gaat verder met dezelfde gegevens (stop; data is kept)
"""
