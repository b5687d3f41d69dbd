"""A node that was put back knows less than its neighbours heard of it: what is lost, nobody goes on with."""

import pytest
from sqlalchemy import text

from contracts.envelope import decode
from contracts.event import new_id
from contracts.matching import IntroductionMade, JudgementGiven, MatchEndorsed, MatchLost, ToldBack
from contracts.members import MemberErased, NodeRestored
from contracts.requests import PropositionLost, RequestChanged
from contracts.vocabulary import Kind
from tests.given import eventually
from tests.matching.conftest import ASKER, OFFERER, a_request, an_offer, slug
from tests.nodes.conftest import happen, post
from tests.nodes.test_matches_of_two_nodes import (
    THEIRS,
    ambassadors,
    endorsed,
    escalated,
    peopled,
    sides,
    states,
    the_match,
)


async def heard(node, event_type):
    """What a node was told by others."""
    events = [decode(data)[1] for _, data in await node.messages("elsewhere", since_given=True)]
    return [event for event in events if isinstance(event, event_type)]


def name(node):
    return node.service.settings.node


async def put_back(country, node):
    """It says so, and what was heard of it comes by a timer."""
    await happen(country, node, NodeRestored(node=name(node)))
    await eventually(lambda: heard(node, ToldBack), saying="what was heard of it")
    await country.quiet()


async def test_a_region_that_was_put_back_is_told_what_was_heard_of_it_and_what_it_lost_ends(country):
    request, _ = await escalated(country)

    await put_back(country, country.zeeland)

    (page,) = await heard(country.zeeland, ToldBack)
    assert [(one.proposition_id, one.version) for one in page.propositions] == [(request.request_id, 1)]
    assert await heard(country.brabant, ToldBack) == []

    lost = PropositionLost(proposition_id=request.request_id)
    await country.nation.publish_elsewhere(lost, said_by=name(country.brabant), to_us=True)
    await country.quiet()
    assert {state for node in country.nodes for state, *_ in (await states(node)).values()} == {"proposed"}
    await country.nation.publish_elsewhere(lost, said_by=name(country.zeeland), to_us=True)
    await country.quiet()
    assert [[state for state, *_ in (await states(node)).values()] for node in country.nodes] == [["lapsed"]] * 3


@pytest.mark.parametrize("known_as", ["draft_version", "heard_version"])
async def test_what_was_opened_or_told_after_that_it_was_lost_goes_on(country, known_as):
    request, _ = await escalated(country)
    await happen(country, country.zeeland, RequestChanged.model_validate(request.model_dump() | {"version": 9}))
    there = {"said_by": name(country.zeeland), "to_us": True}
    lost = PropositionLost.model_validate({"proposition_id": request.request_id, known_as: 8})

    await country.nation.publish_elsewhere(lost, **there)
    await country.quiet()
    assert {state for state, *_ in (await states(country.nation)).values()} == {"proposed"}
    await country.nation.publish_elsewhere(lost.model_copy(update={known_as: 9}), **there)
    await country.quiet()
    assert {state for state, *_ in (await states(country.nation)).values()} == {"lapsed"}


async def test_a_nation_that_was_put_back_tells_its_matches_again_and_what_it_lost_ends(country):
    match_id = await endorsed(country)
    before = len(await country.told(country.zeeland))

    await put_back(country, country.nation)

    async def told_again():
        return len(await country.told(country.zeeland)) == before + 1

    await eventually(told_again, saying="the match, told again")
    await country.zeeland.publish_elsewhere(MatchLost(match_id=match_id), said_by=name(country.brabant), to_us=True)
    await country.quiet()
    assert (await states(country.zeeland))[match_id][0] == "endorsed"
    await country.zeeland.publish_elsewhere(MatchLost(match_id=match_id), said_by=name(country.nation), to_us=True)
    await country.quiet()
    assert (await states(country.zeeland))[match_id][0] == "lapsed"


async def test_what_our_own_people_said_is_said_again_to_an_owner_who_lost_it(country):
    await escalated(country)
    ambassador, _ = ambassadors(country)
    match = await the_match(ambassador)
    await post(ambassador, f"/v1/matches/{match['match_id']}/endorse")
    await country.quiet()

    (told, *_) = await country.told(country.zeeland)
    of_before = told.model_copy(update={"version": 1001})
    await country.zeeland.publish_elsewhere(of_before, said_by=name(country.nation), to_us=True)
    await country.quiet()

    assert [one.endorsed for one in await heard(country.nation, JudgementGiven)] == [True, True]
    assert not (await the_match(ambassador))["waits_for_me"]


async def introduced(country):
    """Both sides said yes, each in their own node."""
    match_id = await endorsed(country)
    for side in sides(country):
        await post(side, f"/v1/matches/{match_id}/answer", {"accepted": True})
        await country.quiet()
    return match_id


async def lose(node, match_id):
    """A node was put back to before it knew a match."""
    async with node.service.engine.begin() as connection:
        await connection.execute(text("DELETE FROM match WHERE match_id = :id"), {"id": match_id})


async def forget_answer(node, match_id):
    """A node was put back to before its own side answered."""
    async with node.service.engine.begin() as connection:
        await connection.execute(
            text("UPDATE match SET offerer_accepted = NULL, version = version - 1 WHERE match_id = :id"),
            {"id": match_id},
        )


async def test_who_is_erased_is_gone_from_the_other_node_also_when_the_owner_lost_the_match(country):
    match_id = await introduced(country)
    await lose(country.nation, match_id)

    await happen(country, country.zeeland, MemberErased(member_id=ASKER, version=9))

    assert [await states(node) for node in country.nodes] == [{}, {}, {}]


async def test_a_no_of_who_is_asked_again_after_a_restore_holds_against_the_yes_that_was_lost(country):
    match_id = await endorsed(country)
    asker, offerer = sides(country)
    await post(offerer, f"/v1/matches/{match_id}/answer", {"accepted": True})
    await country.quiet()
    await forget_answer(country.brabant, match_id)

    await post(offerer, f"/v1/matches/{match_id}/answer", {"accepted": False, "because": "no-capacity"})
    await country.quiet()

    assert [(await states(node))[match_id][0] for node in country.nodes] == ["lapsed"] * 3
    answer = await asker.post(f"/v1/matches/{match_id}/answer", json={"accepted": True})
    assert slug(answer) == "match-ended"
    assert await country.zeeland.said(IntroductionMade) == []


async def test_who_met_already_is_not_asked_a_second_time(country):
    match_id = await introduced(country)

    told = (await country.told(country.zeeland))[0].model_copy(update={"match_id": new_id()})
    await country.zeeland.publish_elsewhere(told, said_by=name(country.nation), to_us=True)
    await country.quiet()

    assert list(await states(country.zeeland)) == [match_id]
    assert [one.endorsed for one in await heard(country.nation, JudgementGiven) if one.match_id != match_id] == [False]


async def test_who_met_by_a_match_that_a_region_owned_and_lost_is_not_asked_a_second_time_either(country):
    await peopled(country)
    request = a_request(kind=Kind.MEETING, place="Goes")
    await happen(country, country.nation, an_offer(kind=Kind.MEETING, **THEIRS))
    await happen(country, country.zeeland, request)
    ambassador, _ = ambassadors(country)
    match_id = (await the_match(ambassador))["match_id"]
    await post(ambassador, f"/v1/matches/{match_id}/endorse")
    await country.quiet()
    for side in (country.zeeland.http_as(ASKER), country.nation.http_as(OFFERER)):
        await post(side, f"/v1/matches/{match_id}/answer", {"accepted": True})
        await country.quiet()
    await lose(country.zeeland, match_id)

    await happen(country, country.zeeland, RequestChanged.model_validate(request.model_dump() | {"version": 9}))

    assert [state for state, *_ in (await states(country.zeeland)).values()] == ["dismissed"]
    assert (await states(country.nation))[match_id] == ("introduced", True, True)
    assert [asked.match_id for asked in await country.nation.said(MatchEndorsed)] == [match_id]
