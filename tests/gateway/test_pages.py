"""The pages: every link in a mail leads somewhere useful, in two languages, without scripts, and for nobody else."""

import asyncio
import json
import re
from collections.abc import Iterator
from unittest import mock
from urllib.parse import parse_qs, urlsplit
from xml.etree.ElementTree import Element

import html5lib
import httpx
import pytest
import sqlalchemy as sa
from jinja2 import Environment
from starlette.requests import Request

from contracts.event import new_id
from contracts.matching import AnswerGiven, MatchTold, Party, RequestEscalated, Wording
from contracts.members import NodeKnown, PublicKey
from contracts.vocabulary import Language, Theme
from node import design
from node.design import DESIGN
from services.gateway.pages import words
from services.gateway.pages.languages import language_of
from services.gateway.pages.reading import HERE
from services.gateway.pages.static import STYLE
from services.gateway.pages.words import WORDS, texts_of
from services.gateway.rules import local_path
from tests.gateway.conftest import (
    BROWSER,
    NATION,
    TEAM,
    a_proposition,
    another_gateway,
)
from tests.insight.conftest import a_request

TEMPLATES = HERE / "templates"
EVIL = '<script>alert(1)</script> "><img src=x onerror=alert(2)> {{ 7*7 }}'


# Reading a page as a browser does.


def parsed(answer: httpx.Response) -> Element:
    """The page, which must be HTML without a mistake."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    return parser.parse(answer.text)  # type: ignore[no-any-return]


def heading(answer: httpx.Response) -> str:
    return shown(next(parsed(answer).iter("h1")))


def shown(element: Element) -> str:
    return re.sub(r"\s+", " ", "".join(element.itertext())).strip()


async def press(
    browser: httpx.AsyncClient,
    page: httpx.Response,
    step: str,
    *,
    site: str = "same-origin",
    at: str | None = None,
    **filled_in: str,
) -> httpx.Response:
    """Fills in the form that has a button with this value or text, of several the one that goes to `at`."""
    form, button = next(
        (form, button)
        for form in parsed(page).iter("form")
        for button in form.iter("button")
        if step in (button.get("value"), shown(button)) and at in (None, form.get("action"))
    )
    assert form.get("method") == "post"
    fields = {one.get("name", ""): one.get("value", "") for one in form.iter("input")} | filled_in
    if button.get("name"):
        fields[str(button.get("name"))] = str(button.get("value"))
    action = form.get("action") or str(page.request.url)
    return await browser.post(action, data=fields, headers={"Sec-Fetch-Site": site})


async def goes_on(browser: httpx.AsyncClient, entered: httpx.Response) -> str:
    """Where somebody who was signed in comes, by way of the page that sees whether their browser kept the cookie."""
    assert (entered.status_code, urlsplit(entered.headers["location"]).path) == (303, "/sign-in")
    answer = await browser.get(entered.headers["location"])
    assert answer.status_code == 303
    return str(answer.headers["location"])


def folded(answer: httpx.Response) -> dict[str, str]:
    """The text of each block that is folded, by the text of what unfolds it."""
    blocks = (one for one in parsed(answer).iter("details") if one.get("open") is None)
    return {shown(next(one.iter("summary"))): shown(one) for one in blocks}


def well_made(answer: httpx.Response, language: str) -> Element:
    """What every page has to be: valid, in its language, usable without sight, and loading nothing from elsewhere."""
    page = parsed(answer)
    assert page.get("lang") == language
    assert answer.headers["content-language"] == language
    assert shown(next(page.iter("title"))).endswith(" - Om de Hoek")
    assert len(list(page.iter("h1"))) == 1
    assert len(list(page.iter("main"))) == 1
    ids = [one.get("id") for one in page.iter() if one.get("id")]
    assert len(ids) == len(set(ids))
    for one in page.iter():  # what is wrong is told at the field, and leads to it
        if one.get("aria-invalid"):
            assert set(str(one.get("aria-describedby")).split()) <= set(ids), one.get("id")
        if one.get("role") == "alert":
            assert {str(to.get("href"))[1:] for to in one.iter("a")} <= set(ids)
    labelled = {one.get("for") for one in page.iter("label")}
    for field in (*page.iter("input"), *page.iter("select"), *page.iter("textarea")):
        assert field.get("type") == "hidden" or field.get("id") in labelled
    configured = [one for one in page.iter("meta") if one.get("name") == "htmx-config"]
    assert len(configured) == 1  # the script reads the first
    for one in page.iter("script"):  # ours, from a file: nothing that is written in the page is run
        assert str(one.get("src")).startswith(("/htmx.js?", "/push.js?"))
        assert (one.text, one.get("defer")) == (None, "")
    assert not [one for one in page.iter() if any(name == "style" or name.startswith("on") for name in one.keys())]  # noqa: SIM118
    for one in page.iter():
        for name in ("src", "href", "action"):
            to_a_person = ("mailto:", "tel:") if one.tag == "a" else ()
            assert (one.get(name) or "/").startswith(("/", "#", *to_a_person)), (one.tag, one.get(name))
            assert not (one.get(name) or "").startswith("//")
    for level, one in _headings(page):
        assert level <= 1 or shown(one)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    return page


def assert_told_at_the_field(answer: httpx.Response, field: str, words: str) -> None:
    """What is wrong is told in the title, at the top with a link to the field, and at the field itself."""
    page = well_made(answer, "nl")
    by_id = {one.get("id"): one for one in page.iter() if one.get("id")}
    told = next(one for one in page.iter() if one.get("role") == "alert")
    assert (shown(told), [one.get("href") for one in told.iter("a")]) == (words, [f"#{field}"])
    assert (told.get("tabindex"), told.get("autofocus")) == ("-1", "")
    assert by_id[field].get("aria-invalid") == "true"
    assert words in shown(by_id[by_id[field].get("aria-describedby")])
    assert shown(next(page.iter("title"))).startswith("Fout: ")


def _headings(page: Element) -> Iterator[tuple[int, Element]]:
    """The headings in order; a level is never skipped."""
    before = 0
    for one in page.iter():
        if isinstance(one.tag, str) and re.fullmatch(r"h[1-6]", one.tag):
            level = int(one.tag[1])
            assert level <= before + 1, shown(one)
            before = level
            yield level, one


# The tests.


@pytest.mark.parametrize("language", ["nl", "en"])
async def test_every_page_is_well_made_in_both_languages(neighbourhood, language):
    pair = await neighbourhood.a_match()
    visitor = neighbourhood.visitor()
    for browser, path in (
        (visitor, "/"),
        (visitor, "/join"),
        (visitor, "/help"),
        (visitor, "/privacy"),
        (visitor, "/accessibility"),
        (visitor, "/sign-in"),
        (visitor, "/sign-in?next=/inbox"),
        (visitor, "/sign-in?token=x"),
        (visitor, "/nowhere"),
        (visitor, "/problems/invalid-fields"),
        (visitor, "/api/v1/docs"),
        (pair.team, "/"),
        (pair.team, "/inbox"),
        (pair.asker, "/inbox"),
        (pair.asker, "/requests"),
        (pair.offerer, "/offers"),
        (pair.asker, "/offers"),
        (pair.asker, "/offers/all"),
        (pair.asker, "/requests/new"),
        (pair.asker, "/offers/new"),
        (pair.team, f"/matches/{pair.match_id}"),
        (pair.asker, f"/requests/{pair.request_id}"),
        (pair.team, f"/requests/{pair.request_id}"),
        (pair.team, "/status"),
        (pair.asker, "/insight"),
        (pair.team, "/insight?months=24&exact=1&theme=energy-transition&province=Utrecht"),
        (pair.asker, f"/matches/{new_id()}"),
    ):
        answer = await browser.get(path, params={"taal": language} | dict(httpx.QueryParams(urlsplit(path).query)))
        well_made(answer, language)
        assert answer.status_code in ((404,) if "nowhere" in path or answer.status_code == 404 else (200,)), path


async def test_where_the_team_is_reached_is_at_the_foot_of_each_page(street, postgres, nats):
    address = "team@linde.example"
    async with another_gateway(street, postgres, nats, node_team_email=address) as told:
        for path in ("/", "/join", "/help", "/privacy", "/accessibility", "/nowhere"):
            page = await told.visitor(**BROWSER).get(path)
            links = [shown(one) for one in well_made(page, "nl").iter("a") if one.get("href") == f"mailto:{address}"]
            assert links == ["Mail het team"] if path in ("/", "/join", "/nowhere") else [address, "Mail het team"]

    assert "mailto:" not in (await street.visitor().get("/help")).text


async def test_the_team_sees_what_is_behind_and_nobody_else_does(neighbourhood):
    team, member = await neighbourhood.team(), await neighbourhood.member()

    page = well_made(await team.get("/status"), "nl")

    rows = {shown(row[0]): [shown(cell) for cell in row[1:]] for row in page.iter("tr")}
    assert rows.keys() == {"Dienst", "members", "requests", "matching", "notify", "insight", "gateway"}
    assert all(len(cells) == 6 for cells in rows.values()), rows
    assert (await member.get("/status")).status_code == 403
    assert (await neighbourhood.visitor().get("/status")).status_code == 303
    assert "/status" not in (await member.get("/")).text


async def test_what_is_asked_and_offered_is_a_picture_a_table_and_a_file(neighbourhood):
    pair = await neighbourhood.a_match()
    await neighbourhood.services[-1].heard(*(a_request(place="Utrecht") for _ in range(6)))
    await neighbourhood.quiet()

    page = well_made(await pair.asker.get("/insight", params={"theme": "energy-transition"}), "nl")
    exact = well_made(await pair.team.get("/insight", params={"exact": "1"}), "nl")

    for picture in (one for one in page.iter("svg") if one.get("role") == "img"):
        assert [shown(one) for one in picture if one.tag in ("title", "desc")] == [mock.ANY, mock.ANY]
        assert all(shown(one) for one in picture if one.tag in ("title", "desc"))
    tables = {shown(next(one.iter("caption"))): one for one in page.iter("table")}
    always = {"Per thema", "Per soort", "Per provincie", "Per netwerk", "Per maand"}
    assert tables.keys() - {"Initiatieven per thema"} == always  # where others began something, there is that too
    (utrecht,) = [row for row in tables["Per provincie"].iter("tr") if shown(row[0]) == "Utrecht"]
    assert shown(utrecht[1]) == "1 tot 4" or int(shown(utrecht[1])) % 5 == 0
    assert "precieze getallen" in shown(exact)
    assert "1 tot 4" not in shown(exact)
    files = {one.get("href") for one in page.iter("a") if ".csv" in (one.get("href") or "")}
    assert len(files) == len(tables) + 1
    for file in files:
        answer = await pair.asker.get(file)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8"), file
    assert (await pair.asker.get("/api/v1/insight/summary", params={"exact": "true"})).status_code == 403
    assert (await neighbourhood.visitor().get("/insight")).status_code == 303


@pytest.mark.parametrize(("language", "few"), [("nl", "zo weinig dat"), ("en", "so few that")])
async def test_a_few_are_drawn_and_divided_nowhere(neighbourhood, language, few):
    pair = await neighbourhood.a_match()
    await neighbourhood.services[-1].heard(a_request(place="Goes", themes=(Theme.BIODIVERSITY,)))
    await neighbourhood.quiet()
    asked = {"theme": "biodiversity", "province": "Zeeland", "taal": language}

    page = well_made(await pair.asker.get("/insight", params=asked), language)

    captions = {shown(next(one.iter("caption"))) for one in page.iter("table")}
    assert captions == {{"nl": "Per maand", "en": "By month"}[language]}
    assert shown(page).count(few) == 4  # by theme, province, kind and network
    _, month, *_ = page.iter("tr")
    assert [shown(cell) for cell in month][1:5] == ["-"] * 4


async def test_who_asks_for_a_link_follows_it_and_presses_the_button_is_signed_in(neighbourhood):
    browser = neighbourhood.visitor()

    asked = await press(browser, await browser.get("/"), "Stuur me een link", email=TEAM)
    token = await neighbourhood.link_for(TEAM)
    for _ in range(3):  # a mail program looks at the link, and uses nothing up
        almost = await browser.get("/sign-in", params={"token": token})
    entered = await press(browser, almost, "Log in")

    assert (asked.status_code, heading(asked)) == (200, "Kijk in je mail")
    assert (almost.status_code, almost.headers["cache-control"]) == (200, "no-store")
    assert await goes_on(browser, entered) == "/"
    assert "Uitloggen" in (await browser.get("/")).text


async def test_who_mistyped_their_address_sees_it_and_who_is_no_member_yet_can_become_one(neighbourhood):
    browser, typed = neighbourhood.visitor(), "noor@vechtal.example"
    form = await browser.get("/sign-in")

    mailed = well_made(await press(browser, form, "Stuur me een link", email=typed), "nl")

    assert f"Is {typed} bij ons bekend" in shown(mailed)
    links = {one.get("href"): shown(one) for one in mailed.iter("a")}
    assert (links["/sign-in"], links["/join"]) == ("Probeer een ander adres, of nog een keer", "Word lid")
    assert "Nog geen lid? Word lid" in shown(well_made(form, "nl"))


async def test_who_wanted_to_go_somewhere_gets_there_after_signing_in(neighbourhood):
    pair, browser = await neighbourhood.a_match(), neighbourhood.visitor()

    turned_away = await browser.get(f"/matches/{pair.match_id}?done=x")
    sign_in = await browser.get(turned_away.headers["location"])
    await press(browser, sign_in, "Stuur me een link", email=TEAM)
    almost = await browser.get("/sign-in", params={"token": await neighbourhood.link_for(TEAM)})
    entered = await press(browser, almost, "Log in")

    assert (turned_away.status_code, heading(sign_in)) == (303, "Inloggen")
    assert await goes_on(browser, entered) == f"/matches/{pair.match_id}?done=x"


async def test_a_link_that_was_used_leads_to_a_new_one(neighbourhood):
    browser = neighbourhood.visitor()
    almost = await browser.get("/sign-in", params={"token": "used-before"})

    answer = await press(browser, almost, "Log in")

    assert (answer.status_code, heading(answer)) == (422, "Deze link werkt niet meer")
    well_made(answer, "nl")
    again = await press(browser, answer, "Stuur me een link", email=TEAM)
    assert heading(again) == "Kijk in je mail"


async def test_who_is_signed_in_and_follows_a_link_that_was_used_goes_on_where_it_led(neighbourhood):
    browser = await neighbourhood.team()
    almost = await browser.get("/sign-in", params={"token": "used-before", "next": "/inbox"})

    answer = await press(browser, almost, "Log in")

    assert "Je bent al ingelogd" in shown(well_made(almost, "nl"))
    assert heading(answer) == "Je bent al ingelogd"
    links = {shown(one): one.get("href") for one in well_made(answer, "nl").iter("a")}
    assert links["Ga verder"] == "/inbox"
    assert "Stuur me een link" not in answer.text


async def test_what_somebody_fills_in_of_themselves_a_browser_can_fill_in(neighbourhood):
    page = parsed(await neighbourhood.visitor().get("/join"))

    known = {one.get("name"): one.get("autocomplete") for one in page.iter("input") if one.get("autocomplete")}
    assert known == {
        "name": "name", "email": "email", "organisation": "organization", "role": "organization-title", "phone": "tel",
    }  # fmt: skip


async def test_a_wrong_address_is_said_to_be_wrong_where_it_was_typed(neighbourhood):
    browser = neighbourhood.visitor()

    answer = await press(browser, await browser.get("/sign-in"), "Stuur me een link", email=f'x"{EVIL}')

    page = well_made(answer, "nl")
    field = next(one for one in page.iter("input") if one.get("name") == "email")
    assert answer.status_code == 422
    assert field.get("aria-invalid") == "true"
    assert field.get("value") == f'x"{EVIL}'
    assert shown(next(page.iter("title"))).startswith("Fout: ")
    in_order = [one for one in page.iter() if one is field or one.get("role") == "alert"]
    assert in_order[1] is field  # who hears the page is told before they come to it


async def test_signing_out_by_the_button_ends_the_session(neighbourhood):
    browser = await neighbourhood.team()

    answer = await press(browser, await browser.get("/inbox"), "Uitloggen")

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert (await browser.get("/inbox")).headers["location"] == "/sign-in?next=%2Finbox"


async def test_from_a_proposal_to_an_introduction_on_pages_alone(neighbourhood):
    pair = await neighbourhood.a_match()
    path = f"/matches/{pair.match_id}"

    assert (await pair.asker.get(path)).status_code == 404  # nobody has looked at it yet
    judged = await press(pair.team, await pair.team.get(path), "endorse")
    assert (judged.status_code, judged.headers["location"]) == (303, f"{path}?done=endorse")
    assert "beide kanten" in (await pair.team.get(judged.headers["location"])).text

    for browser in (pair.asker, pair.offerer):
        page = await browser.get(path)
        assert "Wil je kennismaken?" in page.text
        assert "jansen" not in page.text.lower()
        assert "vries" not in page.text.lower()
        assert (await press(browser, page, "yes")).headers["location"] == f"{path}?done=yes"

    done = await pair.asker.get(path)
    assert heading(done) == "Jullie zijn aan elkaar voorgesteld"
    await neighbourhood.quiet()
    inbox = await pair.asker.get("/inbox")
    assert "Sem de Vries" in inbox.text
    email = (await pair.offerer.get("/api/v1/members/me")).json()["email"]
    for told in (inbox, await pair.asker.get(path)):
        links = {one.get("href"): one for one in well_made(told, "nl").iter("a")}
        assert shown(links[f"mailto:{email}"]) == email
    assert "mailto:" not in (await pair.team.get(path)).text
    assert f'value="{path}"' in inbox.text
    assert heading(await pair.team.get(path)) == "Zij kennen elkaar nu"


async def test_an_ambassador_who_sees_no_fit_says_why(neighbourhood):
    pair = await neighbourhood.a_match()
    path = f"/matches/{pair.match_id}"
    page = await pair.team.get(path)

    nothing = await press(pair.team, page, "dismiss")
    assert nothing.status_code == 422
    assert_told_at_the_field(nothing, "because-dismiss", "Kies een reden, en houd de toelichting kort.")
    dismissed = await press(pair.team, page, "dismiss", because="too-far", note=f"Regel een\r\n{EVIL}")

    assert dismissed.status_code == 303
    shown_again = await pair.team.get(path)
    well_made(shown_again, "nl")
    assert "te ver weg" in shown_again.text
    assert "&lt;script&gt;" in shown_again.text
    late = await press(pair.team, page, "endorse")
    assert late.status_code in (409, 412)
    well_made(late, "nl")


async def test_who_says_no_may_say_why(neighbourhood):
    pair = await neighbourhood.a_match()
    path = f"/matches/{pair.match_id}"
    await press(pair.team, await pair.team.get(path), "endorse")
    page = await pair.offerer.get(path)

    answered = await press(pair.offerer, page, "no", because="no-capacity")

    assert answered.status_code == 303
    assert "Je nee kun je niet terugnemen" in page.text
    assert "Je hebt nee gezegd" in (await pair.offerer.get(path)).text
    assert "De ander zei nee." in (await pair.asker.get(path)).text
    assert "Een van beide kanten zei nee." in (await pair.team.get(path)).text
    twice = await press(pair.offerer, page, "yes")
    assert twice.status_code in (409, 412)
    well_made(twice, "nl")


async def test_a_yes_is_not_refused_because_the_other_side_said_yes_a_second_before(neighbourhood):
    pair = await neighbourhood.a_match()
    path = f"/matches/{pair.match_id}"
    await press(pair.team, await pair.team.get(path), "endorse")
    pages = [(browser, await browser.get(path)) for browser in (pair.asker, pair.offerer, pair.offerer)]

    answers = [await press(browser, page, "yes") for browser, page in pages]

    assert [answer.status_code for answer in answers] == [303, 303, 303]
    assert heading(await pair.asker.get(path)) == "Jullie zijn aan elkaar voorgesteld"


async def test_what_was_typed_to_see_no_fit_is_still_there_when_it_is_refused(neighbourhood):
    pair = await neighbourhood.a_match()
    page = await pair.team.get(f"/matches/{pair.match_id}")

    refused = await press(pair.team, page, "dismiss", note="Te weinig <uren>.", version="7", because="too-far")

    assert (refused.status_code, "Te weinig &lt;uren&gt;." in refused.text) == (412, True)
    (chosen,) = [one for one in well_made(refused, "nl").iter("option") if one.get("selected") is not None]
    assert chosen.get("value") == "too-far"
    assert (await press(pair.team, refused, "dismiss", because="too-far")).status_code == 303


async def test_who_does_not_know_the_field_lets_the_team_look(neighbourhood):
    pair, path = await neighbourhood.a_match(), "/?done=hand-over"
    page = await pair.team.get(f"/matches/{pair.match_id}")

    answer = await press(pair.team, page, "hand-over")

    assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert "Het team van de regio kijkt nu" in (await pair.team.get(path)).text


async def test_what_waits_for_somebody_is_on_their_start_page(neighbourhood):
    pair = await neighbourhood.a_match()
    await press(pair.team, await pair.team.get(f"/matches/{pair.match_id}"), "endorse")

    assert f'href="/matches/{pair.match_id}"' in (await pair.asker.get("/")).text
    nobody = await neighbourhood.member()
    assert "Er wacht nu niets op jou" in (await nobody.get("/")).text
    assert "Hier staat nog niets" in (await nobody.get("/inbox")).text


async def test_who_brings_people_together_asks_the_whole_country_by_a_button(neighbourhood):
    pair, matching = await neighbourhood.a_match(), neighbourhood.services[1]
    page = await pair.team.get(f"/requests/{pair.request_id}")

    asked = await press(pair.team, page, "Zoek in het hele land")

    assert asked.headers["location"] == f"/requests/{pair.request_id}?done=escalate"
    read = [await one.get(f"/requests/{pair.request_id}") for one in (pair.asker, pair.team)]
    for one in (*read, await pair.team.get(f"/desk/requests/{pair.request_id}")):
        assert ("Zoek in het hele land" in one.text, "We zoeken al in het hele land." in one.text) == (False, True)
    assert pair.request_id in [event.request_id for event in await matching.said(RequestEscalated)]


async def test_a_match_with_another_region_is_shown_and_answered_as_any_other(neighbourhood):
    pair, matching = await neighbourhood.a_match(), neighbourhood.services[1]
    request = (await pair.team.get(f"/api/v1/requests/{pair.request_id}")).json()
    party = Party(member_id="m", organisation_id="o", organisation_name="Scalda Kust", place="Goes", title="Een les")
    told = MatchTold(
        match_id=new_id(),
        request_id=pair.request_id,
        offer_id=new_id(),
        asker=party.model_copy(update={"node": matching.service.settings.node}),
        offerer=party.model_copy(update={"node": "zeeland"}),
        request_kind="guest-lesson",
        offer_kind="guest-lesson",
        score=0.8,
        reasons=(),
        state="endorsed",
        theirs=Wording.model_validate(request | {"text": "Over zout en zon."}),
    )
    known = NodeKnown(node="zeeland", shown_name="Om de Hoek Zeeland", key=PublicKey(kid="k", x="x"))
    for event in (known, told):
        await matching.publish_elsewhere(event, said_by=NATION, to_us=event is told)
        await matching.quiet()

    page = await pair.asker.get(f"/matches/{told.match_id}")
    well_made(page, "nl")
    assert "Om de Hoek Zeeland" in page.text
    assert "Over zout en zon." in page.text
    assert (await press(pair.asker, page, "yes")).status_code == 303
    assert [event.accepted for event in await matching.said(AnswerGiven) if event.match_id == told.match_id] == [True]


async def test_the_other_language_of_a_page_is_on_this_site(neighbourhood):
    missing = await neighbourhood.visitor().get(f"{neighbourhood.url}//evil.example/x")

    assert 'href="/evil.example/x?taal=en"' in missing.text


@pytest.mark.parametrize("typed", ["²", "9" * 5000, "veel"])
async def test_what_is_no_number_is_told_at_its_field(neighbourhood, typed):
    noor = await neighbourhood.member()
    page = await noor.get("/requests/new")

    answer = await press(noor, page, "Stel deze vraag", reach_km=typed)

    assert answer.status_code == 422
    assert words.say("wrong.reach_km", Language.DUTCH, n=None) in shown(parsed(answer))


async def test_what_is_wrong_is_the_first_that_is_read(neighbourhood):
    noor = await neighbourhood.member()

    page = parsed(await press(noor, await noor.get("/requests/new"), "Stel deze vraag"))

    (told,) = [one for one in page.iter("div") if one.get("role") == "alert"]
    assert (told.get("tabindex"), told.get("autofocus")) == ("-1", "")
    assert shown(next(page.iter("title"))).startswith("Fout: ")


async def test_ones_own_request_is_shown_with_how_it_stands(neighbourhood):
    pair = await neighbourhood.a_match()

    mine = await pair.asker.get(f"/requests/{pair.request_id}")
    theirs = await pair.offerer.get(f"/requests/{pair.request_id}")

    assert "Je vraag" in mine.text
    assert "Open: we zoeken wat erbij past" in mine.text
    assert (theirs.status_code, heading(theirs)) == (404, "Deze pagina is er niet")


async def test_a_step_that_is_taken_by_a_button_pressed_twice_is_said_to_be_taken(neighbourhood):
    noor = await neighbourhood.member(name="Noor Jansen")
    placed = await noor.post("/api/v1/requests", json=a_proposition("Wie heeft een draaibank?"))
    at = f"/requests/{placed.json()['request_id']}"

    for step in ("fulfil", "reopen", "withdraw"):
        page = await noor.get(at)
        pressed = [await press(noor, page, step) for _ in range(2)]
        assert [one.headers.get("location") for one in pressed] == [f"{at}?done={step}"] * 2
    late = await press(noor, page, "fulfil")
    assert (late.status_code, "Er is intussen iets veranderd." in late.text) == (412, True)


@pytest.mark.parametrize("side", ["requests", "offers"])
async def test_what_is_in_conversation_is_not_said_to_stand_open_until_a_day(neighbourhood, side):
    noor = await neighbourhood.member(name="Noor Jansen")
    placed = (await noor.post(f"/api/v1/{side}", json=a_proposition("Een dag aan de draaibank"))).json()
    async with neighbourhood.services[0].service.engine.begin() as connection:
        introduced = sa.text("UPDATE proposition SET status = 'in-conversation' WHERE proposition_id = :id")
        await connection.execute(introduced, {"id": placed[f"{side[:-1]}_id"]})

    told = shown(well_made(await noor.get(f"/{side}/{placed[f'{side[:-1]}_id']}"), "nl"))

    assert ("Je bent aan iemand voorgesteld." in told, "Staat open tot" in told) == (True, False)


async def test_from_somebody_elses_offer_a_question_about_it_is_asked_and_not_from_ones_own(neighbourhood):
    pair = await neighbourhood.a_match()
    offer_id = (await pair.team.get(f"/api/v1/matches/{pair.match_id}")).json()["offer"]["offer_id"]

    seen = well_made(await pair.asker.get(f"/offers/{offer_id}"), "nl")
    own = well_made(await pair.offerer.get(f"/offers/{offer_id}"), "nl")

    links = {shown(one): one.get("href") for one in seen.iter("a")}
    assert links["Hier wil ik mee verder"] == f"/requests/new?offer={offer_id}"
    assert "Hier wil ik mee verder" not in shown(own)


async def test_what_people_write_is_shown_as_text_and_never_run(neighbourhood):
    asker = await neighbourhood.member()
    made = await asker.post("/api/v1/requests", json=a_proposition(EVIL, text=EVIL))
    assert made.status_code == 201, made.text

    page = well_made(await asker.get(f"/requests/{made.json()['request_id']}"), "nl")

    assert shown(next(page.iter("h1"))) == EVIL
    assert not list(page.iter("img"))[1:]  # the icon


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/", "//evil.example/", "/\\evil.example/", "\\\\evil.example", "http:evil.example",
        "javascript:alert(1)", "/%0d%0aSet-Cookie:x", "/\r\nSet-Cookie: x", "/ évil", " /x", "", "evil",
        "/" + "x" * 600, "/x\\..\\", "data:text/html,x",
    ],
)  # fmt: skip
async def test_nobody_is_sent_elsewhere_after_signing_in(neighbourhood, wanted):
    browser = await neighbourhood.team()

    shown_form = await browser.get("/sign-in", params={"next": wanted})

    told = urlsplit(shown_form.headers["location"])
    assert (shown_form.status_code, told.scheme, told.netloc) == (303, "", "")
    assert "\r" not in shown_form.headers["location"]
    assert local_path(wanted) is None or wanted == "/%0d%0aSet-Cookie:x"


async def test_the_token_form_sends_nobody_elsewhere_either(neighbourhood):
    browser = neighbourhood.visitor()
    await browser.post("/sign-in", data={"email": TEAM})

    answer = await browser.post(
        "/sign-in", data={"token": await neighbourhood.link_for(TEAM), "next": "//evil.example"}
    )

    assert await goes_on(browser, answer) == "/"


async def test_a_form_of_another_site_or_of_another_session_does_nothing(neighbourhood):
    pair = await neighbourhood.a_match()
    path = f"/matches/{pair.match_id}"
    page = await pair.team.get(path)
    other_session = await neighbourhood.team()

    elsewhere = await press(pair.team, page, "endorse", site="cross-site")
    of_another = await press(other_session, page, "endorse")
    without = await pair.team.post(path, data={"step": "endorse", "version": "1"})
    as_json = await pair.team.post(path, json={"step": "endorse"})
    signed_in_by_others = await neighbourhood.visitor().post(
        "/sign-in", data={"token": "x"}, headers={"Origin": "https://evil.example"}
    )

    for answer in (elsewhere, of_another, without, as_json, signed_in_by_others):
        assert answer.status_code == 403
        assert "Dit formulier was verlopen" in answer.text
    assert "Wat vind jij?" in (await pair.team.get(path)).text


async def test_a_form_that_is_no_form_is_refused_kindly(neighbourhood):
    team = await neighbourhood.team()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    many = "&".join(f"f{n}=1" for n in range(100))

    for content in (b"\xff=\xff", b"%ff=1", many.encode()):
        answer = await team.post("/sign-out", content=content, headers=form)
        assert answer.status_code == 403


async def test_a_service_that_is_away_is_told_in_plain_words(neighbourhood, monkeypatch):
    team = await neighbourhood.team()
    gateway = neighbourhood.gateway.service.app.state.gateway
    for service in ("matching", "notify"):
        monkeypatch.setitem(gateway.upstreams._urls, service, "http://127.0.0.1:1")
        monkeypatch.setitem(gateway.upstreams._away_since, service, 0.0)

    inbox, start = await team.get("/inbox"), await team.get("/")

    assert (inbox.status_code, heading(inbox)) == (503, "Dit kan nu even niet")
    assert int(inbox.headers["retry-after"]) >= 1
    assert "Uitloggen" in inbox.text
    well_made(inbox, "nl")
    assert (start.status_code, "We kunnen nu niet laten zien" in start.text) == (200, True)


async def test_a_fault_is_told_without_what_it_was(neighbourhood, monkeypatch):
    team = await neighbourhood.team()

    def broken(*_: object) -> None:
        raise RuntimeError("with a secret in it")

    monkeypatch.setattr("services.gateway.pages.reading.Reader.ask", broken)
    answer = await team.get("/inbox")

    assert (answer.status_code, heading(answer)) == (500, "Er ging bij ons iets mis")
    assert "secret" not in answer.text


async def test_programs_are_told_in_problem_documents_also_where_pages_are(neighbourhood):
    answer = await neighbourhood.visitor(Accept="application/json").get("/inbox")

    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")


async def test_the_page_of_a_problem_says_what_it_means(neighbourhood):
    visitor = neighbourhood.visitor()

    known = await visitor.get("/problems/match-already-answered")
    unknown = await visitor.get("/problems/no-such-problem")
    hostile = await visitor.get("/problems/%3Cscript%3E")

    assert heading(known) == "This match was already answered"
    assert "https://omdehoek.nl/problems/match-already-answered" in known.text
    assert unknown.status_code == hostile.status_code == 404
    assert "<script>" not in hostile.text


async def test_a_chosen_language_is_kept_and_else_the_browsers_counts(neighbourhood):
    browser = neighbourhood.visitor()

    assert (await browser.get("/")).headers["content-language"] == "nl"
    assert (await browser.get("/?taal=en")).headers["content-language"] == "en"
    assert (await browser.get("/sign-in")).headers["content-language"] == "en"
    link = next(
        one for one in parsed(await browser.get("/sign-in?next=/inbox")).iter("a") if one.get("hreflang") == "nl"
    )
    assert parse_qs(urlsplit(str(link.get("href"))).query) == {"next": ["/inbox"], "taal": ["nl"]}


async def test_who_reads_along_hears_at_once_what_they_are_told(neighbourhood):
    """The inbox as a stream of events, from the real notify; nothing is missed between two connections."""
    pair = await neighbourhood.a_match()
    async with pair.asker.stream("GET", "/api/v1/inbox/stream") as answer:
        events = answer.aiter_lines()
        await anext(events)
        await press(pair.team, await pair.team.get(f"/matches/{pair.match_id}"), "endorse")
        async with asyncio.timeout(30):
            position = next_id = ""
            async for line in events:
                if line.startswith("id: "):
                    next_id = line.removeprefix("id: ")
                if line.startswith("data: "):
                    told, position = json.loads(line.removeprefix("data: ")), next_id
                    break

    assert (told["template"], told["matter_id"]) == ("match-endorsed", pair.match_id)
    headers = {"Last-Event-ID": str(int(position) - 1)}
    async with asyncio.timeout(30), pair.asker.stream("GET", "/api/v1/inbox/stream", headers=headers) as answer:
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                assert json.loads(line.removeprefix("data: ")) == told
                break


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "nl"), ("en", "en"), ("en-GB,en;q=0.9,nl;q=0.8", "en"), ("nl,en;q=0.9", "nl"), ("de,fr", "nl"),
        ("de,en;q=0.5", "en"), ("en;q=x", "nl"), ("*", "nl"), ("en;q=0", "nl"), (",;q=,", "nl"),
    ],
)  # fmt: skip
def test_the_language_that_a_browser_prefers(accepted, language):
    headers = [(b"accept-language", accepted.encode()), (b"cookie", b"odh-taal=fr")]

    assert language_of(Request({"type": "http", "query_string": b"taal=de", "headers": headers})) == language


#: Dutch words for what goes by another word everywhere else.
NOT_OURS = re.compile(
    r"(?<![-\w])mailadres|\bE-mail\b(?!-)|apparaat|^Wijzig|^Verander\b"
    r"|\bplaats (voor|vrij|die vrij)|(geen|één) plaats\b|plaatsen (zijn bezet|er nog zijn)|\{n\} plaatsen|^Plaatsen$",
    re.IGNORECASE,
)


def test_one_idea_has_one_word_in_dutch():
    forms = [(one.id, form) for one in texts_of(Language.DUTCH) if one.id for form in _forms(one.string)]

    assert [(key, form) for key, form in forms if NOT_OURS.search(form)] == []


@pytest.mark.parametrize("language", list(Language))
def test_what_is_wrong_with_a_field_is_told_in_whole_sentences(language):
    told = [one for one in texts_of(language) if str(one.id).startswith("wrong.")]

    assert [one.id for one in told for form in _forms(one.string) if not form.endswith((".", "?"))] == []


def _forms(said: str | tuple[str, ...]) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else said


def test_every_text_of_the_pages_is_there_in_both_languages():
    dutch, english = (texts_of(language) for language in Language)

    assert [one.id for one in dutch] == [one.id for one in english]
    for text, other in zip(dutch, english, strict=True):
        if not text.id:
            continue
        forms, others = (one.string if one.pluralizable else (one.string,) for one in (text, other))
        assert all((*forms, *others)), text.id
        for form, of_other in zip(forms, others, strict=True):
            assert sorted(re.findall(r"{(\w+)}", form)) == sorted(re.findall(r"{(\w+)}", of_other)), text.id
    used = set()
    for template in TEMPLATES.glob("*.html"):
        used |= set(re.findall(r'(?<![.\w])t\("([a-z0-9.-]+)"[,)]', template.read_text()))
    assert used <= WORDS


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda file: file.name)
def test_no_text_is_left_in_a_template(template):
    """But for the page about the API, which is in English as the API is."""
    if template.name == "docs.html":
        return
    left = "".join(text for _, kind, text in Environment().lex(template.read_text()) if kind == "data")
    words_left = re.sub(r"<[^>]*>|[\w:-]+=\"[^\"]*\"|&nbsp;", "", left)

    of_no_language = {"wide", "km"}  # how wide the frame is, and kilometres
    assert not set(re.findall(r"[^\W\d_]{2,}", words_left)) - of_no_language
    assert not re.findall(r'(?:aria-label|title|placeholder|alt|content)="[A-Z][^"]*"', left)


def test_days_and_numbers_are_written_as_people_write_them():
    assert words.moment("2026-11-26T12:05:00Z", Language.DUTCH) == "26 november 2026, 13:05"
    assert words.day("2026-11-26", Language.ENGLISH) == "26 November 2026"
    assert [words.number(1234.5, language, 1) for language in Language] == ["1.234,5", "1,234.5"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_colours_can_be_told_apart(scheme):
    """WCAG 2.2: 4.5 to 1 for text, 3 to 1 for what says that there is a field."""
    blocks = re.findall(r":root\s*{([^}]*)}", STYLE.content.decode())
    colours = dict(re.findall(r"--([a-z-]+):\s*(#[0-9a-f]{6})", blocks[0 if scheme == "light" else 1]))
    for text, ground in (
        ("ink", "page"), ("ink", "sheet"), ("ink", "soft"), ("quiet", "page"), ("quiet", "sheet"), ("quiet", "soft"),
        ("green", "page"), ("green", "sheet"), ("green", "soft"), ("on-green", "green"), ("on-green", "green-deep"),
        ("green-deep", "soft"), ("red", "soft-red"), ("red", "sheet"), ("warm", "soft-warm"), ("warm", "sheet"),
    ):  # fmt: skip
        assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    assert contrast(colours["edge"], colours["sheet"]) >= 3


def test_what_the_pages_load_is_what_was_made_of_the_locked_packages():
    """`./odh design` compares with the packages themselves, which asks for the network."""
    lock = json.loads((DESIGN / "package-lock.json").read_text())
    wanted = json.loads((DESIGN / "package.json").read_text())["dependencies"]
    packages = {name.removeprefix("node_modules/"): one for name, one in lock["packages"].items() if name}

    assert json.loads(design.MADE.read_text()) == design.checksums()
    assert {name: one["version"] for name, one in packages.items()} == wanted
    assert all(one["integrity"].startswith("sha512-") and "resolved" not in one for one in packages.values())
    for name, one in packages.items():
        assert f"/* {name} {one['version']}, {one['license']} */" in "".join(
            (DESIGN / file).read_text() for file in ("components.css", "htmx.js")
        )
        assert (DESIGN / "licences" / f"{one['license']}.md").exists()


@pytest.mark.parametrize("name", ["style.css", "htmx.js"])
async def test_what_a_page_loads_is_light_kept_and_asked_of_nobody_else(neighbourhood, name):
    packed = await neighbourhood.visitor().get(f"/{name}")
    plain = await neighbourhood.visitor(**{"Accept-Encoding": "identity"}).get(f"/{name}")

    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < 20_000
    assert "immutable" in plain.headers["cache-control"]
    assert not re.findall(r"https?://|@import|url\((?!['\"]?data:)", plain.text)


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
