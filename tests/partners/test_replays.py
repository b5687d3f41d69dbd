"""What a partner sends again, or only now, through either door: a clear answer, and no effect."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from contracts.partners import EventAccepted, EventRefused, OrganisationTold, RecordWithdrawn
from tests.partners.conftest import SCHOOL, Partners, an_event
from tests.partners.test_over_nats import heard, published

_TODAY = datetime.now(UTC)
NOW, EARLIER, LATER, LAST_YEAR, TO_COME = (
    (_TODAY + timedelta(**by)).isoformat() for by in ({}, {"hours": -1}, {"hours": 1}, {"days": -365}, {"days": 365})
)


@pytest.fixture(params=["http", "nats"])
def send(request, partners: Partners) -> Any:
    """Sends an event through one of the doors; returns when it was taken in and looked at."""

    async def through_it(event: dict[str, Any]) -> None:
        if request.param == "http":
            await partners.pushed(event)
            await partners.quiet()
        else:
            await published(partners, json.dumps(event).encode())
            await heard(partners)

    return through_it


async def the_school(partners: Partners, send: Any, **attributes: Any) -> dict[str, Any]:
    """A school that was told and accepted; returns the event."""
    event = an_event("organisation", "school-1", SCHOOL, **attributes)
    await send(event)
    (told,) = await partners.said(OrganisationTold)
    await partners.accepted(told, "the-school")
    return event


async def ends(partners: Partners) -> list[tuple[str, str, bool]]:
    """The events that ended, in that order: their id, how, and whether they were late."""
    client = await partners.as_partner()
    items = (await client.get("/v1/events")).json()["items"]
    return [(item["event_id"], item["status"], item["late"]) for item in items]


async def test_the_same_id_again_is_the_same_event_whatever_it_says_now(partners, send):
    """The broker forgets an id after two minutes; the receipt is kept for months."""
    event = await the_school(partners, send)

    await send(event)
    await send(event | {"data": SCHOOL | {"name": "Elders"}, "time": LATER})

    assert await ends(partners) == [(event["id"], "accepted", False)]
    assert len(await partners.said(OrganisationTold)) == 1
    assert len(await partners.heard_by(EventAccepted)) == 1


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        ({"sequence": "5"}, {"sequence": "4", "time": LATER}),
        ({"time": NOW}, {"time": EARLIER}),
        ({"time": NOW}, {"time": LAST_YEAR}),
    ],
    ids=["an older sequence", "an hour before", "last year"],
)
async def test_what_is_older_than_what_counts_ends_late_and_changes_nothing(partners, send, newer, older):
    await the_school(partners, send, **newer)
    late = an_event("organisation", "school-1", SCHOOL | {"name": "Vroeger"}, **older)

    await send(late)
    await send(an_event("organisation-withdrawn", "school-1", **older))

    assert [end[1:] for end in await ends(partners)] == [("accepted", False), ("accepted", True), ("accepted", True)]
    assert len(await partners.said(OrganisationTold)) == 1
    assert await partners.said(RecordWithdrawn) == []


async def test_what_was_withdrawn_does_not_come_back_by_an_old_event(partners, send):
    await the_school(partners, send, time=EARLIER)
    await send(an_event("organisation-withdrawn", "school-1", time=NOW))
    await partners.accepted((await partners.said(RecordWithdrawn))[0])

    await send(an_event("organisation", "school-1", SCHOOL, time=LAST_YEAR))

    assert (await ends(partners))[-1][1:] == ("accepted", True)
    assert len(await partners.said(OrganisationTold)) == 1


async def test_the_event_that_counts_again_after_its_receipt_is_gone_is_not_told_again(partners, send):
    """As when a whole log is played again after a year: a question that expired since would stand again."""
    event = await the_school(partners, send, time=LAST_YEAR)
    async with partners.session() as session:
        await session.exec(text("DELETE FROM receipt"))
        await session.commit()

    await send(event)

    assert (await ends(partners))[-1] == (event["id"], "accepted", False)
    assert len(await partners.said(OrganisationTold)) == 1


async def test_an_event_of_last_year_of_which_nothing_newer_is_known_counts(partners, send):
    """That is what a first load is."""
    await the_school(partners, send, time=LAST_YEAR)

    assert [end[1:] for end in await ends(partners)] == [("accepted", False)]


async def test_a_time_that_is_still_to_come_is_refused_for_everything_would_be_late_after_it(partners, send):
    ahead = an_event("organisation", "school-1", SCHOOL, time=TO_COME)
    client = await partners.as_partner()
    batch = {"Content-Type": "application/cloudevents-batch+json"}

    answer = await client.post("/v1/events", content=json.dumps([an_event("x", "a"), ahead]), headers=batch)
    await published(partners, json.dumps(ahead).encode())
    await heard(partners)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "1.time")
    (refused,) = await partners.heard_by(EventRefused)
    assert [error.field for error in refused.errors] == ["time"]
    assert await ends(partners) == []
    await the_school(partners, send, time=NOW)
