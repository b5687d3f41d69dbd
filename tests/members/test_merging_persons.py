"""Two memberships of one person become one by a proven address or by the node's team, and two again."""

import pytest

from chassis.transactions import Item
from contracts.event import EventRejected
from contracts.members import (
    AmbassadorAppointed,
    AmbassadorStoodDown,
    ContactChanged,
    MemberChanged,
    MemberErased,
    MemberJoined,
    MemberLeft,
    MemberMerged,
    MemberParted,
    NodeTeamLeft,
    RecordAccepted,
    SignInRequested,
)
from contracts.partners import Thing
from contracts.vocabulary import Network
from services.members import store
from services.members.appointments import join_node_team
from services.members.node_team import ensure_node_team
from tests.members.conftest import COMPANY, SCHOOL, slug
from tests.members.test_told_by_networks import a_person, a_school, registered, withdrawn


@pytest.fixture
async def school(members):
    """A school that a network told of."""
    await members.given(a_school())
    (organisation_id,) = await registered(members)
    return organisation_id


async def told(members, person):
    """A network tells of somebody; returns the reference that it was kept under."""
    await members.when(person)
    await members.quiet()
    accepted = [event for event in await members.said(RecordAccepted) if event.record_id == person.record_id]
    return accepted[-1].known_as


async def identity(members, member_id):
    """Who the gateway is told that somebody is."""
    answer = await members.gateway.get(f"/internal/identities/{member_id}")
    assert answer.status_code == 200, answer.text
    return answer.json()["member_id"], answer.json()["also"]


async def link_to(members, email):
    """The token that is mailed to whoever asks for a link with this address; none when nothing is mailed."""
    before = len(await members.links())
    await members.gateway.post("/internal/sign-in-links", json={"email": email})
    await members.quiet()
    return next((link.token for link in (await members.links())[before:] if link.email == email), None)


async def waiting(members, status="waiting"):
    await members.quiet()
    answer = await members.team().get("/v1/same-persons", params={"status": status})
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def decide(members, pair, verb):
    answer = await members.team().post(f"/v1/same-persons/{pair['pair_id']}/{verb}")
    await members.quiet()
    return answer


async def two_of_one_name(members, **other):
    """Somebody who joined, and somebody of that name at the same school with another address; and their pair."""
    first = await members.joined(organisation=SCHOOL)
    school = (await members.me(first)).json()["affiliations"][0]["organisation"]["organisation_id"]
    join = {"organisation": None, "organisation_id": school, "email": "n.jansen@thuis.example", "name": "N. Jansen"}
    second = await members.joined(**join | other)
    (pair,) = await waiting(members)
    return first, second, pair


async def test_one_mailbox_told_by_two_networks_is_one_person_without_anybody_looking(members, school):
    first = await told(members, a_person(school))
    second = await told(
        members, a_person(school, Network.KATAPULT, email="Noor+om@vechtdal.example", name="N. v.d. Meer")
    )

    (merged,) = await members.said(MemberMerged)
    assert (merged.member_id, merged.into) == (second, first)
    assert not merged.news  # nobody signed in, so nobody could read anything
    assert await identity(members, first) == await identity(members, second) == (first, [second])
    assert await waiting(members) == []
    (pair,) = await waiting(members, "merged")
    assert (pair["by_itself"], [one["by"] for one in pair["decisions"]]) == (True, [None])
    changed = (await members.said(MemberChanged))[-1]
    assert set(changed.networks) == {Network.DUURZAAM_MBO, Network.KATAPULT}


async def test_the_same_name_at_one_school_waits_for_the_team_who_see_enough_and_no_more(
    members,
):
    first, second, pair = await two_of_one_name(members)

    assert (pair["first"]["member_id"], pair["second"]["member_id"]) == (first, second)
    assert pair["agrees"] == ["phone", "organisation"]
    assert (pair["first"]["email"], pair["first"]["confirmed"]) == ("n…n@vechtdal.example", True)
    assert {(one["field"], one["network"]) for one in pair["second_said"]} >= {("name", None), ("organisation", None)}
    shown = str(pair)
    assert not [whole for whole in ("noor.jansen@", "n.jansen@", "612345678") if whole in shown]
    for verb in ("merge", "keep-apart", "later"):
        answer = await members.http_as(first).post(f"/v1/same-persons/{pair['pair_id']}/{verb}")
        assert (answer.status_code, slug(answer)) == (403, "not-allowed")


async def test_merged_by_the_team_both_addresses_lead_to_one_and_parted_each_is_their_own(members):
    first, second, pair = await two_of_one_name(members)
    await members.given()

    assert (await decide(members, pair, "merge")).json()["status"] == "merged"
    merged, *_ = await members.then_said(MemberMerged, MemberChanged, ContactChanged, ContactChanged)
    assert (merged.member_id, merged.into, merged.news) == (second, first, True)
    contacts = {one.member_id: one.email for one in await members.said(ContactChanged)}
    assert contacts == dict.fromkeys((first, second), "n.jansen@thuis.example")
    for email in ("n.jansen@thuis.example", "noor.jansen@vechtdal.example"):
        came_in_as = await members.follow(await link_to(members, email))
        assert await identity(members, came_in_as) == (first, [second])
    assert (await members.said(ContactChanged))[-1].email == "noor.jansen@vechtdal.example"  # the last they followed
    await decide(members, pair, "merge")  # again: nothing happens
    assert len(await members.said(MemberMerged)) == 1

    await decide(members, pair, "keep-apart")
    assert [event.from_id for event in await members.said(MemberParted)] == [first]
    assert await identity(members, first) == (first, [])
    assert await identity(members, second) == (second, [])
    reached = {event.member_id: event.email for event in await members.said(ContactChanged)}
    assert reached == {first: "noor.jansen@vechtdal.example", second: "n.jansen@thuis.example"}
    assert (await members.me(second)).json()["name"] == "N. Jansen"
    (apart,) = await waiting(members, "apart")
    assert [one["what"] for one in apart["decisions"]] == ["apart", "merged"]
    assert await waiting(members) == []  # nobody is asked again


async def test_a_network_cannot_hand_what_somebody_reads_to_another_mailbox(members, school):
    await told(members, a_person(school, email="els@vechtdal.example"))
    second = await members.joined(organisation=None, organisation_id=school, name="Noor van der Meer")
    record = a_person(school, Network.KATAPULT, name="Noor van der Meer", email="noor.jansen@vechtdal.example")
    assert await told(members, record) == second

    moved = record.model_copy(update={"email": "els@vechtdal.example", "known_as": second, "version": 2})
    await told(members, moved)

    assert await members.said(MemberMerged) == []
    assert ["email" in pair["agrees"] for pair in await waiting(members)] == [True]


async def test_an_address_that_only_a_network_told_opens_nothing_once_another_was_proven(members, school):
    second = await told(members, a_person(school, email="n.jansn@vechtdal.example", name="Noor Jansen"))
    first = await members.joined(organisation=None, organisation_id=school)
    assert await link_to(members, "n.jansn@vechtdal.example") is not None
    (pair,) = await waiting(members)
    await decide(members, pair, "merge")

    assert await link_to(members, "n.jansn@vechtdal.example") is None
    assert await link_to(members, "noor.jansen@vechtdal.example") is not None
    await decide(members, pair, "keep-apart")
    assert await link_to(members, "n.jansn@vechtdal.example") is not None
    assert await identity(members, first) == (first, []) != await identity(members, second)


async def test_somebody_of_the_team_is_merged_with_nobody(members):
    first, _, pair = await two_of_one_name(members)
    await members.team().put(f"/v1/node-team/{first}")

    answer = await decide(members, pair, "merge")

    assert (answer.status_code, slug(answer)) == (409, "node-team-not-merged")


async def test_who_is_merged_does_not_come_into_the_team(members):
    first, second, pair = await two_of_one_name(members)
    await decide(members, pair, "merge")
    await members.given()

    answer = await members.team().put(f"/v1/node-team/{second}")

    assert (answer.status_code, slug(answer)) == (409, "merged-not-of-node-team")
    await members.then_nothing_said()
    assert "node-team" not in (await members.me(first)).json()["roles"]


async def test_who_was_of_the_team_before_they_were_merged_leaves_it_by_either_reference(members):
    first, second, pair = await two_of_one_name(members)
    await decide(members, pair, "merge")

    async def of_the_team(session):
        join_node_team(session, await store.member(session, first, for_change=True), news=False)

    await members.service.transactions.do(Item(of_the_team))
    await members.given()

    assert (await members.team().delete(f"/v1/node-team/{second}")).status_code == 204

    (left,) = await members.then_said(NodeTeamLeft)
    assert left.member_id == first


@pytest.mark.parametrize("why", ["blocked", "merged"])
async def test_whom_the_settings_name_is_not_of_the_team_while_they_are_kept_out_or_merged(members, why, monkeypatch):
    _, second, pair = await two_of_one_name(members)
    if why == "merged":
        await decide(members, pair, "merge")
    else:
        await members.team().put(f"/v1/members/{second}/block")
    await members.given()
    named = members.service.settings.model_copy(update={"node_team_addresses": "n.jansen@thuis.example"})
    monkeypatch.setattr(members.service, "settings", named)

    await ensure_node_team(members.service)

    await members.then_nothing_said()


async def test_another_scope_of_a_merged_ambassador_is_in_force_in_place_of_the_one_they_had(members):
    first, second, pair = await two_of_one_name(members)
    await members.team().put(f"/v1/ambassadors/{second}", json={"provinces": ["Zeeland"]})
    await decide(members, pair, "merge")
    seen = (await members.team().get(f"/v1/members/{first}")).headers["ETag"]

    answer, late = [
        await members.team().put(f"/v1/ambassadors/{first}", json={"provinces": [to]}, headers={"If-Match": seen})
        for to in ("Drenthe", "Utrecht")
    ]

    appointed = await members.said(AmbassadorAppointed)
    assert [(one.member_id, one.scope.provinces) for one in appointed] == [
        (second, ("Zeeland",)), (second, ("Drenthe",)),
    ]  # fmt: skip
    assert (answer.status_code, late.status_code) == (200, 412)
    assert (await members.me(first)).json()["scope"]["provinces"] == ["Drenthe"]


async def test_another_scope_of_who_was_appointed_under_both_references_is_their_only_one(members):
    first, second, pair = await two_of_one_name(members)
    for reference in (first, second):
        await members.team().put(f"/v1/ambassadors/{reference}", json={"provinces": ["Zeeland"]})
    await decide(members, pair, "merge")
    seen = (await members.team().get(f"/v1/members/{first}")).headers["ETag"]

    await members.team().put(f"/v1/ambassadors/{second}", json={"provinces": ["Drenthe"]}, headers={"If-Match": seen})

    assert [(one.member_id, one.news) for one in await members.said(AmbassadorStoodDown)] == [(second, False)]
    (listed,) = (await members.team().get("/v1/ambassadors")).json()["items"]
    assert (listed["member_id"], listed["scope"]["provinces"]) == (first, ["Drenthe"])


async def test_a_merged_person_is_found_by_what_is_under_their_other_reference(members):
    first, second, pair = await two_of_one_name(members)
    other = (await members.team().post("/v1/organisations", json=COMPANY)).json()["organisation_id"]
    await members.http_as(second).post("/v1/members/me/affiliations", json={"organisation_id": other})
    await members.team().put(f"/v1/ambassadors/{second}", json={"organisation_ids": [other]})
    await decide(members, pair, "merge")

    async def found(who, **asked):
        return [one["member_id"] for one in (await who.get("/v1/members", params=asked)).json()["items"]]

    assert await found(members.team(), q="Warmtewerk") == [first]
    assert await found(members.team(), role="ambassador") == [first]
    assert await found(members.ambassador(organisation_ids=(other,))) == [first]


async def test_a_merged_person_leaves_and_is_erased_with_all_that_they_are_known_as(members):
    first, second, pair = await two_of_one_name(members)
    await decide(members, pair, "merge")
    await members.http_as(first).post("/v1/members/me/leave")
    await members.quiet()
    assert {event.member_id for event in await members.said(MemberLeft)} == {first, second}

    answer = await members.team().delete(f"/v1/members/{second}")
    report = await members.http.get(f"/v1/erasures/{answer.json()['erasure_id']}")
    assert {event.member_id for event in await members.said(MemberErased)} == {first, second}
    await members.quiet()
    report = (await members.http.get(f"/v1/erasures/{answer.json()['erasure_id']}")).json()
    (own,) = [part["removed"] for part in report["parts"] if part["service"] == "members"]
    assert (own["persons"], own["consents"], own["affiliations"]) == (2, 2, 2)
    assert (own["sayings"] > 0, own["pairs"]) == (True, 1)
    assert await waiting(members, "merged") == []


async def test_a_merged_person_who_was_let_back_in_takes_part_under_all_that_they_are_known_as(members):
    first, second, pair = await two_of_one_name(members)
    await decide(members, pair, "merge")
    await members.team().put(f"/v1/members/{first}/block")
    await members.given()

    await members.team().delete(f"/v1/members/{first}/block")
    await members.quiet()

    assert {event.member_id for event in await members.said(MemberJoined)} == {first, second}


async def test_two_people_cannot_take_part_with_one_mailbox(members, school):
    await told(members, a_person(school, email="stage@vechtdal.example"))

    await members.given()
    await members.when(a_person(school, Network.KATAPULT, email="stage@vechtdal.example", name="Bram Hof"))

    (refused,) = await members.then_said(EventRejected)
    assert refused.problem.endswith("/address-of-another")


async def test_who_moves_to_another_school_goes_with_the_network_that_says_so_and_stays_where_another_says(
    members, school
):
    other = (await members.team().post("/v1/organisations", json=COMPANY)).json()["organisation_id"]
    record, second = a_person(school, role="docent"), a_person(school, Network.KATAPULT)
    member_id = await told(members, record)
    await told(members, second)

    async def belongs():
        me = (await members.me(member_id)).json()
        return [one["organisation"]["organisation_id"] for one in me["affiliations"]], me["networks"]

    moved = {"organisation_id": other, "known_as": member_id, "version": 2}
    await told(members, record.model_copy(update=moved))
    assert await belongs() == ([school, other], ["duurzaam-mbo", "katapult"])
    await told(members, second.model_copy(update=moved))
    assert await belongs() == ([other], ["duurzaam-mbo", "katapult"])
    await members.when(withdrawn(second, member_id, Thing.PERSON, second.network))
    assert await belongs() == ([other], ["duurzaam-mbo"])


async def test_what_somebody_says_of_themselves_wins_from_what_networks_say(members, school):
    record = a_person(school, name="Noor v.d. Meer", phone="+31612345678")
    member_id = await told(members, record)
    await told(members, a_person(school, Network.KATAPULT, name="Noor van der Meer"))
    (joined,) = await members.said(MemberJoined)
    assert joined.member_id == member_id

    me = (await members.me(member_id)).json()
    assert (me["name"], me["phone"]) == ("Noor van der Meer", "+31612345678")  # the latest, and nothing never wins
    await members.http_as(member_id).patch(
        "/v1/members/me", json={"name": "Noor Bakker"}, headers={"If-Match": f'"{me["version"]}"'}
    )
    await told(members, record.model_copy(update={"name": "Noor van der Meer", "known_as": member_id, "version": 2}))
    assert (await members.me(member_id)).json()["name"] == "Noor Bakker"
    assert await members.said(SignInRequested) == []
