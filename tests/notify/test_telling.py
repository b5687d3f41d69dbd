"""Who is told what, where, and that nobody is told the same thing twice."""

from contracts.matching import MatchProposed
from tests.notify.conftest import a_match, a_person


async def test_the_ambassadors_are_asked_to_look_at_a_proposal(notify):
    asker, offerer, ambassador = a_person("Noor Jansen"), a_person("Fatima de Wit"), a_person("Amir Bos")
    await notify.given(asker, offerer, ambassador)

    await notify.when(MatchProposed(**a_match(asker, offerer, ambassador)))

    assert notify.subjects(ambassador) == ["Past dit bij elkaar? Stage over circulair bouwen"]
    assert await notify.templates(ambassador) == ["match-proposed"]
    assert notify.mails(asker) == notify.mails(offerer) == []
