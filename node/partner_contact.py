"""`./odh partner contact`: the members of the node who look after a partner's events, on its page."""

import argparse

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.database import engine_for, sessions_of
from node.called_from import text_in
from services.members import rules as members_rules
from services.members import store as members_store
from services.partners import contacts


def add_arguments(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """What can be asked; returns the parsers, for what every action takes."""
    actions = parser.add_subparsers(dest="contact_action", required=True)
    add = actions.add_parser("add", help="een lid dat de pagina van de partner ziet (a member who sees its page)")
    remove = actions.add_parser("remove", help="dit lid niet meer (this member no more)")
    for each in (add, remove):
        each.add_argument("name", help="de partner")
        each.add_argument("address", help="het mailadres van het lid (the member's address)")
        add_members_database(each)
    return [add, remove]


def add_members_database(parser: argparse.ArgumentParser) -> None:
    """Where a member is looked up by address, which is not where the node here has them."""
    parser.add_argument("--members-database", help="adres van de database van members (its address)")
    parser.add_argument(
        "--members-database-file", dest="members_database", type=text_in, help="een bestand met dat adres (a file)"
    )


async def run(session: AsyncSession, asked: argparse.Namespace, members_database: str | None) -> None:
    """Names the member or takes the name back; partners itself knows no address of anybody."""
    member_id = await member_with(asked.address, asked.members_database or members_database)
    if asked.contact_action == "add":
        await contacts.add(session, asked.name, member_id)
        print(f"{asked.address} ziet de pagina /partner/{asked.name} (sees this page).")
    else:
        await contacts.remove(session, asked.name, member_id)
        print(f"{asked.address} ziet de pagina niet meer (sees it no more).")


async def member_with(address: str, members_database: str | None) -> str:
    if members_database is None:
        raise ValueError("say where the members are: --members-database-file")
    engine = engine_for(members_database, 2)
    try:
        async with sessions_of(engine)() as session:
            found = await members_store.member_with_email(session, members_rules.email_key(address))
    finally:
        await engine.dispose()
    if found is None:
        raise ValueError("nobody here has this address: let them join first")
    return found.member_id
