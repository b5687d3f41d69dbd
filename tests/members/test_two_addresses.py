"""What a link to one address of a person does who has two: whom it lets in, and whose address it changes."""

import pytest
from sqlmodel import select

from contracts.members import ContactChanged
from services.members.tables import Member
from tests.members.conftest import COMPANY, a_join, slug
from tests.members.test_invitations import accepted, invited
from tests.members.test_merging_persons import decide, link_to, told, waiting
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
    assert (await accepted(members, made.token)).status_code == 200
