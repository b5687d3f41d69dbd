"""Nobody belongs to more organisations than their identity has room for, whoever says it and whatever is merged."""

from chassis.identity import ORGANISATIONS_MAX, REFERENCES_MAX
from chassis.transactions import Item
from contracts.event import EventRejected, new_id
from contracts.members import MemberMerged
from services.members import membership
from services.members.inputs import OrganisationDraft
from services.members.organisations import register
from services.members.tables import Member
from tests.members.conftest import slug
from tests.members.test_merging_persons import decide, identity, told, two_of_one_name
from tests.members.test_told_by_networks import a_person


async def belonging(members, member_id, count):
    """Somebody belongs to so many organisations more, which nobody refused; returns their ids."""
    now, ids = members.service.now(), []

    async def belong(session):
        member = await session.get(Member, member_id)
        for _ in range(count):
            name = f"Centrum {new_id()}"
            draft = OrganisationDraft(kind="centre", name=name, place={"name": "Zeist"})
            organisation_id = (await register(session, draft, now)).organisation_id
            await membership.affiliate(session, member, organisation_id, None, now)
            ids.append(organisation_id)

    await members.service.transactions.do(Item(belong))
    return ids


async def known(members, member_id):
    """The organisations that go with somebody's calls."""
    return (await members.gateway.get(f"/internal/identities/{member_id}")).json()["organisation_ids"]


async def a_centre(members, member_id):
    """An organisation more, to which nobody belongs."""
    draft = {"kind": "centre", "name": f"Centrum {new_id()}", "place": {"name": "Zeist"}}
    return (await members.http_as(member_id).post("/v1/organisations", json=draft)).json()["organisation_id"]


async def test_who_belongs_to_the_most_that_there_is_room_for_adds_one_when_another_has_ended(members):
    noor = await members.joined()
    await belonging(members, noor, ORGANISATIONS_MAX - 1)
    client, draft = members.http_as(noor), {"organisation_id": await a_centre(members, noor)}

    refused = await client.post("/v1/members/me/affiliations", json=draft)

    assert (refused.status_code, slug(refused), "50" in refused.json()["title"]) == (409, "too-many-affiliations", True)
    assert len(await known(members, noor)) == ORGANISATIONS_MAX
    last = (await members.me(noor)).json()["affiliations"][-1]["affiliation_id"]
    assert (await client.delete(f"/v1/members/me/affiliations/{last}")).status_code == 204
    assert (await client.post("/v1/members/me/affiliations", json=draft)).status_code == 201
    assert draft["organisation_id"] in await known(members, noor)


async def test_a_network_hears_why_one_more_is_refused_and_moves_somebody_whom_it_told_of(members):
    noor = await members.joined(email="noor@vechtdal.example", name="Noor van der Meer")
    (own, *_) = await belonging(members, noor, ORGANISATIONS_MAX - 2)
    first, second, third = [await a_centre(members, noor) for _ in range(3)]
    moved = a_person(first)
    assert await told(members, moved) == noor

    await members.when(a_person(second))
    (refused,) = await members.said(EventRejected)
    moved_on = moved.model_copy(update={"version": 2, "known_as": noor, "organisation_id": third})
    await members.when(a_person(own), moved_on)

    assert refused.problem.endswith("/too-many-affiliations")
    assert len(await members.said(EventRejected)) == 1
    assert (len(found := await known(members, noor)), {first, second, third} & {*found}) == (ORGANISATIONS_MAX, {third})


async def test_who_belonged_to_more_before_can_still_be_known(members):
    noor = await members.joined()
    own = await belonging(members, noor, ORGANISATIONS_MAX + 10)

    found = await known(members, noor)

    assert (len(found), {*found[1:]} <= {*own}) == (ORGANISATIONS_MAX, True)
    assert len((await members.me(noor)).json()["affiliations"]) == ORGANISATIONS_MAX + 11


async def test_two_who_would_be_too_much_for_one_stay_two_until_there_is_room(members):
    first, second, pair = await two_of_one_name(members)
    own = await belonging(members, second, ORGANISATIONS_MAX)

    refused = await decide(members, pair, "merge")

    assert (refused.status_code, slug(refused)) == (409, "too-much-for-one-person")
    assert (await identity(members, first), await identity(members, second)) == ((first, []), (second, []))
    last = (await members.me(second)).json()["affiliations"][-1]
    await members.http_as(second).delete(f"/v1/members/me/affiliations/{last['affiliation_id']}")
    assert (await decide(members, pair, "merge")).status_code == 200
    assert {*await known(members, second)} > {*own[:-1]}


async def test_one_mailbox_told_under_very_many_addresses_is_no_more_references_than_there_is_room_for(members):
    noor = await members.joined()
    (school,) = await belonging(members, noor, 1)

    for n in range(REFERENCES_MAX + 1):
        await told(members, a_person(school, email=f"mira+{n}@vechtdal.example", name="Mira van der Meer"))

    assert len(await members.said(MemberMerged)) > 0
    assert not await members.said(EventRejected)
    references = [(await identity(members, merged.member_id)) for merged in await members.said(MemberMerged)]
    assert max(1 + len(also) for _, also in references) == REFERENCES_MAX
