"""Members about themselves: change, another address, affiliations, leaving."""

import pytest

from contracts.members import (
    AddressReplaced,
    AmbassadorStoodDown,
    ContactChanged,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    NodeTeamLeft,
    SignInRequested,
)
from tests.members.conftest import COMPANY, a_join, slug, wrong_fields

FIRST = {"If-Match": '"1"'}


@pytest.fixture
async def noor(members):
    """The id of a member; what was said about their joining is left behind."""
    member_id = await members.joined()
    await members.given()
    return member_id


async def test_a_member_changes_what_they_give_and_keeps_the_rest(members, noor):
    answer = await members.http_as(noor).patch(
        "/v1/members/me", json={"name": "Noor de Wit", "phone": None, "language": "en"}, headers=FIRST
    )

    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    changed, contact = await members.then_said(MemberChanged, ContactChanged)
    assert changed.version == contact.version == 2
    assert (contact.name, contact.phone, contact.language) == ("Noor de Wit", None, "en")
    assert (contact.email, contact.organisation_name) == ("noor.jansen@vechtdal.example", "ROC Vechtdal")
    assert changed.networks == ("duurzaam-mbo",)
    assert (await members.me(noor)).headers["etag"] == '"2"'


async def test_a_change_names_the_version_it_changes(members, noor):
    without = await members.http_as(noor).patch("/v1/members/me", json={"name": "Noor"})
    wrong = await members.http_as(noor).patch("/v1/members/me", json={"name": "Noor"}, headers={"If-Match": '"7"'})

    assert (without.status_code, wrong.status_code) == (428, 412)
    await members.then_nothing_said()


async def test_wrong_fields_are_named_and_not_repeated(members, noor):
    answer = await members.http_as(noor).patch(
        "/v1/members/me", json={"name": None, "email": "canary", "phone": "canary", "status": "active"}, headers=FIRST
    )

    assert set(wrong_fields(answer)) == {"name", "email", "phone", "status"}
    assert "canary" not in answer.text


async def test_another_address_counts_after_its_link_is_followed(members, noor):
    answer = await members.http_as(noor).patch("/v1/members/me", json={"email": "noor@nieuw.example"}, headers=FIRST)

    assert (answer.json()["email"], answer.json()["new_email_waits"]) == ("noor.jansen@vechtdal.example", True)
    (link,) = await members.then_said(SignInRequested)
    assert (link.email, link.member_id, link.confirms) == ("noor@nieuw.example", noor, True)

    assert await members.follow(link.token) == noor
    assert await members.follow(link.token) == noor  # pressed twice
    _, _, contact, replaced = await members.then_said(SignInRequested, MemberChanged, ContactChanged, AddressReplaced)
    assert contact.email == "noor@nieuw.example"
    told = (replaced.member_id, replaced.email, replaced.name)  # whoever reads the old one, if that was not them
    assert told == (noor, "noor.jansen@vechtdal.example", "Noor Jansen")
    me = (await members.me(noor)).json()
    assert (me["email"], me["new_email_waits"]) == ("noor@nieuw.example", False)


async def test_an_address_of_somebody_else_is_not_told_to_be_taken(members, noor):
    theirs = await members.joined(name="Bas Smit", email="bas@elders.example", organisation=COMPANY)
    await members.given()

    free = await members.http_as(theirs).patch("/v1/members/me", json={"email": "vrij@elders.example"}, headers=FIRST)
    (link,) = await members.links()
    await members.given()
    taken = await members.http_as(noor).patch("/v1/members/me", json={"email": "BAS@elders.example"}, headers=FIRST)

    assert link.email == "vrij@elders.example"
    assert free.status_code == taken.status_code == 200
    assert free.json()["new_email_waits"] is taken.json()["new_email_waits"] is True
    await members.then_nothing_said()


async def test_many_who_want_one_address_have_it_mailed_no_more_than_one_of_them_could(members, noor):
    bas = await members.joined(name="Bas Smit", email="bas@elders.example", organisation=COMPANY)
    await members.given()

    for email in ("vrij@elders.example", "Vrij@elders.example", "VRIJ@elders.example", "vrij@elders.example"):
        for who in (noor, bas):
            seen = {"If-Match": (await members.me(who)).headers["etag"]}
            answer = await members.http_as(who).patch("/v1/members/me", json={"email": email}, headers=seen)
            assert answer.status_code == 200
    joining = a_join(email="vrij@elders.example", organisation=COMPANY | {"kvk": "30999999"})
    for _ in range(2):
        assert (await members.http.post("/v1/members", json=joining)).status_code == 202

    assert [link.joining for link in await members.links()] == [False] * 4 + [True]
    members.clock.move(hours=1, seconds=1)
    await members.http.post("/v1/members", json=joining)
    assert len(await members.links()) == 6


async def test_who_wants_an_address_of_somebody_else_does_not_keep_them_from_signing_in(members, noor):
    bas = await members.joined(name="Bas Smit", email="bas@elders.example", organisation=COMPANY)
    await members.given()

    for _ in range(5):
        wanted = {"email": "noor.jansen@vechtdal.example"}
        answer = await members.http_as(bas).patch("/v1/members/me", json=wanted, headers=FIRST)
        assert answer.status_code == 200
    await members.gateway.post("/internal/sign-in-links", json={"email": "noor.jansen@vechtdal.example"})

    (link,) = await members.links()
    assert link.member_id == noor


async def test_an_address_that_was_taken_meanwhile_stays_with_who_has_it(members, noor):
    await members.http_as(noor).patch("/v1/members/me", json={"email": "gewild@elders.example"}, headers=FIRST)
    (link,) = await members.links()
    theirs = await members.joined(name="Bas Smit", email="gewild@elders.example", organisation=COMPANY)

    answer = await members.gateway.post("/internal/sign-ins", json={"token": link.token})

    assert slug(answer) == "sign-in-link-invalid"
    assert (await members.me(theirs)).json()["email"] == "gewild@elders.example"
    assert (await members.me(noor)).json()["email"] == "noor.jansen@vechtdal.example"


async def test_a_member_belongs_to_several_organisations(members, noor):
    company = (await members.http_as(noor).post("/v1/organisations", json=COMPANY)).json()["organisation_id"]
    await members.given()

    added = await members.http_as(noor).post(
        "/v1/members/me/affiliations", json={"organisation_id": company, "role": "adviseur"}
    )
    again = await members.http_as(noor).post("/v1/members/me/affiliations", json={"organisation_id": company})

    assert (added.status_code, slug(again)) == (201, "already-affiliated")
    changed, contact = await members.then_said(MemberChanged, ContactChanged)
    assert len(changed.organisation_ids) == 2
    assert company in changed.organisation_ids
    assert contact.organisation_name == "ROC Vechtdal"

    ended = await members.http_as(noor).delete(added.headers["location"])
    assert ended.status_code == 204
    assert company not in (await members.said(MemberChanged))[-1].organisation_ids


async def test_somebody_elses_affiliation_does_not_exist(members, noor):
    theirs = (await members.me(noor)).json()["affiliations"][0]["affiliation_id"]
    bas = await members.joined(name="Bas Smit", email="bas@elders.example", organisation=COMPANY)

    answer = await members.http_as(bas).delete(f"/v1/members/me/affiliations/{theirs}")

    assert (answer.status_code, slug(answer)) == (404, "affiliation-not-found")
    assert len((await members.me(noor)).json()["affiliations"]) == 1


async def test_an_organisation_that_does_not_exist_has_no_members(members, noor):
    answer = await members.http_as(noor).post("/v1/members/me/affiliations", json={"organisation_id": "nobody"})

    assert slug(answer) == "organisation-not-found"


async def test_who_leaves_is_known_to_the_gateway_no_more(members, noor):
    assert (await members.http_as(noor).post("/v1/members/me/leave")).status_code == 204

    (left,) = await members.then_said(MemberLeft)
    assert left.version == 2
    assert (await members.gateway.get(f"/internal/identities/{noor}")).status_code == 404
    assert (await members.me(noor)).status_code == 404
    await members.gateway.post("/internal/sign-in-links", json={"email": "noor.jansen@vechtdal.example"})
    await members.then_said(MemberLeft)


async def test_who_leaves_gives_back_their_roles(members, noor):
    await members.team().put(f"/v1/ambassadors/{noor}", json={"themes": ["biodiversity"]})
    await members.team().put(f"/v1/node-team/{noor}")
    await members.given()

    await members.http_as(noor).post("/v1/members/me/leave")

    said = await members.then_said(MemberLeft, AmbassadorStoodDown, NodeTeamLeft)
    assert {event.version for event in said} == {4}


async def test_who_left_joins_again_as_the_same_person(members, noor):
    await members.http_as(noor).post("/v1/members/me/leave")
    await members.given()
    organisation_id = (await members.http.get("/v1/organisations", params={"q": "Vecht"})).json()["items"][0][
        "organisation_id"
    ]

    again = a_join(name="Noor de Wit", organisation=None, organisation_id=organisation_id)
    await members.http.post("/v1/members", json=again)
    (link,) = await members.links()

    assert link.joining
    assert await members.follow(link.token) == noor
    _, joined, contact = await members.then_said(SignInRequested, MemberJoined, ContactChanged)
    assert (joined.version, contact.name, joined.organisation_ids) == (3, "Noor de Wit", (organisation_id,))


async def test_a_link_from_before_leaving_does_not_work(members, noor):
    await members.gateway.post("/internal/sign-in-links", json={"email": "noor.jansen@vechtdal.example"})
    (link,) = await members.links()
    await members.http_as(noor).post("/v1/members/me/leave")

    answer = await members.gateway.post("/internal/sign-ins", json={"token": link.token})

    assert slug(answer) == "sign-in-link-invalid"
