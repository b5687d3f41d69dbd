"""A person with two references answers under both, and is not matched with themselves."""

from contracts.event import new_id
from contracts.matching import MatchEndorsed, MatchLapsed
from contracts.members import MemberMerged, MemberParted
from contracts.vocabulary import Kind
from tests.matching.conftest import ASKER, OFFERER, Matching, a_request, an_offer


async def test_who_is_asked_under_another_reference_finds_and_answers_it(matching: Matching):
    match = await matching.endorsed()
    person = matching.http_as("stays", also=(ASKER,))

    (found,) = (await person.get("/v1/matches", params={"awaiting_me": "true"})).json()["items"]
    answer = await person.post(f"/v1/matches/{match.match_id}/answer", json={"accepted": True})

    assert (found["match_id"], found["my_side"], found["waits_for_me"]) == (match.match_id, "request", True)
    assert (answer.status_code, answer.json()["my_answer"]) == (200, True)
    assert (await matching.http_as("stays").get(f"/v1/matches/{match.match_id}")).status_code == 404


async def test_what_runs_between_two_references_of_one_person_ends_and_nothing_new_begins(matching: Matching):
    match = await matching.endorsed()

    await matching.when(MemberMerged(member_id=OFFERER, version=5, into=ASKER))
    (lapsed,) = await matching.said(MatchLapsed)
    assert (lapsed.match_id, lapsed.lapsed_because) == (match.match_id, "closed")

    await matching.when(an_offer(new_id(), kind=Kind.TIP), a_request(new_id(), kind=Kind.TIP))
    assert await matching.said(MatchEndorsed) == []
    await matching.when(
        MemberParted(member_id=OFFERER, version=6, from_id=ASKER),
        MemberMerged(member_id=OFFERER, version=5, into=ASKER),  # late, and older
        an_offer(new_id(), kind=Kind.TIP),
    )
    assert ASKER in [event.asker.member_id for event in await matching.said(MatchEndorsed)]
