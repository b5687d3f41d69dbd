"""A meeting that nobody can sign up for any more, while it is still to come: who has a place hears of it to the end."""

from datetime import timedelta

import pytest

from contracts.meetings import MeetingReminderDue
from contracts.members import MemberErased, MemberLeft
from contracts.partners import RecordWithdrawn, Thing
from contracts.requests import MeetingCalledOff, MeetingMoved, MeetingNear, OfferClosed
from services.requests import expiring, rules
from tests.requests.conftest import slug, wrong_fields
from tests.requests.test_sign_ups import come, guests, meet, mine, stay_away


@pytest.fixture
def requests(region):
    """In a region, which has meetings of the nation too."""
    return region


async def closed(requests, how: str = "expired") -> dict:
    """A meeting in two weeks that Noor comes to, of which the day to sign up is past, or that Sem called fulfilled."""
    last = rules.day_of(requests.clock()) + timedelta(days=3)
    meeting = await meet(requests, expires_on=last.isoformat())
    assert await come(requests, meeting, "noor") == "place"
    if how == "expired":
        requests.clock.move(days=5)
        await expiring.expire_some(requests.service)
    else:
        await requests.step(meeting, "fulfil", "sem")
    await requests.given()
    assert await requests.status(meeting) == how
    return meeting


async def who_heard(requests, event_type) -> list[str]:
    await requests.quiet()
    return [event.member_id for event in await requests.said(event_type)]


@pytest.mark.parametrize("how", ["expired", "fulfilled"])
async def test_who_has_a_place_hears_what_changes_when_nobody_can_sign_up_any_more(requests, how):
    meeting = await closed(requests, how)

    await requests.sem.patch(meeting["path"], json={"venue": "Aula"}, headers={"If-Match": '"2"'})

    assert await who_heard(requests, MeetingMoved) == ["noor"]


async def test_a_meeting_moves_to_another_day_after_the_last_day_to_sign_up(requests):
    meeting = await closed(requests)
    later = (rules.day_of(requests.clock()) + timedelta(days=30)).isoformat()

    changed = await requests.sem.patch(meeting["path"], json={"starts_on": later}, headers={"If-Match": '"2"'})

    assert (changed.status_code, changed.json()["status"]) == (200, "expired"), changed.text
    assert await who_heard(requests, MeetingMoved) == ["noor"]


@pytest.mark.parametrize("how", ["expired", "fulfilled"])
async def test_who_has_a_place_is_reminded_when_nobody_can_sign_up_any_more(requests, how):
    meeting = await closed(requests, how)
    requests.clock.move(days=8 if how == "expired" else 13, hours=9)

    await requests.when(MeetingReminderDue(offer_id=meeting["id"]))

    assert await who_heard(requests, MeetingNear) == ["noor"]


@pytest.mark.parametrize("how", ["expired", "fulfilled"])
async def test_a_meeting_that_closed_is_called_off_by_its_organiser(requests, how):
    meeting = await closed(requests, how)

    await requests.step(meeting, "withdraw", "sem")

    assert await who_heard(requests, MeetingCalledOff) == ["noor"]
    assert (await mine(requests))[0]["sign_up"]["standing"] == "called-off"


@pytest.mark.parametrize("how", ["expired", "fulfilled"])
@pytest.mark.parametrize("last", [RecordWithdrawn, MemberLeft, MemberErased])
async def test_a_meeting_that_closed_is_called_off_when_its_partner_withdraws_it_or_its_organiser_goes(
    requests, last, how
):
    meeting = await closed(requests, how)
    gone = {"record_id": meeting["id"], "known_as": meeting["id"], "partner_id": "docenten", "network": "duurzaam-mbo"}
    events = {RecordWithdrawn: gone | {"thing": Thing.OFFER}}

    await requests.when(last.model_validate(events.get(last, {"member_id": "sem"})))

    assert await who_heard(requests, MeetingCalledOff) == ["noor"]


async def test_a_meeting_that_has_been_is_withdrawn_without_who_came_hearing_that_it_is_off(requests):
    meeting = await closed(requests)
    requests.clock.move(days=10)

    await requests.step(meeting, "withdraw", "sem")

    assert len(await requests.said(OfferClosed)) == 1
    assert await who_heard(requests, MeetingCalledOff) == []


@pytest.mark.parametrize("how", ["expired", "fulfilled"])
async def test_a_meeting_that_closed_becomes_nothing_else_until_it_is_withdrawn(requests, how):
    meeting = await closed(requests, how)
    visit = dict.fromkeys(("from_time", "until_time", "venue")) | {"kind": "site-visit"}

    refused = await requests.sem.patch(meeting["path"], json=visit, headers={"If-Match": '"2"'})

    assert set(wrong_fields(refused)) == {"kind"}


@pytest.mark.parametrize("how", ["expired", "fulfilled", "begun"])
async def test_who_has_a_place_shows_or_hides_their_name_and_gives_it_back_when_nobody_can_sign_up_any_more(
    requests, how
):
    meeting = await closed(requests, "expired" if how == "begun" else how)
    if how == "begun":
        requests.clock.move(days=10)
    at = f"/v1/meetings/{meeting['id']}/sign-up"

    for name in ("Noor Jansen", None):
        assert await come(requests, meeting, "noor", name) == "place"
        assert await guests(requests, meeting) == [("place", name)]
    late = await requests.member("ann").put(at, json={})
    await stay_away(requests, meeting, "noor")

    assert slug(late) == ("meeting-over" if how == "begun" else "meeting-not-found")
    assert await guests(requests, meeting) == []
    again = await requests.noor.put(at, json={})
    assert slug(again) == slug(late)
