"""What is kept so that a call can be repeated holds nothing of who was erased, nor of an invitation that is no more."""

import pytest
from sqlalchemy import text

from contracts.deeds import DeedDone
from contracts.event import new_id
from contracts.members import InvitationLapseDue, InvitationMade
from tests.members.conftest import COMPANY

IRIS = "iris.bakker@lindebeek.example"
NOOR = "noor.jansen@vechtdal.example"


def once():
    """The header of a call that may be repeated."""
    return {"Idempotency-Key": new_id()}


async def kept(members):
    """All that is kept for calls that are repeated."""
    async with members.session() as session:
        rows = await session.exec(text("SELECT convert_from(body, 'UTF8') || caller FROM stored_reply"))
        return "\n".join(rows.scalars())


@pytest.fixture
async def amir(members):
    """An ambassador."""
    member_id = await members.joined(name="Amir Bos", email="amir@vechtdal.example")
    return members.http_as(member_id, roles=("ambassador",))


@pytest.fixture
async def invited(members, amir):
    """Iris, whom Amir invited: the invitation, and the token that she was mailed."""
    view = (await amir.post("/v1/invitations", json={"email": IRIS, "name": "Iris"}, headers=once())).json()
    (made,) = await members.said(InvitationMade)
    assert IRIS in await kept(members)
    return view["invitation_id"], made.token


async def accepts(members, token):
    organisation_id = (await members.http.get("/v1/organisations")).json()["items"][0]["organisation_id"]
    draft = {"token": token, "name": "Iris Bakker", "organisation_id": organisation_id, "consent": True}
    answer = await members.gateway.post("/internal/invitations/accept", json=draft, headers=once())
    assert answer.status_code == 200, answer.text
    return answer.json()["member_id"]


async def test_how_to_reach_a_member_is_told_again_and_noted_once_and_kept_nowhere(members):
    noor, key = await members.joined(), once()

    first, again = [await members.team().post(f"/v1/members/{noor}/contact-reads", headers=key) for _ in range(2)]

    assert first.json() == again.json() == {"email": NOOR, "phone": "+31612345678"}
    assert [one.deed for one in await members.said(DeedDone)] == ["contact-read"]
    assert NOOR not in await kept(members)


async def test_of_who_is_erased_no_reply_to_anybody_is_left(members):
    noor, key = await members.joined(), once()
    await members.team().post(f"/v1/members/{noor}/contact-reads", headers=key)
    scope = {"provinces": ["Utrecht"]}
    await members.team().put(f"/v1/ambassadors/{noor}", json=scope, headers=once())
    assert "Noor Jansen" in await kept(members)

    await members.http_as(noor).delete("/v1/members/me", headers=once())
    await members.quiet()

    left = await kept(members)
    assert [what for what in (noor, NOOR, "Noor Jansen") if what in left] == []
    assert (await members.team().post(f"/v1/members/{noor}/contact-reads", headers=key)).status_code == 404


async def test_an_invitation_that_was_looked_at_is_not_kept_for_who_looks_again(members, invited):
    _, token = invited
    before = await kept(members)

    looked = await members.gateway.post("/internal/invitations/look", json={"token": token}, headers=once())

    assert looked.json()["email"] == IRIS
    assert await kept(members) == before


@pytest.mark.parametrize("ends", ["taken back", "accepted", "lapsed", "erased"])
async def test_of_an_invitation_that_does_not_wait_any_more_no_address_is_left(members, amir, invited, ends):
    invitation_id, token = invited
    if ends == "taken back":
        await amir.delete(f"/v1/invitations/{invitation_id}", headers=once())
    elif ends == "lapsed":
        members.clock.move(days=14)
        await members.when(InvitationLapseDue(invitation_id=invitation_id))
    elif ends == "accepted":
        await accepts(members, token)
    else:
        iris = await members.joined(email=IRIS, name="Iris Bakker", organisation=COMPANY)
        await members.http_as(iris).delete("/v1/members/me")
        await members.quiet()

    assert IRIS not in await kept(members)
