"""What people do on the pages, each as a person does it: with a browser, on a whole node, with the mails that it sends.

Then every page there is, as it should be: nothing that axe finds in either language or scheme, nothing asked of anybody
else, not heavy, usable by keyboard and at 320 pixels.
"""

import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from axe_playwright_python.async_playwright import Axe

from chassis.database import engine_for, sessions_of
from contracts.vocabulary import Network
from node import screenshots
from node.addresses import Addresses
from node.client import Person, Refused
from node.screenshots import PAGES, PARTS
from services.gateway import pages
from services.partners import keys
from services.partners.webhooks import endpoints
from tests.given import eventually, fresh_name
from tests.story.browsing import Visitor, visiting
from tests.story.conftest import running_node

pytestmark = [
    pytest.mark.whole_node,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not screenshots.chromium(), reason="no Chromium here: apt-get install chromium"),
]

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
NARROW = {"width": 320, "height": 640}
PAGE_BYTES_MAX = 100_000

#: What is asked for but is no page: files, the document for programs.
NO_PAGES = {
    *("/style.css", "/htmx.js", "/icon.svg", "/api/v1/openapi.json"),
    *("/meetings/{offer_id}/calendar.ics", "/my-data/file", "/sign-in/provider", "/sign-in/provider/done"),
}

#: What another scheme can change.
CONTRAST = {"runOnly": ["color-contrast", "link-in-text-block"]}


@dataclass
class Street:
    """A node, a browser, and who lives there already."""

    where: Addresses
    browser: object
    asker: Person
    offerer: Person
    team: Person


@pytest.fixture(scope="module")
async def street(run_directory: Path) -> AsyncIterator[Street]:
    """A company that offers something, somebody of a school that has asked for it, and matches of theirs so far."""
    settings = {"ODH_EMBEDDING_MODEL": "none", "ODH_PROPOSALS_PER_REQUEST_MAX": "1"}
    async with (
        running_node(run_directory / "browser", **settings) as node,
        screenshots.a_browser() as browser,
        AsyncExitStack() as stack,
    ):
        where = node.addresses()
        school = {"kind": "centre", "name": "CIV Lindebeek", "place": {"name": "Zeist"}}
        company = {"kind": "centre", "name": "Warmtewerk", "place": {"name": "Houten"}}
        people = {}
        for name, email, organisation in (
            ("Noor Jansen", "noor@lindebeek.example", school),
            ("Sem de Vries", "sem@warmtewerk.example", company),
        ):
            person = await stack.enter_async_context(Person(where, name=name, email=email))
            await person.follow(await person.join(organisation=organisation))
            people[email] = person
        asker, offerer = people.values()
        team = await stack.enter_async_context(Person(where, name="Team", email=where.team[0]))
        await team.follow(await team.ask_to_sign_in())
        here = Street(where, browser, asker, offerer, team)
        for state in ("proposed", "endorsed", "introduced", "running", "done"):
            await _a_match(here, state)
        await _a_partner(where)
        await _a_desk(here)
        await _a_tip_and_a_meeting(here)
        yield here


async def _a_tip_and_a_meeting(street: Street) -> None:
    """What everybody can read: a tip, and a meeting with one place, which somebody has."""
    words = {"themes": ["energy-transition"], "text": "Zo leer je het in een middag.", "place": {"name": "Houten"}}
    await street.offerer.post("/offers", words | {"kind": "tip", "title": "Meet eerst, isoleer dan"})
    when = {"starts_on": (datetime.now(UTC) + timedelta(days=20)).date().isoformat(), "from_time": "14:00"}
    where = {"venue": "Werkplaats 2.04", "participants": 1, "kind": "meeting", "title": "Warmtepompen in de praktijk"}
    meeting = await street.offerer.post("/offers", words | when | where)
    at = f"/meetings/{meeting['offer_id']}"

    async def listed() -> bool:
        return len((await street.asker.get("/meetings"))["items"]) == 1 and bool(
            (await street.asker.get("/tips"))["items"]
        )

    await eventually(listed, saying="a tip and a meeting that everybody can read")
    await street.asker.put(f"{at}/sign-up", {"name": "Noor Jansen"})


async def _a_desk(street: Street) -> None:
    """The team asks who asks something to help somebody else, and wants to come back to it."""
    words = {"kind": "equipment", "themes": ["biodiversity"], "title": "Wie leent ons een insectenhotel?"}
    asked = {"text": "Voor onze tuin zoeken wij een insectenhotel te leen.", "place": {"name": "Houten"}}
    request = await street.offerer.post("/requests", words | asked)
    about = {"request_id": request["request_id"], "member_id": await street.asker.member_id()}
    await eventually(lambda: _asked(street, about | {"note": "Jullie hebben er toch een?"}), saying="a request there")
    note = {"matter": "request", "matter_id": request["request_id"], "note": "Bel de school over de tuin."}
    await street.team.post("/invitations", {"email": "iris@lindebeek.example", "name": "Iris Bakker"})
    await street.team.post("/follow-ups", note | {"due_on": (datetime.now(UTC).date() + timedelta(days=3)).isoformat()})


async def _asked(street: Street, ask: dict) -> bool:
    try:
        await street.team.post("/asks", ask)
    except Refused as refused:  # matching has not heard of the request yet
        if refused.problem != "request-not-yours-to-look-after":
            raise
        return False
    return True


async def _a_partner(where: Addresses) -> None:
    """A network whose event was rejected, and whose endpoint is nowhere."""
    engine, now = engine_for(where.databases["partners"], 2), datetime.now(UTC)
    async with sessions_of(engine)() as session:
        key = await keys.add(session, "centra", Network.KATAPULT, "https://centra.example", now)
        await endpoints.add(session, "centra", "https://centra.example/hooks", (), now, to_private=False)
        await session.commit()
    await engine.dispose()
    event = {"id": "1", "source": "https://centra.example", "subject": "centrum-1", "time": now.isoformat()}
    event |= {"specversion": "1.0", "type": "nl.omdehoek.partner.centre.v1", "data": {"name": "CIV Lindebeek"}}
    async with httpx.AsyncClient(base_url=f"{where.gateway}/partners/v1") as door:
        form, of_partner = {"grant_type": "client_credentials"}, (key.client_id, key.client_secret)
        token = (await door.post("/token", data=form, auth=of_partner)).json()["access_token"]
        told = {"Authorization": f"Bearer {token}", "Content-Type": "application/cloudevents+json"}
        assert (await door.post("/events", content=json.dumps(event), headers=told)).status_code == 202


async def _a_match(street: Street, state: str) -> None:
    """A match that was taken so far."""
    about = fresh_name("warmtepomp")
    words = {"kind": "guest-lesson", "themes": ["energy-transition"], "text": f"Alles over {about} in oude huizen."}
    await street.offerer.post("/offers", words | {"title": f"Gastles {about}", "place": {"name": "Houten"}})
    asked = await street.asker.post("/requests", words | {"title": f"Wie weet {about}?", "place": {"name": "Zeist"}})

    at = f"/matches/{await _match_of(street, asked)}"
    if state != "proposed":
        await street.team.post(f"{at}/endorse")
    if state not in ("proposed", "endorsed"):
        for person in (street.asker, street.offerer):
            await person.post(f"{at}/answer", {"accepted": True})
    if state in ("running", "done"):
        await _an_initiative(street, at.removeprefix("/matches/"), ended=state == "done")


async def _an_initiative(street: Street, match_id: str, *, ended: bool) -> None:
    """What the two do together, with a note, and how it ended."""

    async def introduced() -> bool:
        try:
            return bool(await street.asker.get(f"/introductions/{match_id}"))
        except Refused:
            return False

    await eventually(introduced, saying="an introduction that was heard")
    draft = {"match_id": match_id, "text": "De klas legt een warmtepomp aan.", "starts_on": "2030-02-01"}
    at = f"/initiatives/{(await street.asker.post('/initiatives', draft))['initiative_id']}"
    await street.offerer.post(f"{at}/notes", {"text": "De eerste les is geweest."})
    if ended:
        await street.offerer.post(f"{at}/end", {"status": "done", "outcome": "Zes warmtepompen.", "students": 24})


async def _match_of(street: Street, request: dict) -> str:
    """The match of a request, as soon as it is there."""

    async def found() -> str | None:
        matches = (await street.team.get("/matches", limit=100))["items"]
        ours = (one["match_id"] for one in matches if one["request"]["request_id"] == request["request_id"])
        return next(ours, None)

    return str(await eventually(found, saying="a match"))


@pytest.fixture
async def looking(street) -> dict[str, Person | None]:
    """Through whose eyes the pages are seen."""
    return {"visitor": None, "asker": street.asker, "team": street.team}


@pytest.fixture
async def visitor(street) -> AsyncIterator[Visitor]:
    """Somebody new, at a phone; afterwards nothing was asked of anybody else, and the browser had no complaint."""
    email = f"{fresh_name('iemand')}@lindebeek.example"
    async with visiting(street.browser, street.where, email, **PHONE) as visitor:
        yield visitor
        assert visitor.asked_elsewhere == []
        assert visitor.complaints == []


async def test_somebody_joins_finds_their_school_by_typing_and_signs_in_by_mail(visitor):
    await visitor.goes_to("/")
    await visitor.follows("Word lid")
    await visitor.fills_in(Je_naam="Iris Bakker", **{"Je e-mailadres": visitor.person.email})
    await visitor.page.get_by_role("searchbox").fill("linde")
    await visitor.chooses("CIV Lindebeek")
    await visitor.presses("Word lid")
    assert await visitor.heading() == "Word lid"
    await visitor.sees("Zonder dit kunnen we niets van je bewaren")

    await visitor.chooses("Jullie mogen mijn gegevens bewaren")
    await visitor.presses("Word lid")
    assert await visitor.heading() == "Bijna klaar: kijk in je mail"
    await visitor.opens_the_link_in_the_mail()

    await visitor.sees("Welkom! Je bent nu lid.")
    await visitor.presses("Uitloggen")
    await visitor.field("Je e-mailadres").fill(visitor.person.email)
    await visitor.presses("Stuur me een link")
    await visitor.opens_the_link_in_the_mail()
    await visitor.sees("Uitloggen")


async def test_who_asks_sees_while_typing_what_may_answer_it_and_asks_all_the_same(street, visitor):
    tip = {
        "kind": "tip",
        "themes": ["biodiversity"],
        "title": "Vleermuiskasten in de spouw",
        "text": "Zo bouw je vleermuiskasten in de spouw van een school.",
        "place": {"name": "Zeist"},
    }
    await street.offerer.post("/offers", tip)
    await _signed_in(street, visitor)

    await visitor.goes_to("/requests/new")
    wish = "Onze leerlingen willen vleermuiskasten inbouwen in de spouw van hun nieuwe school. Hoe pak je dat aan?"
    await visitor.field("Wat zoek je?").fill(wish)
    await visitor.sees("Misschien")
    await visitor.sees("Vleermuiskasten in de spouw")
    assert await visitor.field("In welke plaats").input_value() == "Zeist"

    await visitor.presses("Stel deze vraag")
    await visitor.sees("Schrijf in één zin waar het om gaat")
    await visitor.fills_in(Je_vraag_in="Wie helpt ons met vleermuiskasten?")
    await visitor.field("Waar zoek je naar?").select_option("expertise")
    await visitor.chooses("biodiversiteit")
    await visitor.presses("Stel deze vraag")

    await visitor.sees("Je vraag staat erop.")
    assert await visitor.heading() == "Wie helpt ons met vleermuiskasten?"
    await visitor.follows("Vragen")
    await visitor.sees("Wie helpt ons met vleermuiskasten?")


async def test_who_has_no_script_finds_and_asks_by_buttons(street):
    email = f"{fresh_name('iemand')}@lindebeek.example"
    async with visiting(street.browser, street.where, email, java_script_enabled=False, **PHONE) as visitor:
        await visitor.goes_to("/join")
        await visitor.fills_in(Je_naam="Iris Bakker", Je_school="linde", **{"Je e-mailadres": email})
        await visitor.presses("Zoek")
        await visitor.chooses("CIV Lindebeek")
        await visitor.chooses("Jullie mogen mijn gegevens bewaren")
        await visitor.presses("Word lid")
        await visitor.opens_the_link_in_the_mail()
        await visitor.goes_to("/requests/new")
        await visitor.fills_in(Wat_zoek="Wij willen met de klas een warmtepomp zien werken in een oud huis.")
        await visitor.presses("Zoek of er al een antwoord is")
        await visitor.sees("energietransitie")
        assert await visitor.page.get_by_label("energietransitie").is_checked()
        assert visitor.asked_elsewhere == []


async def test_who_offers_and_says_yes_hears_at_once_of_a_match_and_is_introduced(street, visitor):
    """The matches come in by themselves, with reasons and distance: nobody loads a page again."""
    await _signed_in(street, visitor, {"kind": "centre", "name": fresh_name("Werkplaats"), "place": {"name": "Houten"}})
    about = fresh_name("dakgoot")
    await visitor.goes_to("/offers/new")
    await visitor.field("Wat bied je aan?").fill(f"Wij laten zien hoe je een {about} herstelt met hergebruikt zink.")
    await visitor.fills_in(Je_aanbod_in=f"Les over de {about}")
    await visitor.field("Wat voor aanbod").select_option("guest-lesson")
    await visitor.page.get_by_label("circulaire economie").check()
    await visitor.presses("Bied dit aan")
    await visitor.sees("Je aanbod staat erop.")
    await visitor.follows("Matches")
    await visitor.sees("Nog geen matches.")

    words = {"text": f"Wie leert onze klas een {about} herstellen?", "themes": ["circular-economy"]}
    asked = words | {"kind": "guest-lesson", "title": f"Les over een {about}", "place": {"name": "Zeist"}}
    request = await street.asker.post("/requests", asked)
    await street.team.post(f"/matches/{await _match_of(street, request)}/endorse")

    await visitor.sees(f"Les over een {about}")
    await visitor.sees("km verderop")
    await visitor.follows(f"Les over een {about}")
    await visitor.presses("Ja, graag")
    await visitor.sees("Je hebt ja gezegd.")


async def test_two_people_start_something_note_what_happened_and_tell_how_it_ended(street, visitor):
    """From the match on; the other reads it in the inbox."""
    about = fresh_name("dakgoot")
    await _signed_in(street, visitor)
    words = {"kind": "guest-lesson", "themes": ["circular-economy"], "text": f"Alles over de {about} van zink."}
    await street.offerer.post("/offers", words | {"title": f"Les over de {about}", "place": {"name": "Houten"}})
    asked = await visitor.person.post("/requests", words | {"title": f"Wie weet {about}?", "place": {"name": "Zeist"}})
    at = f"/matches/{await _match_of(street, asked)}"
    await street.team.post(f"{at}/endorse")
    for person in (visitor.person, street.offerer):
        await person.post(f"{at}/answer", {"accepted": True})

    async def can_start() -> bool:
        await visitor.goes_to(at)
        return bool(await visitor.page.get_by_text("Begin samen iets").count())

    await eventually(can_start, saying="an introduction that was heard")
    await visitor.follows("Begin samen iets")
    assert await visitor.field("Wat gaan jullie doen").input_value() == f"Wie weet {about}?"
    await visitor.presses("Begin")
    await visitor.sees("Vertel wat jullie gaan doen")
    await visitor.field("Vertel wat meer").fill("De klas herstelt de goot van de school.")
    await visitor.presses("Begin")
    await visitor.sees("Mooi! Jullie zijn begonnen.")

    await visitor.field("Wat is er gebeurd?").fill("De goot is gemeten.")
    await visitor.presses("Schrijf op")
    await visitor.sees("Opgeschreven.")
    await visitor.sees("De goot is gemeten.")
    await visitor.follows("Overzicht")
    await visitor.sees("Jullie zijn samen bezig")
    await visitor.follows(f"Wie weet {about}?")
    await visitor.follows("Vertel hoe het afliep")
    await visitor.chooses("Het is klaar")
    await visitor.field("Wat leverde het op").fill("De goot lekt niet meer.")
    await visitor.field("Hoeveel studenten").fill("12")
    await visitor.presses("Bewaar")
    await visitor.sees("12 studenten deden mee")
    await visitor.sees("Deze zin blijft bij jullie.")

    async def both_told() -> bool:
        told = [item["template"] for item in (await street.offerer.get("/inbox", limit=100))["items"]]
        return {"initiative-started", "initiative-ended"} <= set(told)

    await eventually(both_told, saying="the other who hears of it")


async def test_what_somebody_writes_at_their_desk_stays_when_something_new_comes_in(street, visitor):
    await screenshots.sign_in(visitor.page.context, street.team, street.where)
    await visitor.goes_to("/desk")
    first = visitor.page.locator("#waiting ~ ul > li").first
    await first.locator("summary", has_text="Dit past niet").click()
    note = first.get_by_label("Wil je er iets bij zeggen")
    await note.fill("Deze monteur geeft les op niveau 2.")
    before = await visitor.page.locator("#waiting ~ ul > li").count()

    await _a_match(street, "proposed")

    await visitor.page.locator("#waiting ~ ul > li").nth(before).wait_for()
    assert await note.input_value() == "Deze monteur geeft les op niveau 2."
    assert await note.is_visible()


async def test_who_finds_a_meeting_waits_for_a_place_has_it_when_somebody_cancels_and_puts_it_in_the_calendar(
    street, visitor
):
    await visitor.goes_to("/")
    await visitor.follows("Bijeenkomsten")
    await visitor.fills_in(Waar_gaat_het_over="warmtepomp")
    await visitor.presses("Zoek")
    await visitor.follows("Warmtepompen in de praktijk")
    await visitor.sees("Werkplaats 2.04, Houten (Utrecht)")
    await visitor.sees("1 van de 1 bezet")
    meeting = urlsplit(visitor.page.url).path
    await _signed_in(street, visitor)
    await visitor.goes_to(meeting)
    await visitor.presses("Meld me aan")
    await visitor.sees("Op de wachtlijst")

    await street.asker.call("DELETE", f"{meeting}/sign-up")
    await visitor.person.mail(meeting)  # that they wait
    freed = await visitor.person.mail(meeting)
    assert "Nu is er een plaats voor je" in freed.text
    await visitor.goes_to(meeting)
    await visitor.sees("Je komt")
    assert (
        await visitor.page.get_by_role("link", name="Zet in je agenda").get_attribute("href")
        == f"{meeting}/calendar.ics"
    )
    file = await (await visitor.page.request.get(f"{meeting}/calendar.ics")).text()
    assert "Werkplaats 2.04" in file
    await visitor.presses("Ik kom toch niet")
    await visitor.sees("Je bent afgemeld.")
    await street.asker.put(f"{meeting}/sign-up", {"name": "Noor Jansen"})


async def test_somebody_reads_what_is_kept_takes_it_along_and_is_forgotten(street, visitor):
    await _signed_in(street, visitor)
    await visitor.goes_to("/")
    await visitor.follows("Mijn gegevens")
    await visitor.page.get_by_text("Wie je bent").click()
    await visitor.sees(visitor.person.email)
    file = await (await visitor.page.request.get("/my-data/file")).json()
    assert file["kept"]["members"]["person"][0]["email"] == visitor.person.email

    await visitor.follows("Lees wat er dan gebeurt")
    await visitor.presses("Wis mijn gegevens")
    await visitor.sees("Vink aan dat je weet")
    await visitor.chooses("Ik weet dat dit niet terug te draaien is")
    await visitor.presses("Wis mijn gegevens")
    assert await visitor.heading() == "Je gegevens worden gewist"

    async def is_done() -> bool:
        await visitor.page.reload()
        return await visitor.page.get_by_text("Klaar: alles is weg.").count() == 1

    await eventually(is_done, saying="an erasure that is complete")
    assert await _found_by_axe(visitor, {"resultTypes": ["violations"]}) == []
    await visitor.goes_to("/inbox")
    assert await visitor.heading() == "Inloggen"


async def _signed_in(street: Street, visitor: Visitor, organisation: dict | None = None) -> None:
    """Joined and signed in by the API: how that goes on the pages is another test."""
    own = {"organisation": organisation} if organisation else {"organisation_id": await street.asker.organisation_id()}
    await visitor.person.follow(await visitor.person.join(**own))
    await screenshots.sign_in(visitor.page.context, visitor.person, street.where)


# Every page there is.


def test_every_page_is_in_the_list_that_is_looked_at():
    """A new page without a line in `node.screenshots.PAGES` fails here."""
    there = {
        route.path
        for router in pages.routers
        for route in router.routes
        if "GET" in route.methods and route.path not in NO_PAGES
    }
    looked_at = [urlsplit(shown.path).path for shown in PAGES]

    missing = [path for path in there if not any(re.fullmatch(re.sub(r"{\w+}", "[^/]+", path), o) for o in looked_at)]
    assert missing == []


@pytest.mark.long
@pytest.mark.parametrize("language", screenshots.LANGUAGES)
async def test_every_page_is_as_it_should_be(street, looking, language):
    """At 320 pixels, light and dark: what axe finds, what is too wide, too small or too heavy, and the keyboard."""
    found, wrong = await screenshots.what_there_is(looking), []
    for who, person in looking.items():
        # Colours that are on their way from light to dark are neither.
        still = {"viewport": NARROW, "reduced_motion": "reduce"}
        async with visiting(street.browser, street.where, f"{who}@x.example", **still) as visitor:
            await screenshots.sign_in(visitor.page.context, person, street.where)
            for shown in (one for one in PAGES if one.who == who and one.name not in PARTS):
                path = shown.path.format_map(found)
                weight = await _weight(visitor, path + ("&" if "?" in path else "?") + f"taal={language}")
                if weight > PAGE_BYTES_MAX:
                    wrong.append((shown.name, "heavy", weight))
                wrong += [(shown.name, *one) for one in await _found_by_axe(visitor, {"resultTypes": ["violations"]})]
                told = await visitor.page.evaluate(LOOK)
                wrong += [(shown.name, what, told[what]) for what in told if told[what]]
                if shown.name in ("join", "ask", "match-to-answer"):
                    wrong += [(shown.name, "not reached", one) for one in await _not_reached(visitor)]
                await visitor.page.emulate_media(color_scheme="dark")
                wrong += [(shown.name, "dark", *one) for one in await _found_by_axe(visitor, CONTRAST)]
                await visitor.page.emulate_media(color_scheme="light")
            assert (visitor.asked_elsewhere, visitor.complaints) == ([], [])
    assert wrong == []


async def _found_by_axe(visitor: Visitor, options: dict) -> list[tuple[str, str]]:
    result = await Axe().run(visitor.page, options=options)
    return [(one["id"], one["nodes"][0]["html"]) for one in result.response["violations"]]


#: What is asked of a page at 320 pixels: does it scroll sideways, and what is too small to hit (WCAG 2.5.8)?
LOOK = """() => ({
    sideways: document.documentElement.scrollWidth > 320 ? document.documentElement.scrollWidth : 0,
    small: [...document.querySelectorAll('a, button, input, select, textarea, summary')]
        .filter(one => one.offsetParent && getComputedStyle(one).display !== 'inline' && !one.closest('datalist'))
        .filter(one => { const it = one.getBoundingClientRect(); return it.width < 24 || it.height < 24 })
        .filter(one => getComputedStyle(one).position !== 'fixed')
        .map(one => one.outerHTML.slice(0, 80)).join(' '),
})"""

#: Every field and button that is shown, and whether its focus can be seen.
REACHED = """() => {
    const one = document.activeElement
    if (!one || one === document.body) return null
    const seen = getComputedStyle(one).outlineStyle !== 'none'
    return {id: one.id || one.name + '=' + one.value, seen}
}"""
SHOWN = """() => [...document.querySelectorAll('main input, main select, main textarea, main button')]
    .filter(one => one.type !== 'hidden' && one.checkVisibility()).map(one => one.id || one.name + '=' + one.value)"""


async def _weight(visitor: Visitor, path: str) -> int:
    """The bytes that came over the line for a page and all that it loads, into a browser that had nothing of it."""
    session = await visitor.page.context.new_cdp_session(visitor.page)
    await session.send("Network.enable")
    await session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    came = []
    session.on("Network.loadingFinished", lambda told: came.append(told["encodedDataLength"]))
    await visitor.page.goto(path, wait_until="load")
    await session.detach()
    return int(sum(came))


async def _not_reached(visitor: Visitor) -> list[str]:
    """Fields and buttons that the Tab key does not come to, or whose focus cannot be seen."""
    wanted, seen = set(await visitor.page.evaluate(SHOWN)), set()
    await visitor.page.evaluate("document.activeElement.blur()")
    for _ in range(80):
        await visitor.page.keyboard.press("Tab")
        told = await visitor.page.evaluate(REACHED)
        if told and told["seen"]:
            seen.add(told["id"])
        if wanted <= seen:
            break
    return sorted(wanted - seen)
