"""The facts made anew from the streams: the same, while the old ones are read and new events come in."""

import asyncio

import pytest
from sqlalchemy import text

from chassis.pulling import Pull
from contracts.requests import RequestChanged
from services.insight import rebuilding
from services.insight.rebuilding import AlreadyRebuilding, rebuild
from tests.given import migration_matches
from tests.insight.conftest import a_match, a_request, an_offer, an_organisation


def quietly(_: str) -> None:
    pass


async def counts(insight):
    return await insight.exactly("counts", by="region")


async def sql(insight, statement):
    async with insight.service.engine.begin() as connection:
        return await connection.execute(text(statement))


async def test_the_models_are_what_was_migrated(insight):
    assert await migration_matches(insight.service) == []


async def test_it_becomes_the_same_and_says_so(insight):
    request, offer = a_request(), an_offer()
    await insight.given(an_organisation(), offer)
    await insight.heard(insight.zeeland, request, a_match(request, offer, offerer_node=insight.node))
    before = await counts(insight)

    outcome = await rebuild(insight.service, quietly)

    assert not outcome.differs, outcome.differences
    assert outcome.reach.events >= 4
    assert outcome.behind == 0
    assert await counts(insight) == before


async def test_what_went_wrong_is_found_and_mended_and_what_the_streams_lost_is_kept(insight):
    wrong, lost = a_request(), a_request()
    await insight.heard(insight.zeeland, wrong, lost)
    before = await counts(insight)
    await sql(insight, f"UPDATE proposition SET kind = 'tip' WHERE proposition_id = '{wrong.request_id}'")
    await insight.service.streams.purge("elsewhere", f"odh.*.*.requests.*.{lost.request_id}")

    outcome = await rebuild(insight.service, quietly)

    found = outcome.differences["proposition"]
    assert (found.other, found.new, found.untold) == (1, 0, 1)
    assert outcome.reach.removed == 1
    assert await counts(insight) == before
    kinds = {
        one["key"]: one["asked"]
        for one in (await insight.exactly("counts", by="kind", region=insight.zeeland))["groups"]
    }
    assert kinds == {"guest-lesson": 2}

    without = await rebuild(insight.service, quietly, keep_untold=False)
    assert without.differences["proposition"].untold == 1
    left = await insight.exactly("summary", region=insight.zeeland)
    assert left["counts"]["asked"] == 1


async def test_a_broker_that_only_shows_that_it_lives_is_waited_for(insight, monkeypatch):
    wrong = a_request()
    await insight.heard(insight.zeeland, wrong)
    before = await counts(insight)
    await sql(insight, f"UPDATE proposition SET kind = 'tip' WHERE proposition_id = '{wrong.request_id}'")
    messages, woken = Pull.messages, []

    async def woken_for_nothing_first(pull):
        if len(woken) < 2:
            woken.append(pull)
            return []
        return await messages(pull)

    monkeypatch.setattr(Pull, "messages", woken_for_nothing_first)

    outcome = await rebuild(insight.service, quietly)

    assert outcome.reach.events >= 1
    assert outcome.differences["proposition"].untold == 0
    assert await counts(insight) == before


async def test_one_that_is_given_again_after_it_broke_off_reads_everything(insight, monkeypatch):
    await insight.heard(insight.zeeland, a_request(), a_request())
    before = await counts(insight)

    async def broke_off(*_, **__):
        raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr("services.insight.rebuilding._catch_up", broke_off)
        with pytest.raises(ConnectionError):
            await rebuild(insight.service, quietly)

    outcome = await rebuild(insight.service, quietly, keep_untold=False)

    assert not outcome.differs, outcome.differences
    assert await counts(insight) == before


async def test_what_comes_in_meanwhile_is_in_it_and_one_at_a_time_makes_it(insight, monkeypatch):
    requests = [a_request() for _ in range(150)]
    await insight.heard(insight.zeeland, *requests[:100])

    async def come_in():
        for request in requests[100:]:
            await insight.publish_elsewhere(request, said_by=insight.zeeland)
            changed = a_request(request.request_id, said=RequestChanged, version=2, place="Utrecht")
            await insight.publish_elsewhere(changed, said_by=insight.zeeland)

    begun, may_go_on = asyncio.Event(), asyncio.Event()

    async def catch_up_later(*args, **named):
        begun.set()
        await may_go_on.wait()
        return await catch_up(*args, **named)

    catch_up = rebuilding._catch_up
    monkeypatch.setattr(rebuilding, "_catch_up", catch_up_later)
    coming = asyncio.create_task(come_in())
    first = asyncio.create_task(rebuild(insight.service, quietly))
    await begun.wait()
    try:
        with pytest.raises(AlreadyRebuilding):
            await rebuild(insight.service, quietly)
        read_meanwhile = await insight.exactly("summary", region=insight.zeeland)
    finally:
        may_go_on.set()
        await asyncio.gather(coming, first)
    await insight.quiet()

    assert read_meanwhile["counts"]["asked"] >= 100
    again = await rebuild(insight.service, quietly)
    assert not again.differs, again.differences
    found = await insight.exactly("counts", by="province", region=insight.zeeland)
    assert {one["key"]: one["asked"] for one in found["groups"]} == {"Zeeland": 100, "Utrecht": 50}
