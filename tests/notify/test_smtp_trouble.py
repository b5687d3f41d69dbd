"""A mail server that is away, slow, full, strict or rude: everybody still gets each mail, and hardly ever twice."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from contracts.matching import IntroductionMade, MatchEndorsed
from contracts.notify import NotificationFailed, NotificationSent
from node.part import free_port
from services.notify.smtp import Accepted, Connection, Deferred, NotOffered, Refused, ServerAway, mail_server
from tests.catching import words
from tests.given import eventually
from tests.notify.conftest import a_match, a_notify, a_person, a_team_member, service_without_sender
from tests.notify.test_preferences import choose
from tests.notify.test_sending import a_sender_that_dies, sending
from tests.notify.test_telling import a_link


async def told(notify, *people):
    """Everybody is told something by mail."""
    stranger = a_person("Vera Vreemd")
    for person in people:
        await notify.publish(MatchEndorsed(**a_match(person, stranger)))


async def test_what_was_told_while_the_server_was_away_is_mailed_once_when_it_is_back(own_notify):
    people = [a_person(f"Noor{n}") for n in range(12)]
    await own_notify.given(*people)
    await own_notify.catcher.away()

    await told(own_notify, *people)

    async def one_was_tried():  # whichever came first
        return any(mail.refusal == "disconnected" for mail in await own_notify.mails_kept(*people))

    await eventually(one_was_tried, saying="a mail that could not go")
    await own_notify.catcher.back()
    await own_notify.posted()

    for person in people:
        assert len(own_notify.mails(person)) == 1
        mail = await own_notify.kept(person)
        assert (mail.status, mail.attempts, mail.attempts_unsure, mail.refusal) == ("sent", 1, 0, None)


async def test_a_server_that_goes_away_while_a_mail_is_under_way_gets_it_again(own_notify):
    person = a_person()
    await own_notify.given(person)
    own_notify.catcher.behave({"stage": "rcpt", "wait_seconds": 5, "times": 1})

    await told(own_notify, person)
    await own_notify.becomes(person, "sending")
    await own_notify.catcher.away()
    await own_notify.catcher.back()
    own_notify.clock.move(seconds=2)

    await own_notify.becomes(person, "sent", attempts_unsure=0)
    assert len(own_notify.mails(person)) == 1


async def test_a_server_that_closed_a_kept_connection_is_called_again_at_once(own_notify):
    person, again = a_person("Noor"), a_person("Fatima")
    await own_notify.given(person, again)
    await told(own_notify, person)
    await own_notify.posted()

    own_notify.catcher.receiver.hang_up()
    await told(own_notify, again)

    await own_notify.becomes(again, "sent", attempts=1, attempts_unsure=0)


@pytest.mark.parametrize("stage", ["rcpt", "data"])
async def test_a_server_that_says_later_is_asked_again_later(own_notify, stage):
    person = a_person()
    await own_notify.given(person)
    own_notify.catcher.behave({"to": person.email, "stage": stage, "answer": 451, "times": 2})

    await told(own_notify, person)
    waiting = await own_notify.becomes(person, "waiting", attempts=1)
    assert waiting.refusal == "451"
    own_notify.clock.move(seconds=2)
    waiting = await own_notify.becomes(person, "waiting", attempts=2)
    assert waiting.next_attempt_at > own_notify.clock()
    own_notify.clock.move(seconds=8)

    await own_notify.becomes(person, "sent", attempts=3)
    assert len(own_notify.mails(person)) == 1


async def test_a_server_that_says_later_for_three_days_is_not_asked_any_more(own_notify):
    person = a_person()
    await own_notify.given(person)
    own_notify.catcher.behave({"to": person.email, "answer": 451})
    await told(own_notify, person)
    await own_notify.becomes(person, "waiting", attempts=1)

    for attempt in (2, 3, 4):
        own_notify.clock.move(hours=23)
        await own_notify.becomes(person, "waiting", attempts=attempt)
    own_notify.clock.move(hours=23)

    await own_notify.becomes(person, "failed", refusal="451")
    (failed,) = await own_notify.said(NotificationFailed)
    assert (failed.member_id, failed.refusal) == (person.member_id, "451")


async def test_a_mail_that_waited_for_a_contact_for_days_is_tried_as_long_as_any_other(own_notify):
    noor, late = a_person("Noor Jansen"), a_person("Fatima de Wit")
    await own_notify.given(noor)
    own_notify.catcher.behave({"to": noor.email, "answer": 451, "times": 1})
    await own_notify.running.when(IntroductionMade(**a_match(noor, late)))
    await own_notify.becomes(noor, "awaiting-contact")

    own_notify.clock.move(days=4)
    await own_notify.running.when(late)
    await own_notify.becomes(noor, "waiting", attempts=1, refusal="451")
    own_notify.clock.move(seconds=2)

    await own_notify.becomes(noor, "sent")


async def test_a_mail_that_was_gathered_for_days_is_tried_as_long_as_any_other(own_notify):
    noor = a_person("Noor Jansen")
    await own_notify.given(noor)
    own_notify.catcher.behave({"to": noor.email, "answer": 451, "times": 1})
    await choose(own_notify, noor, proposals="weekly")
    await told(own_notify, noor)
    await own_notify.becomes(noor, "gathered")

    own_notify.clock.move(days=4)
    await choose(own_notify, noor, if_match='"2"')
    await own_notify.becomes(noor, "waiting", attempts=1, refusal="451")


async def test_a_server_that_hangs_up_after_its_yes_has_taken_the_mail(own_notify):
    person = a_person()
    await own_notify.given(person)
    own_notify.catcher.behave({"to": person.email, "stage": "data", "hang_up": "after-answer"})

    await told(own_notify, person)

    await own_notify.becomes(person, "sent", attempts=1, attempts_unsure=0)
    assert len(own_notify.mails(person)) == 1


async def test_a_server_that_hangs_up_before_its_yes_gets_the_mail_once_more_under_the_same_id(own_notify):
    person = a_person()
    await own_notify.given(person)
    own_notify.catcher.behave({"to": person.email, "stage": "data", "hang_up": "before-answer", "times": 1})

    await told(own_notify, person)
    await own_notify.becomes(person, "waiting", attempts_unsure=1)
    own_notify.clock.move(seconds=2)

    await own_notify.becomes(person, "sent")
    mails = own_notify.mails(person)
    assert len(mails) == 2
    assert len({mail["Message-ID"] for mail in mails}) == 1
    assert len(await own_notify.said(NotificationSent)) == 1


async def test_a_server_that_hangs_up_at_every_mail_does_not_get_it_for_ever(own_notify):
    person = a_person()
    await own_notify.given(person)
    own_notify.catcher.behave({"to": person.email, "stage": "data", "hang_up": "before-answer"})

    await told(own_notify, person)
    for attempt in range(1, 5):
        await own_notify.becomes(person, "waiting", attempts_unsure=attempt)
        own_notify.clock.move(minutes=1)

    await own_notify.becomes(person, "failed", refusal="disconnected")
    assert len(own_notify.mails(person)) == 5


async def test_a_slow_server_for_one_keeps_nobody_else_waiting(notify):
    slow, others = a_person("Sien Sloom"), [a_person(f"Noor{n}") for n in range(5)]
    await notify.given(slow, *others)
    notify.catcher.behave({"to": slow.email, "stage": "data", "wait_seconds": 4})

    await told(notify, slow, *others)
    for person in others:
        await notify.catcher.mail(person.email)
    assert (await notify.kept(slow)).status == "sending"
    await notify.posted()

    assert len(notify.mails(slow)) == 1


async def test_a_server_that_says_nothing_is_left_in_the_end(postgres, nats, own_catcher):
    async with a_notify(postgres, nats, own_catcher, smtp_timeout_seconds=1.0) as notify:
        person = a_person()
        await notify.given(person)
        own_catcher.behave({"to": person.email, "stage": "rcpt", "wait_seconds": 3, "times": 1})

        await told(notify, person)
        await notify.becomes(person, "waiting", refusal="timeout")
        notify.clock.move(seconds=2)

        await notify.becomes(person, "sent")
        assert len(notify.mails(person)) == 1


async def test_a_server_that_thinks_long_about_a_whole_mail_is_waited_for(postgres, nats, own_catcher):
    async with a_notify(postgres, nats, own_catcher, smtp_timeout_seconds=3.0) as notify:
        person = a_person()
        await notify.given(person)
        own_catcher.behave({"to": person.email, "stage": "data", "wait_seconds": 5})

        await told(notify, person)

        await notify.becomes(person, "sent", attempts=1)
        assert len(notify.mails(person)) == 1


# An address that is refused for good.


async def refused_for(notify, person):
    """Whether the service holds the address of somebody for refused."""
    async with notify.running.session() as session:
        from services.notify import contacts

        return (await contacts.contacts_of(session, [person.member_id]))[person.member_id].refused_at is not None


async def test_a_refused_address_is_marked_and_the_team_reads_whose_it_is(own_notify):
    tess, person = await a_team_member(own_notify), a_person("Noor Jansen")
    await own_notify.given(person)
    own_notify.catcher.behave({"to": person.email, "answer": 550})

    await told(own_notify, person)
    await own_notify.becomes(person, "failed", refusal="550", attempts=1)

    assert await refused_for(own_notify, person)
    (failed,) = await own_notify.said(NotificationFailed)
    assert (failed.member_id, failed.refusal) == (person.member_id, "550")
    (item,) = await own_notify.inbox(tess)
    assert item["title"] == "Mail aan Noor Jansen komt niet aan"
    assert item["text"] == (
        "De mailserver weigert mail aan Noor Jansen van ROC Vechtdal (code 550). Vraag om een ander e-mailadres."
    )
    assert item["url"].endswith(f"/members/{person.member_id}")  # where their telephone number is
    assert own_notify.mails(tess) == []


async def test_a_refused_address_gets_no_more_mail_and_the_team_hears_of_it_once(own_notify):
    tess, person = await a_team_member(own_notify), a_person("Noor Jansen")
    await own_notify.given(person)
    own_notify.catcher.behave({"to": person.email, "answer": 550, "times": 1})
    await told(own_notify, person)
    await own_notify.becomes(person, "failed")

    await told(own_notify, person, person)
    await own_notify.posted()

    assert own_notify.mails(person) == []
    assert [mail.refusal for mail in await own_notify.mails_kept(person)] == [
        "550",
        "address-refused",
        "address-refused",
    ]
    assert len(await own_notify.inbox(tess)) == 1
    assert len(await own_notify.templates(person)) == 3


async def test_a_new_address_gets_the_introduction_that_the_old_one_refused_and_not_the_old_news(own_notify):
    person, other = a_person("Noor Jansen"), a_person("Fatima de Wit")
    await own_notify.given(person, other)
    own_notify.catcher.behave({"to": person.email, "answer": 550})
    await told(own_notify, person)
    await own_notify.when(IntroductionMade(**a_match(person, other)))
    assert own_notify.mails(person) == []

    moved = person.model_copy(update={"email": "nieuw-" + person.email, "version": 2})
    await own_notify.when(moved)

    assert own_notify.subjects(moved) == ["Maak kennis met ROC Vechtdal"]
    assert not await refused_for(own_notify, person)


async def test_whoever_gets_a_link_at_a_refused_address_can_be_reached_again(own_notify):
    person, other = a_person("Noor Jansen"), a_person("Fatima de Wit")
    await own_notify.given(person, other)
    own_notify.catcher.behave({"to": person.email, "answer": 550, "times": 1})
    await own_notify.when(IntroductionMade(**a_match(person, other)))
    assert await refused_for(own_notify, person)

    await own_notify.when(a_link(person, own_notify.clock()))

    assert sorted(own_notify.subjects(person)) == ["Inloggen bij Om de Hoek", "Maak kennis met ROC Vechtdal"]
    assert not await refused_for(own_notify, person)


async def test_a_mail_refused_by_an_address_that_was_changed_meanwhile_goes_to_the_new_one(postgres, nats, own_catcher):
    async with a_notify(postgres, nats, own_catcher, make=service_without_sender) as notify:
        person = a_person("Noor Jansen")
        moved = person.model_copy(update={"email": "nieuw-" + person.email, "version": 2})
        await notify.given(person)
        own_catcher.behave({"to": person.email, "answer": 550})
        await notify.running.when(MatchEndorsed(**a_match(person, a_person())))
        async with a_sender_that_dies(notify) as sender:
            await sender.claims()
            await sender.offers()
            await notify.running.when(moved)
            await sender.marks()

        async with sending(notify):
            await notify.becomes(person, "sent")

        assert len(notify.mails(moved)) == 1
        assert await notify.said(NotificationFailed) == []


async def test_a_mail_that_is_refused_for_what_it_says_does_not_mark_the_address(own_notify):
    tess, person = await a_team_member(own_notify), a_person("Noor Jansen")
    await own_notify.given(person)
    own_notify.catcher.behave({"to": person.email, "stage": "data", "answer": 554, "times": 1})
    await told(own_notify, person)
    await own_notify.becomes(person, "failed", refusal="554")

    await told(own_notify, person)
    await own_notify.posted()

    assert not await refused_for(own_notify, person)
    assert len(own_notify.mails(person)) == 1
    assert len(await own_notify.inbox(tess)) == 1


async def test_an_address_that_no_mail_can_go_to_is_refused_without_asking(own_notify):
    tess, person = await a_team_member(own_notify), a_person("Jörg Öl", email="jörg@school.example")
    await own_notify.given(person)

    await told(own_notify, person)

    await own_notify.becomes(person, "failed", refusal="address-not-supported")
    assert await refused_for(own_notify, person)
    await own_notify.running.quiet()
    assert len(await own_notify.inbox(tess)) == 1


async def test_who_joins_with_an_address_that_does_not_exist_bothers_nobody(own_notify):
    tess, stranger = await a_team_member(own_notify), a_person("Iris Smit")
    own_notify.catcher.behave({"to": stranger.email, "answer": 550})

    await own_notify.when(a_link(stranger, own_notify.clock(), joining=True))

    mail = await own_notify.kept(stranger)
    assert (mail.status, mail.facts) == ("failed", {})
    assert await own_notify.inbox(tess) == []


# What the server says, word for word.


class Conversation:
    """What a server says to each command, in order; after the last word it hangs up."""

    def __init__(self, greeting: str, **answers: str | None) -> None:
        self.greeting, self.answers, self.heard = greeting, answers, []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"{self.greeting}\r\n".encode())
        usual = {
            "EHLO": "250 hello",
            "MAIL": "250 ok",
            "RCPT": "250 ok",
            "DATA": "354 go on",
            ".": "250 ok",
            "RSET": "250 ok",
        }
        while line := await reader.readline():
            command = line.decode().strip()[:4].upper()
            self.heard.append(command)
            answer = self.answers.get("END" if command == "." else command, usual.get(command))
            if command in usual or command == "QUIT":
                if answer is None:
                    break
                writer.write(f"{answer}\r\n".encode())
        writer.close()


@asynccontextmanager
async def saying(conversation, seconds=20):
    """A connection to a server that says just this."""
    port = free_port()
    server = await asyncio.start_server(conversation, "127.0.0.1", port)
    url = f"smtp://127.0.0.1:{port}"
    patience = {"timeout_seconds": seconds, "accept_timeout_seconds": seconds}
    connection = Connection(mail_server(url), local_hostname="test", **patience)
    try:
        yield connection
    finally:
        connection.close()
        server.close()


async def offered(connection, to="noor@school.example", may_go=True):
    async def answer():
        return may_go

    return await connection.send("noreply@omdehoek.example", to, b"Subject: x\r\n\r\nx\r\n", may_go=answer)


async def outcome_of(conversation, may_go=True):
    async with saying(conversation) as connection:
        return await offered(connection, may_go=may_go)


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ({}, Accepted()),
        ({"RCPT": "251 will forward"}, Accepted()),
        ({"RCPT": "550 no such user"}, Refused("550", address=True)),
        ({"RCPT": "550 5.1.1 <noor@school.example> unknown"}, Refused("550 5.1.1", address=True)),
        ({"RCPT": "550 5.2.1 closed"}, Refused("550 5.2.1", address=True)),
        ({"RCPT": "550 5.7.1 blocked by policy"}, Refused("550 5.7.1", address=False)),
        ({"RCPT": "554 5.7.1 relay access denied"}, Refused("554 5.7.1", address=False)),
        ({"RCPT": "552 mailbox full"}, Refused("552", address=False)),
        ({"RCPT": "503 bad sequence"}, Refused("503", address=False)),
        ({"RCPT": "450 4.2.0 greylisted"}, Deferred("450 4.2.0")),
        ({"RCPT": "421 too busy"}, ServerAway("421")),
        ({"MAIL": "550 who are you"}, ServerAway("550")),
        ({"MAIL": "451 not now"}, ServerAway("451")),
        ({"MAIL": None}, Deferred("disconnected")),
        ({"DATA": "554 no thanks"}, Refused("554", address=False)),
        ({"DATA": "421 closing"}, ServerAway("421")),
        ({"DATA": None}, Deferred("disconnected")),
        ({"END": "550 spam"}, Refused("550", address=False)),
        ({"END": "550 5.1.1 no mailbox after all"}, Refused("550 5.1.1", address=True)),
        ({"END": "452 4.3.1 disk full"}, Deferred("452 4.3.1")),
        ({"END": "421 closing"}, ServerAway("421")),
        ({"END": None}, Deferred("disconnected", unsure=True)),
        ({"END": "what?"}, Deferred("disconnected", unsure=True)),
    ],
    ids=str,
)
@pytest.mark.parametrize("hello", ["250 hello", "250-hello\r\n250 PIPELINING"], ids=["in-turn", "together"])
async def test_what_an_answer_means_for_a_mail(answers, outcome, hello):
    assert await outcome_of(Conversation("220 hello", EHLO=hello, **answers)) == outcome


async def test_a_server_that_takes_several_commands_at_once_gets_them_so():
    """Whoever waits for each reply hears the first before the server has read the second."""
    heard = []

    async def conversation(reader, writer):
        for asked in (b"", b"EHLO test\r\n"):
            assert not asked or await reader.readline() == asked
            writer.write(b"250-hello\r\n250 PIPELINING\r\n" if asked else b"220 hello\r\n")
        heard.extend([await reader.readline() for _ in range(3)])
        writer.write(b"250 ok\r\n250-yes,\r\n250 ")
        await writer.drain()
        writer.write(b"him\r\n354 go on\r\n")
        await reader.readuntil(b"\r\n.\r\n")
        writer.write(b"250 ok\r\n")
        await reader.read()
        writer.close()

    assert await outcome_of(conversation) == Accepted()
    assert [line.split(b":")[0] for line in heard] == [b"MAIL FROM", b"RCPT TO", b"DATA\r\n"]


async def test_a_server_that_says_no_to_somebody_and_waits_for_the_mail_all_the_same_gets_none():
    conversation = Conversation("220 hello", EHLO="250-hello\r\n250 PIPELINING", RCPT="550 no such user")

    assert await outcome_of(conversation) == Refused("550", address=True)
    assert conversation.heard == ["EHLO", "MAIL", "RCPT", "DATA"]  # not a dot, nor a RSET that would be its text


async def test_a_reply_that_comes_too_late_after_a_no_answers_nothing_of_the_next_mail():
    async def conversation(reader, writer):
        writer.write(b"220 hello\r\n")
        late = b""
        while line := await reader.readline():
            if line == b"RSET\r\n":
                late = b"250 ok\r\n"
                continue
            answer = b"550 who?" if b"<gone@" in line else b"354 go on" if line == b"DATA\r\n" else b"250 ok"
            writer.write(late + answer + b"\r\n")
            late = b""
            if answer == b"354 go on":
                await reader.readuntil(b"\r\n.\r\n")
                writer.write(b"250 ok\r\n")
        writer.close()

    async with saying(conversation, seconds=2) as connection:
        assert await offered(connection, to="gone@school.example") == Refused("550", address=True)
        assert await offered(connection) == Accepted()


@pytest.mark.parametrize("greeting", ["554 no service", "421 later", "450 go away", "hello?"])
async def test_a_server_that_does_not_want_to_talk_is_away(greeting):
    assert isinstance(await outcome_of(Conversation(greeting)), ServerAway)


async def test_a_mail_that_may_not_go_any_more_is_not_offered():
    conversation = Conversation("220 hello")

    assert await outcome_of(conversation, may_go=False) == NotOffered()
    assert "." not in conversation.heard  # without it, what the server got is no mail


async def test_the_code_never_repeats_what_the_server_said_of_somebody():
    outcome = await outcome_of(Conversation("220 hello", RCPT="550 noor@school.example does not live here"))
    assert "noor" not in repr(outcome)


async def test_a_password_never_goes_over_a_line_in_the_open():
    from services.notify.settings import NotifySettings

    with pytest.raises(ValueError, match="must be smtp") as refusal:
        NotifySettings(smtp_url="smtp://user:canary@mail.example")
    assert "canary" not in str(refusal.value)
    settings = NotifySettings(smtp_url="smtps://user:canary@mail.example")
    assert "canary" not in repr(settings)


async def test_a_mail_of_dots_and_long_lines_arrives_as_it_was_written(notify):
    person = a_person()
    title = ".punt. " + "x" * 150
    await notify.given(person)
    match = a_match(person, a_person())
    match["offerer"] = match["offerer"].model_copy(update={"title": title})

    await notify.when(MatchEndorsed(**match))

    assert f"\n{title}\n" in words(await notify.catcher.mail(person.email))


async def test_twelve_mails_over_two_connections_go_once_each_though_the_server_fails_now_and_then(own_notify):
    people = [a_person(f"Noor{n}") for n in range(12)]
    await own_notify.given(*people)
    own_notify.catcher.behave(
        {"stage": "rcpt", "answer": 451, "times": 3},
        {"stage": "data", "answer": 451, "times": 3},
        {"stage": "rcpt", "hang_up": "before-answer", "times": 2},
    )
    await told(own_notify, *people)

    async def all_sent():
        own_notify.clock.move(seconds=1)
        return all(mail.status == "sent" for mail in await own_notify.mails_kept(*people)) or None

    await eventually(all_sent)
    assert [len(own_notify.mails(person)) for person in people] == [1] * 12
