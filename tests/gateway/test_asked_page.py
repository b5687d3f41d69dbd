"""A member who is asked to help with a request sees so on their overview, until they have answered."""

from tests.gateway.conftest import a_proposition
from tests.gateway.test_pages import shown, well_made
from tests.given import fresh_name


async def test_what_i_am_asked_to_help_with_waits_on_my_overview(neighbourhood):
    asker, helper, team = await neighbourhood.member(), await neighbourhood.member(), await neighbourhood.team()
    title = f"Wie weet alles van {fresh_name('vlinderdas')}?"
    request_id = (await asker.post("/api/v1/requests", json=a_proposition(title))).json()["request_id"]
    await neighbourhood.quiet()
    asked = {"request_id": request_id, "member_id": await neighbourhood.member_id(helper)}
    ask_id = (await team.post("/api/v1/asks", json=asked)).json()["ask_id"]

    waits = await helper.get("/")
    assert (await helper.post(f"/api/v1/asks/{ask_id}/answer", json={"accepted": False})).status_code == 200
    done = await helper.get("/")

    links = {one.get("href"): shown(one) for one in well_made(waits, "nl").iter("a")}
    assert links[f"/asks/{ask_id}"] == title
    assert ["Er wacht nu niets op jou." in page.text for page in (waits, done)] == [False, True]
    assert title not in done.text
