"""Joining: the same answer for everybody, and a member only after the link is followed."""

import pytest
from sqlmodel import select

from contracts.members import (
    ContactChanged,
    JoiningLapseDue,
    MemberErased,
    MemberJoined,
    OrganisationRegistered,
    SignInRequested,
)
from services.members.erased import erasure_of
from services.members.store import find_member, organisations_of
from services.members.tables import Consent
from tests.members.conftest import COMPANY, SCHOOL, a_join, slug, wrong_fields


async def test_who_joins_is_mailed_a_link_and_is_nobody_yet(members):
    answer = await members.http.post("/v1/members", json=a_join())

    assert answer.status_code == 202
    (link,) = await members.then_said(SignInRequested)
    assert (link.email, link.name, link.joining) == ("noor.jansen@vechtdal.example", "Noor Jansen", True)
    assert (await members.me(link.member_id)).status_code == 404
    assert (await members.http.get("/v1/organisations", params={"q": "Vechtdal"})).json()["items"] == []


async def test_who_follows_the_link_is_a_member_with_organisation_and_consent(members):
    await members.http.post("/v1/members", json=a_join())
    member_id = await members.follow((await members.links())[0].token)

    said = await members.then_said(SignInRequested, OrganisationRegistered, MemberJoined, ContactChanged)
    _, registered, joined, contact = said
    assert (registered.brin, registered.place.province, registered.version) == ("25PJ", "Utrecht", 1)
    assert joined.member_id == contact.member_id == member_id
    assert joined.organisation_ids == (registered.organisation_id,)
    assert (joined.networks, joined.version) == (("duurzaam-mbo",), 1)
    assert (contact.name, contact.phone, contact.organisation_name) == ("Noor Jansen", "+31612345678", "ROC Vechtdal")

    me = (await members.me(member_id)).json()
    assert (me["email"], me["roles"]) == ("noor.jansen@vechtdal.example", ["member"])
    assert me["affiliations"][0]["role"] == "docent energietechniek"
    async with members.session() as session:
        (consent,) = (await session.exec(select(Consent))).all()
    assert (consent.member_id, consent.terms_version) == (member_id, "2026-11")


async def test_a_member_who_joins_again_gets_the_same_answer_and_a_link_to_sign_in(members):
    first = await members.http.post("/v1/members", json=a_join())
    member_id = await members.follow((await members.links())[0].token)
    await members.given()

    again = a_join(name="Iemand Anders", organisation=COMPANY, email="NOOR.JANSEN@vechtdal.example")
    second = await members.http.post("/v1/members", json=again)

    assert (second.status_code, second.content) == (first.status_code, first.content)
    (link,) = await members.then_said(SignInRequested)
    assert (link.member_id, link.joining, link.name) == (member_id, False, "Noor Jansen")
    assert await members.follow(link.token) == member_id
    assert (await members.me(member_id)).json()["name"] == "Noor Jansen"


async def test_each_link_stands_for_what_was_filled_in_with_it(members):
    await members.http.post("/v1/members", json=a_join(name="Noor Jansen", organisation=SCHOOL))
    await members.http.post("/v1/members", json=a_join(name="Iemand Anders", organisation=COMPANY))
    own, _ = await members.links()

    me = (await members.me(await members.follow(own.token))).json()

    assert (me["name"], me["affiliations"][0]["organisation"]["name"]) == ("Noor Jansen", "ROC Vechtdal")


async def test_a_call_that_is_repeated_with_its_key_has_one_effect(members):
    key = {"Idempotency-Key": "0123456789abcdef"}

    first = await members.http.post("/v1/members", json=a_join(), headers=key)
    second = await members.http.post("/v1/members", json=a_join(), headers=key)

    assert first.content == second.content
    await members.then_said(SignInRequested)


async def test_two_who_join_with_the_same_new_school_belong_to_one_school(members):
    await members.http.post("/v1/members", json=a_join())
    await members.http.post("/v1/members", json=a_join(name="Bas Smit", email="bas@vechtdal.example"))

    for link in await members.links():
        await members.follow(link.token)

    (registered,) = await members.said(OrganisationRegistered)
    assert [joined.organisation_ids for joined in await members.said(MemberJoined)] == [
        (registered.organisation_id,)
    ] * 2


async def test_a_school_that_takes_part_already_is_pointed_at(members):
    await members.joined()
    (registered,) = await members.said(OrganisationRegistered)

    refused = await members.http.post("/v1/members", json=a_join(email="bas@vechtdal.example"))
    assert (refused.status_code, slug(refused)) == (409, "organisation-exists")
    assert refused.json()["organisation_id"] == registered.organisation_id

    theirs = {"organisation": None, "organisation_id": registered.organisation_id}
    member_id = await members.joined(email="bas@vechtdal.example", **theirs)
    async with members.session() as session:
        assert len(await organisations_of(session, member_id)) == 1


async def test_every_wrong_field_is_named_at_once_and_none_is_repeated(members):
    answer = await members.http.post(
        "/v1/members",
        json={
            "name": "<script>",
            "email": "canary@@",
            "phone": "canary",
            "language": "fr",
            "networks": ["canary"],
            "organisation": {"kind": "school", "name": "x", "place": {"name": "Amersfort"}, "kvk": "canary"},
            "consent": False,
            "is_admin": True,
        },
    )

    assert set(wrong_fields(answer)) == {
        "name",
        "email",
        "phone",
        "language",
        "networks.0",
        "organisation.place",
        "organisation.brin",
        "organisation.kvk",
        "consent",
        "is_admin",
    }
    assert "Amersfoort (Utrecht)" in wrong_fields(answer)["organisation.place"]
    assert "canary" not in answer.text
    await members.then_nothing_said()


@pytest.mark.parametrize(
    "neither_nor_both", [{"organisation": None}, {"organisation_id": "some-organisation", "organisation": SCHOOL}]
)
async def test_who_joins_belongs_to_one_organisation(members, neither_nor_both):
    answer = await members.http.post("/v1/members", json=a_join(**neither_nor_both))

    assert set(wrong_fields(answer)) == {"organisation"}


async def test_an_organisation_that_does_not_exist_cannot_be_joined(members):
    answer = await members.http.post("/v1/members", json=a_join(organisation=None, organisation_id="nobody"))

    assert (answer.status_code, slug(answer)) == (404, "organisation-not-found")


async def test_who_never_follows_the_link_is_forgotten(members):
    await members.http.post("/v1/members", json=a_join())
    (link,) = await members.links()
    await members.given()
    members.clock.move(days=7)

    await members.when(JoiningLapseDue(member_id=link.member_id))

    (erased,) = await members.then_said(MemberErased)
    assert erased.version == 1
    async with members.session() as session:
        assert await find_member(session, link.member_id) is None
        assert (await erasure_of(session, link.member_id)).removed["sign-in-links"] == 1
    assert not [subject for subject, _ in await members.messages("local") if link.sign_in_id in subject]


async def test_who_asks_to_join_once_more_is_not_forgotten_by_the_timer_of_the_first_time(members):
    await members.http.post("/v1/members", json=a_join())
    (first,) = await members.links()
    members.clock.move(days=7)
    await members.http.post("/v1/members", json=a_join())

    await members.when(JoiningLapseDue(member_id=first.member_id))

    assert await members.follow((await members.links())[-1].token) == first.member_id


async def test_a_link_that_is_asked_for_does_not_keep_who_never_follows_it(members):
    await members.http.post("/v1/members", json=a_join())
    (first,) = await members.links()
    members.clock.move(days=7)
    await members.gateway.post("/internal/sign-in-links", json={"email": first.email})
    assert len(await members.links()) == 2

    await members.when(JoiningLapseDue(member_id=first.member_id))

    async with members.session() as session:
        assert await find_member(session, first.member_id) is None


async def test_who_had_left_and_asks_to_join_once_more_can_still_follow_the_link(members):
    member_id = await members.joined()
    await members.http_as(member_id).post("/v1/members/me/leave")
    members.clock.move(days=7)
    again = await members.http.post("/v1/members", json=a_join(organisation=COMPANY))
    assert again.status_code == 202

    await members.when(JoiningLapseDue(member_id=member_id))

    assert await members.follow((await members.links())[-1].token) == member_id


async def test_who_followed_the_link_is_not_forgotten(members):
    member_id = await members.joined()
    await members.given()

    await members.when(JoiningLapseDue(member_id=member_id))

    await members.then_said(JoiningLapseDue)  # the timer itself, and nothing after it
    assert (await members.me(member_id)).status_code == 200
