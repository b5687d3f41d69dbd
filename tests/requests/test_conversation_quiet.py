"""Who has been in conversation for a month is asked what came of it, once for each time that a conversation began."""

import asyncio

import pytest
from sqlalchemy import text

from chassis.database import migrate, upgrade
from contracts.expiry import ConversationQuiet
from contracts.members import MemberLeft
from services.requests import expiring
from services.requests.app import service
from tests.chassis.test_migrations import HOMES, engine_on
from tests.given import eventually, running
from tests.requests.conftest import Requests, an_introduction
from tests.requests.test_expiry import LOOKED_FOR_AT_ONCE
from tests.requests.test_initiatives import a_start

(MIGRATIONS,) = [home / "migrations" for home in HOMES if home.name == "requests"]


async def look(requests) -> list[ConversationQuiet]:
    """The service looks for what is quiet; returns all that it asked since something was given."""
    await expiring.ask_some(requests.service)
    return await requests.said(ConversationQuiet)


async def introduced(requests):
    """What Noor asks and Sem offers, about which they came in contact, and that they did."""
    request, offer = await requests.placed(), await requests.placed("offer", who="sem", kind="internship")
    event = an_introduction(request, offer)
    await requests.given(event)
    return request, offer, event


async def test_of_what_came_to_nothing_each_side_is_asked_once_after_a_month(requests):
    request, offer, event = await introduced(requests)
    requests.clock.move(days=29)
    assert await look(requests) == []

    requests.clock.move(days=2)
    asked = await look(requests)

    told = sorted((one.proposition_id, one.side, one.member_id, one.title, one.version) for one in asked)
    of_both = ((request, "request", "noor"), (offer, "offer", "sem"))
    assert told == sorted((one["id"], side, who, one["title"], 2) for one, side, who in of_both)
    requests.clock.move(days=400)
    assert await look(requests) == asked
    await requests.given(event, an_introduction(request, offer))  # told again, and once more brought together
    requests.clock.move(days=400)
    assert await look(requests) == []
    assert [row.version for row in await requests.rows()] == [2, 2]  # who has its page open can still take a step


@pytest.mark.parametrize("step", ["fulfil", "reopen", "withdraw"])
async def test_what_its_member_closed_or_opened_again_is_not_asked_about(requests, step):
    request, offer, _ = await introduced(requests)
    await requests.step(request, step)
    requests.clock.move(days=31)

    assert [one.proposition_id for one in await look(requests)] == [offer["id"]]


async def test_who_left_is_asked_nothing(requests):
    await introduced(requests)
    await requests.given(MemberLeft(member_id="noor", version=2))
    requests.clock.move(days=31)

    assert [one.member_id for one in await look(requests)] == ["sem"]


async def test_of_the_next_conversation_it_is_asked_anew(requests):
    request, offer, _ = await introduced(requests)
    requests.clock.move(days=20)
    await requests.step(request, "reopen")
    await requests.given(an_introduction(request))
    requests.clock.move(days=20)
    assert [one.proposition_id for one in await look(requests)] == [offer["id"]]

    requests.clock.move(days=11)
    first = await look(requests)
    await requests.step(request, "reopen")
    await requests.given(an_introduction(request))
    requests.clock.move(days=31)

    assert [one.version for one in first if one.proposition_id == request["id"]] == [4]
    assert [one.version for one in await look(requests) if one.proposition_id == request["id"]] == [6]


async def test_as_long_as_they_do_something_together_they_are_asked_about_that_instead(requests):
    _, _, event = await introduced(requests)
    started = await requests.noor.post("/v1/initiatives", json=a_start(event.match_id))
    requests.clock.move(days=31)
    assert await look(requests) == []

    version = (await requests.noor.get(started.headers["location"])).headers["etag"]
    end = {"status": "stopped", "because": "no-time"}
    ended = await requests.noor.post(f"{started.headers['location']}/end", json=end, headers={"If-Match": version})
    assert ended.status_code == 200, ended.text
    requests.clock.move(days=31)
    asked = await look(requests)

    assert sorted(one.side for one in asked) == ["offer", "request"]
    requests.clock.move(days=31)
    assert await look(requests) == asked


async def test_a_change_of_words_meanwhile_neither_puts_it_off_nor_asks_twice(requests):
    request, _, _ = await introduced(requests)
    requests.clock.move(days=20)
    words = {"title": "Stage bij een werkplaats"}
    assert (await requests.noor.patch(request["path"], json=words, headers={"If-Match": '"2"'})).status_code == 200
    requests.clock.move(days=11)

    (asked,) = [one for one in await look(requests) if one.side == "request"]

    assert (asked.title, asked.version) == ("Stage bij een werkplaats", 3)


async def test_of_two_nodes_each_asks_its_own_member(region):
    event = an_introduction(await region.placed())
    elsewhere = event.offerer.model_copy(update={"node": "national", "node_name": "Nederland"})
    await region.given(event.model_copy(update={"offerer": elsewhere}))
    region.clock.move(days=31)

    assert [one.member_id for one in await look(region)] == ["noor"]


async def test_however_many_look_each_is_asked_once(requests, monkeypatch):
    monkeypatch.setattr(expiring, "TOGETHER", 4)
    placed = [await requests.placed() for _ in range(10)]
    await requests.given(*(an_introduction(one) for one in placed))
    requests.clock.move(days=31)

    found = sum(await asyncio.gather(*(expiring.ask_some(requests.service) for _ in range(6))))  # as replicas do

    assert found == 10
    asked = await requests.said(ConversationQuiet)
    assert sorted(one.proposition_id for one in asked) == sorted(one["id"] for one in placed)


async def test_the_service_asks_it_by_itself(postgres, nats):
    async with running(service, postgres, nats, **LOOKED_FOR_AT_ONCE) as started:
        requests = Requests(started)
        await introduced(requests)
        requests.clock.move(days=31)

        async def asked() -> bool:
            return len(await requests.said(ConversationQuiet)) == 2

        await eventually(asked, saying="what came of it")


async def test_what_was_in_conversation_before_is_asked_about_a_month_after_the_upgrade(postgres):
    async with engine_on(postgres) as engine:
        async with engine.connect() as connection:
            await connection.run_sync(upgrade, MIGRATIONS, "0016")
            await connection.execute(_TALKS)
            written = (await connection.execute(_WHERE_ROWS_ARE)).scalar_one()
            await connection.commit()

        await migrate(engine, MIGRATIONS)

        async with engine.begin() as connection:
            assert (await connection.execute(_WHERE_ROWS_ARE)).scalar_one() == written  # however many rows there are
            asked = "SELECT ask_at - now() BETWEEN interval '29 days' AND interval '31 days' FROM proposition"
            assert (await connection.execute(text(asked))).scalars().all() == [True]


_WHERE_ROWS_ARE = text("SELECT pg_relation_filenode('proposition')")
_TALKS = text(
    "INSERT INTO proposition (proposition_id, side, version, member_id, organisation_id, status, kind, themes, title, "
    "text, language, place_name, province, latitude, longitude, expires_at, created_at, match_ids) VALUES ('r', "
    "'request', 2, 'noor', 'vechtdal', 'in-conversation', 'internship', '{}', 'Stage', '', 'nl', 'Utrecht', 'Utrecht', "
    "52, 5, now(), now(), '{m}')"
)
