"""Nodes whose clocks differ by an hour or a day: no clock ends, reminds or puts in order what is another node's."""

import pytest
from sqlalchemy import text

from contracts.envelope import decode
from contracts.matching import AnswerOverdue, IntroductionMade, MatchLapsed, RequestUnanswered
from contracts.vocabulary import Status
from tests.matching.conftest import a_request
from tests.nodes.conftest import happen, post
from tests.nodes.test_matches_of_two_nodes import ambassadors, escalated, sides, states, the_match


@pytest.mark.long
@pytest.mark.parametrize(("zeeland", "brabant"), [({"hours": 1}, {"days": -1}), ({"days": -1}, {"hours": 1})])
async def test_a_match_of_two_nodes_whose_clocks_differ_comes_to_its_introduction(country, zeeland, brabant):
    country.zeeland.clock.move(**zeeland)
    country.brabant.clock.move(**brabant)

    await escalated(country)
    for ambassador in ambassadors(country):
        match = await the_match(ambassador)
        await post(ambassador, f"/v1/matches/{match['match_id']}/endorse")
        await country.quiet()
    for side in sides(country):
        await post(side, f"/v1/matches/{match['match_id']}/answer", {"accepted": True})
        await country.quiet()

    assert {state for node in country.nodes for state, *_ in (await states(node)).values()} == {"introduced"}
    for node in country.nodes[1:]:
        assert len(await node.said(IntroductionMade)) == 1
    for node in country.nodes:
        for too_soon in (AnswerOverdue, MatchLapsed, RequestUnanswered):
            assert await node.said(too_soon) == []


@pytest.mark.parametrize("days", [-1, 1])
async def test_what_was_said_last_holds_whatever_the_clock_says(country, days):
    """The second change is said by a clock that goes back a day, or comes from one that is a day ahead."""
    request, _ = await escalated(country)

    country.zeeland.clock.move(days=days)
    changed = a_request(request.request_id, version=2, status=Status.OPEN, place="Goes", title="Een andere titel")
    await happen(country, country.zeeland, changed)
    country.zeeland.clock.move(days=-2 * days)
    newest = a_request(request.request_id, version=3, status=Status.OPEN, place="Goes", title="De laatste titel")
    await happen(country, country.zeeland, newest)
    await happen(country, country.zeeland, changed)  # and once more, later

    times = [
        decode(data)[0].time for subject, data in await country.zeeland.messages("shared") if ".request-" in subject
    ]
    assert times != sorted(times)
    for node in country.nodes[:2]:
        async with node.service.engine.connect() as connection:
            kept = await connection.execute(text("SELECT version, title FROM proposition WHERE side = 'request'"))
            assert [tuple(row) for row in kept] == [(3, "De laatste titel")]
