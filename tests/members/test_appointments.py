"""A scope is given to who has none, and changed by who has seen the one that stands."""

import pytest

from contracts.members import AmbassadorAppointed, AmbassadorStoodDown
from tests.members.conftest import slug

ZEELAND, DRENTHE = {"provinces": ["Zeeland"]}, {"provinces": ["Drenthe"]}


@pytest.fixture
async def noor(members):
    """A member."""
    return await members.joined()


async def test_who_has_no_scope_gets_one_and_another_needs_the_version_that_stands(members, noor):
    page, there, team = f"/v1/members/{noor}", f"/v1/ambassadors/{noor}", members.team()
    before = (await team.get(page)).headers["ETag"]

    first = await team.put(there, json=ZEELAND)
    seen = await team.get(page)
    unseen = await team.put(there, json=DRENTHE)
    late = await team.put(there, json=DRENTHE, headers={"If-Match": before})
    answer = await team.put(there, json=DRENTHE, headers={"If-Match": seen.headers["ETag"]})

    assert [one.status_code for one in (first, unseen, late, answer)] == [200, 428, 412, 200]
    assert (slug(unseen), slug(late)) == ("precondition-required", "version-conflict")
    assert (seen.headers["ETag"], seen.json()["version"]) == (first.headers["ETag"], 2)
    assert [one.scope.provinces for one in await members.said(AmbassadorAppointed)] == [("Zeeland",), ("Drenthe",)]


async def test_who_was_appointed_meanwhile_is_not_appointed_over_that(members, noor):
    seen = (await members.team().get(f"/v1/members/{noor}")).headers["ETag"]
    await members.team().put(f"/v1/ambassadors/{noor}", json=ZEELAND)

    answer = await members.team().put(f"/v1/ambassadors/{noor}", json=DRENTHE, headers={"If-Match": seen})

    assert answer.status_code == 412
    assert len(await members.said(AmbassadorAppointed)) == 1


async def test_a_new_scope_is_news_to_its_ambassador_and_the_same_again_is_not(members, noor):
    there, team = f"/v1/ambassadors/{noor}", members.team()
    for scope in (ZEELAND, ZEELAND, DRENTHE):
        version = (await team.get(f"/v1/members/{noor}")).headers["ETag"]
        answer = await team.put(there, json=scope, headers={"If-Match": version})
        assert answer.status_code == 200, answer.text

    assert [one.news for one in await members.said(AmbassadorAppointed)] == [True, False, True]


async def test_that_it_ended_is_news_to_who_takes_part_and_not_to_who_leaves(members, noor):
    there, team = f"/v1/ambassadors/{noor}", members.team()
    await team.put(there, json=ZEELAND)
    await team.delete(there)
    await team.put(there, json=ZEELAND)

    await members.http_as(noor).post("/v1/members/me/leave")

    assert [one.news for one in await members.said(AmbassadorStoodDown)] == [True, False]
