"""What the national team does, in a browser: it sees how a region does, and when it is not heard of any more."""

from pathlib import Path

import pytest

from node import screenshots
from node.client import Person
from node.links.register import Register
from node.node import Node
from node.part import free_port
from tests.given import eventually
from tests.story.browsing import visiting
from tests.story.conftest import COMPILED

pytestmark = [
    pytest.mark.whole_node,
    pytest.mark.long,
    pytest.mark.timeout(400),
    pytest.mark.skipif(not screenshots.chromium(), reason="no Chromium here: apt-get install chromium"),
]

PLACE = {"name": "Zierikzee"}
ASKED = {
    "kind": "guest-lesson",
    "themes": ["biodiversity"],
    "title": "Wie vertelt over zeegras?",
    "text": "Onze klas wil weten hoe zeegras groeit, van iemand die het plant.",
    "place": PLACE,
}


async def test_the_national_team_sees_what_waits_in_a_region_and_that_it_is_away(run_directory: Path):
    nation, region = [
        Node(run_directory / name, name=name, gateway_port=free_port(), services=services, settings=COMPILED)
        for name, services in (
            ("national", ("members", "notify", "insight", "gateway")),
            ("zeeland", ("members", "requests", "notify", "gateway")),
        )
    ]
    await nation.start()
    try:
        line = Register(nation.data / "keys" / "lines", "national")
        bundle = line.add("zeeland", f"nats-leaf://127.0.0.1:{nation.leaf_port}", None)
        Register(region.data / "keys" / "lines", "zeeland").join(bundle)
        await region.start()
        async with Person(region.addresses(), name="Noor Jansen", email="noor@schouwen.example") as noor:
            await noor.follow(await noor.join(organisation={"kind": "centre", "name": "CIV Zout", "place": PLACE}))
            await noor.post("/requests", ASKED)

        async with screenshots.a_browser() as browser:
            where = nation.addresses()
            async with visiting(browser, where, where.team[0], viewport={"width": 390, "height": 844}) as visitor:
                await visitor.goes_to("/")
                await visitor.field("Je e-mailadres").fill(visitor.person.email)
                await visitor.presses("Stuur me een link")
                await visitor.opens_the_link_in_the_mail()
                await visitor.follows("Bekijk het land")
                assert await visitor.heading() == "Het land in één oogopslag"

                async def says(text: str) -> bool:
                    await visitor.goes_to("/country")
                    return await visitor.page.get_by_text(text).count() > 0

                await eventually(lambda: says("1 vraag wacht op een antwoord."), within=60, saying="what is asked")
                await visitor.sees("biodiversiteit in Zeeland")
                await visitor.follows("Zeeland")
                assert await visitor.heading() == "Wat wordt er gevraagd en geboden?"

                await region.stop()
                await eventually(lambda: says("horen we nu niets"), within=150, saying="a region that is away")
                assert (visitor.asked_elsewhere, visitor.complaints) == ([], [])
    finally:
        await region.stop()
        await nation.stop()
