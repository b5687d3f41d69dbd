"""Signing in: for the gateway alone, by a link that works once and not for long."""

import pytest
from sqlmodel import select

from contracts.members import MemberJoined, SignInRequested
from services.members.tables import SignInLink
from tests.kept import rows_kept
from tests.members.conftest import COMPANY, a_join, slug


async def ask_link(members, email: str):
    return await members.gateway.post("/internal/sign-in-links", json={"email": email})


async def refused(members, token: str) -> bytes:
    """The answer to a token that does not work."""
    answer = await members.gateway.post("/internal/sign-ins", json={"token": token})
    assert (answer.status_code, slug(answer)) == (422, "sign-in-link-invalid")
    return answer.content


async def test_a_member_signs_in_by_the_link_they_are_mailed(members):
    member_id = await members.joined()
    await members.given()

    assert (await ask_link(members, "noor.jansen@vechtdal.example")).status_code == 202

    (link,) = await members.then_said(SignInRequested)
    assert (link.member_id, link.joining) == (member_id, False)
    assert await members.follow(link.token) == member_id


async def test_the_answer_does_not_tell_whether_somebody_has_the_address(members):
    await members.joined()
    await members.given()

    known, unknown = await ask_link(members, "noor.jansen@vechtdal.example"), await ask_link(members, "a@b.example")

    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    await members.then_said(SignInRequested)


async def test_a_used_an_expired_and_an_unknown_link_are_refused_alike(members):
    await members.joined()
    used = (await members.links())[-1].token
    await ask_link(members, "noor.jansen@vechtdal.example")
    expired = (await members.links())[-1].token
    members.clock.move(minutes=15)

    assert await refused(members, used) == await refused(members, expired) == await refused(members, "no-such-token")


@pytest.mark.parametrize("joining", [True, False])
async def test_who_presses_twice_is_let_in_and_whoever_comes_later_is_not(members, joining):
    await members.http.post("/v1/members", json=a_join())
    if not joining:
        await members.follow((await members.links())[-1].token)
        await ask_link(members, "noor.jansen@vechtdal.example")
    link = (await members.links())[-1]

    pressed = []
    for _ in range(3):
        pressed.append((await members.gateway.post("/internal/sign-ins", json={"token": link.token})).json())
        members.clock.move(seconds=4)

    assert [one["member_id"] for one in pressed] == [link.member_id] * 3
    assert [one["again"] for one in pressed] == [False, True, True]
    assert len(await members.said(MemberJoined)) == 1
    await refused(members, link.token)  # twelve seconds after the first press, however often it was pressed


async def test_who_presses_twice_and_was_kept_out_in_between_is_not_let_in(members):
    member_id = await members.joined()
    token = (await members.links())[-1].token
    await members.team().put(f"/v1/members/{member_id}/block")

    await refused(members, token)


async def test_a_link_to_join_expires_too(members):
    await members.http.post("/v1/members", json=a_join())
    (link,) = await members.links()
    members.clock.move(minutes=16)

    await refused(members, link.token)
    assert (await members.gateway.get(f"/internal/identities/{link.member_id}")).status_code == 404


async def test_who_has_not_confirmed_yet_can_ask_for_the_link_again(members):
    await members.http.post("/v1/members", json=a_join())
    members.clock.move(minutes=16)

    await ask_link(members, "noor.jansen@vechtdal.example")

    _, again = await members.links()
    assert again.joining
    me = (await members.me(await members.follow(again.token))).json()
    assert me["affiliations"][0]["organisation"]["brin"] == "25PJ"


async def test_links_that_work_no_more_are_kept_for_a_day(members):
    noor = await members.joined()
    change = {"email": "typfout@iemand-anders.example"}
    await members.http_as(noor).patch("/v1/members/me", json=change, headers={"If-Match": '"1"'})
    await members.http.post("/v1/members", json=a_join(email="sem@elders.example", organisation=COMPANY))
    members.clock.move(days=1, minutes=16)

    await ask_link(members, "sem@elders.example")

    async with members.session() as session:
        kept = (await session.exec(select(SignInLink))).all()
    assert {link.new_email for link in kept} == {None}
    assert len(kept) == 2  # what Sem filled in to join counts until that lapses, and for the link of now
    assert (await members.me(await members.follow((await members.links())[-1].token))).status_code == 200


async def test_the_token_itself_is_stored_nowhere(members):
    await members.http.post("/v1/members", json=a_join())
    (link,) = await members.links()
    await members.quiet()

    kept = await rows_kept(members.service)
    assert "sign_in_link" in {table for table, _ in kept}
    assert [table for table, row in kept if link.token in row] == []


async def test_an_address_is_mailed_a_few_links_an_hour_whatever_is_asked(members):
    await members.joined()
    await members.given()

    answers = [await ask_link(members, "noor.jansen@vechtdal.example") for _ in range(8)]
    answers.append(await members.http.post("/v1/members", json=a_join()))

    assert len({(answer.status_code, answer.content) for answer in answers[:8]}) == 1
    assert len(await members.said(SignInRequested)) == 4  # the one to join was the first of five

    members.clock.move(minutes=61)
    await ask_link(members, "noor.jansen@vechtdal.example")
    assert len(await members.said(SignInRequested)) == 5


async def test_what_was_asked_while_a_clock_was_ahead_does_not_count_when_it_is_right_again(members):
    await members.joined()
    members.clock.move(days=1)
    for _ in range(5):
        await ask_link(members, "noor.jansen@vechtdal.example")
    members.clock.move(days=-1)
    await members.given()

    await ask_link(members, "noor.jansen@vechtdal.example")

    assert len(await members.said(SignInRequested)) == 1


async def test_the_gateway_learns_who_a_member_is_and_what_they_may_do(members):
    member_id = await members.joined()
    await members.team().put(f"/v1/ambassadors/{member_id}", json={"provinces": ["utrecht"]})
    await members.team().put(f"/v1/node-team/{member_id}")

    identity = (await members.gateway.get(f"/internal/identities/{member_id}")).json()

    assert identity["member_id"] == member_id
    assert set(identity["roles"]) == {"member", "ambassador", "node-team"}
    assert len(identity["organisation_ids"]) == 1
    assert identity["scope"] == {"organisation_ids": [], "provinces": ["Utrecht"], "themes": []}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/internal/sign-in-links", {"email": "a@b.example"}),
        ("POST", "/internal/sign-ins", {"token": "x"}),
        ("GET", "/internal/identities/somebody", None),
    ],
)
async def test_nobody_but_the_gateway_signs_people_in(members, method, path, body):
    for caller in (members.http, members.http_as("somebody"), members.team()):
        assert (await caller.request(method, path, json=body)).status_code == 401


async def test_a_token_that_is_no_text_is_a_wrong_field_and_not_repeated(members):
    answer = await members.gateway.post("/internal/sign-ins", json={"token": "canary" * 100})

    assert answer.status_code == 422
    assert "canary" not in answer.text
