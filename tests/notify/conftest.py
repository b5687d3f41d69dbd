"""A running notify service, the people it tells things, and what happened to them. All of them are invented."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import select

from chassis import Service
from chassis.sql import run
from contracts.event import Event, new_id
from contracts.matching import Party, Reason
from contracts.members import ContactChanged, NodeTeamJoined
from services.notify import api, handlers, streaming, tables
from services.notify.app import service
from services.notify.settings import NotifySettings
from services.notify.tables import Notification
from services.notify.templates import Template
from tests.asking_again import stored
from tests.catching import Catcher, catching
from tests.given import Running, eventually, running

NODE_URL = "https://utrecht.omdehoek.example"
SETTINGS: dict[str, Any] = {
    "public_url": NODE_URL,
    "mail_from": "Om de Hoek Utrecht <noreply@utrecht.omdehoek.example>",
    "mail_poll_seconds": 0.2,
}
REASONS = (
    Reason(code="same-theme", value="circular-economy", weight=0.4),
    Reason(code="distance", value="4.3", weight=0.3),
    Reason(code="kind", value="internship:internship", weight=0.3),
)


def a_person(name: str = "Noor Jansen", **changes: Any) -> ContactChanged:
    """Somebody whom nobody else in the tests is, as members tells how to reach them."""
    member_id = new_id()
    first = name.split()[0].lower()
    contact = {
        "member_id": member_id,
        "name": name,
        "email": f"{first}-{member_id[-12:]}@vechtdal.example",
        "phone": "+31612345678",
        "organisation_name": "ROC Vechtdal",
    }
    return ContactChanged(**contact | changes)


def a_party(person: ContactChanged, **changes: Any) -> Party:
    """A side of a match."""
    side = {
        "member_id": person.member_id,
        "organisation_id": f"org-{person.member_id}",
        "organisation_name": person.organisation_name,
        "place": "Utrecht",
        "title": f"Iets van {person.name}",
    }
    return Party(**side | changes)


def a_match(asker: ContactChanged, offerer: ContactChanged, *ambassadors: ContactChanged, **changes: Any) -> Any:
    """The state of a match, for any of the events that have it."""
    return {
        "match_id": new_id(),
        "request_id": new_id(),
        "offer_id": new_id(),
        "asker": a_party(asker, title="Stage over circulair bouwen"),
        "offerer": a_party(offerer, title="Stageplek in de werkplaats"),
        "request_kind": "internship",
        "offer_kind": "internship",
        "score": 0.8,
        "reasons": REASONS,
        "ambassador_ids": tuple(who.member_id for who in ambassadors),
    } | changes


@dataclass
class Notify:
    """The service with its mail server, in the words of these tests."""

    running: Running
    catcher: Catcher

    def __getattr__(self, name: str) -> Any:
        return getattr(self.running, name)

    async def when(self, *events: Event, **how: Any) -> None:
        """Events arrive; returns when they were handled and every mail that could go has gone."""
        await self.running.when(*events, **how)
        await self.posted()

    async def posted(self) -> None:
        """Returns when no mail is due or under way, and what was to be said of them is said."""
        await self.nothing_due()
        await self.running.quiet()

    async def nothing_due(self) -> None:
        """Returns when no mail is due or under way."""

        async def empty_post() -> bool:
            mails = await self.mails_kept()
            return not any(
                mail.status == "sending" or (mail.status == "waiting" and mail.next_attempt_at <= self.running.clock())
                for mail in mails
            )

        await eventually(empty_post, saying="an empty post")

    async def mails_kept(self, *people: ContactChanged) -> list[Notification]:
        """The mails as the service keeps them, of some people or of everybody."""
        found = await stored(self._every_mail)
        ids = {person.member_id for person in people}
        return [mail for mail in found if not ids or mail.member_id in ids]

    async def _every_mail(self) -> Sequence[Notification]:
        async with self.running.session() as session:
            return (await session.exec(select(Notification).order_by(Notification.created_at))).all()

    async def kept(self, person: ContactChanged, template: Template | None = None) -> Notification:
        """The one mail to somebody, as the service keeps it."""
        (mail,) = [m for m in await self.mails_kept(person) if template in (None, m.template)]
        return mail

    async def becomes(self, person: ContactChanged, status: str, **facts: Any) -> Notification:
        """The one mail to somebody reaches a status."""

        async def reached() -> Notification | None:
            for mail in await self.mails_kept(person):
                if mail.status == status and all(getattr(mail, name) == value for name, value in facts.items()):
                    return mail
            return None

        return await eventually(reached, saying=f"{status} {facts}")

    def mails(self, person: ContactChanged) -> list[EmailMessage]:
        """What was mailed to somebody."""
        return self.catcher.mails(person.email)

    def subjects(self, person: ContactChanged) -> list[str]:
        """The subjects of what was mailed to somebody, oldest first."""
        return [str(mail["Subject"]) for mail in self.mails(person)]

    async def inbox(self, person: ContactChanged) -> list[dict[str, Any]]:
        """What somebody finds in their inbox, newest first."""
        answer = await self.running.http_as(person.member_id).get("/v1/inbox", params={"limit": 100})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    async def templates(self, person: ContactChanged) -> list[str]:
        """What sort of things are in somebody's inbox, oldest first."""
        return [item["template"] for item in reversed(await self.inbox(person))]


@asynccontextmanager
async def a_notify(postgres: Any, nats: Any, catcher: Catcher, make: Any = service, **settings: Any) -> Any:
    """A notify service of a test's own."""
    values = SETTINGS | {"smtp_url": catcher.url} | settings
    async with running(make, postgres, nats, settings_type=NotifySettings, **values) as started:
        yield Notify(started, catcher)


def service_without_sender(settings: NotifySettings) -> Service:
    """Notify that puts mail in the post and leaves it there."""
    made = Service("notify", settings, tables=tables.Table, api=api.router, handlers=handlers.router, background=[])
    made.app.state.readers = streaming.Readers()
    return made


@pytest.fixture(scope="session")
async def shared_notify(postgres: Any, nats: Any, mail_catcher: Catcher) -> AsyncIterator[Notify]:
    """The service that most tests share: their people are nobody else's."""
    async with a_notify(postgres, nats, mail_catcher) as notify:
        yield notify


@pytest.fixture
async def notify(shared_notify: Notify) -> AsyncIterator[Notify]:
    """The shared service, with all that happened before left behind."""
    await shared_notify.running.given()
    yield shared_notify
    shared_notify.catcher.behave()


@pytest.fixture
async def own_catcher() -> AsyncIterator[Catcher]:
    """A mail server of one test."""
    async with catching() as catcher:
        yield catcher


@pytest.fixture(scope="session")
async def troubled_notify(postgres: Any, nats: Any) -> AsyncIterator[Notify]:
    """A service with a mail server that tests take away, and a clock that they move."""
    async with catching() as catcher, a_notify(postgres, nats, catcher) as notify:
        yield notify


@pytest.fixture
async def own_notify(troubled_notify: Notify) -> AsyncIterator[Notify]:
    """That service, with the server there and behaving, and with what other tests told left behind."""
    await _nothing_in_the_post(troubled_notify)
    await troubled_notify.running.given()
    yield troubled_notify
    troubled_notify.catcher.behave()
    await troubled_notify.catcher.back()


@pytest.fixture(scope="session")
async def senderless_notify(postgres: Any, nats: Any) -> AsyncIterator[Notify]:
    """A service that sends nothing by itself."""
    async with catching() as catcher, a_notify(postgres, nats, catcher, make=service_without_sender) as notify:
        yield notify


@pytest.fixture
async def idle_notify(senderless_notify: Notify) -> AsyncIterator[Notify]:
    """That service, whose mail stays in the post until the test sends it."""
    await _nothing_in_the_post(senderless_notify)
    await senderless_notify.running.given()
    yield senderless_notify
    senderless_notify.catcher.behave()


async def _nothing_in_the_post(notify: Notify) -> None:
    async with notify.running.session() as session:
        await run(session, text("DELETE FROM notification"))
        await session.commit()


async def a_team_member(notify: Notify, name: str = "Tess van het Team") -> ContactChanged:
    """Somebody of the node's team, whom the service knows."""
    person = a_person(name)
    await notify.running.given(person, NodeTeamJoined(member_id=person.member_id))
    return person
