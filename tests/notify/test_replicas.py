"""Several processes of notify on one database: each mail goes once, and each reader hears of everything."""

from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import pytest
from sqlalchemy import text

from chassis.sql import run
from contracts.matching import MatchEndorsed, MatchProposed
from contracts.notify import NotificationSent
from services.notify.app import service
from services.notify.connections import SENDER_LOCKS
from services.notify.settings import NotifySettings
from tests.faults.proxy import AtTheEndOf, Line
from tests.given import Running, eventually
from tests.notify.conftest import Notify, a_match, a_notify, a_person
from tests.notify.test_sending import HOLDERS
from tests.notify.test_stream import Reader, listening


@asynccontextmanager
async def a_replica_of(notify, **changes):
    """One more process of the same service."""
    settings = notify.service.settings.model_dump() | changes
    other = service(NotifySettings(**settings))
    other.clock = notify.clock
    async with other.app.router.lifespan_context(other.app):
        running = Running(other, notify.running._key, notify.clock)

        async def ready():
            return set((await other.parts()).values()) == {"ready"}

        await eventually(ready, saying="a ready replica")
        yield Notify(running, notify.catcher)


@pytest.fixture
async def three(postgres, nats, own_catcher):
    """Three replicas, of which one dies or is cut off now and then."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(a_notify(postgres, nats, own_catcher))
        others = [await stack.enter_async_context(a_replica_of(first)) for _ in range(2)]
        yield first, *others


async def test_each_mail_goes_once_whoever_sends_it(three):
    first, *_ = three
    people = [a_person(f"Noor{n}") for n in range(24)]
    await first.given(*people)
    offerer = a_person("Fatima de Wit")
    own = [MatchProposed(**a_match(offerer, offerer, person)) for person in people]

    await first.when(*own, delivered_times=2)

    assert [len(first.mails(person)) for person in people] == [1] * 24
    assert len(await first.said(NotificationSent)) == 24
    assert {mail.attempts_unsure for mail in await first.mails_kept()} == {0}


async def test_whoever_reads_at_one_replica_hears_what_another_was_told(three):
    person = a_person()
    async with AsyncExitStack() as stack:
        readers = []
        for replica in three:
            address = await stack.enter_async_context(listening(replica))
            client = await stack.enter_async_context(httpx.AsyncClient(base_url=address))
            headers = three[0].http_as(person.member_id).headers
            response = await stack.enter_async_context(client.stream("GET", "/v1/inbox/stream", headers=headers))
            readers.append(Reader(response))

        match = a_match(person, a_person())
        await three[0].running.when(MatchEndorsed(**match))

        for reader in readers:
            assert (await reader.items(1))[0]["matter_id"] == match["match_id"]


async def test_a_restart_of_the_database_in_the_middle_makes_nobody_send_twice(postgres, nats, own_catcher):
    """All lose their numbers at once, though nobody died; what the server took meanwhile must not go again."""
    async with AsyncExitStack() as stack:
        line = await stack.enter_async_context(Line(postgres.port))
        first = await stack.enter_async_context(a_notify(AtTheEndOf(postgres, line), nats, own_catcher))
        async with a_replica_of(first):
            people = [a_person(f"Noor{n}") for n in range(6)]
            await first.given(*people)
            own_catcher.behave({"stage": "data", "wait_seconds": 0.4})
            offerer = a_person("Fatima de Wit")
            for person in people:
                await first.publish(MatchProposed(**a_match(offerer, offerer, person)))

            async def all_claimed():
                return len([mail for mail in await first.mails_kept() if mail.status != "waiting"]) == 6

            await eventually(all_claimed)
            await own_catcher.any_mail()
            line.cut()
            await own_catcher.answered()
            line.mend()
            await first.posted()

            assert [len(first.mails(person)) for person in people] == [1] * 6
            assert {mail.attempts_unsure for mail in await first.mails_kept()} == {0}


async def test_a_sender_that_lost_its_number_alone_keeps_what_the_mail_server_is_slow_with(postgres, nats, own_catcher):
    async with a_notify(postgres, nats, own_catcher, mail_poll_seconds=1) as first, a_replica_of(first):
        person = a_person()
        await first.given(person)
        own_catcher.behave({"stage": "data", "wait_seconds": 6})
        await first.publish(MatchEndorsed(**a_match(person, a_person())))
        await own_catcher.mail(person.email)  # stored, and not answered yet
        number = (await first.kept(person)).sender

        async with first.running.session() as session:
            (held,) = await run(session, HOLDERS, {"locks": SENDER_LOCKS, "number": number})
            await run(session, text("SELECT pg_terminate_backend(:pid)"), {"pid": held.pid})
        await first.posted()

        assert len(first.mails(person)) == 1
        sent = await first.kept(person)
        assert (sent.status, sent.attempts_unsure) == ("sent", 0)


async def test_a_replica_that_is_cut_off_for_good_leaves_its_mail_to_the_others(postgres, nats, own_catcher):
    async with a_notify(postgres, nats, own_catcher) as first, Line(postgres.port) as line:
        url = first.service.settings.database_url.replace(f":{postgres.port}/", f":{line.port}/")
        async with a_replica_of(first, database_url=url):
            people = [a_person(f"Noor{n}") for n in range(8)]
            await first.given(*people)
            own_catcher.behave({"stage": "data", "wait_seconds": 0.4})
            offerer = a_person("Fatima de Wit")
            for person in people:
                await first.publish(MatchProposed(**a_match(offerer, offerer, person)))

            async def one_is_under_way():
                kept = await first.mails_kept()
                return len(kept) == 8 and any(mail.status == "sending" for mail in kept)

            await eventually(one_is_under_way)
            line.cut()
            own_catcher.behave()
            await first.nothing_due()

            for person in people:  # nobody can tell a process that is cut off from one that died
                mails = first.mails(person)
                assert 1 <= len(mails) <= 2
                assert len({mail["Message-ID"] for mail in mails}) == 1
            twice = {person.member_id for person in people if len(first.mails(person)) == 2}
            assert twice <= {mail.member_id for mail in await first.mails_kept() if mail.attempts_unsure}
            line.mend()
