"""Who looked at thousands of matches is forgotten in the streams a part at a time, and keeps nobody waiting."""

import chassis.purging
from contracts.matching import MatchDismissed, MatchProposed, MemberForgotten, MoreToForget
from contracts.members import MemberErased
from services.matching import purging
from tests.given import eventually
from tests.holding import Holding
from tests.matching.conftest import (
    AMBASSADOR,
    OFFERER,
    SCHOOL_AND_COMPANY,
    Matching,
    a_request,
    an_offer,
    appointed,
)
from tests.matching.test_erasure import everything


async def looked_at(matching: Matching, how_many: int) -> None:
    """The ambassador saw no fit in so many matches."""
    requests = [a_request(f"r-{n}", member_id=f"m-{n}", organisation_id=f"s-{n}") for n in range(how_many)]
    await matching.given(*SCHOOL_AND_COMPANY, appointed())
    await matching.when(an_offer("o-told"), *requests)
    for match in await matching.said(MatchProposed):
        page = f"/v1/matches/{match.match_id}/dismiss"
        assert (await matching.ambassador().post(page, json={"because": "other"})).status_code == 200
    assert len(await matching.said(MatchDismissed)) == how_many
    await matching.given()


async def test_a_request_is_matched_while_the_streams_are_rid_of_somebody_who_looked_at_many(matching, monkeypatch):
    monkeypatch.setattr(chassis.purging, "TOGETHER", 2)
    await looked_at(matching, 5)
    purges = Holding(matching.service.streams, monkeypatch, after=2)

    await matching.publish(MemberErased(member_id=AMBASSADOR, version=9))
    await purges.waits.wait()
    await matching.publish(a_request("r-meanwhile", member_id="m-other", organisation_id="s-other"))

    async def is_matched() -> bool:
        return "r-meanwhile" in {request for request, _ in await matching.states()}

    await eventually(is_matched, saying="a match while the streams are purged")
    assert len(purges.ids) <= 4  # what waits is one part
    assert not [event for _, event in await matching.envelopes() if isinstance(event, MemberForgotten)]
    purges.goes_on.set()
    assert len(await matching.said(MoreToForget)) == 2
    (forgotten,) = await matching.said(MemberForgotten)
    assert forgotten.removed.items() >= {"matches-looked-at": 5, "appointments": 1}.items()
    assert forgotten.removed["stream-messages"] >= 10  # each was proposed, and dismissed
    assert len(await matching.said(MatchDismissed)) == 5  # as it is by now, for who has not heard it
    assert AMBASSADOR not in await everything(matching)


async def test_a_part_that_breaks_off_or_comes_again_is_done_and_told_once(matching, monkeypatch):
    monkeypatch.setattr(chassis.purging, "TOGETHER", 2)
    await looked_at(matching, 5)
    forget_shared, tries = purging.forget_shared, []

    async def break_off(streams, session, **what):
        tries.append(what["entity_ids"])
        removed = await forget_shared(streams, session, **what)
        if len(tries) == 2:
            raise RuntimeError("canary")  # purged, and not committed
        return removed

    monkeypatch.setattr(purging, "forget_shared", break_off)

    await matching.when(MemberErased(member_id=AMBASSADOR, version=9), delivered_times=2)

    assert [len(ids) for ids in tries] == [2, 2, 2, 1]
    assert set(tries[1]) == set(tries[2])
    assert len(await matching.said(MemberForgotten)) == 1
    assert len(await matching.said(MatchDismissed)) == 5
    assert AMBASSADOR not in await everything(matching)


async def test_a_part_that_nobody_will_handle_goes_when_the_erasure_is_said_again(matching, monkeypatch):
    monkeypatch.setattr(chassis.purging, "TOGETHER", 2)
    await looked_at(matching, 3)
    with monkeypatch.context() as lost:
        lost.setattr(purging, "say", lambda *_: None)
        await matching.when(MemberErased(member_id=AMBASSADOR, version=9))
    assert await matching.said(MemberForgotten) == []

    await matching.when(MemberErased(member_id=AMBASSADOR))

    assert len(await matching.said(MemberForgotten)) == 1
    assert AMBASSADOR not in await everything(matching)


async def test_a_side_with_much_that_was_said_leaves_nothing_either(matching, monkeypatch):
    monkeypatch.setattr(chassis.purging, "TOGETHER", 2)
    await looked_at(matching, 3)

    await matching.when(MemberErased(member_id=OFFERER, version=9))

    assert await matching.said(MoreToForget)
    (forgotten,) = await matching.said(MemberForgotten)
    assert forgotten.removed.items() >= {"matches": 3, "propositions": 1}.items()
    left = await everything(matching)
    assert not [what for what in (OFFERER, "o-told") if what in left]
