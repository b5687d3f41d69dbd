"""What partner networks tell of organisations and persons joins what is known, or is new; it can be withdrawn."""

from datetime import UTC, datetime
from typing import Any

from sqlmodel import select

from contracts.event import EventRejected, new_id
from contracts.members import (
    ContactChanged,
    MemberJoined,
    MemberLeft,
    OrganisationChanged,
    OrganisationMerged,
    RecordAccepted,
)
from contracts.partners import AmbassadorTold, OrganisationTold, PersonTold, RecordWithdrawn, Thing
from contracts.places import find_place
from contracts.vocabulary import Network, OrganisationKind
from services.members.tables import Organisation

AGREED = datetime(2026, 11, 1, 9, tzinfo=UTC)


def a_school(network: Network = Network.DUURZAAM_MBO, **changes: Any) -> OrganisationTold:
    told = {"kind": OrganisationKind.SCHOOL, "name": "Vechtdal College", "place": find_place("Zwolle"), "brin": "25PJ"}
    return OrganisationTold(record_id=new_id(), partner_id="docenten", network=network, **(told | changes))


def a_person(organisation_id: str, network: Network = Network.DUURZAAM_MBO, **changes: Any) -> PersonTold:
    told = {"name": "Noor van der Meer", "email": "noor@vechtdal.example", "consented_at": AGREED}
    of = {"partner_id": "docenten", "network": network, "organisation_id": organisation_id}
    return PersonTold(record_id=new_id(), **(of | told | changes))


async def test_a_school_that_two_networks_tell_is_one(members):
    await members.given(a_school())

    await members.when(again := a_school(Network.KATAPULT, name="Vechtdal Coll."))

    changed, accepted = await members.then_said(OrganisationChanged, RecordAccepted)
    assert (changed.name, changed.networks) == ("Vechtdal College", (Network.DUURZAAM_MBO, Network.KATAPULT))
    assert (accepted.record_id, accepted.known_as) == (again.record_id, changed.organisation_id)


async def test_that_a_school_was_here_already_is_answered_to_who_tells_it_first(members):
    first, second = a_school(), a_school(Network.KATAPULT)

    await members.when(first)
    await members.when(second)
    (known_as,) = {event.known_as for event in await members.said(RecordAccepted)}
    await members.when(second.model_copy(update={"version": 2, "known_as": known_as}))

    assert [event.joined for event in await members.said(RecordAccepted)] == [False, True, False]


async def test_a_school_that_one_network_tells_twice_is_of_it_until_the_last_is_taken_back(members):
    first, twice = a_school(Network.KATAPULT), a_school(Network.KATAPULT, name="CIV Vechtdal")
    for told in (first, twice):
        await members.when(told)
    (school,) = await registered(members)
    assert (await members.http.get(f"/v1/organisations/{school}")).json()["name"] == "CIV Vechtdal"

    for told, networks in ((twice, ["katapult"]), (first, [])):
        await members.when(withdrawn(told, school, Thing.ORGANISATION, told.network))

        shown = (await members.http.get(f"/v1/organisations/{school}")).json()
        assert (shown["name"], shown["networks"]) == ("Vechtdal College", networks)


async def test_who_belongs_to_a_school_is_told_what_a_network_calls_it_and_no_more_when_that_is_taken_back(members):
    await members.when(a_school(Network.KATAPULT))
    (school,) = await registered(members)
    await members.when(a_person(school))
    await members.given()

    await members.when(twice := a_school(Network.KATAPULT, name="CIV Vechtdal"))
    await members.when(withdrawn(twice, school, Thing.ORGANISATION, twice.network))

    names = [event.organisation_name for event in await members.said(ContactChanged)]
    assert names == ["CIV Vechtdal", "Vechtdal College"]


async def test_a_person_takes_part_for_two_networks_and_leaves_with_the_last(members):
    await members.given(a_school())
    (school,) = await registered(members)
    first, second = a_person(school), a_person(school, Network.KATAPULT, email="NOOR@vechtdal.example")
    await members.when(first, second)
    (joined,) = await members.said(MemberJoined)
    (contact, *_) = await members.said(ContactChanged)

    assert contact.email == "noor@vechtdal.example"
    assert {event.known_as for event in await members.said(RecordAccepted)} == {joined.member_id}
    for told, left in ((first, 0), (second, 1)):
        await members.when(withdrawn(told, joined.member_id, Thing.PERSON, told.network))
        assert len(await members.said(MemberLeft)) == left


async def test_who_a_network_withdrew_takes_part_again_when_it_tells_them_again(members):
    await members.given(a_school())
    (school,) = await registered(members)
    await members.when(told := a_person(school))
    (joined,) = await members.said(MemberJoined)
    await members.when(withdrawn(told, joined.member_id, Thing.PERSON, told.network))

    await members.when(told.model_copy(update={"version": 3, "known_as": joined.member_id}))

    (again,) = (await members.said(MemberJoined))[1:]
    assert (again.member_id, again.organisation_ids) == (joined.member_id, (school,))
    assert again.version > (await members.said(MemberLeft))[0].version
    assert not await members.said(EventRejected)


async def test_who_stopped_by_themselves_is_not_brought_back_by_a_network(members):
    await members.given(a_school())
    (school,) = await registered(members)
    await members.when(told := a_person(school))
    (joined,) = await members.said(MemberJoined)
    assert (await members.http_as(joined.member_id).post("/v1/members/me/leave")).status_code == 204
    await members.when(withdrawn(told, joined.member_id, Thing.PERSON, told.network))

    await members.when(told.model_copy(update={"version": 3, "known_as": joined.member_id}))

    (rejected,) = await members.said(EventRejected)
    assert rejected.problem.endswith("/person-left")
    assert len(await members.said(MemberJoined)) == 1


async def test_who_is_kept_out_is_not_brought_back_by_a_network(members):
    await members.given(a_school())
    (school,) = await registered(members)
    await members.when(told := a_person(school))
    (joined,) = await members.said(MemberJoined)
    await members.when(withdrawn(told, joined.member_id, Thing.PERSON, told.network))
    assert (await members.team().put(f"/v1/members/{joined.member_id}/block")).status_code == 204

    await members.when(told.model_copy(update={"version": 3, "known_as": joined.member_id}))

    (rejected,) = await members.said(EventRejected)
    assert rejected.problem.endswith("/person-left")
    assert len(await members.said(MemberJoined)) == 1


async def test_who_is_let_in_takes_no_part_when_their_network_withdrew_them_while_they_were_kept_out(members):
    await members.given(a_school())
    (school,) = await registered(members)
    await members.when(told := a_person(school))
    (joined,) = await members.said(MemberJoined)
    await members.team().put(f"/v1/members/{joined.member_id}/block")
    await members.when(withdrawn(told, joined.member_id, Thing.PERSON, told.network))
    await members.given()

    assert (await members.team().delete(f"/v1/members/{joined.member_id}/block")).status_code == 204

    await members.then_nothing_said()
    await members.when(told.model_copy(update={"version": 3, "known_as": joined.member_id}))
    assert [event.member_id for event in await members.said(MemberJoined)] == [joined.member_id]


async def test_who_had_left_by_themselves_takes_no_part_when_they_are_let_in_and_may_join_anew(members):
    noor = await members.joined()
    await members.http_as(noor).post("/v1/members/me/leave")
    await members.team().put(f"/v1/members/{noor}/block")
    await members.quiet()
    await members.given()

    assert (await members.team().delete(f"/v1/members/{noor}/block")).status_code == 204

    await members.then_nothing_said()
    school = (await members.http.get("/v1/organisations", params={"q": "Vechtdal"})).json()["items"][0]
    assert await members.joined(organisation=None, organisation_id=school["organisation_id"]) == noor


async def test_what_a_network_takes_back_of_who_left_does_not_count_when_they_join_anew(members):
    noor = await members.joined()
    await members.given(a_school(Network.KATAPULT, name="Elzenbeek College", brin="25PK"))
    found = (await members.http.get("/v1/organisations", params={"q": "Elzenbeek"})).json()["items"]
    told = a_person(found[0]["organisation_id"], email="noor.jansen@vechtdal.example", name="Noor Jansen")
    await members.when(told)
    await members.http_as(noor).post("/v1/members/me/leave")
    await members.when(withdrawn(told, noor, Thing.PERSON, told.network))
    school = (await members.http.get("/v1/organisations", params={"q": "Vechtdal"})).json()["items"][0]

    await members.joined(organisation=None, organisation_id=school["organisation_id"], networks=["katapult"])

    assert await belongs_to(members, noor) == ["ROC Vechtdal"]
    assert (await members.me(noor)).json()["networks"] == ["katapult"]


async def test_what_is_wrong_is_refused_by_field(members):
    await members.when(a_school(brin="geen nummer"))

    (rejected,) = await members.then_said(EventRejected)
    assert [error.field for error in rejected.errors] == ["brin"]


def withdrawn(
    told: OrganisationTold | PersonTold | AmbassadorTold, known_as: str, thing: Thing, network: Network
) -> RecordWithdrawn:
    of = {"record_id": told.record_id, "partner_id": told.partner_id, "network": network}
    return RecordWithdrawn(known_as=known_as, thing=thing, version=2, **of)


async def registered(members: Any) -> list[str]:
    """The ids of the organisations that were told."""
    async with members.session() as session:
        query = select(Organisation.organisation_id).where(Organisation.kind == "school")
        return list((await session.exec(query)).all())


async def test_a_centre_that_two_networks_tell_without_a_number_merges_and_each_keeps_its_word(members):
    a_centre = {"kind": OrganisationKind.CENTRE, "brin": None, "name": "CIV Kringloop Elzenbeek"}
    first = a_school(Network.KATAPULT, **a_centre)
    second = a_school(
        **a_centre | {"name": "Centrum voor Innovatief Vakmanschap Kringloop Elzenbeek", "kvk": "30123456"}
    )
    await members.when(first)
    (accepted,) = await members.said(RecordAccepted)
    await members.when(a_person(accepted.known_as))
    await members.when(second)
    (merged,) = await members.said(OrganisationMerged)
    told = (await members.said(ContactChanged))[-1]  # of who belonged to the one that stays, and is called otherwise
    known_as = {event.record_id: event.known_as for event in await members.said(RecordAccepted)}
    shown = (await members.http.get(f"/v1/organisations/{known_as[second.record_id]}")).json()

    gone = RecordWithdrawn(
        record_id=first.record_id, version=2, partner_id="docenten", network=Network.KATAPULT,
        known_as=known_as[first.record_id], thing=Thing.ORGANISATION,
    )  # fmt: skip
    await members.when(gone)
    left = (await members.http.get(f"/v1/organisations/{known_as[first.record_id]}")).json()

    assert (merged.organisation_id, merged.into) == (known_as[second.record_id], known_as[first.record_id])
    assert (shown["kvk"], shown["networks"]) == ("30123456", ["duurzaam-mbo", "katapult"])
    assert left["networks"] == ["duurzaam-mbo"]
    assert left["name"] == shown["name"] == told.organisation_name
    assert left["name"].startswith("Centrum voor Innovatief Vakmanschap")


async def test_what_a_person_ended_themselves_goes_with_the_network_that_told_it_again(members):
    noor = await members.joined()
    await members.given(a_school(name="Elzenbeek College", brin="26QA"))
    school = (await members.http.get("/v1/organisations", params={"q": "Elzen"})).json()["items"][0]["organisation_id"]
    at, own = "/v1/members/me/affiliations", members.http_as(noor)
    added = (await own.post(at, json={"organisation_id": school})).json()
    assert (await own.delete(f"{at}/{added['affiliation_id']}")).status_code == 204
    told = a_person(school, email="noor.jansen@vechtdal.example", name="Noor Jansen")

    await members.when(told)
    while_told = await belongs_to(members, noor)
    await members.when(withdrawn(told, noor, Thing.PERSON, told.network))

    assert while_told == ["Elzenbeek College", "ROC Vechtdal"]
    assert await belongs_to(members, noor) == ["ROC Vechtdal"]


async def test_what_a_network_takes_back_of_a_merged_school_leaves_what_the_person_says_of_that_it_is_one_with(members):
    noor = await members.joined()
    await members.given(a_school(Network.KATAPULT, name="ROC Vechtdal", brin="25PK", place=find_place("Utrecht")))
    found = (await members.http.get("/v1/organisations", params={"q": "ROC Vechtdal"})).json()["items"]
    (other,) = [one["organisation_id"] for one in found if one["brin"] == "25PK"]
    told = a_person(other, email="noor.jansen@vechtdal.example", name="Noor Jansen")
    await members.when(told)
    (pair,) = (await members.team().get("/v1/same-organisations")).json()["items"]
    await members.team().post(f"/v1/same-organisations/{pair['pair_id']}/merge")
    await members.quiet()

    await members.when(withdrawn(told, noor, Thing.PERSON, told.network))

    assert await belongs_to(members, noor) == ["ROC Vechtdal"]


async def belongs_to(members: Any, member_id: str) -> list[str]:
    """What the organisations of somebody are called."""
    return sorted(one["organisation"]["name"] for one in (await members.me(member_id)).json()["affiliations"])
