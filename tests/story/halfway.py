"""A node with a school, a company and an ambassador on it, on which the same story is played again and again while
something is killed; and what must have come of it each time."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chassis import dead_letters
from contracts.envelope import decode, encode
from contracts.event import new_id
from contracts.requests import RequestPlaced
from node.client import Person
from node.node import Node
from tests.given import eventually
from tests.story.ledger import Ledger
from tests.story.onlooker import Onlooker

SCHOOL = {"kind": "school", "name": "ROC Halverwege", "place": {"name": "Zeist"}, "brin": "97YA"}
COMPANY = {"kind": "company", "name": "Tussenstop BV", "place": {"name": "Utrecht"}, "kvk": "99980001"}
MATTER = {"kind": "practice-assignment", "themes": ["circular-economy"], "title": "Meubels van oude kozijnen"}
OFFER = MATTER | {"text": "Onze studenten bouwen meubels van oude kozijnen.", "place": {"name": "Zeist"}}
REQUEST = MATTER | {"text": "Wie bouwt meubels van onze kozijnen?", "place": {"name": "Utrecht"}}
UNANSWERED = REQUEST | {"kind": "equipment", "themes": ["robotisation"]}


class Halfway(Onlooker):
    """The node, the people, and the words of these tests."""

    def __init__(self, node: Node, ledger: Ledger, armed: Path) -> None:
        super().__init__(node)
        self.ledger, self._armed = ledger, armed
        self.match_id = self.request_id = self.offer_id = ""

    @asynccontextmanager
    async def everybody(self) -> AsyncIterator[None]:
        """They join, and the ambassador is appointed for the school."""
        async with AsyncExitStack() as cast:

            async def joined(name: str, **organisation: Any) -> Person:
                person = await cast.enter_async_context(self.somebody(name))
                await person.follow(await person.join(**organisation))
                return person

            self.teacher = await joined("Samira", organisation=SCHOOL)
            self.owner = await joined("Wim", organisation=COMPANY)
            self.school_id = (await self.teacher.get("/members/me"))["affiliations"][0]["organisation"][
                "organisation_id"
            ]
            self.ambassador = await joined("Joke", organisation_id=self.school_id)
            where = self.node.addresses()
            team = await cast.enter_async_context(Person(where, name="Team", email=where.team[0]))
            await team.follow(await team.ask_to_sign_in())
            scope = {"organisation_ids": [self.school_id]}
            await team.put(f"/ambassadors/{await self.ambassador.member_id()}", scope)
            await self.ambassador.follow(await self.ambassador.ask_to_sign_in())  # so that it counts at once
            await self.look()
            await self.quiet()
            yield
            await self.look_away()

    def somebody(self, name: str) -> Person:
        return Person(self.node.addresses(), name=name, email=f"{name.lower()}-{new_id()}@halverwege.example")

    # The story, in four steps.

    async def play(self, *, armed_before: str = "", point: str = "") -> None:
        """The whole story; before one of its steps a crash point is chosen."""
        for step in (self.the_school_offers, self.the_company_asks, self.the_ambassador_endorses, self.both_say_yes):
            if step.__name__ == armed_before:
                await self.quiet()  # or the step before could still meet the point: a mail that is not marked yet
                self.arm(point)
            await step()

    async def the_school_offers(self) -> None:
        self.offer_id = (await self.ledger.send(self.teacher, "/offers", OFFER))["offer_id"]
        await self.quiet()

    async def the_company_asks(self) -> None:
        self.request_id = (await self.ledger.send(self.owner, "/requests", REQUEST))["request_id"]

    async def the_ambassador_endorses(self) -> None:
        async def proposed() -> str | None:
            answer = await self.ambassador.http.get("/api/v1/matches", params={"awaiting_me": True})
            waiting = answer.json()["items"] if answer.is_success else []
            return next((m["match_id"] for m in waiting if m["request"]["request_id"] == self.request_id), None)

        self.match_id = await eventually(proposed, saying="a match for the ambassador")
        await self._mailed(self.ambassador)
        await self.the_ambassador_says_it_fits()

    async def the_ambassador_says_it_fits(self) -> None:
        await self.ledger.send(self.ambassador, f"/matches/{self.match_id}/endorse")

    async def both_say_yes(self) -> None:
        await self._mailed(self.owner, self.teacher)
        for person in (self.owner, self.teacher):
            await self.ledger.send(person, f"/matches/{self.match_id}/answer", {"accepted": True})

    async def _mailed(self, *people: Person) -> None:
        """They have the mail that asks them: what is answered before its mail has gone, that does not ask any more."""

        async def all_have_it() -> bool:
            mails = await self.mails(page=f"/matches/{self.match_id}")
            return {person.email for person in people} <= {mail.to for mail in mails}

        await eventually(all_have_it, within=90, saying="the mail that asks")

    # What goes wrong.

    def arm(self, point: str) -> None:
        self._armed.write_text(point)

    async def revived(self, name: str) -> None:
        """Waits until a part has died, and starts it again."""
        part = self.node.parts[name]

        async def is_dead() -> bool:
            return not part.is_alive

        await eventually(is_dead, saying=f"the death of {name}")
        self._armed.unlink(missing_ok=True)
        await part.start()

    async def all_is_said_by(self, service: str) -> None:
        """It may have been killed who would hear it."""

        async def nothing_left() -> bool:
            return not (await self.rows(service, "SELECT count(*) FROM outbox"))[0][0]

        await eventually(nothing_left, saying=f"an empty outbox of {service}")

    async def burst(self, count: int = 30) -> list[str]:
        """So many requests from a few at a time, which nothing answers; returns their ids."""
        few = asyncio.Semaphore(6)

        async def asked(number: int) -> str:
            async with few:
                body = UNANSWERED | {"title": f"Vraag {number} van de stormloop"}
                return str((await self.ledger.send(self.owner, "/requests", body))["request_id"])

        return await asyncio.gather(*map(asked, range(count)))

    async def some_are_acknowledged(self, count: int = 5) -> None:
        before = len(self.ledger.acknowledged)

        async def enough() -> bool:
            return len(self.ledger.acknowledged) >= before + count

        await eventually(enough, saying="the first answers")

    async def publish_again(self, times: int) -> int:
        """Every event of this story, and those about its people, brought once more; how many that were."""
        people = [await person.member_id() for person in (self.teacher, self.owner, self.ambassador)]
        about = {self.match_id, self.request_id, self.offer_id, *people}
        events = [m for kind in ("shared", "local") for m in await self.messages(kind)]
        events = [m for m in events if ".timer." not in (m.subject or "") and (m.subject or "").split(".")[-1] in about]
        for message in events * times:
            await self.publish(message.subject or "", message.data or b"")
        return len(events) * times

    async def publish_poison(self) -> int:
        """One that cannot be read, and one with a text that no database can hold; returns how many letters they make.

        Matching cannot do either; insight keeps no texts, and cannot read the first.
        """
        subject = RequestPlaced.filter_subject(self.node.name)
        placed = [m for m in await self.messages("shared") if (m.subject or "").startswith(subject[:-1])]
        _, good = decode(placed[-1].data or b"")
        bad = good.model_copy(update={"request_id": new_id(), "title": "Meubels\x00"})
        body = encode(bad, event_id=new_id(), node=self.node.name, time=datetime.now(UTC), traceparent=None)
        await self.publish(bad.subject(self.node.name), body)
        await self.publish(subject[:-1] + new_id(), b'{"specversion": "1.0", "id": ')
        return 3

    # What came of it.

    async def then_it_ended_well(
        self, *, copies: int = 0, copies_max: int | None = None, letters: int = 0, replayed: bool = False
    ) -> None:
        """One introduction, each event once in the stream, and one mail for each person and step.

        `copies` are mails that came a second time under the same Message-ID: exactly so many, or at most.
        """
        await self.quiet()
        assert (await self.owner.get(f"/matches/{self.match_id}"))["state"] == "introduced"
        said_about = self.different_events_about if replayed else self.said_about
        once = {"match-proposed": 1, "match-endorsed": 1, "match-answered": 2, "introduction-made": 1}
        assert await said_about(self.match_id) == once
        assert (await said_about(self.request_id))["request-placed"] == 1
        assert (await said_about(self.offer_id))["offer-placed"] == 1
        mails = await self.mails(page=f"/matches/{self.match_id}")
        different = {mail.message_id: mail for mail in mails}.values()
        assert Counter(mail.to for mail in different) == {
            person.email: 2 for person in (self.ambassador, self.owner, self.teacher)
        }
        assert len({(mail.to, mail.subject) for mail in different}) == len(different)
        again = len(mails) - len(different)
        assert again <= copies_max if copies_max is not None else again == copies
        assert len(await self.messages("dead")) == letters

    async def stormed(self) -> list[str]:
        """Every request of a storm that is kept, whoever placed it."""
        kept = await self.rows("requests", "SELECT proposition_id FROM proposition WHERE title LIKE '%stormloop'")
        return [row["proposition_id"] for row in kept]

    async def then_each_was_placed_once(self, request_ids: list[str]) -> None:
        acknowledged = set(await self.stormed()) & set(request_ids)
        assert len(acknowledged) == len(set(request_ids)) == len(request_ids)
        heard = await self.rows("matching", "SELECT proposition_id FROM proposition")
        assert set(request_ids) <= {row["proposition_id"] for row in heard}
        for request_id in request_ids:
            assert await self.said_about(request_id) == {"request-placed": 1}

    async def with_dead_letters(self, action: str) -> None:
        """As an operator does, by command."""
        arguments = [action, "all", "--nats", self.node.nats.url, "--node", self.node.name]
        assert await asyncio.to_thread(dead_letters.main, arguments) == 0
