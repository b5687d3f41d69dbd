"""The two sides answer: two times yes makes an introduction, one no ends the match."""

from contracts.matching import IntroductionMade, MatchAnswered
from tests.matching.conftest import Matching


async def test_two_times_yes_makes_an_introduction(matching: Matching):
    match = await matching.endorsed()

    for side in (matching.asker, matching.offerer):
        answer = await side.post(f"/v1/matches/{match.match_id}/answer", json={"accepted": True})
        assert answer.status_code == 200, answer.text

    _, _, introduction = await matching.then_said(MatchAnswered, MatchAnswered, IntroductionMade)
    assert introduction.match_id == match.match_id
