"""What leads to the desk and what stands there is offered only to whom it is not refused."""

from tests.gateway.conftest import a_proposition
from tests.gateway.test_desk_page import ELSEWHERE, UTRECHT, an_ambassador
from tests.gateway.test_pages import press, shown, well_made
from tests.given import fresh_name

FIND_ELSE = "Zoek iets of iemand anders"


async def test_only_who_looks_after_a_request_is_led_to_it_at_the_desk(neighbourhood):
    asker = await neighbourhood.member(name="Noor Jansen")
    draft = a_proposition(f"Wie weet alles van {fresh_name('dassen')}?", kind="equipment")
    request_id = (await asker.post("/api/v1/requests", json=draft)).json()["request_id"]
    await neighbourhood.quiet()
    at, desk = f"/requests/{request_id}", f"/desk/requests/{request_id}"

    for scope, looks_after in ((UTRECHT, True), (ELSEWHERE, False)):
        browser = await an_ambassador(neighbourhood, "Amir Bos", **scope)
        page = await browser.get(at)
        links = {shown(one): one.get("href") for one in well_made(page, "nl").iter("a")}
        assert (page.status_code, links.get(FIND_ELSE)) == (200, desk if looks_after else None)
        assert (await browser.get(desk)).status_code == (200 if looks_after else 404)

    await press(asker, await asker.get(at), "withdraw")
    await neighbourhood.quiet()
    team = await neighbourhood.team()
    closed = await team.get(at)  # it is there for what was noted with it
    assert (FIND_ELSE in closed.text, "Zoek in het hele land" in closed.text) == (True, False)
    assert (await team.get(desk)).status_code == 200


async def test_who_asks_themselves_reads_that_another_brings_them_together(neighbourhood):
    about = fresh_name("vlinderdas")
    offerer = await neighbourhood.member(name="Sem de Vries")
    await offerer.post("/api/v1/offers", json=a_proposition(f"Alles over de {about}", kind="guest-lesson"))
    ambassador = await an_ambassador(neighbourhood, "Amir Bos")
    draft = a_proposition(f"Wie weet alles van {about}?", kind="equipment")
    request_id = (await ambassador.post("/api/v1/requests", json=draft)).json()["request_id"]
    await neighbourhood.quiet()
    at = f"/desk/requests/{request_id}?words=alles+over+de+{about}"

    own, of_team = [await one.get(at) for one in (ambassador, await neighbourhood.team())]

    for page, offered in ((own, False), (of_team, True)):
        words = shown(well_made(page, "nl"))
        assert (f"Alles over de {about}" in words, "Breng bij elkaar" in words) == (True, offered)
        assert ("iemand anders kijkt of iets erbij past" in words) is not offered
    assert "It is your own" in (await ambassador.get(at, headers={"Accept-Language": "en"})).text


async def test_of_what_is_found_with_other_words_no_reasons_are_given_that_nobody_said(neighbourhood):
    """With other words place and kind do not count, so what the offer says of them is no reason for it."""
    about = fresh_name("kokkels")
    offerer = await neighbourhood.member(name="Sem de Vries")
    await offerer.post("/api/v1/offers", json=a_proposition(f"Alles over de {about}", kind="guest-lesson"))
    asker = await neighbourhood.member(name="Noor Jansen")
    far = a_proposition(f"Wie weet alles van {about}?", kind="expertise") | {"place": {"name": "Maastricht"}}
    request_id = (await asker.post("/api/v1/requests", json=far)).json()["request_id"]
    await neighbourhood.quiet()

    found = await (await neighbourhood.team()).get(f"/desk/requests/{request_id}?words=alles+over+de+{about}")

    words = shown(well_made(found, "nl"))
    assert (f"Alles over de {about}" in words, "Past omdat" in words) == (True, False)


async def test_nobody_is_offered_to_be_brought_together_with_themselves(neighbourhood):
    about = fresh_name("waterjuffer")
    asker, offerer = [await neighbourhood.member(name=name) for name in ("Noor Jansen", "Sem de Vries")]
    ambassador = await an_ambassador(neighbourhood, "Amir Bos")
    theirs = {asker: "Zelf weet ik alles", offerer: "Wij weten alles"}
    for browser, title in theirs.items():
        await browser.post("/api/v1/offers", json=a_proposition(f"{title} van de {about}", kind="guest-lesson"))
    draft = a_proposition(f"Wie weet alles van de {about}?", kind="equipment")
    request_id = (await asker.post("/api/v1/requests", json=draft)).json()["request_id"]
    await neighbourhood.quiet()

    page = await ambassador.get(f"/desk/requests/{request_id}?words=alles+van+de+{about}")

    words = shown(well_made(page, "nl"))
    assert [title in words for title in theirs.values()] == [False, True]
