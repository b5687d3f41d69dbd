"""The story across two regions and the nation: asked in Zeeland, answered in Brabant, with all services.

Each node has its own services, databases and keys; what they have in common is what they say to each other. The two
who meet are members of their own region alone, and each learns who the other is by a mail of their own region.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from contracts.members import NodeTeamJoined
from node.secrets import Secrets
from services.matching.app import service as matching
from services.members.app import service as members
from services.notify.app import service as notify
from services.requests.app import service as requests
from tests.catching import Catcher
from tests.given import Running, eventually, fresh_name, running
from tests.members.conftest import COMPANY, SCHOOL, Members
from tests.nodes.sourcing import brought, connect

pytestmark = pytest.mark.long

WORDS = {"kind": "guest-lesson", "themes": ["energy-transition"], "title": "Gastles over warmte uit getijdenwater"}


class Region:
    """The services of a node, and who is there. Everybody is invented."""

    def __init__(self, name: str, services: dict[str, Running]) -> None:
        self.name, self.services = name, services
        self.member_id = self.ambassador_id = self.organisation_id = self.email = ""

    def __getattr__(self, name: str) -> Running:
        try:
            return self.__dict__["services"][name]
        except KeyError:
            raise AttributeError(name) from None

    async def peopled(self, name: str, email: str, phone: str, organisation: dict[str, Any], province: str) -> None:
        """Somebody joins, and somebody else who brings people together in their province."""
        here = Members(self.members)
        self.email = email
        self.member_id = await here.joined(name=name, email=email, phone=phone, organisation=organisation)
        me = (await here.me(self.member_id)).json()
        self.organisation_id = me["affiliations"][0]["organisation"]["organisation_id"]
        details = {"organisation": None, "organisation_id": self.organisation_id}
        self.ambassador_id = await here.joined(name="Bo Bruggers", email=f"bo-{email}", **details)
        scope = {"provinces": [province]}
        appointed = await here.team().put(f"/v1/ambassadors/{self.ambassador_id}", json=scope)
        assert appointed.status_code == 200, appointed.text

    async def places(self, side: str, **words: Any) -> str:
        """The member asks or offers something."""
        client = self.requests.http_as(self.member_id, organisations=(self.organisation_id,))
        placed = await client.post(f"/v1/{side}s", json=WORDS | words)
        assert placed.status_code == 201, placed.text
        return str(placed.json()[f"{side}_id"])

    async def endorses(self) -> str:
        """The ambassador sees a fit in the match that waits for them."""
        client = self.matching.http_as(self.ambassador_id, roles=("ambassador",))

        async def waiting() -> Any:
            return (await client.get("/v1/matches", params={"awaiting_me": True})).json()["items"]

        (match,) = await eventually(waiting, saying=f"a match that waits in {self.name}")
        endorsed = await client.post(f"/v1/matches/{match['match_id']}/endorse")
        assert endorsed.status_code == 200, endorsed.text
        return str(match["match_id"])

    async def says_yes(self, match_id: str) -> None:
        """The member wants to meet, once they are asked."""
        client = self.matching.http_as(self.member_id)

        async def asked() -> bool:
            return (await client.get(f"/v1/matches/{match_id}")).status_code == 200

        await eventually(asked, saying=f"a question in {self.name}")
        answered = await client.post(f"/v1/matches/{match_id}/answer", json={"accepted": True})
        assert answered.status_code == 200, answered.text

    async def inbox(self) -> list[dict[str, Any]]:
        """What the member finds in their inbox."""
        return list((await self.notify.http_as(self.member_id).get("/v1/inbox")).json()["items"])

    async def knows(self, member_id: str) -> int:
        """How many rows tell of a member of another node."""
        found = 0
        for name, question in (
            ("matching", "SELECT 1 FROM match WHERE :who IN (asker_id, offerer_id)"),
            ("matching", "SELECT 1 FROM proposition WHERE member_id = :who"),
            ("notify", "SELECT 1 FROM inbox_item WHERE array_to_string(about, ' ') LIKE '%' || :who || '%'"),
            ("notify", "SELECT 1 FROM notification WHERE array_to_string(about, ' ') LIKE '%' || :who || '%'"),
            ("notify", "SELECT 1 FROM contact_elsewhere WHERE reference LIKE '%' || :who"),
        ):
            if name in self.services:
                async with self.services[name].service.engine.connect() as connection:
                    found += len((await connection.execute(text(question), {"who": member_id})).all())
        return found

    async def everything(self) -> str:
        """All bytes in the streams that leave the node or come into it."""
        found = [pair for kind in ("shared", "elsewhere") for pair in await self.matching.messages(kind)]
        return " ".join(subject + data.decode() for subject, data in found)


class Country:
    """The nation and its two regions."""

    def __init__(self, nation: Region, zeeland: Region, brabant: Region, catcher: Catcher) -> None:
        self.nation, self.zeeland, self.brabant, self.catcher = nation, zeeland, brabant, catcher
        self.match_id = ""

    def introductions(self, region: Region) -> list[Any]:
        """The mails in which the member of a region meets somebody."""
        return [mail for mail in self.catcher.mails(region.email) if str(mail["Subject"]).startswith("Maak kennis met")]

    async def quiet(self) -> None:
        """Returns when nobody says or hears anything more."""
        regions = (self.nation, self.zeeland, self.brabant)
        for _ in range(3):  # as far as one thing leads to another across the border
            for region in regions:
                for service in region.services.values():
                    await service.quiet()
            await brought(self.nation.matching.service.streams.js, [region.name for region in regions])


@pytest.fixture(scope="module")
async def country(postgres: Any, nats: Any, mail_catcher: Catcher, run_directory: Path) -> AsyncIterator[Country]:
    """The story up to the introduction; each test looks at another side of what came of it."""
    names = [fresh_name(place) for place in ("national", "zeeland", "brabant")]
    async with AsyncExitStack() as stack:
        nodes = []
        for name in names:
            keys = Secrets(run_directory / f"keys-{name}")
            told: dict[Any, dict[str, Any]] = {
                members: {
                    "encryption_public_keys_file": keys.encryption_public_keys_file,
                    "node_name_shown": f"Om de Hoek {name.partition('-')[0].title()}",
                },
                matching: {"embedding_model": "none"},
                requests: {},
                notify: {
                    "encryption_private_keys_file": keys.encryption_private_keys_file,
                    "smtp_url": mail_catcher.url,
                    "mail_poll_seconds": 0.2,
                },
            }
            here = {}
            for service in (members, matching) if name == names[0] else told:
                values = {"node": name, "national_node": names[0]} | told[service]
                started = await stack.enter_async_context(running(service, postgres, nats, **values))
                here[started.service.name] = started
            nodes.append(Region(name, here))
        played = Country(nodes[0], nodes[1], nodes[2], mail_catcher)
        await connect(nodes[0].matching.service.streams.js, names[0], names[1:])
        await play(played)
        yield played


async def play(country: Country) -> None:
    """Asked in Zeeland, escalated, answered in Brabant."""
    zeeland, brabant = country.zeeland, country.brabant
    for region in (zeeland, brabant):
        await eventually(lambda region=region: region.members.said(NodeTeamJoined), saying="a team")
    school = SCHOOL | {"name": "Scalda Kust", "place": {"name": "Goes"}}
    company = COMPANY | {"name": "Veenwarmte BV", "place": {"name": "Bergen op Zoom"}}
    await zeeland.peopled("Fenna Zoutewelle", "fenna@kust.example", "06 12345601", school, "Zeeland")
    await brabant.peopled("Geert Hunzebeek", "geert@veenwarmte.example", "06 12345602", company, "Noord-Brabant")
    offered = "Onze monteur vertelt over warmte uit getijdenwater en neemt een pomp mee."
    await brabant.places("offer", text=offered, place={"name": "Bergen op Zoom"})
    asked = "Wie vertelt onze groep over warmte uit getijdenwater en een pomp?"
    request_id = await zeeland.places("request", text=asked, place={"name": "Goes"})
    await country.quiet()
    team = zeeland.matching.http_as("somebody-of-the-team", roles=("node-team",))
    escalated = await team.post("/v1/escalations", json={"request_id": request_id})
    assert escalated.status_code == 204, escalated.text
    for region in (zeeland, brabant):
        country.match_id = await region.endorses()
    for region in (zeeland, brabant):
        await region.says_yes(country.match_id)

    async def both_mailed() -> bool:
        return all(country.introductions(region) for region in (zeeland, brabant))

    await eventually(both_mailed, saying="two introductions")
    await country.quiet()


async def test_each_is_introduced_once_by_their_own_region(country):
    for region, other, name, phone in (
        (country.zeeland, country.brabant, "Geert Hunzebeek", "06 12345602"),
        (country.brabant, country.zeeland, "Fenna Zoutewelle", "06 12345601"),
    ):
        (mail,) = country.introductions(region)
        words = mail.get_body(("plain",)).get_content()
        assert name in words
        assert other.email in words
        assert phone in words
        assert f"Om de Hoek {other.name.partition('-')[0].title()}" in words
        (item,) = [item for item in await region.inbox() if item["template"] == "introduction"]
        assert other.email in item["text"]


async def test_nobody_is_mailed_the_same_thing_twice(country):
    for region in (country.zeeland, country.brabant):
        # How it ended is gathered for the ambassador, who had a mail today.
        for who in (region.email, f"bo-{region.email}"):
            subjects = [str(mail["Subject"]) for mail in country.catcher.mails(who)]
            assert len(subjects) == len(set(subjects)) == 3
        async with region.notify.service.engine.connect() as connection:
            rows = await connection.execute(text("SELECT status, count(*) FROM notification GROUP BY 1"))
            assert {row.status for row in rows} == {"sent", "gathered"}


async def test_who_asked_reads_that_the_whole_country_is_asked(country):
    (item,) = [item for item in await country.zeeland.inbox() if item["template"] == "request-escalated"]
    assert "in het hele land" in item["text"]


async def test_what_is_personal_is_in_no_stream_that_crosses_a_border(country):
    for region in (country.nation, country.zeeland, country.brabant):
        crossing = await region.everything()
        assert country.match_id in crossing
        for canary in ("Fenna", "Zoutewelle", "Geert", "Hunzebeek", "kust.example", "veenwarmte.example", "12345601"):
            assert canary not in crossing


async def test_the_request_is_talked_about_in_its_own_region(country):
    async with country.zeeland.requests.service.engine.connect() as connection:
        rows = await connection.execute(text("SELECT status FROM proposition"))
        assert [row.status for row in rows] == ["in-conversation"]


async def test_who_is_erased_in_one_region_is_known_in_none(country):
    """The last test of the file: nothing is left to look at."""
    zeeland = country.zeeland
    erased = await zeeland.members.http_as(zeeland.member_id).delete("/v1/members/me")
    assert erased.status_code == 202

    async def gone() -> bool:
        await country.quiet()
        return [await region.knows(zeeland.member_id) for region in (country.nation, country.brabant)] == [0, 0]

    await eventually(gone, saying="nothing left of who was erased")
    assert country.match_id not in await country.brabant.everything()
    assert "contact-sealed" not in await country.nation.everything()
