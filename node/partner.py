"""`./odh partner`: the networks that push their events here, their keys, and whether what they send is right."""

import argparse
import asyncio
import sys
from datetime import UTC, datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.database import engine_for, is_away, sessions_of
from chassis.settings import Settings
from contracts.networks import NetworkNotRight, file_of, known
from node import addresses, partner_contact, partner_deeds, partner_webhook
from node.called_from import folder_told, from_where_called, text_in
from node.links.partners import PartnerKeys
from node.links.register import lines_of
from node.partner_check import check
from node.partner_load import load
from node.partner_simulate import simulate
from services.partners import keys
from services.partners.inputs import DATA
from services.partners.profiles import learn
from services.partners.webhooks import endpoints


def main() -> int:
    """Works on the node that runs here, or else on the database that the environment names, as in a container; unless
    the operator said which.
    """
    asked = arguments()
    try:
        learn(folder_told("ODH_NETWORKS_FOLDER"))
    except NetworkNotRight as why:
        print(why, file=sys.stderr)
        return 2
    if asked.action == "networks":
        return show_networks()
    if getattr(asked, "network", None) not in (None, *known()):
        print(f"onbekend netwerk (unknown network): {asked.network}; kies uit {', '.join(known())}", file=sys.stderr)
        return 2
    if asked.action == "check":
        return check(asked)
    if asked.action == "simulate":
        return simulate(asked)
    if asked.action == "load":
        return load(asked)
    if asked.action == "nats":
        return let_in(asked)
    try:
        where = asked.database or told(asked.data, "partners")
        if where is None and asked.data is None:
            where = asked.database = of_settings()
        if where is None:
            print("Er draait hier geen node; noem de database (no node runs here): --database-file", file=sys.stderr)
            return 1
        return asyncio.run(run(asked, where))
    except ValueError as refused:
        print(refused, file=sys.stderr)
        return 2
    except Exception as error:
        if not is_away(error):
            raise
        print("De database van partners is niet te bereiken (its database is away).", file=sys.stderr)
        return 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="odh partner", description="Netwerken die zelf gegevens sturen (partners).")
    actions = parser.add_subparsers(dest="action", required=True)
    add = actions.add_parser("add", help="een partner erbij, met een sleutel (a partner, with a key)")
    add.add_argument("--network", required=True, help="van welk netwerk")
    add.add_argument("--source", required=True, help="waarmee elke source begint, zoals https://netwerk.example")
    add.add_argument("--sandbox", action="store_true", help="om te proberen; niets telt (to try out; nothing counts)")
    rotate = actions.add_parser("rotate", help="een nieuwe sleutel; de oude werkt nog even (a new key)")
    rotate.add_argument("--hours", type=float, default=24, help="zo lang werkt de oude nog, in uren (24)")
    revoke = actions.add_parser("revoke", help="geen sleutel werkt meer, meteen (no key works any more)")
    nats = actions.add_parser("nats", help="alleen een sleutel voor NATS (only a key for NATS)")
    nats.add_argument("--hours", type=float, default=24, help="zo lang werkt de oude nog, in uren (24)")
    nats.add_argument("--revoke", action="store_true", help="laat deze partner niet meer toe (let in no more)")
    nats.add_argument("--secrets", type=from_where_called, help="in compose: waar de geheimen staan (its secrets)")
    nats.add_argument("--data", help="map van de node (folder of the node)")
    for each in (add, rotate, revoke, nats):
        each.add_argument("name", help="naam: kleine letters, cijfers en streepjes (small letters, digits, dashes)")
    listed = actions.add_parser("list", help="welke partners er zijn (which there are)")
    actions.add_parser("networks", help="welke netwerken deze node kent (which networks this node knows)")
    add.add_argument("--contact", dest="address", help="mailadres van een lid dat de pagina ziet (sees its page)")
    partner_contact.add_members_database(add)
    webhook = actions.add_parser("webhook", help="adressen waar nieuws heen gaat (endpoints for its news)")
    contact = actions.add_parser("contact", help="leden die de pagina van een partner zien (who sees its page)")
    others = [*partner_webhook.add_arguments(webhook), *partner_contact.add_arguments(contact)]
    for each in (add, rotate):
        each.add_argument(
            "--public-key",
            type=from_where_called,
            help="eigen sleutel, PEM, geen geheim (a key of their own)",
        )
    for each in (add, rotate, revoke, listed, *others):
        each.add_argument("--data", help="map van de node die draait (folder of the node)")
        each.add_argument("--database", help="adres van de database van partners (its address)")
        each.add_argument("--database-file", dest="database", type=text_in, help="een bestand met dat adres (a file)")
    checking = actions.add_parser(
        "check", help="kijk een bestand na, er gaat niets weg (check a file; nothing is sent)"
    )
    loading = actions.add_parser("load", help="stuur een heel bestand (send a whole file)")
    for each in (checking, loading):
        each.add_argument("--network", required=True, help="van welk netwerk")
        is_load = each is loading
        each.add_argument("--kind", required=is_load, choices=list(DATA), help="wat elke rij is (what each row is)")
        each.add_argument("--subject", required=is_load, help="de kolom met uw eigen nummer (the column with your id)")
        each.add_argument("--source", required=is_load, help="de source van de events")
        each.add_argument("--sheet", help="welk blad van een XLSX; anders het eerste (which sheet; else the first)")
        each.add_argument("--key-file", type=from_where_called, help="de sleutel, zoals add hem toont (the key)")
        each.add_argument("--node", default="http://127.0.0.1:8000", help="adres van de node")
        each.add_argument("file", type=from_where_called, help="CSV, XLSX, of JSON: een lijst of een per regel")
    loading.add_argument(
        "--dry-run", action="store_true", help="alleen zeggen wat er zou gebeuren (only say what would)"
    )
    playing = actions.add_parser("simulate", help="speel een dag van een netwerk na, verzonnen (play an invented day)")
    playing.add_argument("--network", required=True, help="van welk netwerk")
    playing.add_argument("--source", default="https://netwerk.example", help="waarmee elke source begint")
    playing.add_argument("--events", type=int, default=500, help="hoeveel ongeveer (about how many; 500)")
    playing.add_argument("--seed", type=int, default=1, help="dezelfde dag bij hetzelfde getal (the same day again)")
    playing.add_argument("--key-file", type=from_where_called, help="zonder: schrijf de events (without: write them)")
    playing.add_argument("--node", default="http://127.0.0.1:8000", help="adres van de node")
    return parser.parse_args()


def told(data: str | None, service: str) -> str | None:
    """Where a service of the running node keeps its tables."""
    running = addresses.read(from_where_called(data) if data else None)
    return running.databases.get(service) if running else None


def of_settings() -> str | None:
    """Where the environment says that partners keeps its tables."""
    settings = Settings()
    return settings.database_url if "database_url" in settings.model_fields_set else None


def nats_keys(asked: argparse.Namespace) -> PartnerKeys | None:
    """Who may publish over NATS, where that is at hand: in compose it is another container that has it."""
    if getattr(asked, "secrets", None):
        return PartnerKeys(asked.secrets / "nats" / "lines")
    if getattr(asked, "database", None):
        return None
    return PartnerKeys(lines_of(from_where_called(asked.data) if asked.data else addresses.DATA))


def let_in(asked: argparse.Namespace) -> int:
    """A key for NATS, or none any more, whatever the database says: that makes sure of its own door."""
    nats = nats_keys(asked)
    assert nats is not None
    if not keys.NAME.fullmatch(asked.name):
        print("kleine letters, cijfers en streepjes (small letters, digits, dashes)", file=sys.stderr)
        return 2
    if asked.revoke:
        return 0 if nats.remove(asked.name) else 2
    show_seed(nats.add(asked.name, old_until=datetime.now(UTC) + timedelta(hours=asked.hours)))
    return 0


async def run(asked: argparse.Namespace, where: str) -> int:
    """Does it, and shows what only now can be seen."""
    done = partner_deeds.deed_of(asked)
    engine, now, nats = engine_for(where, 4), datetime.now(UTC), nats_keys(asked)
    try:
        async with sessions_of(engine)() as session:
            if asked.action == "list":
                await show_partners(session)
                return 0
            until = now
            given = getattr(asked, "public_key", None)
            own = given.read_text() if given else None
            if asked.action == "webhook":
                await partner_webhook.run(session, asked)
            elif asked.action == "contact":
                await partner_contact.run(session, asked, told(asked.data, "members"))
            elif asked.action == "revoke":
                count = await keys.revoke(session, asked.name, now)
                print(f"Geen sleutel van {asked.name} werkt meer ({count} revoked).")
            elif asked.action == "rotate":
                until = now + timedelta(hours=asked.hours)
                show(await keys.rotate(session, asked.name, now, old_until=until, public_key=own))
            else:
                await add(session, asked, now, own)
            if done:
                await partner_deeds.note(session, *done, asked.name, now)
            await session.commit()
        if nats and asked.action == "revoke":
            nats.remove(asked.name)
        elif nats and asked.action in ("add", "rotate"):
            show_seed(nats.add(asked.name, old_until=until))
    finally:
        await engine.dispose()
    return 0


def show_networks() -> int:
    """A line for each: what it is called in events, by people, and the file of one that was added."""
    for code, name in known().items():
        print(f"{code:<24} {name:<32} {file_of(code) or ''}".rstrip())
    return 0


async def show_partners(session: AsyncSession) -> None:
    """A line for each, and one for each of its endpoints that is in trouble."""
    for partner, count in await keys.partners(session):
        trial = ", sandbox" if partner.sandbox else ""
        print(f"{partner.partner_id:<20} {partner.network:<24} {partner.source:<40} {count} sleutel(s){trial}")
        for one in await endpoints.of_partner(session, partner.partner_id):
            if one.disabled_at or one.failing_since:
                print("    " + partner_webhook.line(one, 0).partition(";")[0])


async def add(session: AsyncSession, asked: argparse.Namespace, now: datetime, public_key: str | None) -> None:
    """A partner and its key, which is shown when all of it went well."""
    about = asked.name, asked.network, asked.source
    key = await keys.add(session, *about, now, sandbox=asked.sandbox, public_key=public_key)
    if asked.address:
        asked.contact_action = "add"
        await partner_contact.run(session, asked, told(asked.data, "members"))
    show(key)


def show(key: keys.Key) -> None:
    print(f"client_id={key.client_id}")
    if key.client_secret is None:
        return
    print(f"client_secret={key.client_secret}")
    print("Bewaar het geheim nu: het is hierna niet meer te zien (shown only once).", file=sys.stderr)


def show_seed(seed: str) -> None:
    print(f"nats_seed={seed}")
