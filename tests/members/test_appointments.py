"""A scope is given to who has none, and changed by who has seen the one that stands."""

import pytest

from contracts.members import AmbassadorAppointed
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
