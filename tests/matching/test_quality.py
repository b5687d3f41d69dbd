"""Realistic requests and offers through the real service with the real model: who belongs together is proposed."""

import numpy as np
import pytest

from contracts.matching import MatchEndorsed, MatchProposed
from contracts.vocabulary import Side
from services.matching.app import service
from services.matching.ordinary import computed_meaning, ordinary_meaning
from tests.given import running
from tests.matching.conftest import a_request, an_offer
from tests.matching.realistic import PAIRS


@pytest.fixture(scope="module")
async def proposed(postgres, nats):
    """The score of every pair that was proposed when all of them were there at once, by their numbers."""
    requests = [
        a_request(str(n), member_id=f"asker-{n}", organisation_id=f"asking-{n}", **case.request)
        for n, case in enumerate(PAIRS)
    ]
    offers = [
        an_offer(f"{n}-", member_id=f"offerer-{n}", organisation_id=f"offering-{n}", **case.offer)
        for n, case in enumerate(PAIRS)
    ]
    async with running(service, postgres, nats) as started:
        await started.when(*requests, *offers)
        matches = [*await started.said(MatchProposed), *await started.said(MatchEndorsed)]
        assert await started.dead_letters() == []
    return {(int(match.request_id), int(match.offer_id[:-1])): match.score for match in matches}


FITTING = [number for number, case in enumerate(PAIRS) if case.fits]


@pytest.mark.parametrize("number", FITTING, ids=[PAIRS[number].name for number in FITTING])
def test_a_pair_is_proposed_when_somebody_who_knows_both_would(proposed, number):
    assert (number, number) in proposed


def test_hardly_any_pair_is_proposed_that_nobody_would_bring_together(proposed):
    """One is too hard: a data analyst and a heat company look for the same in the same words, in another trade."""
    wrong = [case.name for number, case in enumerate(PAIRS) if not case.fits and (number, number) in proposed]

    assert wrong in ([], ["zelfde thema, ander vak: gegevens en leidingen"])


def test_the_offer_that_was_meant_fits_best(proposed):
    scores: dict[int, dict[int, float]] = {}
    for (request, offer), score in proposed.items():
        scores.setdefault(request, {})[offer] = score

    for number in FITTING:
        assert max(scores[number], key=lambda offer: scores[number][offer]) == number, PAIRS[number].name


def test_hardly_anything_else_is_proposed(proposed):
    others = {(PAIRS[request].name, PAIRS[offer].name) for request, offer in proposed if request != offer}

    assert len(others) <= 2, others


@pytest.mark.parametrize("side", Side)
def test_what_every_text_has_in_common_is_what_the_texts_give(side):
    assert np.allclose(computed_meaning(side), ordinary_meaning(side), atol=2e-3)
