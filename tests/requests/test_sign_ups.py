"""To sign up for a meeting: places, the waiting list, what is told of it, and a meeting of another node."""

import asyncio
from datetime import datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from contracts.envelope import decode
from contracts.event import new_id
from contracts.meetings import MeetingReminderDue, Standing
from contracts.members import MemberErased, MemberLeft
from contracts.requests import (
    MeetingCalledOff,
    MeetingMoved,
    MeetingNear,
    MemberForgotten,
    OfferChanged,
    OfferClosed,
    OfferReopened,
    PlaceFreed,
    SignedUp,
    SignUpAsked,
    SignUpSettled,
    SignUpWithdrawn,
)
from services.requests import listings, rules, sign_up_rules
from services.requests.sign_up_rules import InLine
from tests.given import eventually
from tests.requests.conftest import slug, wrong_fields
from tests.requests.test_listings import a_meeting, of_the_nation

STANDINGS = st.lists(st.sampled_from([Standing.PLACE, Standing.WAITING, Standing.ASKED]), max_size=12)
PLACES = st.none() | st.integers(1, 6)


def in_line(standings: list[Standing]) -> list[InLine]:
    return [InLine(str(number), standing) for number, standing in enumerate(standings)]


@given(STANDINGS, PLACES)
def test_nobody_gets_a_place_that_is_not_there_or_passes_who_waits(standings, places):
    line = in_line(standings)
    taken = standings.count(Standing.PLACE)

    new = sign_up_rules.standing_of_new(line, places)

    assert new is Standing.WAITING or places is None or taken < places
    assert new is Standing.WAITING or Standing.WAITING not in standings


@given(STANDINGS, PLACES)
def test_who_waits_longest_moves_up_until_all_places_are_taken(standings, places):
    line = in_line(standings)
    waiting = [one.sign_up_id for one in line if one.standing is Standing.WAITING]

    up = sign_up_rules.who_moves_up(line, places)

    assert up == waiting[: len(up)]
    taken = standings.count(Standing.PLACE) + len(up)
    assert up == waiting or (places is not None and taken >= places)
    assert not up or places is None or taken <= places


@pytest.fixture
def requests(region):
    """In a region, which has meetings of the nation too."""
    return region


async def meet(requests, **changes) -> dict:
    """A meeting of Sem's, with two places, that is listed."""
    placed = await requests.placed("offer", "sem", **a_meeting(requests, **changes))
    await requests.given()
    return placed


async def come(requests, meeting: dict, who: str, name: str | None = None) -> str:
    """Somebody signs up; returns how that stands."""
    answer = await requests.member(who).put(f"/v1/meetings/{meeting['id']}/sign-up", json={"name": name})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["standing"])


async def stay_away(requests, meeting: dict, who: str) -> None:
    answer = await requests.member(who).delete(f"/v1/meetings/{meeting['id']}/sign-up")
    assert answer.json()["standing"] == "withdrawn", answer.text


async def mine(requests, who: str = "noor") -> list[dict]:
    """The meetings that somebody signed up for, as they see them."""
    return list((await requests.member(who).get("/v1/meetings/mine")).json()["items"])


async def guests(requests, meeting: dict) -> list[tuple[str, str | None]]:
    """Who comes, as the organiser sees it."""
    answer = await requests.sem.get(f"/v1/meetings/{meeting['id']}/guests")
    return [(one["standing"], one["name"]) for one in answer.json()["guests"]]


async def test_the_places_are_given_in_turn_and_a_place_that_is_freed_goes_to_who_waited_longest(requests):
    meeting = await meet(requests)
    assert [await come(requests, meeting, who) for who in ("ann", "bob", "cas", "dee")] == [
        *("place", "place", "waiting", "waiting")
    ]
    own = (await requests.member("dee").get(f"/v1/meetings/{meeting['id']}/sign-up")).json()
    assert (own["standing"], own["name"], own["before_you"]) == ("waiting", None, 1)
    await requests.given()

    await stay_away(requests, meeting, "ann")

    left, up = await requests.then_said(SignUpWithdrawn, PlaceFreed)
    assert (left.member_id, up.member_id, up.standing) == ("ann", "cas", "place")
    seen = (await requests.http.get(f"/v1/meetings/{meeting['id']}")).json()
    assert (seen["places_taken"], seen["waiting"]) == (2, 1)
    assert await come(requests, meeting, "ann") == "waiting"  # behind those who waited


async def test_twenty_at_once_are_two_places_and_a_line(requests):
    meeting = await meet(requests)

    standings = await asyncio.gather(*(come(requests, meeting, f"lid{number}") for number in range(20)))

    assert standings.count("place") == 2
    await requests.quiet()
    assert len(await requests.said(SignedUp)) == 20


async def test_twice_signed_up_is_one_place_and_one_message_and_twice_cancelled_too(requests):
    meeting = await meet(requests)
    key = {"Idempotency-Key": new_id()}
    at = f"/v1/meetings/{meeting['id']}/sign-up"

    for _ in range(2):
        await requests.noor.put(at, json={}, headers=key)
    await come(requests, meeting, "noor", "Noor")
    (told,) = await requests.then_said(SignedUp)
    assert told.meeting.title == meeting["title"]
    await requests.given()

    for _ in range(2):
        await stay_away(requests, meeting, "noor")
    await requests.then_said(SignUpWithdrawn)


async def test_the_organiser_sees_who_agreed_to_that_and_the_number_of_all(requests):
    meeting = await meet(requests)
    await come(requests, meeting, "noor", "Noor Jansen")
    await come(requests, meeting, "ann")

    assert await guests(requests, meeting) == [("place", "Noor Jansen"), ("place", None)]
    assert slug(await requests.noor.get(f"/v1/meetings/{meeting['id']}/guests")) == "not-allowed"

    await stay_away(requests, meeting, "noor")
    assert await guests(requests, meeting) == [("place", None)]


async def test_who_cannot_sign_up_reads_why(requests):
    meeting = await meet(requests)
    at = f"/v1/meetings/{meeting['id']}/sign-up"
    assert slug(await requests.sem.put(at, json={})) == "own-meeting"
    assert slug(await requests.noor.delete(at)) == "not-signed-up"
    assert slug(await requests.noor.put("/v1/meetings/none/sign-up", json={})) == "meeting-not-found"
    with_them = await meet(requests, sign_up_url="https://bijeenkomst.example/aanmelden")
    answer = await requests.noor.put(f"/v1/meetings/{with_them['id']}/sign-up", json={})
    assert slug(answer) == "sign-up-elsewhere"

    requests.clock.move(days=14, hours=23)

    assert slug(await requests.noor.put(at, json={})) == "meeting-over"


async def test_who_comes_hears_what_changes_and_that_it_is_called_off(requests):
    meeting = await meet(requests)
    for who in ("ann", "bob", "cas"):
        await come(requests, meeting, who)
    await requests.given()

    change = {"from_time": "13:00", "participants": 3}
    await requests.sem.patch(meeting["path"], json=change, headers={"If-Match": '"1"'})
    *_, up = await requests.then_said(OfferChanged, MeetingMoved, MeetingMoved, MeetingMoved, PlaceFreed)
    assert (up.member_id, up.meeting.sequence, str(up.meeting.from_time)) == ("cas", 2, "13:00:00")
    await requests.given()

    await requests.sem.patch(meeting["path"], json={"text": "Met koffie."}, headers={"If-Match": '"2"'})
    await requests.then_said(OfferChanged)  # which nobody has to know
    await requests.given()

    await requests.step(meeting, "withdraw", "sem")
    await requests.then_said(OfferClosed, MeetingCalledOff, MeetingCalledOff, MeetingCalledOff)
    assert await guests(requests, meeting) == []
    assert [one["sign_up"]["standing"] for one in await mine(requests, "ann")] == ["called-off"]


async def test_a_meeting_becomes_nothing_else_without_who_comes_hearing_that_it_is_off(requests):
    meeting = await meet(requests)
    await come(requests, meeting, "noor")
    visit = dict.fromkeys(("from_time", "until_time", "venue")) | {"kind": "site-visit"}

    refused = await requests.sem.patch(meeting["path"], json=visit, headers={"If-Match": '"1"'})
    await requests.step(meeting, "withdraw", "sem")
    changed = await requests.sem.patch(meeting["path"], json=visit, headers={"If-Match": '"2"'})
    await requests.quiet()

    assert (set(wrong_fields(refused)), changed.json()["kind"]) == ({"kind"}, "site-visit")
    assert (await mine(requests))[0]["sign_up"]["standing"] == "called-off"


async def test_who_comes_hears_that_it_is_off_also_when_that_it_became_a_tip_is_heard_first(requests):
    offer = of_the_nation(starts_on=rules.day_of(requests.clock()) + timedelta(days=9))
    await requests.publish_elsewhere(offer, said_by="national")
    await requests.quiet()
    await come(requests, {"id": offer.offer_id}, "noor")
    closed, tip = {"status": "withdrawn", "version": 2}, {"status": "withdrawn", "version": 3, "kind": "tip"}

    await requests.publish_elsewhere(OfferChanged.model_validate(offer.model_dump() | tip), said_by="national")
    await requests.quiet()
    await requests.publish_elsewhere(OfferClosed.model_validate(offer.model_dump() | closed), said_by="national")
    await requests.quiet()

    (off,) = await requests.said(MeetingCalledOff)
    assert (off.member_id, off.meeting.starts_on, off.meeting.sequence) == ("noor", offer.starts_on, 3)
    assert await mine(requests) == []


async def test_who_has_a_place_is_reminded_on_the_day_before_and_once(requests):
    meeting = await meet(requests, participants=1)
    for who in ("ann", "bob"):
        await come(requests, meeting, who)
    due = MeetingReminderDue(offer_id=meeting["id"])
    await requests.given()

    await requests.when(due)
    assert await requests.said(MeetingNear) == []
    requests.clock.move(days=13, hours=9)
    await requests.when(due, delivered_times=2)

    (near,) = await requests.said(MeetingNear)
    assert near.member_id == "ann"


async def test_who_signs_up_reads_of_a_reminder_as_long_as_it_is_still_to_come(requests):
    meeting = await meet(requests)
    await come(requests, meeting, "noor")
    due = MeetingReminderDue(offer_id=meeting["id"])
    at = datetime.combine(rules.day_of(requests.clock()) + timedelta(days=13), time(9), rules.AMSTERDAM)

    async def told() -> datetime | None:
        (own,) = await mine(requests)
        return own["sign_up"]["reminded_at"] and datetime.fromisoformat(own["sign_up"]["reminded_at"])

    assert await told() == at
    requests.clock.move(seconds=(at - requests.clock()).total_seconds() - 60)
    await requests.when(due)
    assert (await told(), await requests.said(MeetingNear)) == (at, [])  # of the morning itself, too
    requests.clock.move(seconds=120)
    await requests.when(due)
    assert (await told(), len(await requests.said(MeetingNear))) == (None, 1)


async def test_who_leaves_or_is_erased_gives_their_place_back(requests):
    meeting = await meet(requests)
    for who in ("ann", "bob", "cas", "dee"):
        await come(requests, meeting, who, who.title())
    await requests.given()

    await requests.when(MemberErased(member_id="ann"))
    up, forgotten = await requests.then_said(PlaceFreed, MemberForgotten)
    assert (up.member_id, forgotten.removed["sign-ups"]) == ("cas", 1)
    await requests.when(MemberLeft(member_id="bob"))

    assert await guests(requests, meeting) == [("place", "Cas"), ("place", "Dee")]
    assert all(b'"ann"' not in body or b"forgotten" in body for _, body in await requests.messages("local"))


async def test_a_meeting_of_who_is_erased_is_called_off_without_their_words(requests):
    meeting = await meet(requests, title="Het geheime recept van Sem")
    await come(requests, meeting, "noor")
    await requests.given()

    await requests.when(MemberErased(member_id="sem"))

    (off,) = await requests.said(MeetingCalledOff)
    assert (off.member_id, off.meeting.title, off.meeting.place.name) == ("noor", "", "Zeist")
    assert slug(await requests.http.get(f"/v1/meetings/{meeting['id']}")) == "meeting-not-found"
    left = [body for kind in ("local", "shared") for _, body in await requests.messages(kind)]
    assert not [body for body in left if b"geheime recept" in body]


async def test_the_words_of_an_organiser_whom_another_node_erased_are_in_no_message_here(requests):
    offer = of_the_nation(title="Het geheime recept", starts_on=rules.day_of(requests.clock()) + timedelta(days=9))
    await requests.publish_elsewhere(offer, said_by="national")
    await requests.given()
    await come(requests, {"id": offer.offer_id}, "noor")
    (asked,) = await told(requests)
    answer = SignUpSettled(sign_up_id=asked.sign_up_id, standing=Standing.PLACE)
    await requests.publish_elsewhere(answer, said_by="national", to_us=True)
    await requests.quiet()
    (place,) = await requests.said(SignedUp)
    assert (place.meeting.title, place.meeting.organiser_id) == (offer.title, "national.landelijk")

    await requests.publish_elsewhere(MemberErased(member_id="landelijk"), said_by="national")
    await requests.quiet()

    assert [off.meeting.title for off in await requests.said(MeetingCalledOff)] == [""]
    assert not [body for _, body in await requests.messages("local") if b"geheime recept" in body]


async def test_a_sign_up_that_is_under_way_while_its_member_is_erased_leaves_no_reply(requests):
    """The sign-up has not committed yet when the erasure comes in."""
    async with requests.service.engine.connect() as coming:
        await coming.execute(text("SELECT pg_advisory_xact_lock_shared(:lock)"), {"lock": listings.ERASURE_LOCK})
        await requests.publish(MemberErased(member_id="noor"))
        await eventually(lambda: waits_for_a_sign_up(requests), saying="an erasure that waits")
        await coming.execute(A_REPLY, {"body": b'{"name":"Noor Jansen"}'})
        await coming.commit()
    await requests.quiet()

    (forgotten,) = await requests.said(MemberForgotten)
    async with requests.service.engine.connect() as connection:
        left = (await connection.execute(text("SELECT count(*) FROM stored_reply"))).scalar_one()
    assert (left, forgotten.removed["stored-replies"]) == (0, 1)


A_REPLY = text(
    """
    INSERT INTO stored_reply (caller, key, fingerprint, status, headers, body)
    VALUES ('noor', 'a-key', '', 200, '{}', :body)
    """
)


async def waits_for_a_sign_up(requests) -> bool:
    """Whether an erasure waits until who signs up is done."""
    waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = :lock"
    async with requests.service.engine.connect() as connection:
        found = await connection.execute(text(waiting), {"lock": listings.ERASURE_LOCK})
        return found.first() is not None


async def told(requests, node="national") -> list:
    """What another node alone is told, oldest first."""
    await requests.quiet()
    heard = [(subject, decode(body)[1]) for subject, body in await requests.messages("shared")]
    return [event for subject, event in heard if f".to.{node}." in subject]


async def test_a_meeting_of_another_node_is_asked_there_without_saying_who(requests):
    offer = of_the_nation(starts_on=rules.day_of(requests.clock()) + timedelta(days=9))
    await requests.publish_elsewhere(offer, said_by="national")
    await requests.given()
    meeting = {"id": offer.offer_id}

    assert await come(requests, meeting, "noor", "Noor Jansen") == "asked"
    (asked,) = await told(requests)
    assert (asked.offer_id, asked.wanted, asked.version) == (offer.offer_id, True, 1)
    assert "noor" not in asked.model_dump_json().lower()

    for standing in (Standing.WAITING, Standing.PLACE, Standing.WAITING):  # the last comes late
        answer = SignUpSettled(sign_up_id=asked.sign_up_id, standing=standing)
        await requests.publish_elsewhere(answer, said_by="zeeland", to_us=True)  # who has no say
        await requests.publish_elsewhere(answer, said_by="national", to_us=True)
        await requests.quiet()
    assert [one.standing for one in await requests.said(SignedUp)] == ["waiting"]
    assert [one.standing for one in await requests.said(PlaceFreed)] == ["place"]

    await stay_away(requests, meeting, "noor")
    assert [(one.wanted, one.version) for one in await told(requests)] == [(True, 1), (False, 2)]
    off = OfferClosed.model_validate(offer.model_dump() | {"status": "withdrawn", "version": 2})
    await requests.publish_elsewhere(off, said_by="national")
    await requests.quiet()
    assert await requests.said(MeetingCalledOff) == []


async def test_who_has_a_place_elsewhere_has_none_when_only_that_it_is_offered_again_was_heard(requests):
    offer = of_the_nation(starts_on=rules.day_of(requests.clock()) + timedelta(days=9))
    await requests.publish_elsewhere(offer, said_by="national")
    await requests.given()
    await come(requests, {"id": offer.offer_id}, "noor")
    (asked,) = await told(requests)
    again = OfferReopened.model_validate(offer.model_dump() | {"version": 3})
    await requests.publish_elsewhere(again, said_by="national")

    for standing in (Standing.PLACE, Standing.CALLED_OFF, Standing.CALLED_OFF, Standing.PLACE):  # the last comes late
        answer = SignUpSettled(sign_up_id=asked.sign_up_id, version=1, standing=standing)
        await requests.publish_elsewhere(answer, said_by="national", to_us=True)
        await requests.quiet()

    assert (await mine(requests))[0]["sign_up"]["standing"] == "called-off"
    assert [off.member_id for off in await requests.said(MeetingCalledOff)] == ["noor"]
    assert await come(requests, {"id": offer.offer_id}, "noor") == "asked"
    assert [(one.wanted, one.version) for one in await told(requests)] == [(True, 1), (True, 2)]


async def test_a_meeting_elsewhere_that_is_called_off_is_told_there_for_each_who_had_a_place(requests):
    offer = of_the_nation(starts_on=rules.day_of(requests.clock()) + timedelta(days=9))
    await requests.publish_elsewhere(offer, said_by="national")
    await requests.given()
    await come(requests, {"id": offer.offer_id}, "noor")

    off = OfferClosed.model_validate(offer.model_dump() | {"status": "withdrawn", "version": 2})
    await requests.publish_elsewhere(off, said_by="national")

    assert [(one.wanted, one.version) for one in await told(requests)] == [(True, 1), (False, 2)]


async def test_the_node_of_who_has_a_place_hears_that_the_meeting_is_off(requests):
    meeting = await meet(requests)
    theirs = SignUpAsked(sign_up_id=new_id(), offer_id=meeting["id"], wanted=True)
    await requests.publish_elsewhere(theirs, said_by="zeeland", to_us=True)
    await requests.quiet()

    await requests.step(meeting, "withdraw", "sem")
    await requests.quiet()
    await requests.step(meeting, "reopen", "sem")

    settled = [(one.standing, one.version) for one in await told(requests, "zeeland")]
    assert settled == [("place", 1), ("called-off", 1)]
    assert await guests(requests, meeting) == []


async def test_who_is_answered_about_what_is_lost_here_asks_once_more_and_stands_where_the_answer_says(requests):
    offer = of_the_nation(starts_on=rules.day_of(requests.clock()) + timedelta(days=9))
    await requests.publish_elsewhere(offer, said_by="national")
    await requests.given()
    await come(requests, {"id": offer.offer_id}, "noor")
    (asked,) = await told(requests)

    for version, standing in ((1, Standing.PLACE), (2, Standing.WITHDRAWN), (3, Standing.WAITING)):
        answer = SignUpSettled(sign_up_id=asked.sign_up_id, version=version, standing=standing)
        await requests.publish_elsewhere(answer, said_by="national", to_us=True)
        await requests.quiet()

    assert [(one.wanted, one.version) for one in await told(requests)] == [(True, 1), (True, 3)]
    assert (await mine(requests))[0]["sign_up"]["standing"] == "waiting"


async def test_members_of_other_nodes_stand_in_the_same_line(requests):
    meeting = await meet(requests, participants=1)
    theirs = SignUpAsked(sign_up_id=new_id(), offer_id=meeting["id"], wanted=True)
    await requests.publish_elsewhere(theirs, said_by="zeeland", to_us=True)
    await requests.publish_elsewhere(theirs, said_by="zeeland", to_us=True)
    await requests.quiet()
    assert await come(requests, meeting, "noor") == "waiting"
    assert await guests(requests, meeting) == [("place", None), ("waiting", None)]

    gone = theirs.model_copy(update={"wanted": False, "version": 2})
    await requests.publish_elsewhere(gone, said_by="zeeland", to_us=True)
    await requests.publish_elsewhere(theirs, said_by="zeeland", to_us=True)  # the first, late
    await requests.quiet()

    assert await guests(requests, meeting) == [("place", None)]
    assert [one.standing for one in await told(requests, "zeeland")] == ["place", "place", "withdrawn", "withdrawn"]
    nowhere = SignUpAsked(sign_up_id=new_id(), offer_id=new_id(), wanted=True)
    await requests.publish_elsewhere(nowhere, said_by="zeeland", to_us=True)
    assert (await told(requests, "zeeland"))[-1].standing == "refused"
