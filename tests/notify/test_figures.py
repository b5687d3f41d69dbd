"""What the operator is told of the post: a mail is late that could not go at its time, not one that is kept."""

from sqlalchemy import text

from chassis.sql import run
from contracts.days import AMSTERDAM
from contracts.matching import MatchEndorsed
from services.notify.figures import figures
from tests.notify.conftest import a_match, a_person
from tests.notify.test_preferences import choose


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
