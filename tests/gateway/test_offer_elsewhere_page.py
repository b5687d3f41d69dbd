"""What another node offers has no page here: it is read where it is shown."""

import pytest
from sqlalchemy import text

from contracts.members import NodeKnown, PublicKey
from contracts.requests import OfferClosed
from contracts.vocabulary import Status
from tests.gateway.conftest import NATION, a_proposition
from tests.gateway.test_asked_about_page import links
from tests.gateway.test_pages import parsed, press, shown, well_made
from tests.given import fresh_name
from tests.matching.conftest import an_offer


@pytest.fixture
async def of_the_nation(neighbourhood, nation_says):
    """What the nation offers to every region, about something that nobody else offers; closed afterwards."""
    matching, about = neighbourhood.services[1], fresh_name("mosdak")
    offered = an_offer(
        title=f"Wij weten alles van {about}",
        text=f"Wij weten alles van {about}. " + "Daar vertellen we graag over. " * 12 + "En dit is het eind.",
    )
    state = offered.model_dump() | {"version": 2, "status": Status.WITHDRAWN}
    for event in (NodeKnown(node=NATION, shown_name="Om de Hoek Nederland", key=PublicKey(kid="k", x="x")), offered):
        await nation_says(matching, event)
    yield about, offered
    await nation_says(matching, OfferClosed.model_validate(state))


async def test_what_the_nation_offers_has_no_page_here_and_is_read_where_it_is_shown(neighbourhood, of_the_nation):
    about, offered = of_the_nation
    noor, team, asked = await neighbourhood.member(), await neighbourhood.team(), f"Wie weet alles van {about}?"
    placed = (await noor.post("/api/v1/requests", json=a_proposition(asked))).json()
    await neighbourhood.quiet()
    looked = await press(noor, await noor.get("/requests/new"), "look", text=asked, kind="")

    chosen = await press(noor, looked, f"about:{offered.offer_id}", text=asked)
    await no_match_of(neighbourhood, placed)
    at_desk = await team.get(f"/desk/requests/{placed['request_id']}")

    for page in (looked, chosen, at_desk):
        assert f"/offers/{offered.offer_id}" not in links(page).values()
        assert "Zeist (Om de Hoek Nederland)" in shown(well_made(page, "nl"))
        read = [shown(one) for one in parsed(page).iter("details")]
        assert [one.endswith("En dit is het eind.") for one in read if one.startswith("Lees alles")][:1] == [True]


async def no_match_of(neighbourhood, placed):
    """As if nothing was found for it, so that the desk has it to choose from."""
    async with neighbourhood.services[1].service.engine.begin() as connection:
        gone = {"request_id": placed["request_id"]}
        await connection.execute(text("DELETE FROM match WHERE request_id = :request_id"), gone)
