"""A partner's page: its own people and the node's team see what became of its events, and help an endpoint along."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import httpx
import pytest
from aiohttp import web
from sqlmodel import select

from contracts.event import new_id
from contracts.vocabulary import Network
from services.gateway.pages.words import WORDS
from services.partners import contacts, keys, news
from services.partners.app import service as partners_service
from services.partners.tables import Webhook
from services.partners.webhooks import endpoints
from tests.gateway.conftest import BROWSER, Street, a_street, another_gateway, serving
from tests.gateway.test_pages import EVIL, heading, parsed, press, shown, well_made
from tests.given import Running, eventually, fresh_name, running
from tests.partners.receiving import Endpoint, an_endpoint


@dataclass
class Quay(Street):
    """A street whose node hears partners too."""

    partners: Running = field(kw_only=True)

    def visitor(self, **headers: str) -> httpx.AsyncClient:
        return super().visitor(**(BROWSER | headers))

    async def partner(self, *people: str, sandbox: bool = False) -> "APartner":
        """A partner, and its people."""
        name = fresh_name("netwerk")
        source = f"https://{name}.example"
        async with self.partners.session() as session:
            key = await keys.add(session, name, Network.KATAPULT, source, datetime.now(UTC), sandbox=sandbox)
            for member_id in people:
                await contacts.add(session, name, member_id)
            await session.commit()
        return APartner(self, name, source, key)


@dataclass
class APartner:
    """A partner network's system."""

    quay: Quay
    name: str
    source: str
    key: keys.Key

    @property
    def path(self) -> str:
        return f"/partner/{self.name}"

    async def endpoint(self, url: str) -> str:
        """Its news goes there too; returns the id."""
        async with self.quay.partners.session() as session:
            now = datetime.now(UTC)
            made = await endpoints.add(session, self.name, url, (), now, to_private=True)
            await session.commit()
            return str(made.webhook_id)

    async def pushes(self, subject: str, **data: object) -> None:
        """It tells of a school, through the public door."""
        door = self.quay.visitor()
        form = {"grant_type": "client_credentials"}
        key = (self.key.client_id, self.key.client_secret)
        token = (await door.post("/partners/v1/token", data=form, auth=key)).json()["access_token"]
        event = {
            "specversion": "1.0", "id": new_id(), "source": self.source, "subject": subject, "data": data,
            "type": "nl.omdehoek.partner.organisation.v1", "time": datetime.now(UTC).isoformat(),
        }  # fmt: skip
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/cloudevents+json"}
        taken = await door.post("/partners/v1/events", content=json.dumps(event), headers=headers)
        assert taken.status_code == 202, taken.text
        for _ in range(2):
            for service in (self.quay.partners, self.quay.members):
                await service.quiet()


@pytest.fixture(scope="module")
async def shared_quay(postgres, nats, tmp_path_factory) -> AsyncIterator[Quay]:
    async with AsyncExitStack() as stack:
        street = await stack.enter_async_context(a_street(postgres, nats, tmp_path_factory.mktemp("quay")))
        settings = {
            "node": street.members.service.settings.node,
            "identity_public_keys_file": street.keys.public_file,
            "webhooks_to_private": True,
            "webhook_poll_seconds": 0.02,
        }
        partners = await stack.enter_async_context(running(partners_service, postgres, nats, **settings))
        url = await stack.enter_async_context(serving(partners.service.app))
        seen = await stack.enter_async_context(another_gateway(street, postgres, nats, partners_url=url))
        yield Quay(**vars(replace(seen, clients=[])), partners=partners)


@pytest.fixture
async def quay(shared_quay) -> AsyncIterator[Quay]:
    yield shared_quay
    while shared_quay.clients:
        await shared_quay.clients.pop().aclose()


async def comes(endpoint: Endpoint, count: int) -> None:
    async def all_there() -> bool:
        return len(endpoint.calls) >= count

    await eventually(all_there, saying=f"{count} calls")


@pytest.mark.parametrize("language", ["nl", "en"])
async def test_the_pages_are_well_made_full_and_empty(quay, language):
    noor = await quay.member()
    partner = await quay.partner(await quay.member_id(noor))
    asked = {"taal": language}

    empty = well_made(await noor.get(partner.path, params=asked), language)
    assert len(list(empty.iter("section"))) == 2
    async with an_endpoint(web.Response(status=500, text=EVIL)) as endpoint:
        await partner.endpoint(endpoint.url)
        await partner.pushes(EVIL, kind="x")
        await comes(endpoint, 1)
        full = await noor.get(partner.path, params=asked)
    well_made(full, language)
    assert "&lt;script&gt;" in full.text
    for path in ("/partner", partner.path + "?only=rejected", partner.path + "?cursor=0"):
        answer = await noor.get(path, params=asked | dict(httpx.QueryParams(path.partition("?")[2])))
        assert answer.status_code == 200
        well_made(answer, language)


async def test_who_does_not_belong_to_a_partner_does_not_see_that_it_exists(quay):
    noor, other = await quay.member(), await quay.member(name="Sem de Vries")
    partner = await quay.partner(await quay.member_id(noor))

    assert heading(await noor.get(partner.path)) == partner.name
    assert partner.name in (await noor.get("/partner")).text
    assert heading(await (await quay.team()).get(partner.path)) == partner.name
    assert (await other.get(partner.path)).status_code == 404
    assert (await other.get("/partner/there-is-none")).status_code == 404
    assert partner.name not in (await other.get("/partner")).text
    for verb in ("enable", "resend"):
        address = f"/api/v1/partners/{partner.name}/webhooks/x/{verb}"
        assert (await other.post(address, json={"news_id": "x"} if verb == "resend" else None)).status_code == 404
    assert (await quay.visitor().get(partner.path)).status_code == 303


async def test_where_nothing_counts_it_says_so(quay):
    noor = await quay.member()
    own = await quay.member_id(noor)
    to_try, real = await quay.partner(own, sandbox=True), await quay.partner(own)

    told = [(await noor.get(path)).text for path in (to_try.path, real.path, "/partner")]

    assert [page.count("Om te proberen") for page in told[:2]] == [1, 0]
    assert "Om te proberen" in told[2]


async def test_who_runs_the_node_is_not_told_to_ask_themselves(quay):
    noor = await quay.member()
    partner = await quay.partner(await quay.member_id(noor))

    assert "Vraag het team van de regio" in (await noor.get(partner.path)).text
    assert "odh partner webhook" in (await (await quay.team()).get(partner.path)).text


async def test_what_was_rejected_is_told_with_its_wrong_fields(quay):
    noor = await quay.member()
    partner = await quay.partner(await quay.member_id(noor))
    await partner.pushes("school-1", kind="partner", name=fresh_name("Vechtdal"), place={"name": "Zwolle"})
    await partner.pushes("school-2", kind="school", name="Elders", place={"name": "Nergens"})

    everything = parsed(await noor.get(partner.path))
    (rejected,) = [one for one in parsed(await noor.get(partner.path + "?only=rejected")).iter("li") if _card(one)]

    outcomes = [shown(one) for one in everything.iter("li") if _card(one)]
    assert len(outcomes) == 2
    assert "school-2" in outcomes[0]
    assert "Afgewezen" in outcomes[0]
    assert "Aangenomen" in outcomes[1]
    assert "Niet alle velden kloppen" in shown(rejected)
    assert "place" in shown(next(rejected.iter("dt")))


def _card(one) -> bool:
    return one.get("class") == "card"


async def test_what_did_not_arrive_is_sent_again_by_a_button(quay):
    noor = await quay.member()
    partner = await quay.partner(await quay.member_id(noor))
    async with an_endpoint(web.Response(status=500, text="Kapot")) as endpoint:
        await partner.endpoint(endpoint.url + "?token=secret")
        await partner.pushes("school-1", kind="x")
        await comes(endpoint, 1)

        async def noted() -> httpx.Response | None:
            page = await noor.get(partner.path)
            return page if "Kapot" in page.text else None

        page = await eventually(noted, saying="what came of a try")
        assert "token=secret" not in page.text
        button = next(shown(one) for one in parsed(page).iter("button") if shown(one).startswith("Stuur nog eens"))
        again = await press(noor, page, button)
        await comes(endpoint, 2)

        assert again.headers["location"] == f"{partner.path}?done=partner-resend"
        assert len({event["id"] for event in endpoint.events}) == 1
        gone = await press(noor, page, button, news_id=new_id())
        assert (gone.status_code, "te lang geleden" in gone.text) == (404, True)
        well_made(gone, "nl")


async def test_an_endpoint_that_is_off_is_turned_on_by_a_button(quay):
    noor = await quay.member()
    partner = await quay.partner(await quay.member_id(noor))
    async with an_endpoint(web.Response(status=410)) as endpoint:
        webhook_id = await partner.endpoint(endpoint.url)
        await partner.pushes("school-1", kind="x")

        async def off() -> httpx.Response | None:
            page = await noor.get(partner.path)
            return page if "Dit adres staat uit sinds" in page.text else None

        page = await eventually(off, saying="an endpoint that is off")
        well_made(page, "nl")
        assert "1 adres staat uit" in (await noor.get("/partner")).text
        button = next(shown(one) for one in parsed(page).iter("button") if shown(one).startswith("Zet weer aan"))
        assert (await press(noor, page, button, webhook_id=new_id())).status_code == 404
        turned_on = await press(noor, page, button)

        assert turned_on.headers["location"] == f"{partner.path}?done=partner-enable"
        async with quay.partners.session() as session:
            now = (await session.exec(select(Webhook).where(Webhook.webhook_id == webhook_id))).one()
        assert now.disabled_at is None
        await partner.pushes("school-2", kind="x")
        await comes(endpoint, 2)


def test_whatever_there_is_to_tell_has_words():
    assert {f"news.{kind}" for kind in news.KINDS} <= WORDS


async def test_who_shows_a_token_is_only_counted_when_it_is_none_of_a_partner(quay, postgres, nats):
    url = quay.gateway.service.settings.partners_url
    async with another_gateway(quay, postgres, nats, partners_url=url, address_limit="4/minute") as counting:
        partner = replace(await quay.partner(), quay=counting)
        await partner.pushes("school-1", name="School", kind="school")  # asks a token, which counts
        door, false = counting.visitor(Accept="*/*"), {"Authorization": "Bearer x"}

        answers = [await door.post("/partners/v1/events", content=b"{}", headers=false) for _ in range(4)]
        schemas = await door.get("/partners/v1/schemas")

        assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
        assert schemas.status_code == 429


async def test_visitors_at_the_address_of_a_partner_use_up_nothing_of_its_door(quay, postgres, nats):
    """Behind a proxy that nobody named, all the world has one address."""
    url = quay.gateway.service.settings.partners_url
    async with another_gateway(quay, postgres, nats, partners_url=url, address_limit="4/minute") as counting:
        partner = replace(await quay.partner(), quay=counting)
        visits = [await counting.visitor().get("/api/v1/places?q=zeist") for _ in range(5)]

        await partner.pushes("school-1", name="School", kind="school")

        assert [answer.status_code for answer in visits] == [200, 200, 200, 200, 429]


async def test_however_often_is_asked_whether_it_can_work_the_services_are_asked_once_a_second(quay):
    probed = quay.gateway.service.app.state.gateway.upstreams
    probe, asked = probed.probe, []

    async def count_probe(service):
        asked.append(service)
        return await probe(service)

    probed.probe = count_probe
    try:
        answers = [await quay.visitor().get("/health/ready") for _ in range(20)]
    finally:
        del probed.probe

    assert {answer.status_code for answer in answers} == {200}
    assert len(asked) < 20
