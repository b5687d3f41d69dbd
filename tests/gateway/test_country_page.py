"""The country at a glance: for the team of the national node, whose start page leads there."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
from httpx import AsyncClient, Response
from nats.js.api import StreamSource

from contracts.event import Event
from contracts.matching import IntroductionMade, RequestEscalated
from contracts.requests import RequestClosed
from contracts.vocabulary import Kind, Status, Theme
from tests.faults.proxy import Line
from tests.gateway.conftest import another_gateway, insight_forgets
from tests.gateway.test_pages import heading, shown, well_made
from tests.given import eventually, fresh_name
from tests.insight.conftest import a_match, a_request, an_offer
from tests.nodes.sourcing import disconnect, source_from


def national_gateway(neighbourhood, postgres, nats):
    """The same services as the national node has them."""
    settings = neighbourhood.gateway.service.settings
    urls = {f"{name}_url": url for name, url in settings.service_urls.items()}
    return another_gateway(neighbourhood, postgres, nats, national_node=settings.node, **urls)


@pytest.fixture
async def nation(neighbourhood, postgres, nats):
    """The nation; one region was let in and never came."""
    js, node = neighbourhood.members.service.streams.js, neighbourhood.gateway.service.settings.node
    await source_from(js, node, [StreamSource(name="odh-drenthe-shared")])
    async with national_gateway(neighbourhood, postgres, nats) as nation:
        yield nation
    await disconnect(js, node)


UNKNOWN = {"nl": "kunnen nu niet zien", "en": "cannot see now"}


async def known_country(team: AsyncClient, language: str = "nl") -> Response:
    """The page as soon as it knows who is away: it says that it does not while its broker is called again."""

    async def known() -> Response | None:
        page = await team.get("/country", params={"taal": language})
        return None if UNKNOWN[language] in page.text else page

    page: Response = await eventually(known, saying="a page that knows who is away")
    return page


@pytest.mark.parametrize("language", ["nl", "en"])
async def test_the_national_team_sees_how_each_region_does_and_which_is_away(nation, language):
    await nation.a_match()
    await nation.quiet()
    team = await nation.team()

    start = await team.get("/", params={"taal": language})
    page = await known_country(team, language)

    assert {link.get("href") for link in well_made(start, language).iter("a")} >= {"/country"}
    links = {link.get("href"): link.text for link in well_made(page, language).iter("a")}
    own = nation.gateway.service.settings.node
    assert links["/insight?exact=1&region=drenthe"] == "drenthe"
    assert f"/insight?exact=1&region={own}" in links
    never, badge, waits = {
        "nl": ("Van (.*?) hoorden we nog niets", "Nog niets van gehoord", "wacht"),
        "en": ("heard nothing from (.*?) yet", "Not heard of yet", "wait"),
    }[language]
    told = re.search(never, page.text)
    assert told, shown(next(well_made(page, language).iter("main")))
    assert "drenthe" in told[1].split(", ")
    assert card(page, "drenthe", language).startswith(badge)
    assert waits in page.text
    figures = await team.get("/insight", params={"exact": "1"})
    assert figures.headers["content-encoding"] == "gzip"  # nothing of anybody in it, and much to draw


async def test_while_the_broker_is_away_it_says_that_it_does_not_know(neighbourhood, postgres, nats):
    async with Line(nats.port) as line:
        at_the_end = SimpleNamespace(url=f"nats://127.0.0.1:{line.port}")
        async with national_gateway(neighbourhood, postgres, at_the_end) as nation:
            team = await nation.team()
            known = await known_country(team)
            line.cut()

            async def is_away() -> bool:
                return not nation.gateway.service.streams.is_ready

            await eventually(is_away, saying="a broker that is away")
            unknown = await team.get("/country")

    told = [shown(next(well_made(page, "nl").iter("main"))) for page in (known, unknown)]
    assert [UNKNOWN["nl"] in one for one in told] == [False, True]


@pytest.fixture
async def heard(neighbourhood):
    """Lets the nation hear what a region says, which nobody listens to any more afterwards; gives its name."""
    name = fresh_name("weg")
    (insight,) = (one for one in neighbourhood.services if one.service.name == "insight")

    async def hear(*events: Event) -> str:
        for event in events:
            await insight.publish_elsewhere(event, said_by=name)
        await insight.quiet()
        return name

    yield hear
    await insight_forgets(neighbourhood, name)


@pytest.fixture
async def left_out(heard):
    """A region that said something once, and that nobody listens to any more."""
    return await heard(a_request())


def escalation_of(request: Any) -> RequestEscalated:
    """Nobody in its region could answer it."""
    return RequestEscalated(request_id=request.request_id, member_id=request.member_id, title=request.title)


def card(page: Response, region: str, language: str = "nl") -> str:
    """What is said of a region."""
    (told,) = (one for one in map(shown, well_made(page, language).iter("li")) if region in one)
    return told


async def test_a_region_that_the_nation_does_not_listen_to_any_more_is_away(nation, left_out):
    page = await known_country(await nation.team())

    assert card(page, left_out).startswith("Nu niet bereikbaar")
    away = re.search("Van (.*?) horen we nu niets. Hun getallen zijn van het laatste bericht.", page.text)
    assert away
    assert left_out in away[1].split(", ")  # another test may have had it hear others


async def test_what_a_region_lacks_is_asked_there_still_and_offered_nowhere_in_it(nation, heard):
    offered, answered, lacks = Theme.ROBOTISATION, Theme.BIODIVERSITY, Theme.CIRCULAR_ECONOMY
    region = await heard(
        *(a_request(themes=(theme,)) for theme in (offered, lacks)),
        a_request(themes=(answered,), said=RequestClosed, status=Status.FULFILLED),
        an_offer(themes=(offered,), place="Utrecht"),
    )

    page = await known_country(await nation.team())

    told = card(page, region)
    assert told.endswith("Gevraagd, maar daar door niemand aangeboden: circulaire economie."), told


async def test_what_a_region_escalated_and_nobody_answered_is_told_of_it_and_of_the_country(nation, heard):
    waits, met, offer = a_request(), a_request(), an_offer()
    region = await heard(a_request(), waits, met, offer, escalation_of(waits), escalation_of(met))
    await heard(a_match(met, offer, said=IntroductionMade))

    page = await known_country(await nation.team())

    assert "2 vragen wachten op een antwoord. 1 vraag die wacht, is doorgezet. 1 vraag kreeg" in card(page, region)
    so_many, *told = figures(page)[1].split()  # others here escalate too
    assert (int(so_many) >= 1, told[0], told[-1]) == (True, "daarvan", "doorgezet")


def spot(page: Response, what: str) -> str:
    """What is said of something that lacks."""
    (told,) = (one for one in map(shown, well_made(page, "nl").iter("li")) if one.startswith(what))
    return told


async def test_to_escalate_is_advised_where_something_waits_that_nobody_escalated(nation, heard):
    """All are asked in Zeeland and offered in Utrecht; so many that they come before what others ask here."""
    escalated, answered, waits = Theme.CIRCULAR_ECONOMY, Theme.SUSTAINABLE_BUILDING, Theme.SUSTAINABLE_MOBILITY
    offers = [an_offer(themes=(theme,), place="Utrecht") for theme in (escalated, answered, waits)]
    further = [a_request(themes=(escalated,)) for _ in range(9)]
    met = a_request(themes=(answered,))
    region = await heard(*offers, *further, met, *(a_request(themes=(waits,)) for _ in range(9)))
    await heard(*map(escalation_of, (*further, met)), a_match(met, offers[1], said=IntroductionMade))
    team = await nation.team()

    country = await known_country(team)
    exact = await team.get("/insight", params={"exact": "1", "region": region})

    for page in (country, exact):
        told = [spot(page, f"{what} in Zeeland") for what in ("circulaire economie", "duurzame mobiliteit")]
        assert ["Laat een ambassadeur de vraag doorzetten." in one for one in told] == [False, True], told
        assert "duurzaam bouwen in Zeeland" not in page.text


async def test_a_region_does_not_speak_of_others_and_advises_to_escalate_what_it_has_no_offer_of(neighbourhood, heard):
    region = await heard(a_request(kind=Kind.EQUIPMENT, themes=(Theme.HEALTH_AND_CARE,)))
    of_region = await neighbourhood.team()

    page = await of_region.get("/insight", params={"exact": "1", "region": region, "kind": Kind.EQUIPMENT})

    told = spot(page, "gezondheid")
    assert told.endswith("Ook elders in deze regio biedt niemand dit aan. Laat een ambassadeur de vraag doorzetten.")


def figures(answer, language="nl"):
    """The figures at the top of a page, each with what it counts."""
    (block,) = (one for one in well_made(answer, language).iter("ul") if one.get("class") == "figures")
    return [shown(one) for one in block.iter("li")]


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("nl", ["1 vraag gesteld", "0 vragen kregen een antwoord", "1 vraag wacht nog"]),
        ("en", ["1 request placed", "0 requests were answered", "1 request still waits"]),
    ],
)
async def test_a_figure_of_one_is_told_as_one(nation, left_out, language, told):
    team = await nation.team()

    page = await team.get("/insight", params={"exact": "1", "region": left_out, "taal": language})
    country = await team.get("/country", params={"taal": language})

    assert figures(page, language)[:3] == told
    asked = {"nl": "Vragen: 1. Nieuw aanbod: 0.", "en": "Requests: 1. New offers: 0."}[language]
    assert asked in page.text
    waiting = figures(country, language)[0].split()
    assert (waiting[1] in ("vraag", "request")) == (waiting[0] == "1")


async def test_it_is_for_the_team_of_the_nation_alone(nation, neighbourhood):
    member, of_region = await nation.member(), await neighbourhood.team()

    assert (await member.get("/country")).status_code == 403
    assert "/country" not in (await member.get("/")).text
    there = await of_region.get("/country")
    assert (there.status_code, there.headers["location"]) == (303, "/insight")
    assert heading(await of_region.get("/")) == "Wat kunnen we voor je doen?"
