"""What somebody filled in on a page: done once however often they press, and not lost."""

import asyncio
import json
import re
from urllib.parse import quote, urlsplit

import pytest

from services.gateway import pages
from services.gateway.rules import TooManyCalls
from services.gateway.upstreams import AnswerLost
from tests.gateway.test_pages import heading, parsed, press, shown, well_made
from tests.given import fresh_name


def a_request(about):
    """What is filled in on the page to ask or to offer by."""
    title, text = f"Wie weet alles van {about}?", f"Wij willen met de klas aan {about} werken."
    return {"title": title, "text": text, "kind": "expertise", "themes": "energy-transition", "place": "Zeist"}


A_JOIN = {"name": "Noor", "email": "noor@vechtdal.example", "organisation_id": "o-1", "consent": "yes"}


def inputs_of(page):
    """What a page sends without being seen, in its order."""
    return [(one.get("name"), one.get("value")) for one in parsed(page).iter("input")]


async def mine(browser):
    """What is kept of who looks."""
    return (await browser.get("/api/v1/members/me")).json()


async def titles_of(browser, side):
    """What somebody asks, or offers, by now."""
    return [one["title"] for one in (await browser.get(f"/api/v1/{side}", params={"mine": "true"})).json()["items"]]


@pytest.mark.parametrize("side", ["requests", "offers"])
async def test_a_button_that_is_pressed_twice_places_one_and_what_was_changed_is_another(neighbourhood, side):
    noor = await neighbourhood.member()
    page, about = await noor.get(f"/{side}/new"), fresh_name("dakgoot")

    pressed = await asyncio.gather(*(press(noor, page, "place", **a_request(about)) for _ in range(2)))
    again = await press(noor, page, "place", **a_request(about))

    assert {one.status_code for one in pressed} == {303}
    assert {one.headers["location"] for one in pressed} == {again.headers["location"]}
    assert len(await titles_of(noor, side)) == 1
    changed = await press(noor, page, "place", **a_request("zonnepanelen"))  # who went back, and asks something else
    assert (changed.status_code, len(await titles_of(noor, side))) == (303, 2)


async def test_what_was_wrong_at_first_is_placed_from_the_form_that_is_shown_again(neighbourhood):
    noor = await neighbourhood.member()
    filled_in = a_request(fresh_name("dakgoot"))

    wrong = await press(noor, await noor.get("/requests/new"), "place", **(filled_in | {"place": "Nergenshuizen"}))
    right = await press(noor, wrong, "place", **filled_in)

    assert (wrong.status_code, right.status_code) == (422, 303)
    assert len(await titles_of(noor, "requests")) == 1


async def shown_before_the_session_ended(browser):
    """A form that was shown to somebody, who then signed out elsewhere."""
    page = await browser.get("/requests/new")
    await browser.delete("/api/v1/sessions/current")
    return page


async def test_what_was_filled_in_when_the_session_ended_is_sent_after_signing_in_again(neighbourhood):
    email = f"{fresh_name('noor')}@vechtdal.example"
    noor, filled_in = await neighbourhood.member(email=email), a_request(fresh_name("dakgoot"))
    page = await shown_before_the_session_ended(noor)

    kept = await press(noor, page, "place", **filled_in)
    still = await press(noor, kept, "Ik ben ingelogd: ga verder")
    await neighbourhood.signed_in(email, noor)  # in another tab
    expired = await press(noor, still, "Ik ben ingelogd: ga verder")
    placed = await press(noor, expired, "Verstuur opnieuw")

    assert [heading(one) for one in (kept, expired)] == ["Je bent niet meer ingelogd", "Dit formulier was verlopen"]
    assert [one.status_code for one in (kept, still, expired, placed)] == [401, 401, 403, 303]
    for shown_again in (kept, expired):
        (written,) = well_made(shown_again, "nl").iter("textarea")
        assert written.text == f"{filled_in['title']}\n\n{filled_in['text']}"
        assert written.get("readonly") is not None
    assert await titles_of(noor, "requests") == [filled_in["title"]]


def away(gateway, patched):
    """Requests is away."""
    patched.setitem(gateway.upstreams._urls, "requests", "http://127.0.0.1:1")
    patched.setitem(gateway.upstreams._away_since, "requests", 0.0)


def unheard(gateway, patched):
    """Requests does what it is asked, and its answer gets lost."""
    call = gateway.upstreams.call

    async def loses(service, method, *others, **more):
        answer = await call(service, method, *others, **more)
        if method == "POST":
            raise AnswerLost
        return answer

    patched.setattr(gateway.upstreams, "call", loses)


@pytest.mark.parametrize(
    ("happens", "told"), [(away, (503, "Dit kan nu even niet")), (unheard, (502, "Het antwoord raakte kwijt"))]
)
async def test_what_was_filled_in_when_a_service_did_not_answer_is_sent_once_it_does(
    neighbourhood, monkeypatch, happens, told
):
    noor, filled_in = await neighbourhood.member(), a_request(fresh_name("dakgoot"))
    page = await noor.get("/requests/new")

    with monkeypatch.context() as patched:
        happens(neighbourhood.gateway.service.app.state.gateway, patched)
        kept = await press(noor, page, "place", **filled_in)
    placed = await press(noor, kept, "Verstuur opnieuw")

    assert (kept.status_code, heading(kept)) == told
    (written,) = well_made(kept, "nl").iter("textarea")
    assert written.text == f"{filled_in['title']}\n\n{filled_in['text']}"
    assert "Log in" not in kept.text
    assert placed.status_code == 303
    assert await titles_of(noor, "requests") == [filled_in["title"]]


async def test_who_joins_too_often_keeps_what_they_filled_in_and_is_not_told_to_sign_in(neighbourhood, monkeypatch):
    browser = neighbourhood.visitor()
    page = await browser.get("/join")

    async def too_often(*_):
        raise TooManyCalls(9)

    monkeypatch.setattr(neighbourhood.gateway.service.app.state.gateway.limits, "count", too_often)
    kept = await press(browser, page, "join", **A_JOIN)

    assert (kept.status_code, heading(kept), kept.headers["retry-after"]) == (429, "Even rustig aan", "9")
    assert (A_JOIN | {"step": "join"}).items() <= dict(inputs_of(kept)).items()
    assert "Log in" not in kept.text


async def test_what_a_form_is_answered_with_leads_to_no_other_language_which_would_lose_what_was_typed(neighbourhood):
    """From the pages' own routes: what is added tomorrow is tried too."""
    team = await neighbourhood.team()
    token = dict(inputs_of(await team.get("/desk")))["form"]
    routes = [route for router in pages.routers for route in router.routes]
    led, refused = {}, 0
    for path in {route.path for route in routes if "POST" in route.methods} - {"/sign-out"}:
        answer = await team.post(re.sub(r"\{\w+\}", "x", path), data={"form": token, "step": "x"})
        refused += answer.status_code >= 400
        if to := re.findall(r'href="(.+)" lang="\w+" hreflang', answer.text):
            led[path] = to

    assert refused > 20
    assert led == {}


@pytest.mark.parametrize("path", ["/join", "/requests/new"])
async def test_what_was_filled_in_is_not_taken_away_by_the_other_language(neighbourhood, path):
    kept = await neighbourhood.visitor().post(path, data={"title": "Wie weet dit?", "name": "Noor"})

    assert [one.get("href") for one in well_made(kept, "nl").iter("a") if one.get("hreflang")] == ["/api/v1/docs"]


async def test_what_is_pasted_with_what_is_not_seen_is_taken_as_it_looks(neighbourhood):
    """As it comes from a slide, a PDF or a list of telephone numbers."""
    noor, about = await neighbourhood.member(), fresh_name("vlinderdas")
    pasted = a_request(about) | {
        "title": f"\ufeffWie weet\x0balles van {about}?",
        "text": f"Een {about}\x0bof\x0ctwee\x02.",
    }
    own = {"name": "Noor Jansen", "phone": "\u202a06 12345678\u202c\u200b", "email": (await mine(noor))["email"]}

    placed = await press(noor, await noor.get("/requests/new"), "place", **pasted)
    changed = await press(noor, await noor.get("/my-data/change"), "Bewaar", **own)

    request = (await noor.get("/api/v1/requests", params={"mine": "true"})).json()["items"][0]
    assert (placed.status_code, changed.status_code) == (303, 303)
    assert (request["title"], request["text"]) == (f"Wie weet alles van {about}?", f"Een {about}\nof\ntwee.")
    assert (await mine(noor))["phone"].endswith("12345678")


async def test_all_that_was_chosen_comes_along(neighbourhood):
    noor = neighbourhood.visitor()
    chosen = ["biodiversity", "energy-transition"]

    kept = await noor.post("/requests/new", data={"themes": chosen, "step": "look", "title": 'Een "dak"', "form": "x"})

    assert inputs_of(kept) == [*(("themes", one) for one in chosen), ("step", "look"), ("title", 'Een "dak"')]


async def test_too_little_to_look_with_is_told_at_the_words(neighbourhood):
    noor = await neighbourhood.member()

    kept = await press(noor, await noor.get("/requests/new"), "look", text="Een dak", title="Wie weet dit?")

    assert kept.status_code == 422
    told = next(one for one in well_made(kept, "nl").iter() if one.get("id") == "text-wrong")
    assert shown(told) == "Schrijf eerst iets meer. Dan zoeken we mee."
    assert 'value="Wie weet dit?"' in kept.text


async def test_who_reads_english_may_write_dutch_and_corrects_what_they_wrote_in(neighbourhood):
    noor, filled_in = await neighbourhood.member(), a_request(fresh_name("dakgoten"))
    page = await noor.get("/requests/new", params={"taal": "en"})

    placed = await press(noor, page, "place", language="nl", **filled_in)

    at = urlsplit(placed.headers["location"]).path
    assert f'<h1 lang="nl">{filled_in["title"]}' in (await noor.get(at)).text
    await press(noor, await noor.get(f"{at}/change"), "Save", language="en", version="1", **filled_in)
    assert f'<h1 lang="en">{filled_in["title"]}' in (await noor.get(at)).text


async def test_what_another_site_sends_is_not_shown_as_ones_own(neighbourhood):
    noor = await neighbourhood.member()
    page = await noor.get("/requests/new")

    signed_in = await press(noor, page, "place", site="cross-site", title="Stuur mij je geld")
    await noor.delete("/api/v1/sessions/current")
    signed_out = await press(noor, page, "place", site="cross-site", title="Stuur mij je geld")

    assert (signed_in.status_code, heading(signed_in)) == (403, "Dit formulier was verlopen")
    assert (signed_out.status_code, signed_out.headers["location"]) == (303, "/sign-in?next=%2Frequests%2Fnew")
    assert "geld" not in signed_in.text


async def test_a_part_of_a_page_that_cannot_be_had_is_no_page(neighbourhood):
    """What the script asks for while somebody writes leaves the form as it is."""
    noor = await neighbourhood.member()
    page = await shown_before_the_session_ended(noor)

    answer = await noor.post("/requests/new/along", data={"text": "Wie helpt?"}, headers={"HX-Request": "true"})

    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    config = next(one.get("content") for one in parsed(page).iter("meta") if one.get("name") == "htmx-config")
    assert {"4xx", "5xx"} <= set(json.loads(str(config))["noSwap"])


@pytest.mark.parametrize("chosen", ["../members/me", "x?q=y", "x#y", "x y", "x HTTP/1.1\r\nX-Odh: y\r\n\r\n", "é"])
async def test_what_was_chosen_is_one_part_of_an_address_whatever_it_holds(neighbourhood, chosen, monkeypatch):
    upstreams, asked = neighbourhood.gateway.service.app.state.gateway.upstreams, []
    send = upstreams.send

    async def heard(service, method, target, *others, **more):
        asked.append(target)
        return await send(service, method, target, *others, **more)

    monkeypatch.setattr(upstreams, "send", heard)
    filled_in = {"organisation": "Nergens", "organisation_id": chosen, "step": "find"}

    answer = await neighbourhood.visitor().post("/join", data=filled_in)

    assert (answer.status_code, asked[-1]) == (200, f"/v1/organisations/{quote(chosen.strip(), safe='')}")


async def test_the_level_that_the_text_tells_of_is_chosen_unless_who_writes_chose_another(neighbourhood):
    noor, level_4 = await neighbourhood.member(), "Wie vertelt mijn klas van niveau 4 over dakgoten?"
    empty = await noor.get("/requests/new")

    async def along(text, **so_far):
        """What stands at the level after the text was read, and what was suggested."""
        page = await press(noor, empty, "look", text=text, **so_far)
        (field,) = [one for one in parsed(page).iter("select") if one.get("name") == "mbo_level"]
        chosen = [one.get("value") for one in field.iter("option") if one.get("selected") is not None]
        return {"mbo_level": "".join(chosen), "suggested_level": dict(inputs_of(page))["suggested_level"]}

    suggested = await along(level_4)
    assert suggested == {"mbo_level": "4", "suggested_level": "4"}
    assert (await along(level_4.replace("4", "2"), **suggested))["mbo_level"] == "2"
    assert (await along("Wie vertelt over dakgoten?", **suggested))["mbo_level"] == ""
    for own in ("3", ""):
        assert (await along(level_4, **(suggested | {"mbo_level": own})))["mbo_level"] == own
    chosen = {"mbo_level": "4", "suggested_level": ""}
    assert await along(level_4, **chosen) == chosen  # so it stays when the text tells of it no more
