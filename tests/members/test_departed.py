"""Who stopped taking part is erased a year later, unless they came back; until then the node's team finds them."""

import asyncio

import pytest
import sqlalchemy as sa

from contracts.deeds import DeedDone
from contracts.members import MemberErased
from services.members import departed
from services.members.app import service
from services.members.tables import Member
from tests.given import eventually, running
from tests.members.conftest import COMPANY, Members, a_join, slug, started_team
from tests.members.test_merging_persons import decide, two_of_one_name

DAYS = departed.KEPT_FOR.days


@pytest.fixture
async def noor(members):
    """The id of a member."""
    member_id = await members.joined()
    await members.given()
    return member_id


async def leave(members, member_id):
    """A member stops taking part."""
    answer = await members.http_as(member_id).post("/v1/members/me/leave")
    assert answer.status_code == 204, answer.text
    await members.given()


async def look(members):
    """The service looks for who left a year ago; returns the erased that it ever told of."""
    await departed.date_some(members.service)
    await departed.erase_some(members.service)
    return [event.member_id for event in await members.said(MemberErased)]


async def asks_to_come_back(members):
    """Somebody who left joins again with the same address; returns the token of the link that is mailed."""
    school = (await members.http.get("/v1/organisations", params={"q": "Vechtdal"})).json()["items"][0]
    again = a_join(organisation=None, organisation_id=school["organisation_id"])
    assert (await members.http.post("/v1/members", json=again)).status_code == 202
    return (await members.links())[-1].token


async def written(members, member_id, **values):
    """A member as a release before this one leaves them."""
    async with members.service.engine.begin() as connection:
        await connection.execute(sa.update(Member).where(Member.member_id == member_id).values(**values))


async def test_who_left_a_year_ago_is_erased_as_if_they_had_asked_for_it(members, noor):
    await leave(members, noor)
    members.clock.move(days=DAYS, seconds=-60)
    assert await look(members) == []

    members.clock.move(seconds=120)
    await look(members)
    assert await look(members) == [noor]  # once

    (erased,) = await members.then_said(MemberErased)
    assert erased.version == 3
    assert slug(await members.team().get(f"/v1/members/{noor}")) == "member-not-found"
    assert await members.said(DeedDone) == []
    report = (await members.team().delete(f"/v1/members/{noor}")).headers["location"]
    assert (await members.http.get(report)).json()["parts"][0]["removed"]["persons"] == 1
    assert await members.follow(await asks_to_come_back(members)) != noor


async def test_who_takes_part_or_came_back_is_not_erased(members, noor):
    bas = await members.joined(name="Bas Smit", email="bas@elders.example", organisation=COMPANY)
    await leave(members, noor)
    members.clock.move(days=300)
    assert await members.follow(await asks_to_come_back(members)) == noor
    members.clock.move(days=DAYS)
    assert await look(members) == []

    await leave(members, noor)
    members.clock.move(days=300)
    assert await look(members) == []
    members.clock.move(days=DAYS - 300)
    assert await look(members) == [noor]
    assert (await members.me(bas)).status_code == 200


async def test_who_was_mailed_a_link_to_come_back_by_may_follow_it_first(members, noor):
    await leave(members, noor)
    members.clock.move(days=DAYS, seconds=60)
    token = await asks_to_come_back(members)

    assert await look(members) == []

    assert await members.follow(token) == noor
    assert await look(members) == []


async def test_who_comes_back_while_it_looks_is_left_alone(members, noor):
    await leave(members, noor)
    members.clock.move(days=DAYS, seconds=60)

    async with members.session() as session:
        await session.exec(sa.select(Member).where(Member.member_id == noor).with_for_update())
        assert await look(members) == []  # and does not wait for it
    assert await look(members) == [noor]


async def test_who_is_kept_out_stays_kept_out_and_has_a_year_once_they_are_let_in(members, noor):
    await leave(members, noor)
    await members.team().put(f"/v1/members/{noor}/block")
    members.clock.move(days=2 * DAYS)
    assert await look(members) == []

    await members.team().delete(f"/v1/members/{noor}/block")
    assert await look(members) == []
    members.clock.move(days=DAYS)
    assert await look(members) == [noor]


@pytest.mark.parametrize("noted", ["never", "the time before"])
async def test_of_whom_the_release_before_let_leave_the_year_begins_when_that_is_seen(members, noor, noted):
    before = members.clock()
    members.clock.move(days=DAYS)
    then = None if noted == "never" else before
    await written(members, noor, status="left", left_at=then, joined_at=members.clock())

    assert await look(members) == []
    members.clock.move(days=DAYS - 1)
    assert await look(members) == []
    members.clock.move(days=1, seconds=60)
    assert await look(members) == [noor]


async def test_a_person_goes_with_all_that_they_are_known_as(members):
    first, second, pair = await two_of_one_name(members)
    await decide(members, pair, "merge")
    await leave(members, first)
    members.clock.move(days=DAYS, seconds=60)

    assert sorted(await look(members)) == sorted([first, second])


async def test_however_many_left_at_once_each_is_erased_once_by_all_replicas(members, monkeypatch):
    monkeypatch.setattr(departed, "TOGETHER", 2)
    left = [
        await members.joined(name=f"{name} Vos", email=f"{name}@elders.example", organisation=COMPANY | {"kvk": kvk})
        for name, kvk in (("Bas", "30123456"), ("Sem", "30123457"), ("Iris", "30123458"), ("Loes", "30123459"))
    ]
    for one in left:
        await leave(members, one)
    members.clock.move(days=DAYS, seconds=60)

    found = await asyncio.gather(*(departed.erase_some(members.service) for _ in range(4)))

    assert sum(found) == len(left)
    assert sorted(one.member_id for one in await members.said(MemberErased)) == sorted(left)


async def test_the_service_looks_for_them_by_itself(postgres, nats, monkeypatch):
    monkeypatch.setattr(departed, "LOOK_SECONDS", 0.05)
    async with running(service, postgres, nats) as started:
        await started_team(started)
        members = Members(started)
        noor = await members.joined()
        await members.http_as(noor).post("/v1/members/me/leave")
        members.clock.move(days=DAYS, seconds=60)

        async def erased():
            return [event.member_id for event in await members.said(MemberErased)] == [noor]

        await eventually(erased, saying="an erasure")


async def test_the_team_finds_who_left_and_nobody_else_does(members, noor):
    team, ambassador = members.team(), members.ambassador(provinces=("Utrecht",))
    bas = await members.joined(name="Bas Smit", email="bas@elders.example", organisation=COMPANY)
    await team.put(f"/v1/members/{bas}/block")
    await leave(members, noor)

    async def found(browser, **asked):
        answer = await browser.get("/v1/members", params=asked)
        return [one["name"] for one in answer.json()["items"]] if answer.status_code == 200 else answer.status_code

    assert await found(team, left=True) == ["Noor Jansen"]
    assert await found(team, left=True, q="vechtdal") == ["Noor Jansen"]
    assert await found(team, left=True, q="elders") == []
    assert await found(ambassador, left=True) == 403
    for browser in (team, ambassador):
        assert "Noor Jansen" not in await found(browser)
    seen = (await team.get(f"/v1/members/{noor}")).json()
    assert (seen["has_left"], seen["is_blocked"]) == (True, False)
    assert (await ambassador.get(f"/v1/members/{noor}")).status_code == 404
    contact = await team.post(f"/v1/members/{noor}/contact-reads")
    assert contact.json()["email"] == "noor.jansen@vechtdal.example"
    (deed,) = [one for one in await members.said(DeedDone) if one.deed == "contact-read"]
    assert deed.whose == (noor,)
    assert (await team.put(f"/v1/node-team/{noor}")).status_code == 404
