"""What others offer is looked through, and a request about one of them is placed from its page."""

from urllib.parse import parse_qs, urlsplit

import pytest

from contracts.requests import OfferClosed
from tests.gateway.conftest import BROWSER, a_proposition
from tests.gateway.test_pages import heading, parsed, press, shown, well_made
from tests.given import eventually, fresh_name
from tests.requests.test_listings import of_the_nation

FAR = {"kind": "equipment", "themes": ["biodiversity"], "place": {"name": "Groningen"}}


@pytest.fixture
async def offer(neighbourhood):
    """Somebody's offer that fits hardly anything; withdrawn afterwards, since others look through the same."""
    sem = await neighbourhood.member(name="Sem de Vries")
    placed = (await sem.post("/api/v1/offers", json=a_proposition(fresh_name("Een slootschoner"), **FAR))).json()
    await neighbourhood.quiet()
    yield placed | {"by": sem}
    await sem.post(f"/api/v1/offers/{placed['offer_id']}/withdraw")


def links(answer):
    """The links of a page, by what they say."""
    return {shown(one): one.get("href") for one in parsed(answer).iter("a")}


def filled_in(answer):
    """What the fields of a page hold: of those with choices the chosen ones."""
    page = parsed(answer)
    fields = {one.get("name"): one.get("value") for one in page.iter("input") if one.get("type") != "checkbox"}
    chosen = {one.get("value") for one in page.iter("input") if one.get("checked") is not None}
    kind = next(one for one in page.iter("select") if one.get("name") == "kind")
    selected = [one.get("value") for one in kind.iter("option") if one.get("selected") is not None]
    return fields | {"themes": chosen, "kind": selected}


async def match_of(neighbourhood, request_id, offer_id):
    """The match of the two, as the node's team reads it."""
    team = await neighbourhood.team()

    async def found():
        items = (await team.get("/api/v1/matches", params={"limit": 100})).json()["items"]
        both = (request_id, offer_id)
        return next((m for m in items if (m["request"]["request_id"], m["offer"]["offer_id"]) == both), None)

    return await eventually(found, saying="a match")


@pytest.mark.parametrize("language", ["nl", "en"])
async def test_what_is_offered_is_looked_through_by_kind_and_theme(neighbourhood, offer, language):
    noor = await neighbourhood.member()
    told = {"taal": language}

    async def titles(**narrowed):
        answer = await noor.get("/offers/all", params=told | narrowed)
        return [shown(one) for one in well_made(answer, language).iter("h3")]

    assert offer["title"] in await titles()
    assert offer["title"] in await titles(kind="equipment", theme="biodiversity")
    assert offer["title"] not in await titles(kind="guest-lesson")
    assert offer["title"] not in await titles(theme="energy-transition")
    wrong = await noor.get("/offers/all", params=told | {"kind": "none-such"})
    assert wrong.status_code == 422
    assert [one.get("id") for one in well_made(wrong, language).iter() if one.get("aria-invalid")] == ["kind"]


async def test_who_offers_it_is_not_told_but_for_their_organisation(neighbourhood, offer):
    noor = await neighbourhood.member()
    of = (await offer["by"].get("/api/v1/members/me")).json()
    organisation = of["affiliations"][0]["organisation"]["name"]

    for path in ("/offers/all", f"/offers/{offer['offer_id']}"):
        page = await noor.get(path)
        assert organisation in shown(parsed(page)), path
        for personal in ("Sem de Vries", of["email"], of["member_id"]):
            assert personal not in page.text, path


async def test_a_long_list_goes_on_to_what_is_older_and_stays_narrowed(neighbourhood):
    sem = await neighbourhood.member()
    placed = [
        (await sem.post("/api/v1/offers", json=a_proposition(f"Aanbod {n}", kind="site-visit"))).json()["offer_id"]
        for n in range(25)
    ]
    noor = await neighbourhood.member()

    first = await noor.get("/offers/all", params={"kind": "site-visit"})
    older = await noor.get(links(first)["Ouder"])

    on_first, on_older = ({one for one in placed if f"/offers/{one}" in page.text} for page in (first, older))
    assert on_first
    assert on_older
    assert not on_first & on_older
    assert links(older)["Naar het nieuwste"] == "/offers/all?kind=site-visit"
    for one in placed:
        await sem.post(f"/api/v1/offers/{one}/withdraw")


async def test_who_is_not_signed_in_signs_in_first(neighbourhood):
    answer = await neighbourhood.visitor().get("/offers/all")

    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Foffers%2Fall")


async def test_from_an_offer_a_request_about_it_is_placed_and_proposed(neighbourhood, offer):
    noor = await neighbourhood.member(name="Noor Jansen")
    seen = await noor.get(f"/offers/{offer['offer_id']}")

    page = await noor.get(links(seen)["Hier wil ik mee verder"])
    form = filled_in(page)
    assert (form["about"], form["kind"], form["themes"]) == (offer["offer_id"], ["equipment"], {"biodiversity"})
    assert form["title"] == f"Over: {offer['title']}"
    wrong = await press(noor, page, "place", title="", text="Mogen wij die lenen?", kind="equipment")
    assert (wrong.status_code, filled_in(wrong)["about"], filled_in(wrong)["title"]) == (422, offer["offer_id"], "")
    assert offer["title"] in str(links(wrong))
    placed = await press(
        noor, wrong, "place", title="Een slootschoner lenen", text="Mogen wij die lenen?", kind="equipment",
        themes="biodiversity", place="Zeist",
    )  # fmt: skip

    assert placed.status_code == 303, shown(parsed(placed))
    at, _, done = placed.headers["location"].partition("?")
    assert done == "done=placed-about"
    own = await noor.get(placed.headers["location"])
    assert "naast het aanbod dat je koos" in shown(well_made(own, "nl"))
    assert links(own)[offer["title"]] == f"/offers/{offer['offer_id']}"
    match = await match_of(neighbourhood, at.rpartition("/")[2], offer["offer_id"])
    assert match["state"] == "proposed"
    assert match["reasons"][0]["words"] == "gevraagd bij dit aanbod"
    team = await neighbourhood.team()
    assert "gevraagd bij dit aanbod" in shown(parsed(await team.get(f"/matches/{match['match_id']}")))


async def test_what_is_shown_while_somebody_writes_is_chosen_by_a_button_and_let_go_by_another(neighbourhood):
    noor, sem = await neighbourhood.member(), await neighbourhood.member()
    about = fresh_name("dakgoot")
    offered = (await sem.post("/api/v1/offers", json=a_proposition(f"Wij weten alles van {about}"))).json()
    await neighbourhood.quiet()
    looked = await press(noor, await noor.get("/requests/new"), "look", text=f"Wie weet alles van {about}?", kind="")

    chosen = await press(noor, looked, f"about:{offered['offer_id']}", text=f"Wie weet alles van {about}?")
    let_go = await press(noor, chosen, "Toch niet over dit aanbod", text=f"Wie weet alles van {about}?")

    assert filled_in(chosen)["about"] == offered["offer_id"]
    assert (filled_in(chosen)["kind"], filled_in(chosen)["title"]) == (["guest-lesson"], f"Over: {offered['title']}")
    assert "Hier gaat je vraag over." in shown(well_made(chosen, "nl"))
    assert about in chosen.text
    assert "about" not in filled_in(let_go)
    assert (filled_in(let_go)["kind"], filled_in(let_go)["title"] or "") == ([], "")  # what came with it goes with it
    await sem.post(f"/api/v1/offers/{offered['offer_id']}/withdraw")


async def choose(browser, page, offered, **filled):
    """Presses the button of an offer that may be the answer already."""
    fields = {one.get("name", ""): one.get("value", "") for one in parsed(page).iter("input")} | filled
    step = {"step": f"about:{offered['offer_id']}"}
    return await browser.post("/requests/new", data=fields | step, headers={"Sec-Fetch-Site": "same-origin"})


async def test_another_offer_that_is_chosen_takes_the_place_of_the_first_and_what_one_wrote_stays(neighbourhood):
    noor, sem = await neighbourhood.member(), await neighbourhood.member()
    first, second = [
        (await sem.post("/api/v1/offers", json=a_proposition(f"Wij weten alles van {fresh_name('dak')}"))).json()
        for _ in range(2)
    ]

    page = await noor.get("/requests/new", params={"offer": first["offer_id"]})
    changed = await choose(noor, page, second)
    written = await choose(noor, changed, first, title="Wie helpt?")

    assert filled_in(changed)["title"] == f"Over: {second['title']}"
    assert (filled_in(written)["about"], filled_in(written)["title"]) == (first["offer_id"], "Wie helpt?")
    for offered in (first, second):
        await sem.post(f"/api/v1/offers/{offered['offer_id']}/withdraw")


async def test_an_offer_that_closed_meanwhile_is_said_to_be_and_the_question_can_be_asked(neighbourhood, offer):
    noor = await neighbourhood.member()
    await offer["by"].post(f"/api/v1/offers/{offer['offer_id']}/withdraw")

    page = await noor.get("/requests/new", params={"offer": offer["offer_id"]})

    assert heading(page) == "Stel je vraag"
    assert "kunnen we nu niet laten zien" in shown(well_made(page, "nl"))
    assert filled_in(page)["kind"] == []


async def test_ones_own_offer_and_that_of_a_colleague_are_not_asked_about(neighbourhood, offer):
    sem = offer["by"]
    of = (await sem.get("/api/v1/members/me")).json()["affiliations"][0]["organisation"]["organisation_id"]
    colleague = await neighbourhood.member(name="Mo Bakker", organisation=None, organisation_id=of)

    for browser, told in ((sem, "Je aanbod"), (colleague, "Dit biedt een collega van je eigen organisatie aan.")):
        seen = await browser.get(f"/offers/{offer['offer_id']}")
        assert told in shown(well_made(seen, "nl"))
        assert "Hier wil ik mee verder" not in links(seen)
        page = await browser.get("/requests/new", params={"offer": offer["offer_id"]})
        assert "about" not in filled_in(page)
        assert "Dit aanbod is van je eigen organisatie." in shown(well_made(page, "nl"))


@pytest.fixture
async def tip(neighbourhood):
    """A tip that somebody gives; withdrawn afterwards."""
    sem = await neighbourhood.member(name="Sem de Vries")
    placed = (await sem.post("/api/v1/offers", json=a_proposition(fresh_name("Tip"), kind="tip"))).json()
    await neighbourhood.quiet()
    yield placed | {"by": sem}
    await sem.post(f"/api/v1/offers/{placed['offer_id']}/withdraw")


@pytest.mark.parametrize("is_signed_in", [True, False])
async def test_from_a_tip_a_question_about_it_is_asked_and_its_maker_hears_of_it(neighbourhood, tip, is_signed_in):
    noor = await neighbourhood.member()
    reader = noor if is_signed_in else neighbourhood.visitor(**BROWSER)
    page = await reader.get(links(await reader.get(f"/tips/{tip['offer_id']}"))["Stel er een vraag over"])
    if not is_signed_in:
        page = await noor.get(parse_qs(urlsplit(page.headers["location"]).query)["next"][0])

    form = filled_in(page)
    assert (form["about"], form["title"]) == (tip["offer_id"], f"Over: {tip['title']}")
    assert (form["kind"], form["themes"]) == (["tip"], set(tip["themes"]))
    placed = await press(
        noor, page, "place", text="Werkt dat ook in een oude school?", kind="tip", themes=tip["themes"][0]
    )

    at, _, done = placed.headers["location"].partition("?")
    assert done == "done=placed-about"
    match = await match_of(neighbourhood, at.rpartition("/")[2], tip["offer_id"])
    assert match["reasons"][0]["words"] == "gevraagd bij dit aanbod"

    async def told():
        items = (await tip["by"].get("/api/v1/inbox")).json()["items"]
        return (match["match_id"], "match-endorsed") in [(one["matter_id"], one["template"]) for one in items]

    assert await eventually(told, saying="that somebody asks about the tip")
    await noor.post(f"/api/v1{at}/withdraw")


async def test_from_a_tip_of_the_nation_a_question_about_it_is_asked_too(neighbourhood, nation_says):
    requests, noor = neighbourhood.services[0], await neighbourhood.member()
    tip = of_the_nation(kind="tip", title=fresh_name("Landelijke tip"))
    await nation_says(requests, tip)

    page = await noor.get(links(await noor.get(f"/tips/{tip.offer_id}"))["Stel er een vraag over"])
    form = filled_in(page)
    assert (form["about"], form["title"], form["kind"]) == (tip.offer_id, f"Over: {tip.title}", ["tip"])
    shown_as = next(href for words, href in links(page).items() if words.startswith(tip.title))
    assert heading(await noor.get(shown_as)) == tip.title
    placed = await press(noor, page, "place", text="Hoe pak ik dat aan?", kind="tip", themes="energy-transition")

    assert placed.headers["location"].endswith("?done=placed-about")
    closed = tip.model_dump() | {"status": "withdrawn", "version": 2}
    await nation_says(requests, OfferClosed.model_validate(closed))
