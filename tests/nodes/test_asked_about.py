"""A request about an offer of another node: the nation's is proposed in the region that asks, a region's is not."""

from contracts.matching import MatchProposed
from contracts.vocabulary import Kind
from tests.matching.conftest import a_request, an_offer, in_team
from tests.nodes.conftest import happen, post
from tests.nodes.test_matches_of_two_nodes import AMBASSADOR_THERE, THEIRS, ambassadors, peopled, the_match


async def test_an_offer_of_the_nation_is_proposed_to_who_looks_in_the_region(country):
    await peopled(country)
    await happen(country, country.nation, in_team("m-national"), an_offer("o-nation", kind=Kind.EQUIPMENT, **THEIRS))

    await happen(country, country.zeeland, a_request(about_offer_id="o-nation", place="Goes", reach_km=5))

    (proposed,) = await country.zeeland.said(MatchProposed)
    assert (proposed.offer_id, proposed.offerer.node) == ("o-nation", country.nation.service.settings.node)
    assert [one.asked_about for one in await country.nation.said(MatchProposed)] == [True]
    ambassador, _ = ambassadors(country)
    match = await the_match(ambassador)
    assert (match["waits_for_me"], match["reasons"][0]["code"]) == (True, "asked-about")
    in_the_nation = await the_match(country.nation.http_as("m-national", roles=("node-team",)))
    assert (in_the_nation["waits_for_me"], in_the_nation["reasons"][0]["code"]) == (False, "asked-about")


async def test_an_offer_of_the_nation_that_is_heard_after_the_question_is_proposed_too(country):
    await peopled(country)
    await happen(country, country.zeeland, a_request(about_offer_id="o-nation", place="Goes", reach_km=5))

    await happen(country, country.nation, in_team("m-national"), an_offer("o-nation", kind=Kind.EQUIPMENT, **THEIRS))

    (proposed,) = await country.zeeland.said(MatchProposed)
    assert (proposed.offer_id, proposed.offerer.node) == ("o-nation", country.nation.service.settings.node)


async def test_an_offer_of_another_region_is_nobodys_to_propose(country):
    await peopled(country)
    await happen(country, country.brabant, an_offer("o-brabant", **THEIRS))

    await happen(country, country.zeeland, a_request(about_offer_id="o-brabant", place="Goes"))

    for node in country.nodes:
        assert await node.said(MatchProposed) == []


async def test_what_the_nation_shows_of_a_region_is_brought_together_there_and_looked_at_in_both(country):
    await peopled(country)
    await happen(country, country.brabant, an_offer("o-brabant", **THEIRS))
    asked = a_request("r-nation", place="Almere", reach_km=5)
    await happen(country, country.nation, in_team("m-national"), asked)
    team = country.nation.http_as("m-national", roles=("node-team",))

    made = await post(team, "/v1/matches", {"request_id": "r-nation", "offer_id": "o-brabant"}, 201)
    await country.quiet()

    assert (made["state"], made["waits_for_me"]) == ("proposed", False)
    in_brabant = await the_match(country.brabant.http_as(AMBASSADOR_THERE, roles=("ambassador",)))
    assert (in_brabant["state"], in_brabant["waits_for_me"]) == ("proposed", True)


async def test_what_is_asked_at_the_nation_about_an_offer_of_a_region_is_proposed(country):
    await peopled(country)
    await happen(country, country.brabant, an_offer("o-brabant", **THEIRS))

    asked = a_request("r-nation", place="Almere", reach_km=5, about_offer_id="o-brabant")
    await happen(country, country.nation, in_team("m-national"), asked)

    assert [one.offer_id for one in await country.nation.said(MatchProposed)] == ["o-brabant"]
