"""What who signed up for a meeting is told: by mail with a file for their calendar, and once."""

from datetime import timedelta

import icalendar
import pytest

from contracts.calendar import when_in_words
from contracts.days import AMSTERDAM
from contracts.event import new_id
from contracts.meetings import Standing
from contracts.members import MemberErased
from contracts.requests import MeetingCalledOff, MeetingMoved, MeetingNear, PlaceFreed, SignedUp, SignUpWithdrawn
from contracts.vocabulary import Language
from tests.notify.conftest import a_person
from tests.notify.test_mail_texts import A_MEETING
from tests.notify.test_preferences import choose
from tests.notify.test_sending import a_sender_that_dies, sending


def signed_up(notify, person, standing="place", version=1, **changes):
    """The state of a sign-up, for any of the events that have it; the meeting is three days from now."""
    day = notify.clock().astimezone(AMSTERDAM).date() + timedelta(days=3)
    meeting = A_MEETING.model_copy(update={"offer_id": new_id(), "starts_on": day} | changes)
    return {
        "sign_up_id": new_id(),
        "member_id": person.member_id,
        "version": version,
        "standing": Standing(standing),
        "meeting": meeting,
    }


def sequences(mails) -> list[tuple[str, int]]:
    """What each mail does to a calendar: how, and as which version of the meeting."""
    found = []
    for mail in mails:
        for file in mail.iter_attachments():
            (event,) = icalendar.Calendar.from_ical(file.get_content()).walk("VEVENT")
            found.append((file.get_param("method"), int(event["SEQUENCE"])))
    return found


async def test_from_the_waiting_list_to_a_meeting_that_moves_and_is_called_off(notify):
    noor = a_person()
    await notify.given(noor)
    state = signed_up(notify, noor, "waiting")
    moved = state["meeting"].model_copy(update={"sequence": 4, "venue": "Aula"})
    place = state | {"standing": Standing.PLACE, "version": 2}

    for event in (
        SignedUp(**state),
        PlaceFreed(**place),
        MeetingMoved(**place | {"meeting": moved}),
        MeetingNear(**place | {"meeting": moved}),
        MeetingCalledOff(**place | {"meeting": moved, "standing": Standing.CALLED_OFF, "version": 3}),
    ):
        await notify.when(event, delivered_times=2)

    near = f"Op {when_in_words(moved.starts_on, None, None, None, Language.DUTCH)}"
    assert [subject.partition(":")[0] for subject in notify.subjects(noor)] == [
        *("Je staat op de wachtlijst", "Er is een plek voor je", "Veranderd", near, "Gaat niet door")
    ]
    assert sequences(notify.mails(noor)) == [("PUBLISH", 3), ("PUBLISH", 4), ("PUBLISH", 4), ("CANCEL", 4)]
    assert len(await notify.inbox(noor)) == 5


async def test_who_signs_up_again_after_cancelling_is_told_again(notify):
    noor = a_person()
    await notify.given(noor)
    state = signed_up(notify, noor)
    left = state | {"standing": Standing.WITHDRAWN, "version": 2}

    for event in (SignedUp(**state), SignUpWithdrawn(**left), SignedUp(**state | {"version": 3})):
        await notify.when(event)

    assert len(notify.mails(noor)) == 3


async def test_who_signs_off_while_the_mail_of_signing_up_is_put_off_reads_only_that_she_does_not_come(idle_notify):
    noor = a_person()
    await idle_notify.given(noor)
    state = signed_up(idle_notify, noor)
    idle_notify.catcher.behave({"to": noor.email, "answer": 451, "times": 1})
    await idle_notify.running.when(SignedUp(**state))
    async with a_sender_that_dies(idle_notify) as sender:
        await sender.claims()
        await sender.offers()
        await sender.marks()

    await idle_notify.running.when(SignUpWithdrawn(**state | {"standing": Standing.WITHDRAWN, "version": 2}))
    idle_notify.clock.move(minutes=1)
    async with sending(idle_notify):
        await idle_notify.posted()

    assert [subject.partition(":")[0] for subject in idle_notify.subjects(noor)] == ["Je bent afgemeld"]
    assert sequences(idle_notify.mails(noor)) == [("CANCEL", 3)]


OFF = {"standing": Standing.CALLED_OFF, "version": 3}


@pytest.mark.parametrize("last_first", [False, True])
@pytest.mark.parametrize(
    ("earlier", "later", "told"),
    [
        ((SignedUp, {"standing": Standing.WAITING}), (PlaceFreed, {"version": 2}), ["meeting-place-freed"]),
        ((MeetingMoved, {"sequence": 4}), (MeetingMoved, {"sequence": 10}), ["meeting-moved"]),
        ((MeetingNear, {}), (MeetingMoved, {"sequence": 4}), ["meeting-moved"]),
        ((MeetingNear, {}), (MeetingCalledOff, OFF), ["meeting-called-off"]),
        ((SignUpWithdrawn, {"standing": Standing.WITHDRAWN}), (SignedUp, {"version": 2}), ["meeting-signed-up"]),
        ((SignedUp, {}), (MeetingMoved, {"sequence": 4}), ["meeting-moved", "meeting-signed-up"]),
        ((SignedUp, {}), (MeetingNear, {}), ["meeting-near", "meeting-signed-up"]),
    ],
)
async def test_of_what_waits_together_only_that_goes_which_still_says_what_the_other_does_not(
    idle_notify, earlier, later, told, last_first
):
    noor = a_person()
    await idle_notify.given(noor)
    state = signed_up(idle_notify, noor)
    events = []
    for kind, changes in (earlier, later):
        changed = dict(changes)
        meeting = state["meeting"].model_copy(update={"sequence": changed.pop("sequence", 3)})
        events.append(kind(**state | changed | {"meeting": meeting}))
    for event in reversed(events) if last_first else events:
        await idle_notify.running.when(event)

    async with sending(idle_notify):
        await idle_notify.posted()

    kept = await idle_notify.mails_kept(noor)
    assert sorted(mail.template for mail in kept if mail.status == "sent") == told
    assert {mail.status for mail in kept} <= {"sent", "expired"}


async def test_a_meeting_that_moves_again_and_again_is_mailed_a_few_times_an_hour_and_as_it_is_at_last(notify):
    noor = a_person()
    await notify.given(noor)
    state = signed_up(notify, noor)

    def moved(sequence: int) -> MeetingMoved:
        changes = {"sequence": sequence, "venue": f"Aula {sequence}"}
        return MeetingMoved(**state | {"meeting": state["meeting"].model_copy(update=changes)})

    await notify.when(moved(4))
    for sequence in range(5, 20):
        await notify.running.when(moved(sequence))
    assert sequences(notify.mails(noor)) == [("PUBLISH", 4)]
    assert len(await notify.inbox(noor)) == 16

    notify.clock.move(minutes=15)
    await notify.posted()

    assert sequences(notify.mails(noor)) == [("PUBLISH", 4), ("PUBLISH", 19)]


async def test_a_reminder_that_comes_when_the_meeting_has_begun_is_not_sent(notify):
    noor = a_person()
    await notify.given(noor)
    past = notify.clock().date() - timedelta(days=1)

    await notify.when(MeetingNear(**signed_up(notify, noor, starts_on=past)))

    assert (await notify.kept(noor)).status == "expired"


async def test_a_reminder_goes_by_itself_also_to_who_has_the_others_together(notify):
    noor = a_person()
    await notify.given(noor)
    await choose(notify, noor, reminders="weekly")

    await notify.when(MeetingNear(**signed_up(notify, noor)))

    assert len(notify.mails(noor)) == 1


async def test_what_an_erased_organiser_called_it_is_gone_from_who_signed_up(notify):
    noor, sem = a_person("Noor Jansen"), a_person("Sem de Vries")
    state = signed_up(notify, noor, organiser_id=sem.member_id, title="Het recept van Sem")
    await notify.given(noor, sem)
    await notify.when(SignedUp(**state))
    assert len(await notify.inbox(noor)) == 1

    told = state["meeting"].model_copy(update={"organiser_id": None, "title": "", "venue": None})
    off = {"standing": Standing.CALLED_OFF, "version": 2, "meeting": told}
    await notify.when(MemberErased(member_id=sem.member_id), MeetingCalledOff(**state | off))

    (left,) = await notify.inbox(noor)
    assert (left["template"], "recept" in str(left)) == ("meeting-called-off", False)
