"""What became of a conversation: who is asked it says it with the buttons of their own page."""

import pytest
import sqlalchemy as sa

from services.requests import expiring
from tests.gateway.test_listings_page import text
from tests.gateway.test_pages import press
from tests.given import eventually


async def introduced(neighbourhood):
    """Two who talk about what one asks and the other offers; where the offer and the request are."""
    pair = await neighbourhood.a_match(kind="practice-assignment")
    match = (await pair.team.get(f"/api/v1/matches/{pair.match_id}")).json()
    await pair.team.post(f"/api/v1/matches/{pair.match_id}/endorse")
    for who in (pair.asker, pair.offerer):
        await who.post(f"/api/v1/matches/{pair.match_id}/answer", json={"accepted": True})
    return pair, {"request": f"/requests/{pair.request_id}", "offer": f"/offers/{match['offer']['offer_id']}"}


async def a_month_goes_by(neighbourhood, one):
    """It has been in conversation for so long that what came of it is asked."""
    requests = neighbourhood.services[0].service

    async def talks():
        past = "UPDATE proposition SET ask_at = now() WHERE proposition_id = :one AND status = 'in-conversation'"
        async with requests.engine.begin() as connection:
            return (await connection.execute(sa.text(past), {"one": one})).rowcount

    await eventually(talks, saying="a conversation")
    await expiring.ask_some(requests)


@pytest.mark.parametrize(
    ("side", "step", "status"),
    [
        ("request", "Mijn vraag is beantwoord", "fulfilled"),
        ("request", "Zoek verder", "open"),
        ("offer", "Er is gebruik van gemaakt", "fulfilled"),
        ("offer", "Bied het weer aan", "open"),
    ],
)
async def test_who_is_asked_what_came_of_it_says_it_by_one_button_where_the_inbox_leads(
    neighbourhood, side, step, status
):
    pair, at = await introduced(neighbourhood)
    who = pair.asker if side == "request" else pair.offerer
    await a_month_goes_by(neighbourhood, at[side].split("/")[2])

    async def asked():
        items = (await who.get("/api/v1/inbox")).json()["items"]
        return next((one for one in items if one["template"] == f"{side}-quiet"), None)

    item = await eventually(asked, saying="a question in the inbox")
    assert item["url"].endswith(at[side])
    assert item["text"] in text(await who.get("/inbox"))
    pressed = await press(who, await who.get(at[side]), step)

    assert pressed.status_code == 303
    assert (await who.get(f"/api/v1{at[side]}")).json()["status"] == status
