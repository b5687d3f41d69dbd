"""Tips and meetings on pages: found by everybody, and a meeting that somebody comes to."""

from datetime import UTC, datetime, timedelta

import icalendar
import pytest
import sqlalchemy as sa

from contracts.days import AMSTERDAM
from services.requests import expiring
from tests.gateway.conftest import NATION, a_proposition
from tests.gateway.test_pages import (
    folded,
    goes_on,
    heading,
    parsed,
    press,
    shown,
    well_made,
)
from tests.given import fresh_name

BROWSER = {"Accept": "text/html", "Accept-Language": "nl"}


async def a_meeting(neighbourhood, places=1, **changes):
    """Who organises it, and where it is."""
    organiser = await neighbourhood.member(name="Sem de Vries")
    day = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    when = {
        "starts_on": day,
        "from_time": "14:00",
        "until_time": "16:30",
        "venue": "Werkplaats",
        "participants": places,
    }
    title = fresh_name("Bijeenkomst over warmte")
    placed = await organiser.post("/api/v1/offers", json=a_proposition(title, kind="meeting") | when | changes)
    assert placed.status_code == 201, placed.text
    await neighbourhood.quiet()
    return organiser, f"/meetings/{placed.json()['offer_id']}", title


def text(answer, language="nl"):
    return shown(well_made(answer, language))


@pytest.mark.parametrize("language", ["nl", "en"])
async def test_everybody_finds_and_reads_tips_and_meetings(neighbourhood, language):
    sem, at, title = await a_meeting(neighbourhood)
    tip = (await sem.post("/api/v1/offers", json=a_proposition(fresh_name("Tip"), kind="tip"))).json()
    await neighbourhood.quiet()
    visitor = neighbourhood.visitor()
    told = {"taal": language}

    assert title in text(await visitor.get("/meetings", params=told | {"q": title.split()[-1]}), language)
    assert heading(await visitor.get(at, params=told)) == title
    well_made(await visitor.get(at, params=told), language)
    assert tip["title"] in text(await visitor.get("/tips", params=told), language)
    assert heading(await visitor.get(f"/tips/{tip['offer_id']}", params=told)) == tip["title"]
    nowhere = await visitor.get("/meetings", params=told | {"near": "Nergenshuizen", "theme": "biodiversity"})
    assert title not in text(nowhere, language)
    wrong = await visitor.get("/meetings", params=told | {"theme": "none-such", "since": "ooit"})
    assert wrong.status_code == 422
    read = well_made(wrong, language)
    assert [one.get("id") for one in read.iter() if one.get("aria-invalid")] == ["theme", "since"]
    assert [one.get("open") for one in read.iter("details") if one.get("class") is None] == [""]


@pytest.mark.parametrize("by_sign_in", [False, True])
async def test_who_joins_to_come_to_a_meeting_gets_back_to_it(neighbourhood, by_sign_in):
    organiser, at, _ = await a_meeting(neighbourhood)
    of = (await organiser.get("/api/v1/members/me")).json()["affiliations"][0]["organisation"]["organisation_id"]
    visitor, email = neighbourhood.visitor(**BROWSER), f"{fresh_name('iris')}@lindebeek.example"

    def link(page, words):
        (main,) = well_made(page, "nl").iter("main")
        return next(one.get("href") for one in main.iter("a") if shown(one) == words)

    page = await visitor.get(at)
    if by_sign_in:
        page = await visitor.get(link(page, "Inloggen"))
    form = await visitor.get(link(page, "Word lid"))
    refused = await press(visitor, form, "join", name="Iris Bakker", organisation_id=of, email=email, consent="")
    joined = await press(visitor, refused, "join", name="Iris Bakker", organisation_id=of, email=email, consent="yes")
    almost = await visitor.get("/sign-in", params={"token": await neighbourhood.link_for(email)})
    entered = await press(visitor, almost, "Log in")

    assert (refused.status_code, joined.status_code, await goes_on(visitor, entered)) == (422, 200, at)


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example/"])
async def test_who_joins_is_sent_nowhere_else(neighbourhood, wanted):
    visitor = neighbourhood.visitor(**BROWSER)
    form = await visitor.get("/join", params={"next": wanted})
    organisation = {
        "organisation": fresh_name("Centrum"),
        "kind": "centre",
        "place": "Utrecht",
        "organisation_id": "new",
    }
    filled_in = organisation | {"name": "Iris", "email": f"{fresh_name('iris')}@evil.example", "consent": "yes"}

    joined = await visitor.post("/join", data=filled_in | {"step": "join", "next": wanted})

    assert ('name="next"' in form.text, joined.status_code) == (False, 200)
    assert visitor.cookies["odh-next"].strip('"') == "/?done=joined"


async def test_somebody_signs_up_waits_and_comes_and_the_organiser_sees_who_agreed(neighbourhood):
    sem, at, _ = await a_meeting(neighbourhood)
    noor, iris = await neighbourhood.member(name="Noor Jansen"), await neighbourhood.member(name="Iris Bakker")
    assert (await neighbourhood.visitor().post(at, data={"step": "sign-up"})).status_code == 401

    answer = await press(noor, await noor.get(at), "Meld me aan")
    told = text(await noor.get(answer.headers["location"]))
    for words in ("Je bent aangemeld.", "Er is een plek voor je.", "Een dag van tevoren krijg je een herinnering."):
        assert words in told
    answer = await press(iris, await iris.get(at), "sign-up")
    told = text(await iris.get(answer.headers["location"]))
    assert ("Je staat op de wachtlijst." in told, "Je bent aangemeld" in told) == (True, False)
    seen = text(await sem.get(at))
    assert ("Noor Jansen" in seen, "Dit is jouw bijeenkomst" in seen) == (True, True)
    assert "Noor Jansen" not in text(await iris.get(at))

    answer = await press(noor, await noor.get(at), "Ik kom toch niet")
    assert "Je bent afgemeld." in text(await noor.get(answer.headers["location"]))
    assert "Je komt" in text(await iris.get("/meetings"))
    assert "Noor Jansen" not in text(await sem.get(at))


async def test_who_comes_shows_and_hides_their_name_and_keeps_their_place(neighbourhood):
    sem, at, _ = await a_meeting(neighbourhood)
    noor = await neighbourhood.member(name="Noor Jansen")
    await press(noor, await noor.get(at), "Meld me aan")
    assert "Noor Jansen" in text(await sem.get(at))

    for shows in (False, True):
        answer = await save_name(noor, await noor.get(at), shows=shows)
        page = await noor.get(answer.headers["location"])

        own = (await noor.get(f"/api/v1{at}/sign-up")).json()
        assert (own["standing"], own["name"]) == ("place", "Noor Jansen" if shows else None)
        assert ("Noor Jansen" in text(await sem.get(at)), 'value="1" checked' in page.text) == (shows, shows)
        assert "Bewaard." in text(page)


async def test_who_does_not_come_any_more_is_not_signed_up_by_showing_their_name(neighbourhood):
    _, at, _ = await a_meeting(neighbourhood)
    noor = await neighbourhood.member(name="Noor Jansen")
    await press(noor, await noor.get(at), "Meld me aan")
    page = await noor.get(at)
    await press(noor, page, "Ik kom toch niet")

    answer = await save_name(noor, page, shows=True)

    assert answer.headers["location"] == at
    assert (await noor.get(f"/api/v1{at}/sign-up")).json()["standing"] == "withdrawn"


async def save_name(browser, page, *, shows):
    """Ticks the box or not, and presses the button, as a browser does."""
    form = next(one for one in parsed(page).iter("form") if any(x.get("name") == "seen" for x in one.iter("input")))
    token = next(one.get("value") for one in form.iter("input") if one.get("name") == "form")
    (step,) = (one.get("value") for one in form.iter("button") if shown(one) == "Bewaar")
    filled_in = {"form": token, "step": step} | ({"seen": "1"} if shows else {})
    return await browser.post(page.url.path, data=filled_in, headers={"Sec-Fetch-Site": "same-origin"})


async def test_who_gives_up_a_place_at_a_full_meeting_first_reads_that_somebody_else_may_get_it(neighbourhood):
    (_, full, _), (_, roomy, _) = await a_meeting(neighbourhood), await a_meeting(neighbourhood, places=2)
    noor = await neighbourhood.member(name="Noor Jansen")
    await press(noor, await noor.get(full), "sign-up")
    await press(noor, await noor.get(roomy), "sign-up")

    read = [folded(await noor.get(at)).get("Ik kom toch niet") for at in (full, roomy)]

    assert "kan een ander jouw plek krijgen" in read[0]
    assert read[1] is None


async def test_who_signs_up_when_the_morning_of_the_reminder_is_past_is_not_promised_one(neighbourhood):
    all_of_today = {"starts_on": datetime.now(AMSTERDAM).date().isoformat(), "from_time": None, "until_time": None}
    _, at, _ = await a_meeting(neighbourhood, **all_of_today)
    noor = await neighbourhood.member(name="Noor Jansen")

    answer = await press(noor, await noor.get(at), "sign-up")
    told = text(await noor.get(answer.headers["location"]))

    assert ("Er is een plek voor je." in told, "herinnering" in told) == (True, False)


async def test_who_asks_for_a_place_at_a_meeting_elsewhere_reads_that_they_have_none_yet(neighbourhood):
    _, at, _ = await a_meeting(neighbourhood)
    async with neighbourhood.services[0].service.engine.begin() as connection:
        elsewhere = "UPDATE listing SET node = :node WHERE offer_id = :offer_id"
        of = {"node": NATION, "offer_id": at.removeprefix("/meetings/")}
        await connection.execute(sa.text(elsewhere), of)
    noor = await neighbourhood.member(name="Noor Jansen")

    answer = await press(noor, await noor.get(at), "sign-up")
    told = text(await noor.get(answer.headers["location"]))

    assert ("Je hebt nog geen plek." in told, "Je bent aangemeld" in told) == (True, False)


async def test_who_signs_up_where_nobody_can_any_more_reads_that_on_the_page_of_the_meeting(neighbourhood):
    organiser, at, title = await a_meeting(neighbourhood)
    noor = await neighbourhood.member(name="Noor Jansen")
    page = await noor.get(at)
    await press(organiser, await organiser.get(at.replace("meetings", "offers")), "withdraw")
    await neighbourhood.quiet()

    late = await press(noor, page, "sign-up")

    told = [shown(one) for one in well_made(late, "nl").iter("p") if one.get("role") == "alert"]
    assert (late.status_code, heading(late), len(told)) == (404, title, 1)
    assert "Je kunt je niet meer aanmelden" in told[0]
    assert text(late).count("Je kunt je niet meer aanmelden") == 1


async def test_a_meeting_goes_into_a_calendar(neighbourhood):
    _, at, title = await a_meeting(neighbourhood)

    answer = await neighbourhood.visitor().get(f"{at}/calendar.ics")

    assert answer.headers["content-type"].startswith("text/calendar")
    (event,) = icalendar.Calendar.from_ical(answer.content).walk("VEVENT")
    assert str(event["SUMMARY"]) == title
    assert (await neighbourhood.visitor().get("/meetings/none/calendar.ics")).status_code == 404


async def test_a_meeting_that_is_over_is_not_offered_again_and_its_page_says_what_to_do(neighbourhood):
    organiser, at, _ = await a_meeting(neighbourhood)
    own = at.replace("meetings", "offers")
    await press(organiser, await organiser.get(own), "withdraw")
    async with neighbourhood.services[0].service.engine.begin() as connection:
        over = "UPDATE proposition SET starts_on = '2026-01-01' WHERE proposition_id = :offer_id"
        await connection.execute(sa.text(over), {"offer_id": own.removeprefix("/offers/")})

    page = await organiser.get(own)

    assert 'value="reopen"' not in page.text
    assert "De dag waarop dit was, is voorbij." in text(page)


async def test_after_the_last_day_to_sign_up_who_comes_still_finds_it_and_its_organiser_calls_it_off(neighbourhood):
    organiser, at, title = await a_meeting(neighbourhood)
    own, noor = at.replace("meetings", "offers"), await neighbourhood.member()
    await press(noor, await noor.get(at), "Meld me aan")
    requests = neighbourhood.services[0].service
    async with requests.engine.begin() as connection:
        past = "UPDATE proposition SET expires_at = '2026-01-01' WHERE proposition_id = :offer_id"
        await connection.execute(sa.text(past), {"offer_id": own.removeprefix("/offers/")})
    await expiring.expire_some(requests)
    await neighbourhood.quiet()

    assert title in text(await noor.get("/meetings"))
    page = await noor.get(at)
    assert ("de aanmelding is gesloten" in text(page), f"{at}/calendar.ics" in page.text) == (True, True)
    await save_name(noor, page, shows=False)
    assert "De organisator ziet je naam niet." in text(await noor.get(at))
    assert "Dit blijft zo tot je het intrekt." in text(await organiser.get(f"{own}/change"))
    await press(organiser, await organiser.get(own), "withdraw")
    await neighbourhood.quiet()
    assert title not in text(await noor.get("/meetings"))


async def test_a_meeting_is_not_called_taken_up_and_one_that_was_is_still_called_off(neighbourhood):
    organiser, at, _ = await a_meeting(neighbourhood)
    own = at.replace("meetings", "offers")

    standing = await organiser.get(own)
    taken_up = await organiser.post(f"/api/v1{own}/fulfil", headers={"If-Match": '"1"'})
    page = await organiser.get(own)
    await press(organiser, page, "withdraw")

    assert 'value="fulfil"' not in standing.text
    assert taken_up.status_code == 200, taken_up.text
    assert "Er is gebruik van gemaakt" in text(page)
    assert "Ingetrokken" in text(await organiser.get(own))


async def test_who_calls_a_meeting_off_first_reads_how_many_are_told_so_and_that_it_cannot_be_undone(neighbourhood):
    organiser, at, _ = await a_meeting(neighbourhood)
    own, withdraw = at.replace("meetings", "offers"), "Zeg de bijeenkomst af"
    before = folded(await organiser.get(own))
    for name in ("Noor Jansen", "Iris Bakker"):
        guest = await neighbourhood.member(name=name)
        await press(guest, await guest.get(at), "sign-up")

    page = await organiser.get(own)
    answer = await press(organiser, page, "withdraw")

    assert (withdraw in before, withdraw in folded(page)) == (False, True)
    assert "Er hebben zich 2 mensen aangemeld." in folded(page)[withdraw]
    assert "Het is ingetrokken." in text(await organiser.get(answer.headers["location"]))


async def test_nobody_is_told_that_a_meeting_which_has_been_is_off_so_that_its_page_does_not_say_so(neighbourhood):
    organiser, at, _ = await a_meeting(neighbourhood)
    own, noor = at.replace("meetings", "offers"), await neighbourhood.member()
    await press(noor, await noor.get(at), "sign-up")
    async with neighbourhood.services[0].service.engine.begin() as connection:
        over = "UPDATE proposition SET starts_on = '2026-01-01' WHERE proposition_id = :offer_id"
        await connection.execute(sa.text(over), {"offer_id": own.removeprefix("/offers/")})

    page = await organiser.get(own)

    assert 'value="withdraw"' in page.text
    assert not {"Zeg de bijeenkomst af", "Trek het aanbod in"} & folded(page).keys()


async def test_an_organiser_with_a_form_of_their_own_is_where_people_sign_up(neighbourhood):
    _, at, _ = await a_meeting(neighbourhood, sign_up_url="https://organisator.example/kom")
    noor = await neighbourhood.member()

    page = await noor.get(at)

    assert 'href="https://organisator.example/kom" rel="external noopener noreferrer nofollow"' in page.text
    assert "Meld me aan" not in page.text
