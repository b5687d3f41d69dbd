"""Whom the settings name for the node's team: once, whatever became of them since."""

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from contracts.members import MemberJoined, NodeTeamJoined, OrganisationRegistered
from services.members.figures import figures
from services.members.node_team import ensure_node_team
from services.members.tables import NamedForTeam

NAMED = "loes@node.example"


def name_too(members, monkeypatch, *addresses, **changes):
    """The settings name these addresses beside the first team."""
    settings = members.service.settings
    told = ",".join([settings.node_team_addresses, *addresses])
    monkeypatch.setattr(
        members.service, "settings", settings.model_copy(update={"node_team_addresses": told} | changes)
    )


@pytest.fixture
async def named(members, monkeypatch):
    """Somebody whom the settings name beside the first team, and who is of it by that."""
    name_too(members, monkeypatch, NAMED)
    await ensure_node_team(members.service)
    (joined,) = (await members.said(NodeTeamJoined))[-1:]
    await members.given()
    return joined.member_id


async def test_who_is_named_later_is_of_the_team_and_takes_part_as_the_organisation_that_the_team_has(
    members, monkeypatch
):
    (organisation,) = (await members.team().get("/v1/organisations", params={"kind": "partner"})).json()["items"]
    name_too(members, monkeypatch, NAMED, node_name_shown="Om de Hoek aan de Vecht")

    await ensure_node_team(members.service)

    assert await members.said(OrganisationRegistered) == []
    (joined,) = await members.said(MemberJoined)
    assert joined.organisation_ids == (organisation["organisation_id"],)
    assert [one.member_id for one in await members.said(NodeTeamJoined)] == [joined.member_id]
    await members.given()
    await ensure_node_team(members.service)
    await members.then_nothing_said()


async def take_out(members, member_id):
    assert (await members.team().delete(f"/v1/node-team/{member_id}")).status_code == 204


async def move(members, member_id):
    seen = (await members.me(member_id)).headers["ETag"]
    asked = await members.http_as(member_id).patch(
        "/v1/members/me", json={"email": "loes@nieuw.example"}, headers={"If-Match": seen}
    )
    assert asked.status_code == 200, asked.text
    await members.follow((await members.links())[-1].token)


async def leave(members, member_id):
    assert (await members.http_as(member_id).post("/v1/members/me/leave")).status_code < 300


async def be_erased(members, member_id):
    assert (await members.http_as(member_id).delete("/v1/members/me")).status_code < 300


@pytest.mark.parametrize("since", [take_out, move, leave, be_erased])
async def test_at_the_next_start_nobody_is_of_the_team_again_by_an_address_that_was_named_before(since, members, named):
    await since(members, named)
    await members.given()

    await ensure_node_team(members.service)

    await members.then_nothing_said()


async def test_of_a_node_of_a_release_that_kept_nothing_of_it_whom_its_settings_name_were_named_before(
    members, named, monkeypatch
):
    name_too(members, monkeypatch, "nieuw@node.example")
    await take_out(members, named)
    async with members.service.engine.begin() as connection:
        await connection.execute(sa.text("DELETE FROM named_for_team"))
    await members.given()

    with capture_logs() as logs:
        await ensure_node_team(members.service)

    await members.then_nothing_said()
    (warned,) = [line for line in logs if line["log_level"] == "warning"]
    assert (warned["addresses"], "node.example" in str(logs)) == (2, False)
    with capture_logs() as logs:
        await ensure_node_team(members.service)
    assert logs == []


async def test_another_hash_of_the_same_address_is_kept_each_time(members, named):
    async def kept(statement):
        async with members.service.engine.begin() as connection:
            return (await connection.execute(sa.text(statement))).scalars().all()

    before = await kept("DELETE FROM named_for_team RETURNING address_hash")
    await ensure_node_team(members.service)

    again = await kept("SELECT address_hash FROM named_for_team")
    assert len(before) == len(again)
    assert set(before).isdisjoint(again)


async def test_a_node_registers_one_organisation_for_its_team_whatever_it_is_called_later(members, monkeypatch):
    name_too(members, monkeypatch, node_name_shown="Om de Hoek aan de Vecht")

    await ensure_node_team(members.service)

    assert await members.said(OrganisationRegistered) == []


@pytest.mark.parametrize("how", ["leaves", "erases themselves", "is erased by the team"])
async def test_the_last_of_the_team_stays_and_who_has_a_colleague_can_go(members, named, how):
    listed = (await members.team().get("/v1/members", params={"role": "node-team"})).json()["items"]
    (first,) = [one["member_id"] for one in listed if one["member_id"] != named]

    async def go(member_id):
        their = members.http_as(member_id, roles=("node-team",))
        if how == "leaves":
            return await their.post("/v1/members/me/leave")
        return await their.delete(f"/v1/members/{'me' if how == 'erases themselves' else member_id}")

    gone, refused = await go(first), await go(named)

    assert gone.status_code in (202, 204)
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (409, "last-of-node-team")
    assert (await figures(members.service))["team-members"] == 1


async def test_before_its_team_was_made_a_node_tells_of_none(members):
    async with members.session() as session:
        await session.exec(sa.delete(NamedForTeam))
        await session.commit()

    assert "team-members" not in await figures(members.service)
