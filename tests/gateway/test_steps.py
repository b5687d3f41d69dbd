"""The buttons on the page of a request or an offer are what its service lets its member do."""

import pytest

from contracts.vocabulary import Kind, Side, Status
from services.gateway.pages.propositions import AFTER, STEPS, STEPS_OF_MEETING
from services.requests.rules import LIFE, Step, can_take

#: What its member does, and not an introduction or time.
OWN = (Step.OPEN, Step.FULFIL, Step.REOPEN, Step.WITHDRAW)


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("side", Side)
def test_each_step_that_can_be_taken_has_a_button(side, status):
    possible = {step.value for step in OWN if can_take(status, step, side, Kind.EXPERTISE)}

    assert set(STEPS[status.value]) == possible


@pytest.mark.parametrize("status", Status)
def test_of_a_meeting_too_but_nobody_takes_it_up_as_a_whole(status):
    possible = {step.value for step in OWN if can_take(status, step, Side.OFFER, Kind.MEETING)}

    assert set(STEPS_OF_MEETING[status.value]) == possible - {"fulfil"}


def test_a_page_knows_how_it_stands_after_each_step():
    stands = {step.value: LIFE[step][1].value for step in OWN}

    assert stands | {"take-down": stands["withdraw"]} == AFTER  # which the team does in its member's stead
