"""Two records of one organisation become one, and two again; who belongs to them comes along, and back."""

import asyncio

import pytest
from sqlalchemy import text

from contracts.members import (
    AmbassadorAppointed,
    ContactChanged,
    MemberChanged,
    OrganisationChanged,
    OrganisationMerged,
    OrganisationParted,
    OrganisationRegistered,
)
from contracts.vocabulary import Network
from services.members import appointments, membership, organisations, said, store
from services.members.inputs import OrganisationDraft
from tests.given import eventually
from tests.members.conftest import SCHOOL, slug

ROC = SCHOOL | {"name": "ROC Ravelveld", "networks": ["duurzaam-mbo"], "brin": "25PJ"}


@pytest.fixture
async def somebody(members):
    """A member of ROC Ravelveld; what was said about that is left behind."""
    member_id = await members.joined(organisation=ROC)
    await members.quiet()
    await members.given()
    return members.http_as(member_id)


async def register(somebody, **changes):
    """One more organisation; returns its id."""
    answer = await somebody.post("/v1/organisations", json=ROC | changes)
    assert answer.status_code == 201, answer.text
    return answer.json()["organisation_id"]


async def own_organisations(somebody):
    me = (await somebody.get("/v1/members/me")).json()
    return [affiliation["organisation"]["organisation_id"] for affiliation in me["affiliations"]]


async def pairs(members, status="waiting"):
    await members.quiet()
    answer = await members.team().get("/v1/same-organisations", params={"status": status})
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def test_who_is_certainly_the_same_merges_by_itself_and_its_id_leads_on(members, somebody):
    (first,) = await own_organisations(somebody)
    partner = {"kind": "partner", "brin": None, "name": "Stichting Kringloop Elzenbeek", "networks": ["katapult"]}
    stays = await register(somebody, **partner)
    merged = await register(somebody, **partner | {"name": "St. Kringloop Elzenbeek", "kvk": "30123456"})
    await members.quiet()

    said_so = await members.said(OrganisationMerged)
    shown = (await members.http.get(f"/v1/organisations/{merged}")).json()

    assert [(event.organisation_id, event.into) for event in said_so] == [(merged, stays)]
    assert (shown["organisation_id"], shown["kvk"]) == (stays, "30123456")
    assert [pair["by_itself"] for pair in await pairs(members, "merged")] == [True]

    listed = (await members.http.get("/v1/organisations")).json()["items"]
    assert merged not in [organisation["organisation_id"] for organisation in listed]
    assert {stays, first} <= {organisation["organisation_id"] for organisation in listed}


async def test_who_may_be_the_same_waits_for_the_team_and_can_be_parted_again(members, somebody):
    (stays,) = await own_organisations(somebody)
    other = await register(somebody, name="ROC Ravelveld", brin="25PK", kvk="30123456", networks=["katapult"])
    await somebody.post("/v1/members/me/affiliations", json={"organisation_id": other})
    (pair,) = await pairs(members)

    assert (pair["first"]["organisation_id"], pair["second"]["organisation_id"]) == (stays, other)
    assert [(one["network"], one["value"]) for one in pair["second_said"] if one["field"] == "brin"] == [(None, "25PK")]
    assert (await somebody.post(f"/v1/same-organisations/{pair['pair_id']}/merge")).status_code == 403
    await members.given()
    answer = await members.team().post(f"/v1/same-organisations/{pair['pair_id']}/merge")
    assert (answer.status_code, answer.json()["status"]) == (200, "merged")
    _, changed, member, _ = await members.then_said(
        OrganisationMerged, OrganisationChanged, MemberChanged, ContactChanged
    )
    assert (changed.organisation_id, changed.kvk) == (stays, "30123456")
    assert set(changed.networks) == {Network.DUURZAAM_MBO, Network.KATAPULT}
    assert member.organisation_ids == (stays,)
    assert await own_organisations(somebody) == [stays]

    await members.given()
    apart = await members.team().post(f"/v1/same-organisations/{pair['pair_id']}/keep-apart")
    assert apart.json()["status"] == "apart"
    parted, *_ = await members.then_said(
        OrganisationParted, OrganisationChanged, OrganisationChanged, MemberChanged, ContactChanged
    )
    assert (parted.organisation_id, parted.from_id) == (other, stays)
    assert await own_organisations(somebody) == [stays, other]
    again = (await members.http.get(f"/v1/organisations/{other}")).json()
    assert (again["brin"], again["kvk"], again["networks"]) == ("25PK", "30123456", ["katapult"])
    assert (await members.http.get(f"/v1/organisations/{stays}")).json()["kvk"] is None
    assert await pairs(members) == []


async def test_a_pair_that_is_not_there(members):
    answer = await members.team().post("/v1/same-organisations/none/merge")

    assert (answer.status_code, slug(answer)) == (404, "same-pair-not-found")


async def test_what_one_network_takes_back_leaves_what_another_said(members, somebody):
    stays = await register(somebody, name="Bodemrijk Hazelkamp", kind="company", brin=None, kvk="30999999", networks=[])
    now = members.service.now()
    place = {"name": "Zwolle"}
    draft = OrganisationDraft(kind="centre", name="CIV Slimspoor Kevergaarde", place=place, networks=["katapult"])

    async with members.service.sessions() as session:
        organisation = await store.organisation(session, stays, for_change=True)
        await said.keep(session, organisation, "katapult", {"website": "bodemrijk.example"}, now)
        await said.keep(session, organisation, "duurzaam-mbo", {"brin": "25PZ", "kvk": "30111111"}, now)
        await said.make_anew(session, organisation)
        assert (organisation.kvk, organisation.brin) == ("30999999", "25PZ")
        assert organisation.networks == ["duurzaam-mbo", "katapult"]
        await organisations.take_back(session, organisation, "duurzaam-mbo", "a-record")
        assert (organisation.kvk, organisation.website) == ("30999999", "bodemrijk.example")
        assert organisation.networks == ["katapult"]
        centre = await organisations.register(session, draft, now, network="katapult")
        await organisations.take_back(session, centre, "katapult", "a-record")
        assert (centre.name, centre.networks) == ("CIV Slimspoor Kevergaarde", [])
    await members.then_said(OrganisationRegistered)


async def test_who_changes_while_an_organisation_of_theirs_merges_loses_no_version(members, somebody):
    """Their change has not committed yet when the two merge: who hears of it goes by the version that is higher."""
    pien, pair_id = await an_ambassador_of_one_that_merges(members, somebody)

    async with members.session() as changing:
        person = await store.active_member(changing, pien, for_change=True)
        for phone in ("06 22222222", "06 33333333"):
            person.phone = phone
            await membership.changed(changing, person)
        merging = asyncio.create_task(members.team().post(f"/v1/same-organisations/{pair_id}/merge"))
        await eventually(lambda: somebody_waits(members), saying="a merge that waits")
        await changing.commit()

    assert (await merging).status_code == 200
    (appointed,) = await members.said(AmbassadorAppointed)
    assert (appointed.version, (await members.me(pien)).headers["ETag"]) == (5, '"5"')


async def test_who_stands_down_while_an_organisation_of_theirs_merges_is_no_ambassador(members, somebody):
    pien, pair_id = await an_ambassador_of_one_that_merges(members, somebody)

    async with members.session() as ending:
        person = await store.active_member(ending, pien, for_change=True)
        assert await appointments.stood_down(ending, person)
        merging = asyncio.create_task(members.team().post(f"/v1/same-organisations/{pair_id}/merge"))
        await eventually(lambda: somebody_waits(members), saying="a merge that waits")
        await ending.commit()

    assert (await merging).status_code == 200
    assert await members.said(AmbassadorAppointed) == []


async def an_ambassador_of_one_that_merges(members, somebody):
    """Somebody who belongs elsewhere, and is an ambassador of what can merge; returns who, and the pair's id."""
    other = await register(somebody, brin="25PK", kvk="30123456", networks=["katapult"])
    elsewhere = SCHOOL | {"name": "Techniekhuis Zuiderburg", "brin": "26AB"}
    pien = await members.joined(email="pien@zuiderburg.example", name="Pien Dekker", organisation=elsewhere)
    answer = await members.team().put(f"/v1/ambassadors/{pien}", json={"organisation_ids": [other]})
    assert answer.headers["ETag"] == '"2"', answer.text
    (pair,) = await pairs(members)
    await members.given()
    return pien, pair["pair_id"]


async def somebody_waits(members):
    """Whether a transaction waits for what another holds."""
    async with members.service.engine.connect() as connection:
        waiting = text(
            "SELECT 1 FROM pg_locks WHERE NOT granted AND locktype IN ('transactionid', 'tuple')"
            " AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())"
        )
        return (await connection.execute(waiting)).first() is not None
