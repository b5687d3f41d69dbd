"""Two whom nobody looked at in time were asked nothing: they are found again, but not over and over."""

from datetime import timedelta

import pytest

from contracts.event import Event
from contracts.matching import MatchProposed
from contracts.requests import OfferChanged, RequestChanged, RequestClosed, RequestReopened
from contracts.vocabulary import Status
from tests.matching.conftest import AMBASSADOR, Matching, a_request, an_offer


async def nobody_looks(matching: Matching) -> list[Event]:
    """Neither the ambassador nor the team, however long; what is said at the end of it."""
    for hours in (72, 96, 72):
        await matching.later(hours=hours)
    await matching.given()
    return await matching.later(hours=96)


@pytest.mark.parametrize("about", [None, "o"])
@pytest.mark.parametrize("anew", [[RequestChanged], [RequestClosed, RequestReopened], [OfferChanged]])
async def test_they_are_found_again_once_either_is_written_anew_or_opened_again(matching: Matching, anew, about):
    until = {"expires_at": matching.clock() + timedelta(days=60)}
    asked = until | {"about_offer_id": about}
    await matching.proposed(a_request("r", **asked), an_offer("o", **until))
    await nobody_looks(matching)

    for version, said in enumerate(anew, start=2):
        if said is OfferChanged:
            event = an_offer("o", said=said, version=version, **until)
        else:
            status = Status.WITHDRAWN if said is RequestClosed else Status.OPEN
            event = a_request("r", said=said, version=version, status=status, **asked)
        await matching.when(event)

    (again,) = await matching.said(MatchProposed)
    assert (again.request_id, again.offer_id, again.ambassador_ids) == ("r", "o", (AMBASSADOR,))


async def test_they_do_not_take_the_turn_of_the_next_best(matching: Matching):
    until = {"expires_at": matching.clock() + timedelta(days=60)}
    await matching.proposed(a_request("r", **until), an_offer("o", **until))
    await matching.given(*(an_offer(f"o-{n}", organisation_id=f"o-{n}", **until) for n in range(3)))
    unseen = {offer_id for _, offer_id in await matching.states()}

    said = await nobody_looks(matching)

    (next_best,) = {event.offer_id for event in said if isinstance(event, MatchProposed)}
    assert next_best not in unseen


async def test_whom_somebody_was_asked_about_stay_apart(matching: Matching):
    until = {"expires_at": matching.clock() + timedelta(days=60)}
    await matching.endorsed(a_request("r", **until), an_offer("o", **until))
    await matching.later(hours=72)
    await matching.later(hours=96)

    await matching.when(a_request("r", said=RequestChanged, version=2, **until))

    assert await matching.said(MatchProposed) == []
