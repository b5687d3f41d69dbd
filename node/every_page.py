"""Every page there is, through whose eyes it is seen, and how a browser comes to it.

`./odh screenshots` makes pictures of them, and the tests look at the same list: a page that is not in it fails them.
"""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from node.addresses import Addresses
from node.client import Person
from node.demo import faces

if TYPE_CHECKING:
    from playwright.async_api import Page


class Shown(NamedTuple):
    """A page, and through whose eyes it is seen; `{match}` and the like are filled in with what there is.

    Where something is done there first: what is filled in, by the names of fields; which button is pressed; and what
    is to be seen before it is looked at (selectors of CSS).
    """

    name: str
    who: str
    path: str
    fills: tuple[tuple[str, str], ...] = ()
    presses: str = ""
    sees: str = ""


WISH = "Onze studenten willen een warmtepomp zien in een oud huis. Wie laat zien hoe dat werkt?"
NOBODY = "niemand@nergens.example"
#: Somebody registers, under a name of their own, a company that is there already.
COMPANY = (
    *(("name", "Nina Niemand"), ("email", NOBODY), ("consent", "yes"), ("organisation", "Nergens bekend")),
    *(("kind", "company"), ("place", "Houten"), ("number", "99990001")),
)
#: Who was invited, and slips at what is folded away.
IRIS = (("name", "Iris Bakker"), ("organisation", "lind"), ("organisation_id", ""), ("phone", "nul zes"))

PAGES = (
    Shown("start", "visitor", "/"),
    Shown("join", "visitor", "/join"),
    Shown("join-wrong", "visitor", "/join", presses="main button[value=join]"),
    Shown("join-known", "visitor", "/join", COMPANY, "main button[value=join]"),
    Shown("join-typed", "visitor", "/join", fills=(("organisation", "lind"),), sees="#found input:not([type=hidden])"),
    Shown("join-found", "visitor", "/join/organisations?organisation=a"),
    Shown("join-places", "visitor", "/join/places?place=utr"),
    Shown("sign-in", "visitor", "/sign-in?next=/matches"),
    Shown("sign-in-mailed", "visitor", "/sign-in", fills=(("email", NOBODY),), presses="main button"),
    Shown("sign-in-almost", "visitor", "/sign-in?token=shown-and-not-used"),
    Shown("sign-in-joining", "visitor", "/sign-in?for=joining&token=shown-and-not-used"),
    Shown("sign-in-address", "asker", "/sign-in?for=address&token=shown-and-not-used"),
    Shown("sign-in-used", "visitor", "/sign-in?token=shown-and-not-used", presses="main button"),
    Shown("sign-in-no-cookies", "visitor", "/sign-in?entered=yes&next=/matches"),
    Shown("help", "visitor", "/help"),
    Shown("privacy", "visitor", "/privacy"),
    Shown("accessibility", "visitor", "/accessibility"),
    Shown("problem", "visitor", "/problems/invalid-fields"),
    Shown("not-there", "visitor", "/nowhere"),
    Shown("erased-unknown", "visitor", "/erased/none"),
    Shown("api", "visitor", "/api/v1/docs"),
    Shown("tips", "visitor", "/tips"),
    Shown("tips-none", "visitor", "/tips?q=dit-is-er-niet"),
    Shown("meetings", "visitor", "/meetings"),
    Shown("meetings-none", "visitor", "/meetings?q=dit-is-er-niet&near=Nergenshuizen"),
    Shown("tip", "visitor", "/tips/{tip}"),
    Shown("meeting", "visitor", "/meetings/{meeting}"),
    Shown("meeting-signed-in", "asker", "/meetings/{meeting}"),
    Shown("meetings-signed-in", "asker", "/meetings"),
    Shown("meeting-guests", "team", "/meetings/{meeting}"),
    Shown("overview", "asker", "/"),
    Shown("overview-new", "newcomer", "/?done=joined"),
    Shown("overview-team", "team", "/"),
    Shown("matches", "asker", "/matches"),
    Shown("matches-new", "newcomer", "/matches"),
    Shown("matches-team", "team", "/matches"),
    Shown("inbox", "asker", "/inbox"),
    Shown("inbox-new", "newcomer", "/inbox"),
    Shown("inbox-team", "team", "/inbox"),
    Shown("requests", "asker", "/requests"),
    Shown("requests-new", "newcomer", "/requests"),
    Shown("requests-team", "team", "/requests"),
    Shown("offers", "asker", "/offers"),
    Shown("offers-new", "newcomer", "/offers"),
    Shown("offers-around", "asker", "/offers/all"),
    Shown("offers-around-none", "newcomer", "/offers/all?kind=equipment&theme=health-and-care"),
    Shown("ask", "asker", "/requests/new"),
    Shown("ask-about-offer", "asker", "/requests/new?offer={offer}"),
    Shown("ask-typed", "asker", "/requests/new", fills=(("text", WISH),), sees="#along .along > *"),
    Shown("ask-wrong", "asker", "/requests/new", presses="main button[value=place]"),
    Shown("offer-something", "asker", "/offers/new"),
    Shown("offer", "asker", "/offers/{offer}"),
    Shown("request", "asker", "/requests/{request}"),
    Shown("request-to-change", "asker", "/requests/{request}/change"),
    Shown("request-to-change-wrong", "asker", "/requests/{request}/change", (("title", ""),), "main .after button"),
    Shown("offer-to-change", "offerer", "/offers/{own_offer}/change"),
    Shown("request-team", "team", "/requests/{request}"),
    Shown("match-to-judge", "team", "/matches/{proposed}"),
    Shown("match-to-answer", "asker", "/matches/{endorsed}"),
    Shown("match-introduced", "asker", "/matches/{introduced}"),
    Shown("match-together", "asker", "/matches/{together}"),
    Shown("initiatives", "asker", "/initiatives"),
    Shown("initiatives-new", "newcomer", "/initiatives"),
    Shown("initiatives-team", "team", "/initiatives"),
    Shown("initiative-to-start", "asker", "/initiatives/new?match={introduced}"),
    Shown("initiative", "asker", "/initiatives/{initiative}"),
    Shown("initiative-ended", "asker", "/initiatives/{ended}"),
    Shown("initiative-to-end", "asker", "/initiatives/{initiative}/end"),
    Shown("initiative-to-change", "asker", "/initiatives/{initiative}/change"),
    Shown("desk", "team", "/desk"),
    Shown("desk-open", "team", "/desk/open"),
    Shown("desk-request", "team", "/desk/requests/{request}?name=ja"),
    Shown("invitations", "team", "/invitations"),
    Shown("invitations-wrong", "team", "/invitations", presses="main button[value=invite]"),
    Shown("invited", "visitor", "/invited?token={invitation}"),
    Shown("invited-wrong", "visitor", "/invited?token={invitation}", IRIS, "main button[value=accept]"),
    Shown("invitation-gone", "visitor", "/invited?token=shown-and-not-used"),
    Shown("asked-to-help", "asker", "/asks/{ask}"),
    Shown("preferences", "asker", "/preferences"),
    Shown("my-data", "asker", "/my-data"),
    Shown("details", "asker", "/my-data/change"),
    Shown("details-wrong", "asker", "/my-data/change", fills=(("phone", "nul zes"),), presses="main form button"),
    Shown("details-belong", "asker", "/my-data/change", (("role", "docent"),), "main button[value=add]"),
    Shown("erase", "asker", "/my-data/erase"),
    Shown("sessions", "asker", "/sessions"),
    Shown("not-allowed", "asker", "/team"),
    Shown("team", "team", "/team"),
    Shown("members", "team", "/members"),
    Shown("members-none", "team", "/members?name=dit-is-er-niet"),
    Shown("members-kept-out", "team", "/members?which=blocked"),
    Shown("member", "team", "/members/{member}"),
    Shown("member-kept-out", "team", "/members/{kept_out}"),
    Shown("deeds", "team", "/deeds"),
    Shown("dead-letters", "team", "/dead-letters"),
    Shown("same", "team", "/same"),
    Shown("merged", "asker", "/same/mine"),
    Shown("same-organisations", "team", "/same?thing=organisations"),
    Shown("partners", "team", "/partner"),
    Shown("partner", "team", "/partner/{partner}"),
    Shown("insight", "asker", "/insight"),
    Shown("insight-team", "team", "/insight?months=24&exact=1"),
    Shown("insight-none", "asker", "/insight?months=3&province=Zeeland&kind=equipment"),
    Shown("country", "team", "/country"),
    Shown("status", "team", "/status"),
)

#: Only a part of a page, which the script puts into one.
PARTS = frozenset({"join-found", "join-places"})

#: Whoever came today, and has nothing yet: what is empty is seen through their eyes.
NEWCOMER = "nieuw@omdehoek.example"


async def open_page(page: "Page", shown: Shown, path: str) -> bool:
    """Goes to a page, and does there what is to be done first; not when this node has none and leads elsewhere."""
    await page.goto(path)
    if urlsplit(page.url).path != urlsplit(path).path:
        return False
    for name, words in shown.fills:
        await _fill(page, name, words)
    if shown.presses:
        async with page.expect_navigation():
            await page.locator(f"{shown.presses}:visible").first.click()
    if shown.sees:
        await page.locator(shown.sees).first.wait_for()
    return True


async def _fill(page: "Page", name: str, words: str) -> None:
    """Fills in a field, chooses in a list, or ticks a box or the first of some choices; unfolds what it is in."""
    field = page.locator(f"main [name={name}]").first
    sort = await field.evaluate("one => (one.closest('details')?.setAttribute('open', ''), one.type)")
    if sort == "select-one":
        await field.select_option(words)
    elif sort in ("checkbox", "radio"):
        await field.check()
    else:
        await field.fill(words)


async def the_people(where: Addresses, stack: AsyncExitStack) -> dict[str, Person | None]:
    """Who look at the pages: nobody in particular, who came today, asks or offers something, and the node's team."""
    addresses_of = {"asker": faces()[0][1], "offerer": faces()[1][1], "team": where.team[0]}
    people: dict[str, Person | None] = {"visitor": None}
    for who, email in addresses_of.items():
        people[who] = person = await stack.enter_async_context(Person(where, name=who, email=email))
        await person.follow(await person.ask_to_sign_in())
    newcomer = await stack.enter_async_context(Person(where, name="Nova Nieuwenhuis", email=NEWCOMER))
    asker = people["asker"]
    assert asker is not None
    # Who joined before gets a link to sign in.
    await newcomer.follow(await newcomer.join(organisation_id=await asker.organisation_id()))
    return people | {"newcomer": newcomer}


async def what_there_is(people: Mapping[str, Person | None]) -> dict[str, str]:
    """What the paths of the list need, as far as it is there."""
    asker, offerer, team = people["asker"], people["offerer"], people["team"]
    if asker is None or offerer is None or team is None:
        return {}
    found: dict[str, str] = {}
    for side in ("request", "offer"):
        mine, others = [(await asker.get(f"/{side}s", mine=own))["items"] for own in ("true", "false")]
        for one in (*mine, *others):
            found.setdefault(side, one[f"{side}_id"])
    for one in (await offerer.get("/offers", mine="true"))["items"]:
        found.setdefault("own_offer", one["offer_id"])
    for listed in ("tip", "meeting"):
        for one in (await asker.get(f"/{listed}s"))["items"]:
            found.setdefault(listed, one["offer_id"])
    found["member"] = await asker.member_id()
    for member in (await team.get("/members", blocked="true"))["items"]:
        found.setdefault("kept_out", member["member_id"])
    for partner in (await team.get("/partners"))["items"]:
        found.setdefault("partner", partner["partner_id"])
    started = (await asker.get("/initiatives", limit=100))["items"]
    for one in started:
        found.setdefault("initiative" if one["status"] == "running" else "ended", one["initiative_id"])
    begun = {one["initiative_id"] for one in started}
    for item in (await asker.get("/inbox"))["items"]:
        if item["template"] == "help-asked":
            found.setdefault("ask", item["matter_id"])
    for invitation in (await team.get("/invitations"))["items"]:
        if invitation["status"] == "waiting" and (mail := await team.mail_to(invitation["email"], "/invited")):
            found.setdefault("invitation", (mail.link("/invited") or "").partition("token=")[2])
    for match in [*(await asker.get("/matches"))["items"], *(await team.get("/matches", limit=100))["items"]]:
        is_theirs = match["my_side"] is not None
        if is_theirs or match["state"] == "proposed":
            found.setdefault("together" if match["match_id"] in begun else match["state"], match["match_id"])
    return found
