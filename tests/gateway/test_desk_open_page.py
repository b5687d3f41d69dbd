"""All requests that stand open near an ambassador, also those that were opened long ago."""

from sqlalchemy import text

from tests.gateway.conftest import a_proposition
from tests.gateway.test_desk_page import an_ambassador
from tests.gateway.test_pages import shown, well_made
from tests.given import fresh_name

LONG_AGO = "opened_at = now() - interval '40 days', unanswered_said_at = now()"


async def test_what_waits_for_long_is_found_though_it_is_new_no_more(neighbourhood):
    ambassador, asker = (
        await an_ambassador(neighbourhood, "Femke", provinces=["Friesland"]),
        await neighbourhood.member(),
    )
    titles, ids = [f"Wie weet alles van {fresh_name('skûtsje')}?" for _ in range(2)], []
    for title in titles:
        asked = a_proposition(title, kind="equipment", place={"name": "Leeuwarden"})
        ids.append((await asker.post("/api/v1/requests", json=asked)).json()["request_id"])
    await neighbourhood.quiet()
    async with neighbourhood.services[1].service.engine.begin() as connection:
        query = text(f"UPDATE proposition SET {LONG_AGO} WHERE proposition_id = :request_id")
        await connection.execute(query, {"request_id": ids[1]})

    desk = well_made(await ambassador.get("/desk"), "nl")
    everything, unanswered = await ambassador.get("/desk/open"), await ambassador.get("/desk/open?only=unanswered")

    links = {one.get("href"): shown(one) for one in desk.iter("a")}
    assert (titles[1] in links.values(), links["/desk/open"]) == (False, "Bekijk alle vragen die openstaan")
    assert found(everything, titles) == [titles[1], titles[0]]
    assert found(unanswered, titles) == [titles[1]]
    assert f'href="/desk/requests/{ids[1]}"' in unanswered.text
    assert (await asker.get("/desk/open")).status_code == 403


def found(page, titles):
    """Which of these stand on a page, in its order."""
    return [title for one in well_made(page, "nl").iter("h2") if (title := shown(one)) in titles]
