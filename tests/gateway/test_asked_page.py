"""A member who is asked to help with a request sees so on their overview, until they have answered."""

from tests.gateway.conftest import a_proposition
from tests.gateway.test_desk_page import an_ambassador
from tests.gateway.test_pages import shown, well_made
from tests.given import fresh_name

THEME = "social-entrepreneurship"  # of which no other test asks anything


async def test_what_i_am_asked_to_help_with_waits_on_my_overview(neighbourhood):
    asker, helper, team = await neighbourhood.member(), await neighbourhood.member(), await neighbourhood.team()
    title = f"Wie weet alles van {fresh_name('vlinderdas')}?"
    request_id = (await asker.post("/api/v1/requests", json=a_proposition(title))).json()["request_id"]
    await neighbourhood.quiet()
    asked = {"request_id": request_id, "member_id": await neighbourhood.member_id(helper)}
    ask_id = (await team.post("/api/v1/asks", json=asked)).json()["ask_id"]

    waits, asked_of_them = await helper.get("/"), await helper.get(f"/asks/{ask_id}")
    assert (await helper.post(f"/api/v1/asks/{ask_id}/answer", json={"accepted": False})).status_code == 200
    done = await helper.get("/")

    links = {one.get("href"): shown(one) for one in well_made(waits, "nl").iter("a")}
    assert links[f"/asks/{ask_id}"] == title
    assert ["Er wacht nu niets op jou." in page.text for page in (waits, done)] == [False, True]
    assert title not in done.text
    told = "Je nee kun je niet terugnemen: voor deze vraag vragen we je niet nog eens om hulp."
    assert told in shown(well_made(asked_of_them, "nl"))


async def test_who_is_asked_nothing_at_this_address_reads_that_it_may_be_for_somebody_else(neighbourhood):
    asker, helper, team = await neighbourhood.member(), await neighbourhood.member(), await neighbourhood.team()
    proposed = a_proposition(f"Wie weet alles van {fresh_name('vlinderdas')}?")
    request_id = (await asker.post("/api/v1/requests", json=proposed)).json()["request_id"]
    await neighbourhood.quiet()
    asked = {"request_id": request_id, "member_id": await neighbourhood.member_id(helper)}
    ask_id = (await team.post("/api/v1/asks", json=asked)).json()["ask_id"]

    at_another_address = await asker.get(f"/asks/{ask_id}")
    assert (await helper.post(f"/api/v1/asks/{ask_id}/answer", json={"accepted": False})).status_code == 200

    assert at_another_address.status_code == 404
    assert "of is voor iemand anders" in shown(well_made(at_another_address, "nl"))


async def test_who_was_asked_and_left_since_has_no_name_on_the_desk(neighbourhood):
    asker, team = await neighbourhood.member(), await neighbourhood.team()
    helper = await neighbourhood.member(name=(name := fresh_name("Hulp").replace("-", " ")))
    proposed = a_proposition("Wie weet alles van goten?")
    request_id = (await asker.post("/api/v1/requests", json=proposed)).json()["request_id"]
    await neighbourhood.quiet()
    asked = {"request_id": request_id, "member_id": await neighbourhood.member_id(helper)}
    assert (await team.post("/api/v1/asks", json=asked)).status_code == 201

    before = await team.get(f"/desk/requests/{request_id}")
    assert (await helper.post("/api/v1/members/me/leave")).status_code == 204
    after = await team.get(f"/desk/requests/{request_id}")

    assert [name in page.text for page in (before, after)] == [True, False]


async def test_an_ambassador_of_themes_alone_reads_why_they_find_no_members_and_who_does(neighbourhood):
    asker, team = await neighbourhood.member(), await neighbourhood.team()
    asked = a_proposition(f"Wie weet alles van {fresh_name('vlinderdas')}?", themes=[THEME])
    request_id = (await asker.post("/api/v1/requests", json=asked)).json()["request_id"]
    await neighbourhood.quiet()
    page, nobody = f"/desk/requests/{request_id}", {"name": "bestaat niet"}

    ambassador = await an_ambassador(neighbourhood, "Tess Vos", themes=[THEME])
    of_theme = well_made(await ambassador.get(page, params=nobody), "nl")
    end = await team.delete(f"/api/v1/ambassadors/{await neighbourhood.member_id(ambassador)}")
    of_team = well_made(await team.get(page, params=nobody), "nl")

    assert end.status_code == 204
    assert "Het team van je regio kan dit lid vragen." in shown(of_theme)
    fields = [{one.get("id") for one in seen.iter("input")} for seen in (of_theme, of_team)]
    assert ["name" in one for one in fields] == [False, True]
    assert "Niemand gevonden." in shown(of_team)
    assert not any("in jouw gebied" in shown(seen) for seen in (of_theme, of_team))
