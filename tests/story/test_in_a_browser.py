"""What people do on the pages, as they do it: with a browser, on a whole node, with the mails that it sends."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Route

from node import screenshots
from node.client import Person
from tests.given import eventually, fresh_name
from tests.notify.pushing import a_push_service
from tests.story.browsing import Visitor, found_by_axe, visiting
from tests.story.street import Street, a_match, a_street, match_of

pytestmark = [
    pytest.mark.long,
    pytest.mark.whole_node,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not screenshots.chromium(), reason="no Chromium here: apt-get install chromium"),
]

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture(scope="module")
async def street(run_directory: Path) -> AsyncIterator[Street]:
    """A node of this file's own, and who lives there."""
    async with a_street(run_directory / "browser", ODH_PUSH_TO_PRIVATE="true") as street:
        yield street


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
    await visitor.sees("Wat kunnen we voor je doen?")


async def test_who_mistyped_their_address_fills_it_in_once_more_and_finds_the_rest_as_it_was(visitor):
    await visitor.goes_to("/join")
    await visitor.fills_in(Je_naam="Iris Bakker", **{"Je e-mailadres": visitor.person.email})
    await visitor.page.get_by_role("searchbox").fill("linde")
    await visitor.chooses("CIV Lindebeek")
    await visitor.chooses("Jullie mogen mijn gegevens bewaren")
    await visitor.presses("Word lid")

    await visitor.presses("Nog een keer invullen")

    assert await visitor.field("Je naam").input_value() == "Iris Bakker"
    assert await visitor.field("Je e-mailadres").input_value() == visitor.person.email
    assert await visitor.page.get_by_role("searchbox").input_value() == "linde"
    assert await visitor.page.get_by_label("CIV Lindebeek").is_checked()
    assert await visitor.page.get_by_label("Jullie mogen mijn gegevens bewaren").is_checked()


async def test_an_organisation_that_the_browser_filled_in_again_is_looked_up(visitor):
    """As it does for who goes back; when it keeps what stood in a form is its own affair."""
    given_back = "document.getElementById('organisation').value = 'linde'"
    await visitor.page.add_init_script(f"addEventListener('DOMContentLoaded', () => {{ {given_back} }})")

    await visitor.goes_to("/join")

    await visitor.chooses("CIV Lindebeek")


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
    async with visitor.page.expect_popup() as opened:
        await visitor.page.get_by_role("link", name="Vleermuiskasten in de spouw").click()
    beside = await opened.value
    await beside.get_by_role("heading", name="Vleermuiskasten in de spouw").wait_for()
    await beside.close()
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


async def test_who_looks_through_what_is_offered_goes_on_with_an_offer_and_asks_about_it(street, visitor):
    course = {
        "kind": "equipment",
        "themes": ["biodiversity"],
        "title": "Een slootschoner te leen",
        "text": "Bij ons kun je een slootschoner lenen, met uitleg.",
        "place": {"name": "Groningen"},
    }
    await street.offerer.post("/offers", course)
    await _signed_in(street, visitor)

    await visitor.goes_to("/offers/all?kind=equipment")
    await visitor.follows("Een slootschoner te leen")
    await visitor.follows("Hier wil ik mee verder")
    await visitor.sees("Je vraag gaat over dit aanbod")
    await visitor.fills_in(Wat_zoek_je="Onze leerlingen willen sloten schoonmaken. Mogen wij hem een week lenen?")
    assert await visitor.field("Je vraag in").input_value() == "Over: Een slootschoner te leen"
    await visitor.presses("Stel deze vraag")

    await visitor.sees("naast het aanbod dat je koos")
    await visitor.follows("Een slootschoner te leen")
    assert await visitor.heading() == "Een slootschoner te leen"


async def test_who_chooses_a_theme_while_an_answer_is_under_way_keeps_it_and_what_is_found_is_read_out(street, visitor):
    await _signed_in(street, visitor)
    await visitor.goes_to("/requests/new")
    read_out = await visitor.page.locator("#along [aria-live]").element_handle()
    under_way, may_come = asyncio.Event(), asyncio.Event()

    async def slowly(route: Route) -> None:
        under_way.set()
        await may_come.wait()
        await route.continue_()

    await visitor.page.route("**/new/along", slowly)
    await visitor.field("Wat zoek je?").fill("Wij willen met de klas een warmtepomp zien werken in een oud huis.")
    await under_way.wait()
    chosen = visitor.page.get_by_label("biodiversiteit")
    await chosen.focus()
    await chosen.press("Space")
    may_come.set()
    await visitor.page.locator("[name=suggested]:not([value=''])").wait_for(state="attached")

    assert await chosen.is_checked()
    assert await chosen.evaluate("one => one === document.activeElement")
    assert not await visitor.page.get_by_label("energietransitie").is_checked()  # others are theirs to choose
    assert await read_out.evaluate("one => one.isConnected && one.childElementCount > 0")


async def test_the_level_is_read_from_what_somebody_writes_and_the_one_that_they_chose_stays(street, visitor):
    await _signed_in(street, visitor)
    await visitor.goes_to("/requests/new")
    words, level = visitor.field("Wat zoek je?"), visitor.field("Mbo-niveau")

    for told in ("4", "2"):
        await words.fill(f"Wie laat onze klas van niveau {told} een warmtepomp zien?")
        await visitor.page.locator(f"[name=suggested_level][value='{told}']").wait_for(state="attached")
        assert await level.input_value() == told
    async with visitor.page.expect_response("**/new/along"):
        await level.select_option("3")
    async with visitor.page.expect_response("**/new/along"):
        await words.fill("Wie laat onze klas van niveau 1 een windmolen zien?")

    await visitor.sees("We lazen het niveau in je tekst.")
    assert await level.input_value() == "3"


async def test_who_has_no_script_finds_and_asks_by_buttons(street):
    email = f"{fresh_name('iemand')}@lindebeek.example"
    async with visiting(street.browser, street.where, email, java_script_enabled=False, **PHONE) as visitor:
        await visitor.goes_to("/join")
        await visitor.fills_in(Je_naam="Iris Bakker", Je_school="linde", **{"Je e-mailadres": email})
        await visitor.presses("Zoek")
        assert urlsplit(visitor.page.url).fragment == "found"
        await visitor.chooses("CIV Lindebeek")
        await visitor.chooses("Jullie mogen mijn gegevens bewaren")
        await visitor.presses("Word lid")
        await visitor.opens_the_link_in_the_mail()
        await visitor.goes_to("/requests/new")
        await visitor.fills_in(Wat_zoek="Wij willen met de klas een warmtepomp zien werken in een oud huis.")
        await visitor.presses("Zoek of er al een antwoord is")
        assert urlsplit(visitor.page.url).fragment == "along"
        await visitor.sees("energietransitie")
        assert await visitor.page.get_by_label("energietransitie").is_checked()
        assert visitor.asked_elsewhere == []


async def test_who_asked_something_finds_other_words_by_keyboard_and_sees_what_another_tab_changed(street, visitor):
    """From the page that the mail about an unanswered request leads to."""
    await _signed_in(street, visitor)
    words = {"kind": "expertise", "themes": ["biodiversity"], "text": "Wie weet hoe je een gierzwaluwkast maakt?"}
    asked = await visitor.person.post("/requests", words | {"title": "Gierzwaluwen", "place": {"name": "Zeist"}})
    await visitor.goes_to(f"/requests/{asked['request_id']}")
    await visitor.follows("Pas je vraag aan")
    other_tab = replace(visitor, page=await visitor.page.context.new_page())
    await other_tab.goes_to(urlsplit(visitor.page.url).path)

    await visitor.field("Je vraag in één zin").focus()
    await visitor.page.keyboard.press("ControlOrMeta+a")
    await visitor.page.keyboard.type("Wie helpt onze klas met nestkasten?")
    async with visitor.page.expect_navigation():
        await visitor.page.keyboard.press("Enter")
    await visitor.sees("Bewaard.")
    assert await visitor.heading() == "Wie helpt onze klas met nestkasten?"

    await other_tab.field("Wat zoek je?").fill("Wij willen nestkasten bouwen voor gierzwaluwen.")
    await other_tab.presses("Bewaar")
    await other_tab.sees("Dit is intussen ergens anders veranderd")
    await other_tab.sees("Wie helpt onze klas met nestkasten?")
    assert await found_by_axe(other_tab) == []
    await other_tab.fills_in(Je_vraag_in="Wie helpt onze klas met nestkasten?")
    await other_tab.presses("Bewaar")
    await other_tab.sees("Wij willen nestkasten bouwen voor gierzwaluwen.")
    assert await other_tab.heading() == "Wie helpt onze klas met nestkasten?"


async def test_who_leaves_a_form_and_comes_back_finds_it_as_it_was(street, visitor):
    filled_in = {"text": "Wij herstellen goten van zink.", "title": "Les over de goot", "place": "Houten"}
    await _signed_in(street, visitor)
    for side in ("offers", "requests"):
        await visitor.goes_to(f"/{side}/new")
        for name, value in filled_in.items():
            await visitor.page.locator(f"#{name}").fill(value)
        await visitor.page.locator("#kind").select_option("guest-lesson")

        await visitor.follows("Privacy")
        await visitor.page.go_back()

        values = {name: await visitor.page.locator(f"#{name}").input_value() for name in (*filled_in, "kind")}
        assert values == filled_in | {"kind": "guest-lesson"}


@pytest.mark.parametrize("path", ["/requests/new", "/join"])
async def test_enter_in_a_field_presses_the_button_at_the_end_of_the_form(street, visitor, path):
    if path != "/join":
        await _signed_in(street, visitor)
    await visitor.goes_to(path)

    field = visitor.page.locator("#title, #name")
    await field.fill("Iets")
    async with visitor.page.expect_navigation():
        await field.press("Enter")

    await visitor.page.locator(".wrong[role=alert]").wait_for()  # what is missing
    assert await field.input_value() == "Iets"


@pytest.mark.parametrize("script", [True, False])
async def test_enter_where_an_organisation_is_typed_leads_to_those_that_are_found(street, script):
    email = f"{fresh_name('iemand')}@lindebeek.example"
    async with visiting(street.browser, street.where, email, java_script_enabled=script, **PHONE) as visitor:
        await visitor.goes_to("/join")
        typed, school = visitor.page.get_by_role("searchbox"), visitor.page.get_by_label("CIV Lindebeek")
        await typed.fill("linde")
        if script:
            await school.wait_for()
        async with visitor.page.expect_navigation():
            await typed.press("Enter")

        assert await visitor.page.locator("[role=alert]").count() == 0
        await visitor.page.locator("#found:focus").wait_for()
        assert not script or await found_by_axe(visitor) == []
        for key in ("Tab", "Space"):
            await visitor.page.keyboard.press(key)
        assert await school.is_checked()


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
    match_id = await match_of(street, request)
    await street.team.post(f"/matches/{match_id}/endorse")

    await visitor.sees(f"Les over een {about}")
    await visitor.sees("km verderop")
    await visitor.follows(f"Les over een {about}")
    await visitor.presses("Ja, graag")
    await visitor.sees("Je hebt ja gezegd.")

    await street.asker.post(f"/matches/{match_id}/answer", {"accepted": True})
    await visitor.person.mail(f"/matches/{match_id}")  # whether they want to meet
    introduced = await visitor.person.mail(f"/matches/{match_id}")
    assert street.asker.email in introduced.text
    await visitor.goes_to(f"/matches/{match_id}")
    assert await visitor.heading() == "Jullie zijn aan elkaar voorgesteld"
    await visitor.sees(street.asker.email)


async def test_two_people_start_something_note_what_happened_and_tell_how_it_ended(street, visitor):
    """From the match on; the other reads it in the inbox."""
    about = fresh_name("dakgoot")
    await _signed_in(street, visitor)
    words = {"kind": "guest-lesson", "themes": ["circular-economy"], "text": f"Alles over de {about} van zink."}
    await street.offerer.post("/offers", words | {"title": f"Les over de {about}", "place": {"name": "Houten"}})
    asked = await visitor.person.post("/requests", words | {"title": f"Wie weet {about}?", "place": {"name": "Zeist"}})
    at = f"/matches/{await match_of(street, asked)}"
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

    await a_match(street, "proposed")

    await visitor.page.locator("#waiting ~ ul > li").nth(before).wait_for()
    assert await note.input_value() == "Deze monteur geeft les op niveau 2."
    assert await note.is_visible()


async def test_who_is_at_something_in_their_inbox_stays_there_when_something_new_comes_in(street, visitor):
    await screenshots.sign_in(visitor.page.context, street.team, street.where)
    await a_match(street, "proposed")
    await visitor.goes_to("/inbox")
    newest = visitor.page.locator("#items li").first.get_by_role("button", name="Bekijk")
    there = await newest.get_attribute("value")
    await newest.focus()

    await a_match(street, "proposed")

    async def has_come_in() -> bool:
        return await newest.get_attribute("value") != there

    await eventually(has_come_in, saying="a newer item")
    assert await visitor.page.evaluate("document.activeElement.getAttribute('value')") == there


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
    assert "Nu is er een plek voor je" in freed.text
    await visitor.goes_to(meeting)
    await visitor.sees("Je komt")
    assert (
        await visitor.page.get_by_role("link", name="Zet in je agenda").get_attribute("href")
        == f"{meeting}/calendar.ics"
    )
    file = await (await visitor.page.request.get(f"{meeting}/calendar.ics")).text()
    assert "Werkplaats 2.04" in file
    await visitor.page.locator("summary", has_text="Ik kom toch niet").click()
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
    assert await found_by_axe(visitor) == []
    await visitor.goes_to("/inbox")
    assert await visitor.heading() == "Inloggen"


async def test_who_wants_it_is_told_on_their_device_when_no_page_is_open(street, visitor):
    """The page, its script and the worker are the real ones. Chromium's own push service is not reached from here: one
    of ours takes its place, and what came in there is handed to the worker as the browser would."""
    about = fresh_name("regenton")
    await _signed_in(street, visitor)
    context, origin = visitor.page.context, street.where.gateway
    async with a_push_service() as push_service:
        device = push_service.a_device()
        given = {"endpoint": device.endpoint, "keys": {name: device.given[name] for name in ("p256dh", "auth")}}
        subscribed = f"async () => ({{ toJSON: () => ({json.dumps(given)}) }})"
        await context.add_init_script(f"PushManager.prototype.subscribe = {subscribed}")
        await visitor.goes_to("/preferences")
        await visitor.page.get_by_role("button", name="Zet meldingen aan op dit toestel").click()
        await visitor.sees("je browser houdt meldingen tegen")  # nobody allowed it
        await context.grant_permissions(["notifications"], origin=origin)
        await visitor.presses("Zet meldingen aan op dit toestel")
        await visitor.sees("De meldingen staan aan op dit toestel.")
        await visitor.sees("Zet meldingen uit op dit toestel")

        words = {"kind": "guest-lesson", "themes": ["circular-economy"], "text": f"Alles over de {about} van zink."}
        await street.offerer.post("/offers", words | {"title": f"Les over de {about}", "place": {"name": "Houten"}})
        ask = words | {"title": f"Wie weet {about}?", "place": {"name": "Zeist"}}
        at = f"/matches/{await match_of(street, await visitor.person.post('/requests', ask))}"
        await street.team.post(f"{at}/endorse")

        async def pushed() -> list[dict[str, str]]:
            return push_service.shown(device)

        (told,) = await eventually(pushed, within=60, saying="a message to the device")
        assert (told["body"], told["path"]) == (f"Om de hoek gevonden: Les over de {about}", at)

        await visitor.page.goto("about:blank")
        shown = await _told_by_the_worker(visitor, origin, told)
        assert [(one["title"], one["body"], one["tag"]) for one in shown] == [
            (told["title"], told["body"], told["tag"])
        ]
        await visitor.goes_to("/")
        await visitor.presses("Uitloggen")


async def _told_by_the_worker(visitor: Visitor, origin: str, told: dict[str, str]) -> list[dict[str, str]]:
    """A message comes in while no page is open, twice; what the browser shows then."""
    browser, registrations = await visitor.page.context.new_cdp_session(visitor.page), []
    browser.on("ServiceWorker.workerRegistrationUpdated", lambda event: registrations.extend(event["registrations"]))
    await browser.send("ServiceWorker.enable")

    async def registered() -> str | None:
        return next((one["registrationId"] for one in registrations if one["scopeURL"].startswith(origin)), None)

    message = {"origin": origin, "registrationId": await eventually(registered, within=60, saying="a worker")}
    for _ in range(2):  # the same tag: shown once
        await browser.send("ServiceWorker.deliverPushMessage", message | {"data": json.dumps(told)})
    await visitor.goes_to("/preferences")
    asked = """async () => (await (await navigator.serviceWorker.ready).getNotifications())
        .map(({ title, body, tag }) => ({ title, body, tag }))"""

    async def shown() -> list[dict[str, str]]:
        return await visitor.page.evaluate(asked)

    return await eventually(shown, within=60, saying="something that the browser shows")


async def test_who_is_asked_says_no_with_a_reason(street, visitor):
    title = await a_match(street, "endorsed")
    await screenshots.sign_in(visitor.page.context, street.asker, street.where)
    await visitor.goes_to("/matches")
    await visitor.follows(title)
    await visitor.page.locator("summary", has_text="Nee, liever niet").click()
    await visitor.field("Waarom niet?").select_option("too-far")
    await visitor.presses("Nee, liever niet")
    await visitor.sees("Je nee is binnen.")


async def test_who_is_invited_from_a_desk_joins_with_two_clicks(street, visitor):
    await screenshots.sign_in(visitor.page.context, street.team, street.where)
    await visitor.goes_to("/")
    await visitor.follows("Bureau")
    await visitor.follows("Nodig iemand uit")
    email = f"{fresh_name('gast')}@lindebeek.example"
    await visitor.fills_in(**{"E-mailadres van": email, "Naam van": "Gijs Gast"})
    await visitor.page.get_by_role("searchbox").fill("linde")
    await visitor.chooses("CIV Lindebeek")

    async with visiting(street.browser, street.where, email, **PHONE) as guest:
        await visitor.presses("Stuur de uitnodiging")
        await visitor.sees("De uitnodiging is verstuurd.")
        link = (await guest.person.mail("/invited")).link("/invited") or ""
        await guest.goes_to(link[link.index("/invited") :])
        await guest.sees(f"Je doet mee met het adres {email}.")
        await guest.presses("Ja, ik doe mee")
        await guest.sees("Welkom! Je bent nu lid.")


async def test_who_has_an_account_elsewhere_signs_in_with_it(street, visitor):
    await visitor.person.follow(await visitor.person.join(organisation_id=await street.asker.organisation_id()))
    street.elsewhere.claims = {"email": visitor.person.email, "email_verified": True}

    await visitor.goes_to("/inbox")
    await visitor.follows("Log in met SURFconext")

    assert await visitor.heading() == "Inbox"
    assert {one.partition("/authorize")[0] for one in visitor.asked_elsewhere} == {street.elsewhere.issuer}
    visitor.asked_elsewhere.clear()


async def test_an_ambassador_does_at_their_desk_what_there_is_to_do(street, visitor):
    """In a province of their own, where nobody else looks: what waits, what is new, and whom they ask."""
    await _signed_in(street, visitor, {"kind": "centre", "name": fresh_name("Veenhof"), "place": {"name": "Assen"}})
    scope = {"provinces": ["Drenthe"], "themes": [], "organisation_ids": []}
    await street.team.put(f"/ambassadors/{await visitor.person.member_id()}", scope)
    email = f"{fresh_name('kim')}@veenhof.example"
    fits, does_not, handed = [await a_match(street, "proposed", offered_in="Assen", asked_in="Emmen") for _ in range(3)]
    waiting = visitor.page.locator("#waiting ~ ul > li")

    async def all_wait() -> bool:
        await visitor.goes_to("/desk")
        return await waiting.count() == 3

    await eventually(all_wait, within=60, saying="three matches at the desk of the ambassador")
    await visitor.presses_at(waiting.filter(has_text=fits), "Dit past")
    await visitor.sees("Dank je. We vragen het nu aan beide kanten.")
    card = waiting.filter(has_text=does_not)
    await card.locator("summary", has_text="Dit past niet").click()
    await card.get_by_label("Waarom niet?").select_option("wrong-level")
    await visitor.presses_at(card, "Dit past niet")
    await visitor.sees("Dank je. Daar leren we van.")
    card = waiting.filter(has_text=handed)
    await card.locator("summary", has_text="Laat iemand anders kijken").click()
    await visitor.presses_at(card, "Laat iemand anders kijken")
    await visitor.sees("Het team van de regio kijkt nu.")
    assert await waiting.filter(has_text=handed).count() == 0

    async with Person(street.where, name="Kim Kuipers", email=email) as kim:
        await kim.follow(await kim.join(organisation_id=await visitor.person.organisation_id()))
        near = visitor.page.locator("section[aria-labelledby=new]").get_by_role("link", name=does_not)
        async with visitor.page.expect_navigation():
            await near.click()
        await visitor.field("Zoek op naam of organisatie").fill("Kim")
        await visitor.presses_at(visitor.page.locator("form[action$='#ask']"), "Zoek")
        await visitor.chooses("Kim Kuipers")
        await visitor.field("Je bericht erbij").fill("Jij deed dit vorig jaar toch?")
        await visitor.presses("Laat de vraag zien")
        await visitor.sees("De vraag is verstuurd.")
        await kim.mail("/asks/")
    await visitor.field("Je notitie.").fill("Bel in het voorjaar.")
    await visitor.field("Op welke dag?").fill((datetime.now(UTC).date() + timedelta(days=20)).isoformat())
    await visitor.presses("Bewaar")
    await visitor.sees("Bewaard. Je krijgt bericht op die dag.")
    await visitor.goes_to("/desk")
    await visitor.sees("Bel in het voorjaar.")


async def test_the_nodes_team_lets_in_merges_tries_again_and_sees_what_partners_sent(street, visitor):
    await screenshots.sign_in(visitor.page.context, street.team, street.where)
    await visitor.goes_to("/")
    await visitor.follows("Team")
    await visitor.follows("Leden")
    await visitor.follows("Uitgesloten")
    await visitor.follows("Rik Reclame")
    await visitor.presses("Laat weer toe")
    await visitor.sees("Dit lid mag weer meedoen.")

    pair = visitor.page.locator("section", has=visitor.page.get_by_role("heading", name="van den Hartog"))

    async def waits() -> bool:
        await visitor.goes_to("/same")
        return await pair.count() == 1

    await eventually(waits, within=60, saying="two who may be one")
    await visitor.presses_at(pair, "Dezelfde: voeg samen")
    await visitor.sees("Samengevoegd. Je vindt ze bij Samengevoegd")
    await visitor.follows("Team van de regio")
    await visitor.follows("Niet verwerkt")
    await visitor.presses_at(visitor.page.locator("main"), "Probeer opnieuw")
    await visitor.sees("Nu is het wel verwerkt.")
    await visitor.goes_to("/partner")
    await visitor.follows("centra")
    await visitor.sees("Niet alle velden kloppen:")

    async def is_noted() -> bool:
        await visitor.goes_to("/deeds")
        return {"Samengevoegd", "Weer toegelaten"} <= set(await visitor.page.locator(".card strong").all_inner_texts())

    await eventually(is_noted, within=60, saying="what was done, in the log")


async def _signed_in(street: Street, visitor: Visitor, organisation: dict | None = None) -> None:
    """Joined and signed in by the API: how that goes on the pages is another test."""
    own = {"organisation": organisation} if organisation else {"organisation_id": await street.asker.organisation_id()}
    await visitor.person.follow(await visitor.person.join(**own))
    await screenshots.sign_in(visitor.page.context, visitor.person, street.where)
