"""Somebody is invited: by mail, for fourteen days, taken back, and without telling who is a member already."""

import pytest
from sqlalchemy import text

from contracts.deeds import DeedDone
from contracts.members import (
    AmbassadorAppointed,
    ContactChanged,
    InvitationLapseDue,
    InvitationMade,
    MemberErased,
    MemberJoined,
)
from tests.members.conftest import COMPANY, slug, wrong_fields

CENTRE = {"kind": "centre", "name": "CIV Lindebeek", "place": {"name": "Utrecht"}}
ZEELAND = {"ambassador": {"provinces": ["Zeeland"]}}
IRIS = "iris.bakker@lindebeek.example"


@pytest.fixture
async def amir(members):
    """The browser of an ambassador."""
    member_id = await members.joined(name="Amir Bos", email="amir@vechtdal.example")
    await members.given()
    return members.http_as(member_id, roles=("ambassador",))


async def invited(members, browser, email=IRIS, **draft):
    """Invites somebody; returns the invitation, and the event with its token when one was mailed."""
    answer = await browser.post("/v1/invitations", json={"email": email} | draft)
    assert answer.status_code in (200, 201), answer.text
    made = {event.invitation_id: event for event in await members.said(InvitationMade)}
    return answer.json(), made.get(answer.json()["invitation_id"])


async def accepted(members, token, **draft):
    """Who holds the token takes part."""
    body = {"token": token, "name": "Iris Bakker", "organisation": COMPANY, "consent": True} | draft
    return await members.gateway.post("/internal/invitations/accept", json=body)


async def test_who_was_invited_takes_part_with_one_button_and_is_known_by_their_address(members, amir):
    school = (await members.http.get("/v1/organisations")).json()["items"][0]["organisation_id"]
    view, made = await invited(members, amir, name="Iris", organisation_id=school)
    assert (made.email, made.by_name, made.is_member) == (IRIS, "Amir Bos", False)

    looked = [await members.gateway.post("/internal/invitations/look", json={"token": made.token}) for _ in range(2)]
    answer = await accepted(members, made.token, organisation=None, organisation_id=school)
    twice = await accepted(members, made.token)
    members.clock.move(seconds=10)
    again = await accepted(members, made.token)

    assert looked[0].json() == looked[1].json()
    assert (looked[0].json()["by_name"], looked[0].json()["organisation_id"]) == ("Amir Bos", school)
    assert (answer.status_code, again.status_code, slug(again)) == (200, 422, "sign-in-link-invalid")
    assert twice.json() == {"member_id": answer.json()["member_id"], "again": True}
    (joined,) = await members.said(MemberJoined)
    assert joined.member_id == answer.json()["member_id"]
    (contact,) = [one for one in await members.said(ContactChanged) if one.member_id == joined.member_id]
    assert (contact.email, contact.name) == (IRIS, "Iris Bakker")
    (mine,) = (await amir.get("/v1/invitations")).json()["items"]
    assert (mine["invitation_id"], mine["status"], mine["email"]) == (view["invitation_id"], "accepted", None)
    (deed,) = await members.said(DeedDone)
    assert (deed.deed, IRIS in deed.model_dump_json()) == ("member-invited", False)


async def test_the_answer_does_not_tell_who_is_a_member_and_their_mail_does(members, amir):
    await members.joined(email=IRIS, name="Iris Bakker", organisation=CENTRE)
    await members.given()

    known, made = await invited(members, amir)
    unknown, _ = await invited(members, amir, "nieuw@lindebeek.example")

    own = ("status", "name", "is_new")
    assert {name: known[name] for name in own} == {name: unknown[name] for name in own}
    assert made.is_member


async def test_who_is_kept_out_gets_no_mail_that_lets_nobody_in_and_who_invites_reads_nothing_of_that(members, amir):
    iris = await members.joined(email=IRIS, name="Iris Bakker", organisation=CENTRE)
    assert (await members.team().put(f"/v1/members/{iris}/block")).status_code == 204
    await members.given()

    kept_out, mail = await invited(members, amir)
    unknown, _ = await invited(members, amir, "nieuw@lindebeek.example")

    assert mail is None
    own = ("status", "name", "is_new")
    assert {name: kept_out[name] for name in own} == {name: unknown[name] for name in own}
    assert (await members.team().delete(f"/v1/members/{iris}/block")).status_code == 204
    assert (await amir.delete(f"/v1/invitations/{kept_out['invitation_id']}")).status_code == 204
    assert (await invited(members, amir))[1] is not None


async def test_who_takes_part_already_is_let_in_by_no_invitation_that_still_lies_in_a_mailbox(members, amir):
    (of_team,) = (await members.team().get("/v1/members", params={"role": "node-team"})).json()["items"]
    team = members.team(of_team["member_id"])
    made = [(await invited(members, by, **draft))[1] for by, draft in ((amir, {}), (team, ZEELAND))]
    joined = await accepted(members, made[0].token)
    members.clock.move(days=13)

    for _ in range(2):  # pressed twice
        answer = await accepted(members, made[1].token)
        assert (answer.status_code, answer.content) == (204, b"")
        members.clock.move(seconds=2)

    (appointed,) = await members.said(AmbassadorAppointed)
    assert appointed.member_id == joined.json()["member_id"]  # what the team asked of them they are
    assert len(await members.said(MemberJoined)) == 1


async def test_the_team_invites_an_ambassador_and_an_ambassador_does_not(members, amir):
    (of_team,) = (await members.team().get("/v1/members", params={"role": "node-team"})).json()["items"]
    team = members.team(of_team["member_id"])

    refused = await amir.post("/v1/invitations", json={"email": IRIS} | ZEELAND)
    _, made = await invited(members, team, **ZEELAND)
    answer = await accepted(members, made.token)

    assert (refused.status_code, slug(refused)) == (403, "not-allowed")
    (appointed,) = await members.said(AmbassadorAppointed)
    assert (appointed.member_id, appointed.scope.provinces) == (answer.json()["member_id"], ("Zeeland",))
    deed = (await members.said(DeedDone))[-1]
    assert (deed.deed, deed.done_by, deed.role) == ("ambassador-appointed", of_team["member_id"], "node-team")
    assert deed.whose == (appointed.member_id,)


@pytest.mark.parametrize("blocked", [False, True])
async def test_who_is_of_the_team_no_more_makes_nobody_an_ambassador(members, blocked):
    loes = await members.joined(name="Loes Vos", email="loes@vechtdal.example")
    await members.team().put(f"/v1/node-team/{loes}")
    _, made = await invited(members, members.team(loes), **ZEELAND)
    await members.team().delete(f"/v1/node-team/{loes}")
    if blocked:
        await members.team().put(f"/v1/members/{loes}/block")

    looked = (await members.gateway.post("/internal/invitations/look", json={"token": made.token})).json()
    answer = await accepted(members, made.token)

    assert (looked["by_name"], looked["as_ambassador"]) == ("" if blocked else "Loes Vos", False)
    identity = await members.gateway.get(f"/internal/identities/{answer.json()['member_id']}")
    assert identity.json()["roles"] == ["member"]
    assert await members.said(AmbassadorAppointed) == []


async def test_what_is_taken_back_or_too_old_works_no_more_and_nothing_is_kept_of_it(members, amir):
    view, made = await invited(members, amir)
    late, late_made = await invited(members, amir, "laat@lindebeek.example")
    page = f"/v1/invitations/{view['invitation_id']}"

    strange = await members.http_as("m-else", roles=("ambassador",)).delete(page)
    back = [(await amir.delete(page)).status_code for _ in range(2)]
    assert [one.deed for one in await members.said(DeedDone)].count("invitation-revoked") == 1
    members.clock.move(days=14, seconds=1)

    assert (strange.status_code, slug(strange), back) == (404, "invitation-not-found", [204, 204])
    for token in (made.token, late_made.token, "x"):
        assert (await accepted(members, token)).status_code == 422
    for one in (view, late):
        await members.when(InvitationLapseDue(invitation_id=one["invitation_id"]))
    assert (await amir.get("/v1/invitations")).json()["items"] == []
    async with members.session() as session:
        assert (await session.exec(text("SELECT count(*) FROM invitation"))).scalar_one() == 0


async def test_nobody_has_us_send_much_mail(members, amir, monkeypatch):
    monkeypatch.setitem(members.service.settings.__dict__, "invitations_per_day_max", 3)
    _, made = await invited(members, amir)
    ids = [
        await members.joined(name=name, email=f"{name}@vechtdal.example", organisation=CENTRE | {"name": name})
        for name in ("Loes", "Sem")
    ]
    others = [members.http_as(one, roles=("ambassador",)) for one in ids]
    answers = [await other.post("/v1/invitations", json={"email": IRIS}) for other in others]
    for n in range(2):
        await invited(members, amir, f"n{n}@lindebeek.example")

    refused = await amir.post("/v1/invitations", json={"email": "n3@lindebeek.example"})
    assert made is not None
    assert [one.status_code for one in answers] == [201, 429]  # an address gets two at the most
    assert slug(answers[1]) == "invited-twice"
    assert (refused.status_code, slug(refused)) == (429, "invited-enough")
    members.clock.move(days=1, seconds=1)
    await invited(members, amir, "n3@lindebeek.example")


async def test_who_invites_once_more_is_told_that_the_first_still_holds_as_it_is(members, amir):
    school = (await members.http.get("/v1/organisations")).json()["items"][0]["organisation_id"]
    first = await amir.post("/v1/invitations", json={"email": IRIS})

    again = await amir.post("/v1/invitations", json={"email": IRIS.upper(), "organisation_id": school})

    assert [(one.status_code, one.json()["is_new"]) for one in (first, again)] == [(201, True), (200, False)]
    assert {name: value for name, value in again.json().items() if name != "is_new"} == {
        name: value for name, value in first.json().items() if name != "is_new"
    }
    assert first.headers["location"] == again.headers["location"]
    assert len(await members.said(InvitationMade)) == 1


async def test_an_invitation_that_is_over_and_was_not_removed_yet_does_not_hold(members, amir):
    first, _ = await invited(members, amir)
    members.clock.move(days=14, seconds=1)

    again, made = await invited(members, amir)
    third, _ = await invited(members, amir)

    assert (again["is_new"], made is not None) == (True, True)
    assert first["invitation_id"] != again["invitation_id"] == third["invitation_id"]


async def test_who_invited_while_a_clock_was_ahead_can_invite_when_it_is_right_again(members, amir, monkeypatch):
    monkeypatch.setitem(members.service.settings.__dict__, "invitations_per_day_max", 1)
    members.clock.move(days=3)
    await invited(members, amir)
    members.clock.move(days=-3)

    await invited(members, amir, "nieuw@lindebeek.example")
    refused = await amir.post("/v1/invitations", json={"email": "laat@lindebeek.example"})
    assert slug(refused) == "invited-enough"


async def test_an_address_gets_no_more_mail_when_its_invitations_are_taken_back(members, amir):
    mailed = []
    for _ in range(2):
        view, made = await invited(members, amir)
        mailed.append(made is not None)
        assert (await amir.delete(f"/v1/invitations/{view['invitation_id']}")).status_code == 204
    refused = await amir.post("/v1/invitations", json={"email": IRIS})
    _, other = await invited(members, amir, "bas@lindebeek.example")

    assert (mailed, other is not None) == ([True, True], True)
    assert (refused.status_code, slug(refused)) == (429, "invited-twice")
    async with members.session() as session:
        kept = str((await session.exec(text("SELECT * FROM invitation WHERE revoked_at IS NOT NULL"))).all())
    assert "iris" not in kept


@pytest.mark.parametrize("erased", ["inviter", "invited", "accepted"])
async def test_an_invitation_goes_with_who_sent_it_and_with_who_got_it(members, amir, erased):
    inviter = (await amir.get("/v1/members/me")).json()["member_id"]
    _, made = await invited(members, amir)
    who = inviter
    if erased == "invited":  # asked to join by themselves, and never followed that link
        who = await members.joined(email=IRIS, name="Iris Bakker", organisation=CENTRE)
    if erased == "accepted":
        who = (await accepted(members, made.token)).json()["member_id"]

    await members.http_as(who).delete("/v1/members/me")
    await members.quiet()

    assert len(await members.said(MemberErased)) == 1
    async with members.session() as session:
        assert (await session.exec(text("SELECT count(*) FROM invitation"))).scalar_one() == 0
    left = [subject for subject, _ in await members.messages("local") if made.invitation_id in subject]
    assert left == []
    assert (await accepted(members, made.token)).status_code == 422


@pytest.mark.parametrize(
    ("draft", "field"),
    [({"email": "geen adres"}, "email"), ({"email": IRIS, "name": "www.evil.example"}, "name"), ({}, "email")],
)
async def test_what_is_filled_in_wrong_is_told(members, amir, draft, field):
    assert list(wrong_fields(await amir.post("/v1/invitations", json=draft))) == [field]
    nowhere = await amir.post("/v1/invitations", json={"email": IRIS, "organisation_id": "o-nowhere"})
    member = await members.http_as("m-else").post("/v1/invitations", json={"email": IRIS})
    assert [(one.status_code, slug(one)) for one in (nowhere, member)] == [
        (404, "organisation-not-found"), (403, "not-allowed"),
    ]  # fmt: skip
