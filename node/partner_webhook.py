"""`./odh partner webhook`: the endpoints to which a partner's news goes."""

import argparse
from datetime import UTC, datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from services.partners import news
from services.partners.tables import Webhook
from services.partners.webhooks import endpoints


def add_arguments(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """What can be asked; returns the parsers, for what every action takes."""
    actions = parser.add_subparsers(dest="webhook_action", required=True)
    add = actions.add_parser("add", help="een adres erbij, met een geheim (an endpoint, with a secret)")
    listed = actions.add_parser("list", help="welke er zijn en hoe het gaat (which there are, and how they do)")
    rotate = actions.add_parser("rotate", help="een nieuw geheim; het oude tekent nog mee (a new secret)")
    remove = actions.add_parser("remove", help="haal een adres weg (an endpoint goes)")
    enable = actions.add_parser("enable", help="zet een adres weer aan (after it was disabled)")
    resend = actions.add_parser("resend", help="stuur nog eens (send one event again, or all since)")
    every = [add, listed, rotate, remove, enable, resend]
    for each in every:
        each.add_argument("name", help="de partner")
    add.add_argument("url", help="https-adres (the address)")
    add.add_argument("--kind", action="append", default=[], choices=list(news.KINDS), help="alleen dit (only this)")
    add.add_argument("--to-private", action="store_true", help="ook http, om te proberen (only to try it out)")
    for each in (rotate, remove, enable, resend):
        each.add_argument("webhook", nargs="?", help="welk adres, als er meer zijn (which one, of several)")
    rotate.add_argument("--hours", type=float, default=24, help="zo lang tekent het oude nog mee, in uren (24)")
    what = resend.add_mutually_exclusive_group(required=True)
    what.add_argument("--event", help="het nummer van het bericht (the id of the event)")
    what.add_argument("--since", type=datetime.fromisoformat, help="alles vanaf, zoals 2026-11-26T09:00")
    return every


async def run(session: AsyncSession, asked: argparse.Namespace) -> None:
    """Does it, and says what only now can be seen."""
    now = datetime.now(UTC)
    if asked.webhook_action == "add":
        made = await endpoints.add(session, asked.name, asked.url, asked.kind, now, to_private=asked.to_private)
        show(made.webhook_id, made.secret)
        return
    if asked.webhook_action == "list":
        waiting = await endpoints.waiting(session, asked.name)
        for one in await endpoints.of_partner(session, asked.name):
            print(line(one, waiting.get(one.webhook_id, 0)))
        return
    found = await endpoints.one(session, asked.name, asked.webhook or await only(session, asked.name))
    if asked.webhook_action == "rotate":
        until = now + timedelta(hours=asked.hours)
        show(found.webhook_id, await endpoints.rotate(session, found, old_until=until))
    elif asked.webhook_action == "remove":
        await endpoints.remove(session, found)
        print(f"Er gaat niets meer naar {found.url} (nothing goes there any more).")
    elif asked.webhook_action == "enable":
        since = found.failing_since or found.disabled_at
        await endpoints.enable(session, found)
        print(f"Er gaat weer nieuws naar {found.url} (news goes there again).")
        if since:
            print(f"Wat het miste (what it missed): resend {asked.name} {found.webhook_id} --since {since.isoformat()}")
    else:
        count = await send_again(session, found, asked, now)
        print(f"{count} berichten worden nog eens gestuurd ({count} are sent again).")


async def send_again(session: AsyncSession, found: Webhook, asked: argparse.Namespace, now: datetime) -> int:
    if found.disabled_at is not None:
        raise ValueError("this endpoint is disabled; enable it first")
    if asked.event:
        if not (count := await endpoints.send_one_again(session, found, asked.event, now)):
            raise ValueError("there is no such event for this endpoint, or no more")
        return count
    return await endpoints.send_all_again(session, found, asked.since.astimezone(UTC), now)


async def only(session: AsyncSession, name: str) -> str:
    """The one endpoint that a partner has."""
    found = await endpoints.of_partner(session, name)
    if len(found) != 1:
        raise ValueError(f"{name} has {len(found)} endpoints: say which, by what `webhook list` begins with")
    return found[0].webhook_id


def line(one: Webhook, waiting: int) -> str:
    state = "aan (on)"
    if one.disabled_at:
        state = f"UIT sinds (disabled since) {one.disabled_at:%Y-%m-%d %H:%M} UTC: {one.disabled_because}"
    elif one.failing_since:
        state = f"mislukt sinds (failing since) {one.failing_since:%Y-%m-%d %H:%M} UTC"
    kinds = ", ".join(one.kinds) or "alles (everything)"
    return f"{one.webhook_id}  {one.url}\n    {state}; {waiting} wachten (wait); {kinds}"


def show(webhook_id: str, secret: str) -> None:
    print(f"webhook={webhook_id}\nsecret={secret}")
