"""What was found for what somebody asks or offers, on its own page, and what it says when nobody was."""

import pytest

from contracts.vocabulary import Language
from contracts.words import kind_in_words
from services.matching.settings import MatchingSettings
from tests.gateway.conftest import a_proposition
from tests.gateway.test_desk_page import an_ambassador
from tests.gateway.test_pages import parsed, press, shown, well_made
from tests.given import fresh_name


def found(page):
    """The part of the page that tells what was found, or none."""
    return next((one for one in parsed(page).iter("section") if one.get("aria-labelledby") == "found"), None)


async def the_offer_of(pair):
    match = (await pair.team.get(f"/api/v1/matches/{pair.match_id}")).json()
    return f"/offers/{match['offer']['offer_id']}", match


async def test_who_asks_and_who_offers_see_on_its_page_with_whom_they_may_get_in_touch(neighbourhood):
    pair = await neighbourhood.a_match()
    offer, match = await the_offer_of(pair)
    request = f"/requests/{pair.request_id}"
    before = [shown(found(await who.get(at))) for who, at in ((pair.asker, request), (pair.offerer, offer))]
    await press(pair.team, await pair.team.get(f"/matches/{pair.match_id}"), "endorse")

    after = [found(await who.get(at)) for who, at in ((pair.asker, request), (pair.offerer, offer))]

    assert ["Wacht op jou" in one for one in before] == [False, False]
    for section, others in zip(after, ("offer", "request"), strict=True):
        (card,) = section.iter("li")
        (link,) = card.iter("a")
        assert (link.get("href"), shown(link)) == (f"/matches/{pair.match_id}", match[others]["title"])
        assert "Wacht op jou" in shown(card)


@pytest.mark.parametrize("language", ["nl", "en"])
async def test_who_asks_what_nobody_was_found_for_reads_when_the_team_looks_along(neighbourhood, language):
    noor = await neighbourhood.member()
    placed = await noor.post("/api/v1/requests", json=a_proposition(fresh_name("Dakgoten")))

    page = await noor.get(f"/requests/{placed.json()['request_id']}", params={"taal": language})

    well_made(page, language)
    said = {"nl": "Duurt het langer dan 14 dagen, dan kijkt het team van de regio mee.", "en": "longer than 14 days"}
    assert said[language] in shown(found(page))


async def test_a_page_of_what_is_over_or_of_somebody_else_tells_nothing_of_matches(neighbourhood):
    noor, sem = await neighbourhood.member(), await neighbourhood.member()
    placed = await noor.post("/api/v1/offers", json=a_proposition(fresh_name("Dakgoten")))
    at = f"/offers/{placed.json()['offer_id']}"
    await press(noor, await noor.get(at), "withdraw")

    assert [found(await who.get(at)) for who in (noor, sem)] == [None, None]


async def test_the_page_is_there_when_matching_is_away(neighbourhood, monkeypatch):
    noor = await neighbourhood.member()
    placed = await noor.post("/api/v1/requests", json=a_proposition(fresh_name("Dakgoten")))
    upstreams = neighbourhood.gateway.service.app.state.gateway.upstreams
    monkeypatch.setitem(upstreams._urls, "matching", "http://127.0.0.1:1")
    monkeypatch.setitem(upstreams._away_since, "matching", 0.0)

    page = await noor.get(f"/requests/{placed.json()['request_id']}")

    assert (page.status_code, found(page)) == (200, None)


async def test_who_looks_after_another_area_has_no_button_to_ask_the_whole_country(neighbourhood):
    pair = await neighbourhood.a_match()
    elsewhere, here = [
        await an_ambassador(neighbourhood, fresh_name("Loes"), provinces=[one]) for one in ("Zeeland", "Utrecht")
    ]

    seen = [await one.get(f"/requests/{pair.request_id}") for one in (elsewhere, here, pair.asker)]

    assert ["Zoek in het hele land" in one.text for one in seen] == [False, True, False]
    assert all("We zoeken al in het hele land." not in one.text for one in seen)


@pytest.mark.parametrize("language", list(Language))
async def test_who_reads_how_it_works_reads_what_needs_no_ambassador(street, language):
    visitor = street.visitor()
    kinds = sorted(kind_in_words(kind, language) for kind in MatchingSettings().kinds_without_ambassador)

    told = [shown(parsed(await visitor.get(path, params={"taal": language}))) for path in ("/", "/help")]

    without = {Language.DUTCH: "{1} of {0}", Language.ENGLISH: "{1} or {0}"}[language].format(*kinds)
    assert [without in one.casefold() for one in told] == [True, True]
