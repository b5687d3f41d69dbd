"""What the operator is told of the post: a mail is late that could not go at its time, not one that is kept."""

import pytest
from sqlalchemy import text

from chassis.sql import run
from contracts.days import AMSTERDAM
from contracts.matching import MatchEndorsed
from services.notify.figures import figures
from services.notify.templates import Delivery
from tests.notify.conftest import a_match, a_person
from tests.notify.test_later_release import done
from tests.notify.test_preferences import choose
from tests.notify.test_sending import sending


async def an_hour_old(notify, person, also=""):
    """The mails to somebody are there for an hour."""
    async with notify.running.session() as session:
        made = f"UPDATE notification SET created_at = now() - interval '1 hour' {also} WHERE member_id = :member_id"
        await run(session, text(made), {"member_id": person.member_id})
        await session.commit()


async def test_a_mail_that_quiet_hours_keep_is_not_late(idle_notify):
    noor = a_person("Noor Jansen")
    hour = idle_notify.clock().astimezone(AMSTERDAM).hour
    await idle_notify.given(noor)
    await choose(idle_notify, noor, quiet_from=(hour - 1) % 24, quiet_until=(hour + 3) % 24)
    await idle_notify.running.when(MatchEndorsed(**a_match(noor, a_person())))
    await an_hour_old(idle_notify, noor)

    told = await figures(idle_notify.service)

    assert (told["mails-waiting"], told["mails-oldest-seconds"]) == (1, 0)


async def test_a_mail_that_was_due_or_was_refused_for_an_hour_is_an_hour_late(idle_notify):
    due, refused = a_person("Noor Jansen"), a_person("Bram Bakker")
    later = "next_attempt_at = now() + interval '1 hour', tried_since = now() - interval '1 hour'"
    for person, also in ((due, "next_attempt_at = now() - interval '1 hour'"), (refused, later)):
        await idle_notify.given(person)
        await idle_notify.running.when(MatchEndorsed(**a_match(person, a_person())))
        await an_hour_old(idle_notify, person, f", {also}")

        told = await figures(idle_notify.service)

        assert 3600 <= told["mails-oldest-seconds"] < 3700
        async with idle_notify.running.session() as session:
            await run(session, text("DELETE FROM notification WHERE member_id = :id"), {"id": person.member_id})
            await session.commit()


#: As the post has a mail to somebody at a domain: put off by a server for an hour, and such that none heard of.
PUT_OFF = "next_attempt_at = now() + interval '10 minutes', tried_since = now() - interval '1 hour', attempts = 9"
NO_SERVER = "next_attempt_at = now() + interval '1 minute', tried_since = now() - interval '1 hour', attempts = 0"
NOT_TRIED = "next_attempt_at = now() - interval '1 hour'"
ALL_SAID = "UPDATE said SET said_at = said_at - interval '2 hours'"


@pytest.mark.parametrize(
    ("mails", "sent", "stuck_seconds"),
    [
        pytest.param({"a": PUT_OFF}, "", 0, id="a mailbox is full"),
        pytest.param({"a": PUT_OFF, "b": PUT_OFF, "also at b": PUT_OFF}, "", 0, id="mailboxes of two domains are"),
        pytest.param({"a": PUT_OFF, "b": PUT_OFF, "c": PUT_OFF}, "", 3600, id="a server puts off all mail"),
        pytest.param({"a": PUT_OFF, "b": PUT_OFF, "c": PUT_OFF}, "now", 0, id="other mail goes"),
        pytest.param({"a": PUT_OFF, "b": PUT_OFF, "c": PUT_OFF}, "before", 3600, id="other mail went before that"),
        pytest.param({"a": NO_SERVER}, "now", 3600, id="the server is away"),
        pytest.param({"a": NOT_TRIED}, "", 3600, id="nobody sends it"),
    ],
)
async def test_mail_is_stuck_when_none_goes_and_not_when_some_mailboxes_put_theirs_off(
    idle_notify, mails, sent, stuck_seconds
):
    await done(idle_notify, ALL_SAID)  # by tests before this one
    if sent:
        noor = a_person()
        await idle_notify.given(noor)
        await idle_notify.running.when(MatchEndorsed(**a_match(noor, a_person())))
        async with sending(idle_notify):
            await idle_notify.becomes(noor, Delivery.SENT)
        await idle_notify.running.quiet()
    if sent == "before":
        await done(idle_notify, ALL_SAID)
    for name, also in mails.items():
        person = a_person(email=f"noor@{name[-1]}.example")
        await idle_notify.given(person)
        await idle_notify.running.when(MatchEndorsed(**a_match(person, a_person())))
        await an_hour_old(idle_notify, person, f", {also}")

    told = await figures(idle_notify.service)

    assert stuck_seconds <= told["mails-stuck-seconds"] < stuck_seconds + 100
