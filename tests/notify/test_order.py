"""In whatever order it is heard how somebody is reached and what they are to be told, they are told the same, once."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from chassis.sql import run
from contracts.matching import IntroductionMade, MatchAnswered, MatchEndorsed, MatchProposed
from contracts.members import NodeTeamJoined, NodeTeamLeft
from contracts.vocabulary import Side
from tests.notify.conftest import a_match, a_person

LENGTH = 11


def a_history():
    """Two people who meet, whose addresses change meanwhile, and somebody who leaves the team; with the people."""
    asker, offerer, ambassador = a_person("Noor"), a_person("Fatima"), a_person("Amir")
    moved = asker.model_copy(update={"email": f"nieuw-{asker.email}", "version": 2})
    match = a_match(asker, offerer, ambassador)
    told = [
        asker,
        moved,
        offerer,
        ambassador,
        NodeTeamJoined(member_id=ambassador.member_id, version=2),
        NodeTeamLeft(member_id=ambassador.member_id, version=3),
        MatchProposed(**match),
        MatchEndorsed(**match, version=2),
        MatchAnswered(**match, version=3, side=Side.REQUEST, accepted=True),
        MatchAnswered(**match, version=4, side=Side.OFFER, accepted=True),
        IntroductionMade(**match, version=5),
    ]
    assert len(told) == LENGTH
    return told, moved, offerer, ambassador


@given(order=st.permutations(range(LENGTH)), again=st.lists(st.integers(0, LENGTH - 1), max_size=4))
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
async def test_a_whole_history_in_any_order_and_partly_again_tells_the_same(idle_notify, order, again):
    history, asker, offerer, ambassador = a_history()

    await idle_notify.heard(*(history[number] for number in (*order, *again)))

    for side in (asker, offerer):
        mails = await idle_notify.mails_kept(side)
        assert sorted((mail.template, mail.status) for mail in mails) == [
            ("introduction", "waiting"),
            ("match-endorsed", "waiting"),
        ]
        assert sorted(await idle_notify.templates(side)) == ["introduction", "match-endorsed"]
    read = ["introduced", "match-answered", "match-answered", "match-proposed"]
    assert sorted(await idle_notify.templates(ambassador)) == read
    async with idle_notify.session() as session:
        where = {"asker": asker.member_id, "ambassador": ambassador.member_id}
        contact = text("SELECT version, email FROM contact WHERE member_id = :asker")
        assert tuple((await run(session, contact, where)).one_or_none()) == (2, asker.email)
        member = text("SELECT version, active FROM team_member WHERE member_id = :ambassador")
        assert tuple((await run(session, member, where)).one_or_none()) == (3, False)
