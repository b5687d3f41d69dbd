"""From the post to the mail server: at once, in time, and twice only when a sender died at the worst moment."""

import asyncio
import time
from contextlib import asynccontextmanager, suppress

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chassis.database import DatabaseAway, wait_for_database
from chassis.sql import run
from chassis.tasks import ended
from contracts.envelope import encode
from contracts.event import new_id
from contracts.matching import IntroductionMade, MatchEndorsed, MatchProposed
from contracts.notify import NotificationFailed, NotificationSent
from node.part import free_port
from services.notify import marking, post
from services.notify import sending as sending_module
from services.notify.attempts import UNSURE_ATTEMPTS_MAX
from services.notify.caretaking import Caretaker
from services.notify.composing import compose
from services.notify.connections import SENDER_LOCKS, sender_number
from services.notify.outcomes import write_down
from services.notify.rules import Notice
from services.notify.sending import Sender, send_mail
from services.notify.smtp import Connection, mail_server
from services.notify.telling import tell
from services.notify.templates import Template
from tests.catching import words
from tests.faults.proxy import AtTheEndOf, Line
from tests.given import eventually
from tests.kept import rows_kept
from tests.notify.conftest import a_match, a_notify, a_person, service_without_sender
from tests.notify.test_telling import a_link


async def given_mail(notify, count=1):
    """So many mails in the post, each to somebody of their own; returns those people."""
    people = [a_person(f"Noor{n} Jansen") for n in range(count)]
    await notify.given(*people)
    offerer = a_person("Fatima de Wit")
    await notify.running.when(*(MatchProposed(**a_match(offerer, offerer, person)) for person in people))
    return people


@asynccontextmanager
async def sending(notify):
    """A process that sends, until it is stopped."""
    task = asyncio.create_task(send_mail(notify.service))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Dying:
    """A sender that does one thing after the other, and can be left at any moment without a word."""

    def __init__(self, notify, number):
        self._service, self._number, self._catcher = notify.service, number, notify.catcher
        self.mails = []

    async def claims(self, room=10):
        async with self._service.sessions() as session:
            self.mails, _ = await post.claim(await session.connection(), self._number, room, self._service.now())
            await session.commit()

    async def offers(self):
        self.outcomes = [await self._offer(mail) for mail in self.mails]

    async def _offer(self, mail):
        connection = Connection(
            mail_server(self._catcher.url), local_hostname="test", timeout_seconds=5, accept_timeout_seconds=5
        )
        address, message = compose(mail, self._service.settings, self._service.now())
        outcome = await connection.send("noreply@omdehoek.example", address, message, may_go=_yes)
        await connection.quit()
        return outcome

    async def marks(self):
        async with self._service.sessions() as session:
            for mail, outcome in zip(self.mails, self.outcomes, strict=True):
                now = self._service.now()
                await write_down(session, mail, outcome, sender=self._number, now=now, jitter=0)
            await session.commit()


HOLDERS = text(
    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = :locks AND objid = :number "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


async def _yes():
    return True


@asynccontextmanager
async def a_sender_that_dies(notify):
    """It holds its number until the block is left: then its process is gone."""
    async with sender_number(notify.service.settings.database_url) as (number, _):
        yield Dying(notify, number)

    async def lets_go():
        async with notify.running.session() as session:
            return not (await run(session, HOLDERS, {"locks": SENDER_LOCKS, "number": number})).all()

    await eventually(lets_go, saying="a number that is free")


async def test_a_mail_goes_right_after_the_commit_and_not_at_the_next_look(postgres, nats, own_catcher):
    async with a_notify(postgres, nats, own_catcher, mail_poll_seconds=600) as notify:
        person = a_person()
        await notify.given(person)
        await notify.publish(MatchEndorsed(**a_match(person, a_person())))
        await own_catcher.mail(person.email)


async def test_the_message_id_follows_from_what_is_told_to_whom(notify):
    person = a_person()
    await notify.given(person)
    await notify.when(MatchEndorsed(**a_match(person, a_person())))

    mail = await notify.kept(person)
    assert notify.mails(person)[0]["Message-ID"] == f"<{mail.notification_id}@utrecht.omdehoek.example>"


async def everything_stored(notify):
    """Every row of every table, as text."""
    return "\n".join(row for _, row in await rows_kept(notify.service))


async def test_a_token_and_an_address_that_came_along_are_gone_once_the_mail_is_sent(notify):
    stranger = a_person("Iris Smit")
    link = a_link(stranger, notify.clock())
    await notify.when(link)

    assert notify.subjects(stranger) == ["Inloggen bij Om de Hoek"]
    kept = await everything_stored(notify)
    assert link.token not in kept
    assert stranger.email not in kept
    assert (await notify.kept(stranger)).facts == {}


async def test_contact_details_stay_with_the_contact_alone(notify):
    asker, offerer = a_person("Noor Jansen"), a_person("Fatima de Wit")
    await notify.given(asker, offerer)
    await notify.when(IntroductionMade(**a_match(asker, offerer)))

    assert offerer.email in words(notify.mails(asker)[0])
    assert (await everything_stored(notify)).count(offerer.email) == 1


async def test_a_link_that_expired_before_it_could_go_is_not_mailed_and_not_kept(own_notify):
    person = a_person()
    await own_notify.catcher.away()
    await own_notify.publish(a_link(person, own_notify.clock()))
    await own_notify.becomes(person, "waiting")

    own_notify.clock.move(minutes=16)
    await own_notify.catcher.back()

    assert (await own_notify.becomes(person, "expired")).facts == {}
    assert own_notify.mails(person) == []


async def test_a_link_that_expires_while_it_waits_for_its_connection_is_not_mailed(idle_notify):
    person = a_person()
    await idle_notify.running.when(a_link(person, idle_notify.clock()))

    class Slow(Connection):
        async def _announce(self, sender, recipient):
            idle_notify.clock.move(minutes=16)
            return await super()._announce(sender, recipient)

    async with a_sender_that_dies(idle_notify) as sender:
        await sender.claims()
        (mail,) = sender.mails
    lost = asyncio.Event()
    connection = Slow(
        mail_server(idle_notify.catcher.url), local_hostname="t", timeout_seconds=5, accept_timeout_seconds=5
    )
    live = Sender(idle_notify.service, 1, lost)
    await live._offer(connection, mail, asyncio.get_running_loop().time())
    await connection.quit()

    assert idle_notify.mails(person) == []


async def test_who_waits_for_a_link_goes_before_what_was_told_earlier(idle_notify):
    await given_mail(idle_notify, 3)
    await idle_notify.running.when(a_link(a_person(), idle_notify.clock()))

    async with a_sender_that_dies(idle_notify) as sender:
        await sender.claims(room=1)
    assert [mail.template for mail in sender.mails] == ["sign-in"]


async def test_no_more_mail_goes_out_in_a_second_than_is_allowed(postgres, nats, own_catcher):
    async with a_notify(postgres, nats, own_catcher, mails_per_second=5, make=service_without_sender) as notify:
        people = await given_mail(notify, 8)
        since = time.monotonic()
        async with sending(notify):
            await notify.posted()
        assert time.monotonic() - since > 0.5
        assert all(len(notify.mails(person)) == 1 for person in people)


@pytest.mark.parametrize(("mails_in_doubt_max", "at_once"), [(1, 1), (3, 2)])
async def test_no_more_mails_are_in_doubt_at_once_than_is_allowed(
    postgres, nats, own_catcher, monkeypatch, mails_in_doubt_max, at_once
):
    limits = {"mails_in_doubt_max": mails_in_doubt_max, "smtp_connections": 2}
    async with a_notify(postgres, nats, own_catcher, make=service_without_sender, **limits) as notify:
        people = await given_mail(notify, 6)
        take, under_way, seen = own_catcher.receiver.handle_DATA, [], []

        async def take_and_count(server, session, envelope):
            under_way.append(envelope)
            seen.append(len(under_way))
            await asyncio.sleep(0.05)
            under_way.remove(envelope)
            return await take(server, session, envelope)

        monkeypatch.setattr(own_catcher.receiver, "handle_DATA", take_and_count)
        async with sending(notify):
            await notify.posted()

        assert max(seen) == at_once
        assert all(len(notify.mails(person)) == 1 for person in people)


async def test_a_mail_that_cannot_be_made_keeps_no_other_waiting(idle_notify):
    broken, fine = a_person("Bo Broos"), a_person("Noor Jansen")
    await idle_notify.given(broken, fine)
    async with idle_notify.running.session() as session:
        without_facts = [
            Notice(who.member_id, Template.REQUEST_UNANSWERED, new_id(), facts, about=(who.member_id,))
            for who, facts in ((broken, {}), (fine, {"title": "Wie weet een stage?"}))
        ]
        await tell(session, without_facts, idle_notify.service.settings, idle_notify.clock())
        await session.commit()

    async with sending(idle_notify):
        await idle_notify.catcher.mail(fine.email)
        await idle_notify.becomes(broken, "waiting", refusal="not-composed")


async def test_a_mail_carries_the_trace_of_what_caused_it(notify):
    person, trace = a_person(), "4bf92f3577b34da6a3ce929d0e0e4736"
    await notify.given(person)
    event = MatchEndorsed(**a_match(person, a_person()))
    node = notify.service.settings.node
    body = encode(
        event, event_id=new_id(), node=node, time=notify.clock(), traceparent=f"00-{trace}-00f067aa0ba902b7-01"
    )
    await notify.service.streams.js.publish(event.subject(node), body)
    await notify.catcher.mail(person.email)
    await notify.posted()

    said = [envelope for envelope, event in await notify.envelopes() if isinstance(event, NotificationSent)]
    assert [envelope.traceparent.split("-")[1] for envelope in said] == [trace]


# A process that dies, at each of the three places.


async def test_a_sender_that_dies_before_it_offers_a_mail_leaves_it_to_another(idle_notify):
    (person,) = await given_mail(idle_notify)
    async with a_sender_that_dies(idle_notify) as sender:
        await sender.claims()

    async with sending(idle_notify):
        sent = await idle_notify.becomes(person, "sent")

    assert len(idle_notify.mails(person)) == 1
    assert sent.attempts_unsure == 1


async def test_a_sender_that_dies_between_the_servers_yes_and_its_mark_has_it_sent_once_more(idle_notify):
    (person,) = await given_mail(idle_notify)
    async with a_sender_that_dies(idle_notify) as sender:
        await sender.claims()
        await sender.offers()

    async with sending(idle_notify):
        sent = await idle_notify.becomes(person, "sent")
        await idle_notify.posted()

    mails = idle_notify.mails(person)
    assert len(mails) == 2
    assert len({mail["Message-ID"] for mail in mails}) == 1
    assert sent.attempts_unsure == 1
    assert len(await idle_notify.said(NotificationSent)) == 1


async def test_a_sender_that_dies_after_its_mark_leaves_nothing_to_do(idle_notify):
    (person,) = await given_mail(idle_notify)
    async with a_sender_that_dies(idle_notify) as sender:
        await sender.claims()
        await sender.offers()
        await sender.marks()

    (other,) = await given_mail(idle_notify)
    async with sending(idle_notify):
        await idle_notify.becomes(other, "sent")

    assert len(idle_notify.mails(person)) == 1
    assert (await idle_notify.kept(person)).attempts_unsure == 0


async def test_nobody_takes_over_from_a_sender_that_lives_however_slow_it_is(idle_notify):
    (person,) = await given_mail(idle_notify)
    async with a_sender_that_dies(idle_notify) as slow:
        await slow.claims()
        (other,) = await given_mail(idle_notify)
        async with sending(idle_notify):
            await idle_notify.becomes(other, "sent")
            async with idle_notify.running.session() as session:
                assert await post.senders_gone(session) == set()
            await slow.offers()
            await slow.marks()
    async with idle_notify.running.session() as session:
        assert await post.senders_gone(session) == set()

    assert len(idle_notify.mails(person)) == 1


async def test_a_sender_must_be_found_gone_twice(idle_notify):
    (person,) = await given_mail(idle_notify)
    async with a_sender_that_dies(idle_notify) as sender:
        await sender.claims()
    other = Caretaker(idle_notify.service)

    await other.look_after()
    assert (await idle_notify.kept(person)).status == "sending"
    await other.look_after()
    assert (await idle_notify.kept(person)).status == "waiting"


async def test_a_mark_that_comes_after_somebody_took_over_changes_nothing(idle_notify):
    (person,) = await given_mail(idle_notify)
    async with a_sender_that_dies(idle_notify) as sender:
        await sender.claims()
        await sender.offers()
    async with a_sender_that_dies(idle_notify) as heir:
        async with idle_notify.running.session() as session:
            await post.take_over(session, await post.senders_gone(session), idle_notify.clock())
            await session.commit()
        await heir.claims()
        await sender.marks()

        assert (await idle_notify.kept(person)).status == "sending"


async def test_a_mail_whose_senders_keep_dying_is_given_up_and_that_is_said(idle_notify):
    person = a_person("Iris Smit")
    await idle_notify.given(person)
    link = a_link(person, idle_notify.clock())
    await idle_notify.running.when(link)
    other = Caretaker(idle_notify.service)
    for _ in range(UNSURE_ATTEMPTS_MAX):
        async with a_sender_that_dies(idle_notify) as sender:
            await sender.claims()
        await other.look_after()
        await other.look_after()

    mail = await idle_notify.kept(person)
    assert (mail.status, mail.refusal, mail.facts) == ("failed", "sender-died", {})
    (failed,) = await idle_notify.said(NotificationFailed)
    assert failed.refusal == "sender-died"


# Stopping, and the database away, in the middle.


async def test_a_service_that_stops_finishes_what_is_with_the_server_and_returns_the_rest(idle_notify):
    people = await given_mail(idle_notify, 6)
    idle_notify.catcher.behave({"stage": "data", "wait_seconds": 0.5})

    async with sending(idle_notify) as task:

        async def under_way():
            return len([mail for mail in await idle_notify.mails_kept() if mail.status == "sending"]) == 6

        await eventually(under_way)
        await ended(task)

    kept = [await idle_notify.kept(person) for person in people]
    assert {mail.status for mail in kept} == {"sent", "waiting"}
    for person, mail in zip(people, kept, strict=True):
        assert len(idle_notify.mails(person)) == (mail.status == "sent")
        assert mail.attempts == (mail.status == "sent")
        assert mail.attempts_unsure == 0

    idle_notify.catcher.behave()
    async with sending(idle_notify):
        await idle_notify.posted()
    assert all(len(idle_notify.mails(person)) == 1 for person in people)


async def test_a_mail_that_the_server_took_while_the_database_was_away_is_marked_when_it_is_back(
    postgres, nats, own_catcher, monkeypatch
):
    monkeypatch.setattr(sending_module, "FINISH_SECONDS", 0.0)  # that is for a service that stops
    async with Line(postgres.port) as line, a_notify(AtTheEndOf(postgres, line), nats, own_catcher) as notify:
        people = [a_person(f"Noor{n}") for n in range(3)]
        await notify.given(*people)
        own_catcher.behave({"stage": "data", "wait_seconds": 0.4})
        offerer = a_person("Fatima de Wit")
        for person in people:
            await notify.publish(MatchProposed(**a_match(offerer, offerer, person)))
        for person in people:
            await notify.becomes(person, "sending")
        await own_catcher.mail(people[0].email)  # stored, and not answered yet

        line.cut()
        await own_catcher.answered()  # and nothing can be written down
        line.mend()

        await notify.posted()
        for person in people:
            assert len(notify.mails(person)) == 1
            assert (await notify.kept(person)).status == "sent"
            assert (await notify.kept(person)).attempts_unsure == 0


@asynccontextmanager
async def a_database_under_another_name(postgres, notify):
    """Who calls is answered, and not let in: there is no such database."""
    connection = await asyncpg.connect(postgres.url(driver="postgresql"), ssl=False)
    name = notify.service.engine.url.database

    async def renamed(old, new):
        with suppress(asyncpg.ObjectInUseError):
            await connection.execute(f'ALTER DATABASE "{old}" RENAME TO "{new}"')
            return True

    await eventually(lambda: renamed(name, f"{name}_away"), saying="a database that nobody uses")
    try:
        yield
    finally:
        await eventually(lambda: renamed(f"{name}_away", name), saying="the database")
        await connection.close()


async def test_a_mail_that_the_server_took_is_marked_though_the_database_lets_nobody_in_when_it_is_back(
    postgres, nats, own_catcher, monkeypatch
):
    refused = []

    class Looked:
        def __init__(self, engine):
            self._engine = engine

        @asynccontextmanager
        async def connect(self):
            try:
                async with self._engine.connect() as connection:
                    yield connection
            except DBAPIError as error:
                refused.append(error)
                raise

    async def waited_for(engine):
        await wait_for_database(Looked(engine))

    async def is_refused():
        return bool(refused)

    monkeypatch.setattr(marking, "wait_for_database", waited_for)
    async with Line(postgres.port) as line, a_notify(AtTheEndOf(postgres, line), nats, own_catcher) as notify:
        person = a_person("Noor Jansen")
        await notify.given(person)
        own_catcher.behave({"stage": "data", "wait_seconds": 0.4})
        await notify.publish(MatchEndorsed(**a_match(person, a_person())))
        await own_catcher.mail(person.email)  # stored, and not answered yet

        line.cut()
        await own_catcher.answered()
        async with a_database_under_another_name(postgres, notify):
            line.mend()
            await eventually(is_refused, saying="a login that is refused")

        await notify.posted()
        assert len(notify.mails(person)) == 1
        assert (await notify.kept(person)).attempts_unsure == 0


async def test_a_number_cannot_be_had_from_a_database_that_is_away(idle_notify):
    away = idle_notify.service.settings.database_url.rsplit(":", 1)[0] + f":{free_port()}/x"
    with pytest.raises(DatabaseAway):
        async with sender_number(away):
            pass


async def test_a_sender_sees_at_once_that_the_database_lost_sight_of_it(idle_notify):
    async with sender_number(idle_notify.service.settings.database_url) as (number, lost):
        async with idle_notify.running.session() as session:
            (held,) = await run(session, HOLDERS, {"locks": SENDER_LOCKS, "number": number})
            await run(session, text("SELECT pg_terminate_backend(:pid)"), {"pid": held.pid})
        async with asyncio.timeout(30):
            await lost.wait()


async def test_what_waited_too_long_for_its_connection_is_looked_at_again(idle_notify):
    people = await given_mail(idle_notify, 2)
    sender = Sender(idle_notify.service, 1, asyncio.Event())
    async with a_sender_that_dies(idle_notify) as claimer:
        await claimer.claims()
    connection = Connection(
        mail_server(idle_notify.catcher.url), local_hostname="t", timeout_seconds=5, accept_timeout_seconds=5
    )
    long_ago = asyncio.get_running_loop().time() - 60
    outcomes = [(await sender._offer(connection, mail, long_ago))[0] for mail in claimer.mails]
    await connection.quit()

    assert [type(outcome).__name__ for outcome in outcomes] == ["NotOffered"] * 2
    assert all(idle_notify.mails(person) == [] for person in people)
