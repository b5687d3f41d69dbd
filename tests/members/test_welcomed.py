"""What another did to somebody is said, so that they hear it: an invitation accepted, let in again, the team's role."""

from contracts.members import MemberJoined, NodeTeamJoined, NodeTeamLeft
from contracts.welcoming import MemberWelcomed
from tests.members.test_invitations import CENTRE, accepted, amir, invited

__all__ = ["amir"]


async def test_at_the_address_that_was_invited_is_heard_that_somebody_accepted(members, amir):
    _, made = await invited(members, amir)

    answer = await accepted(members, made.token)
    await accepted(members, made.token)

    (said,) = await members.said(MemberWelcomed)
    (joined,) = await members.said(MemberJoined)
    assert (said.member_id, said.by) == (answer.json()["member_id"], "invitation")
    assert (said.member_id, said.version) == (joined.member_id, joined.version)


async def test_who_takes_part_already_is_not_welcomed_once_more(members, amir):
    await members.joined(email="iris@lindebeek.example", organisation=CENTRE)
    _, made = await invited(members, amir, "iris@lindebeek.example")

    assert (await accepted(members, made.token)).status_code == 204
    assert await members.said(MemberWelcomed) == []


async def test_who_is_let_in_again_hears_it_and_who_had_left_by_themselves_does_not(members):
    noor = await members.joined()
    sem = await members.joined(name="Sem de Vries", email="sem@lindebeek.example", organisation=CENTRE)
    await members.http_as(sem).post("/v1/members/me/leave")
    for one in (noor, sem):
        await members.team().put(f"/v1/members/{one}/block")

    for one in (noor, noor, sem):
        assert (await members.team().delete(f"/v1/members/{one}/block")).status_code == 204

    assert [(one.member_id, one.by) for one in await members.said(MemberWelcomed)] == [(noor, "team")]


async def test_a_role_in_the_team_is_news_to_who_did_not_decide_it(members):
    loes = await members.joined(name="Loes Vos", email="loes@vechtdal.example")
    for _ in range(2):
        await members.team().put(f"/v1/node-team/{loes}")
        await members.team().delete(f"/v1/node-team/{loes}")
    await members.team().put(f"/v1/node-team/{loes}")
    await members.team(loes).delete(f"/v1/node-team/{loes}")

    joined = [one for one in await members.said(NodeTeamJoined) if one.member_id == loes]
    left = [one for one in await members.said(NodeTeamLeft) if one.member_id == loes]
    assert [one.news for one in joined] == [True, True, True]
    assert [one.news for one in left] == [True, True, False]
    assert not any(one.news for one in await members.said(NodeTeamJoined) if one.member_id != loes)
