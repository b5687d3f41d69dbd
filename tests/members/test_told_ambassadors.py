"""What partner networks tell of ambassadors stands beside what the node's team says; it can be withdrawn."""

from typing import Any

import sqlalchemy as sa

from contracts.event import new_id
from contracts.members import AmbassadorAppointed, AmbassadorScope, AmbassadorStoodDown, MemberJoined
from contracts.partners import AmbassadorTold, Thing
from contracts.vocabulary import Network
from services.members.tables import Ambassador
from tests.members.test_told_by_networks import a_person, a_school, registered, withdrawn


def an_ambassador(member_id: str, province: str, network: Network = Network.DUURZAAM_MBO) -> AmbassadorTold:
    of = {"record_id": new_id(), "partner_id": "docenten", "network": network, "member_id": member_id}
    return AmbassadorTold(scope=AmbassadorScope(provinces=(province,)), **of)


async def scopes(members: Any) -> list[list[str]]:
    """The provinces of every ambassador."""
    listed = (await members.team().get("/v1/ambassadors")).json()["items"]
    return [one["scope"]["provinces"] for one in listed]


async def test_an_ambassador_is_appointed(members):
    await members.given(a_school())
    (school,) = await registered(members)
    await members.when(a_person(school))
    (joined,) = await members.said(MemberJoined)

    scope = AmbassadorScope(provinces=("Overijssel",))
    of = {"partner_id": "docenten", "network": Network.DUURZAAM_MBO, "member_id": joined.member_id}
    await members.when(AmbassadorTold(record_id=new_id(), scope=scope, **of))

    assert [event.scope for event in await members.said(AmbassadorAppointed)] == [scope]


async def test_an_ambassador_of_whom_a_network_tells_that_it_is_another_is_none_any_more(members):
    noor = await members.joined()
    school = (await members.me(noor)).json()["affiliations"][0]["organisation"]["organisation_id"]
    jan = await members.joined(organisation=None, organisation_id=school, email="jan@vechtdal.example", name="Jan Bos")
    first = an_ambassador(noor, "Overijssel")
    await members.when(first)

    await members.when(first.model_copy(update={"member_id": jan, "known_as": noor, "version": 2}))

    assert [event.member_id for event in await members.said(AmbassadorAppointed)] == [noor, jan]
    assert [event.member_id for event in await members.said(AmbassadorStoodDown)] == [noor]
    listed = (await members.http_as(jan).get("/v1/ambassadors")).json()["items"]
    assert [one["member_id"] for one in listed] == [jan]


async def test_the_scope_that_the_team_gave_stands_whatever_a_network_tells_or_takes_back(members):
    noor = await members.joined()
    await members.team().put(f"/v1/ambassadors/{noor}", json={"provinces": ["Zeeland", "Utrecht"]})
    told = an_ambassador(noor, "Overijssel")

    await members.when(told)
    await members.when(withdrawn(told, noor, Thing.AMBASSADOR, told.network))

    assert await scopes(members) == [["Zeeland", "Utrecht"]]
    assert [event.scope.provinces for event in await members.said(AmbassadorAppointed)] == [("Zeeland", "Utrecht")]
    assert await members.said(AmbassadorStoodDown) == []


async def test_an_ambassador_of_two_networks_is_one_until_neither_says_so(members):
    noor = await members.joined()
    first, last = an_ambassador(noor, "Overijssel"), an_ambassador(noor, "Utrecht", Network.KATAPULT)
    for told in (first, last):
        await members.when(told)
    assert await scopes(members) == [["Utrecht"]]

    await members.when(withdrawn(last, noor, Thing.AMBASSADOR, last.network))
    assert await scopes(members) == [["Overijssel"]]

    await members.when(withdrawn(first, noor, Thing.AMBASSADOR, first.network))
    assert await scopes(members) == []
    assert len(await members.said(AmbassadorStoodDown)) == 1


async def test_an_ambassador_whom_the_team_ends_is_none_for_any_network(members):
    noor = await members.joined()
    await members.team().put(f"/v1/ambassadors/{noor}", json={"provinces": ["Zeeland"]})
    await members.when(told := an_ambassador(noor, "Overijssel"))

    await members.team().delete(f"/v1/ambassadors/{noor}")

    await members.when(withdrawn(told, noor, Thing.AMBASSADOR, told.network))
    assert await scopes(members) == []
    assert len(await members.said(AmbassadorStoodDown)) == 1


async def test_of_whom_a_release_before_appointed_a_new_record_takes_nothing_and_their_own_does(members):
    noor = await members.joined()
    await members.team().put(f"/v1/ambassadors/{noor}", json={"provinces": ["Zeeland"]})
    told = an_ambassador(noor, "Overijssel")
    for known_as, provinces in ((None, ["Zeeland"]), (noor, ["Overijssel"])):
        async with members.service.engine.begin() as connection:
            await connection.execute(sa.update(Ambassador).values(words=None))

        await members.when(told.model_copy(update={"known_as": known_as}))

        assert await scopes(members) == [provinces]
