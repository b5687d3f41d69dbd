"""What a link to one address of a person does who has two: whom it lets in, and whose address it changes."""

import pytest
from sqlmodel import select

from contracts.members import ContactChanged
from services.members.tables import Member
from tests.members.conftest import COMPANY, a_join, slug
from tests.members.test_invitations import accepted, invited
from tests.members.test_merging_persons import decide, identity, link_to, told, two_of_one_name, waiting
from tests.members.test_told_by_networks import a_person, a_school, registered

NOOR = "noor.jansen@vechtdal.example"
MISTYPED = "n.jansn@vechtdal.example"


@pytest.fixture
async def two(members):
    """Somebody who joined, and their pair with who a network told of at a mailbox that is a stranger's."""
    await members.given(a_school())
    (school,) = await registered(members)
    await told(members, a_person(school, email=MISTYPED, name="Noor Jansen"))
    own_id = await members.joined(organisation=None, organisation_id=school)
    (pair,) = await waiting(members)
    return own_id, pair


async def refused(members, path, **body):
    """Whether what was mailed to the stranger is refused, and mail still goes to the one who joined."""
    answer = await members.gateway.post(path, json=body)
    assert (answer.status_code, slug(answer)) == (422, "sign-in-link-invalid")
    await members.quiet()
    assert (await members.said(ContactChanged))[-1].email == NOOR
    async with members.session() as session:
        (mistyped,) = (await session.exec(select(Member).where(Member.email == MISTYPED))).all()
    assert mistyped.verified_at is None


async def change_address(members, member_id, email):
    """Somebody asks for another address; returns what they then see of themselves, and the link if one was mailed."""
    before = len(await members.links())
    version = (await members.me(member_id)).headers["etag"]
    answer = await members.http_as(member_id).patch(
        "/v1/members/me", json={"email": email}, headers={"If-Match": version}
    )
    assert answer.status_code == 200, answer.text
    await members.quiet()
    return answer.json(), next(iter((await members.links())[before:]), None)


async def test_who_joins_with_an_address_that_opens_nothing_is_mailed_nothing_and_told_the_same(members, two):
    _, pair = two
    await decide(members, pair, "merge")
    await members.given()

    strange = await members.http.post("/v1/members", json=a_join(email=MISTYPED, organisation=COMPANY))
    new = await members.http.post("/v1/members", json=a_join(email="nieuw@elders.example", organisation=COMPANY))

    assert (strange.status_code, strange.content) == (new.status_code, new.content)
    await members.quiet()
    assert [link.email for link in await members.links()] == ["nieuw@elders.example"]


async def test_a_link_that_was_mailed_before_the_two_became_one_lets_no_stranger_in(members, two):
    _, pair = two
    token = await link_to(members, MISTYPED)
    await decide(members, pair, "merge")

    await refused(members, "/internal/sign-ins", token=token)


async def test_an_invitation_to_an_address_that_opens_nothing_lets_no_stranger_in(members, two):
    own_id, pair = two
    _, made = await invited(members, members.http_as(own_id, roles=("ambassador",)), MISTYPED)
    await decide(members, pair, "merge")

    body = {"name": "Bas Smit", "organisation": COMPANY, "consent": True}
    await refused(members, "/internal/invitations/accept", token=made.token, **body)
    await decide(members, pair, "keep-apart")
    assert (await accepted(members, made.token)).status_code == 204  # who takes part already, and signs in by a link


async def test_who_changes_their_address_while_they_are_one_with_another_keeps_it_and_the_other_has_their_own(members):
    first, second, pair = await two_of_one_name(members)
    await decide(members, pair, "merge")

    me, link = await change_address(members, first, "nj@thuis.example")  # of who signed in last, which is the second
    assert (me["email"], me["new_email_waits"]) == ("n.jansen@thuis.example", True)
    await members.follow(link.token)
    me = (await members.me(first)).json()
    assert (me["email"], me["new_email_waits"]) == ("nj@thuis.example", False)

    await decide(members, pair, "keep-apart")
    reached = {event.member_id: event.email for event in await members.said(ContactChanged)}
    assert reached == {first: NOOR, second: "nj@thuis.example"}
    for email, own_id in ((NOOR, first), ("nj@thuis.example", second)):
        assert await identity(members, await members.follow(await link_to(members, email))) == (own_id, [])


async def test_who_has_two_addresses_chooses_the_other_by_its_link(members, two):
    own_id, pair = two
    await decide(members, pair, "merge")

    me, link = await change_address(members, own_id, MISTYPED)
    assert (me["email"], me["new_email_waits"], link.email) == (NOOR, True, MISTYPED)
    await members.follow(link.token)
    await members.quiet()

    me = (await members.me(own_id)).json()
    assert (me["email"], me["new_email_waits"]) == (MISTYPED, False)
    assert (await members.said(ContactChanged))[-1].email == MISTYPED
    assert (await change_address(members, own_id, MISTYPED))[1] is None
    assert await link_to(members, NOOR) is not None
