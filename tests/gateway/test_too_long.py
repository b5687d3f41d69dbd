"""Whatever somebody pastes into whichever field of a page: it is answered soon, and they read what is too long.

The forms are those that stand on the pages. Each route of the pages that takes a form is tried, also one of tomorrow.
"""

import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.gateway import pages
from tests.gateway.conftest import BROWSER
from tests.gateway.test_invitation_pages import token_for
from tests.gateway.test_pages import heading, parsed, press
from tests.given import fresh_name

LONG, TOO_LARGE = 60_000, 1_000_000
SECONDS_MAX = 5.0

#: What ends what somebody is here, or makes them of the team.
NOT_PRESSED = re.compile(r"/sign-out|/my-data/erase|/sessions|/members/.* (erase|block|add)$")

#: What only looks something up, and keeps nothing.
LOOKS_UP = ("find", "look")

#: What somebody writes in words of their own; of the other fields it is told what belongs there.
IN_OWN_WORDS = ("title", "text", "name", "role", "phone", "venue", "sign_up_url", "note")
TOO_LONG = re.compile(r'role="alert".*(te lang|kort|hoogstens)', re.DOTALL)

RIGHT = {
    "title": "Wie weet iets van dakgoten?",
    "text": "Wij willen met de klas aan dakgoten werken.",
    "kind": "expertise",
    "themes": "biodiversity",
    "place": "Zeist",
    "name": "Noor Jansen",
    "role": "docent",
    "consent": "yes",
    "because": "other",
    "note": "Bel de school",
    "due_on": (datetime.now(UTC) + timedelta(days=9)).date().isoformat(),
}


def fields_of(form, right):
    """What a form sends when it is filled in right, and which of that is typed."""
    fields, typed = {}, []
    for one in form.iter():
        name, kind = one.get("name"), one.get("type", "text")
        if one.tag not in ("input", "select", "textarea") or not name:
            continue
        if one.tag == "select":
            fields[name] = next((choice.get("value") for choice in one.iter("option") if choice.get("value")), "")
        elif kind in ("radio", "checkbox"):
            fields.setdefault(name, right.get(name) or one.get("value"))
        elif kind == "hidden":
            fields[name] = one.get("value") or ""
        else:
            fields[name] = one.get("value") or one.text or right.get(name, "")
            typed.append(name)
    if "organisation" in fields:  # which is chosen of those that were found
        fields["organisation_id"] = right["organisation_id"]
    return fields, typed


async def forms_at(browser, path, right):
    """Each form of a page, once for each of its buttons: where it goes, what it sends, and what of that is typed."""
    page = await browser.get(path)
    assert page.status_code == 200, path
    for form in (one for one in parsed(page).iter("form") if one.get("method") == "post"):
        fields, typed = fields_of(form, right)
        for button in form.iter("button"):
            pressed = {button.get("name"): button.get("value")} if button.get("name") else {}
            action = form.get("action") or path
            if not NOT_PRESSED.search(f"{action} {pressed.get('step', '')}"):
                yield action, fields | pressed, typed


async def sent(browser, action, fields):
    """The answer, which costs little work (all services are of this process) and which is no fault of ours."""
    began = time.process_time()
    answer = await browser.post(action, data=fields, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code < 500, (action, [name for name, value in fields.items() if len(value) > 1000])
    assert time.process_time() - began < SECONDS_MAX, action
    return answer


async def people_with_forms(neighbourhood):
    """Who has which pages with a form, and what is right to fill in there."""
    pair, email = await neighbourhood.a_match(), f"{fresh_name('iris')}@lindebeek.example"
    await pair.team.post("/api/v1/invitations", json={"email": email})
    offer_id = (await pair.offerer.get("/api/v1/offers?mine=true")).json()["items"][0]["offer_id"]
    (of,) = (await pair.asker.get("/api/v1/members/me")).json()["affiliations"]
    right = RIGHT | {"email": email, "organisation_id": of["organisation"]["organisation_id"]}
    request, match = f"/requests/{pair.request_id}", f"/matches/{pair.match_id}"
    visits = ["/", "/join", "/sign-in?token=x", f"/invited?token={await token_for(neighbourhood, email)}"]
    asks = [request, f"{request}/change", "/requests/new", "/my-data/change", "/preferences"]
    leads = ["/desk", f"/desk{request}?name=Noor", match, "/invitations"]
    leads.append(f"/members/{await neighbourhood.member_id(pair.asker)}")
    offers = [f"/offers/{offer_id}/change", "/offers/new"]
    visitor = neighbourhood.visitor()
    return ((visitor, visits), (pair.asker, asks), (pair.offerer, offers), (pair.team, leads)), right


async def test_whatever_is_too_long_in_a_form_is_told(neighbourhood):
    people, right = await people_with_forms(neighbourhood)
    forms = {}
    for browser, paths in people:
        for path in paths:
            async for action, fields, typed in forms_at(browser, path, right):
                forms.setdefault((action, fields.get("step"), *fields), (browser, action, fields, typed))

    told, untold = 0, []
    for browser, action, fields, typed in forms.values():
        for name in typed if fields.get("step") not in LOOKS_UP else ():
            if name in IN_OWN_WORDS:
                answer = await sent(browser, action, fields | {name: "a" * LONG})
                told += (is_told := bool(TOO_LONG.search(answer.text)))
                untold += [] if is_told else [(action, fields.get("step"), name, answer.status_code)]
    for browser, action, fields, _ in forms.values():  # and the rest at once, but for what says who sends it
        rest = fields.keys() - {*IN_OWN_WORDS, "form", "step", "token"}
        if rest:
            await sent(browser, action, fields | dict.fromkeys(rest, "a" * (LONG // len(rest))))

    assert untold == []
    assert told > 20


async def test_how_long_a_name_may_be_is_the_same_however_long_it_is(neighbourhood):
    browser = await neighbourhood.member()
    form = await browser.get("/my-data/change")

    for length in (101, 201):
        told = await press(browser, form, "Bewaar", name="a" * length)
        assert f"{length} tekens, en er passen er 100 in" in told.text


async def test_each_route_that_takes_a_form_says_what_is_too_large(neighbourhood):
    team = await neighbourhood.team()
    page = parsed(await team.get("/desk"))
    token = next(one.get("value") for one in page.iter("input") if one.get("name") == "form")
    routes = [route for router in pages.routers for route in router.routes if "POST" in route.methods]
    assert len(routes) > 30

    for path in sorted({re.sub(r"\{\w+\}", "x", route.path) for route in routes} - {"/sign-out"}):
        await sent(team, path, {"form": token, "step": "x", "text": "a" * LONG})
        refused = await team.post(path, data={"form": token, "text": "a" * TOO_LARGE}, headers=BROWSER)
        assert (refused.status_code, heading(refused), len(refused.content) < 5000) == (413, "Dit is te groot", True)


def test_no_browser_cuts_off_the_end_of_what_is_pasted():
    """With a `maxlength` it does, and says nothing; what is too long is told with how long it may be."""
    templates = list((Path(pages.__file__).parent / "templates").glob("*.html"))

    assert len(templates) > 50
    assert [one.name for one in templates if re.search(r"<textarea[^>]*maxlength", one.read_text())] == []
