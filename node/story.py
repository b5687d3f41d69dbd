"""`./odh story`: the main story, played on the running node for anyone to watch.

Everything goes through the public address, as a browser would, and every link comes from a mail that was
really sent.
"""

import argparse
import asyncio
import random
import string
import sys
import time
import tomllib
from contextlib import AsyncExitStack
from typing import Any

from node import ROOT, addresses
from node.addresses import Addresses
from node.called_from import from_where_called
from node.client import TROUBLE, Mail, Person, Refused, until
from node.telling import Teller

WORDS: dict[str, Any] = tomllib.loads((ROOT / "node" / "story.toml").read_text())


class StoryBroke(Exception):
    """Something came, and it was not what should have come."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="odh story", description="Speel het hoofdverhaal na (play the main story).")
    parser.add_argument("--data", type=from_where_called, default=addresses.DATA, help="map van de node")
    parser.add_argument("--language", choices=("nl", "en"), default="nl", help="de taal van de mails (nl)")
    parser.add_argument("--gateway", help="adres van een node die hier niet met ./odh up draait (of another node)")
    parser.add_argument("--mail", help="waar de mail van die node te lezen is (where its mail is read)")
    parser.add_argument("--team", default="team@omdehoek.example", help="adres van het team van die node")
    options = parser.parse_args()
    if bool(options.gateway) != bool(options.mail):
        parser.error("--gateway en --mail horen bij elkaar (go together)")
    where = addresses.read(options.data) if options.gateway is None else elsewhere(options)
    if where is None:
        print(f"Er draait geen node op {options.data}; start er een met ./odh up (no node runs here).", file=sys.stderr)
        return 1
    try:
        asyncio.run(play(where, Teller(), language=options.language))
    except (*TROUBLE, StoryBroke) as broke:
        print(f"\nHet verhaal stokt (the story stops): {broke or type(broke).__name__}", file=sys.stderr)
        return 1
    return 0


def elsewhere(options: argparse.Namespace) -> Addresses:
    return addresses.seen_from_outside(gateway=options.gateway, mail=options.mail, team=options.team)


async def play(where: Addresses, teller: Teller, *, language: str = "nl") -> "Story":
    """From nobody to two people who have each other's telephone number and begin; returns what happened."""
    since = time.monotonic()
    async with AsyncExitStack() as cast:
        story = Story(where, teller, cast, language)
        await story.two_join()
        await story.an_ambassador_is_appointed()
        await story.the_school_offers()
        await story.the_company_asks()
        await story.the_answer_is_around_the_corner()
        await story.both_are_asked()
        await story.both_say_yes()
        await story.they_do_something_together()
    teller.end(
        f"Klaar in {time.monotonic() - since:.1f} s. Alle mail van deze node staat op {where.mail}",
        "Done. All mail of this node can be read there.",
    )
    return story


class Story:
    """The acts, and what came of them. Everybody is invented anew, so that it can be played again on the same node."""

    def __init__(self, where: Addresses, teller: Teller, cast: AsyncExitStack, language: str) -> None:
        self.where, self._teller, self._cast, self._language = where, teller, cast, language
        self._number = f"{random.randrange(10_000):04}"
        self.people: list[Person] = []
        self.mails: list[Mail] = []

    async def two_join(self) -> None:
        self._teller.step("Een school en een bedrijf doen mee", "A school and a company join")
        school = {"kind": "school", "name": "ROC Lindebeek", "place": {"name": "Zeist"}, "brin": self._brin()}
        self.teacher = await self._joins(
            "Nadia Bouzidi", "nadia.bouzidi@lindebeek", "docent meubel en interieur", organisation=school
        )
        company = {"kind": "company", "name": "Tweede Ronde Winkelbouw", "place": {"name": "Utrecht"}}
        self.owner = await self._joins(
            "Kofi Mensah", "kofi@tweederonde", "eigenaar", organisation=company | {"kvk": self._digits(8)}
        )

    async def an_ambassador_is_appointed(self) -> None:
        self._teller.step("Het team van de regio benoemt een ambassadeur", "The region's team appoints an ambassador")
        school_id = await self.teacher.organisation_id()
        self.ambassador = await self._joins(
            "Hanneke Visser", "hanneke.visser@lindebeek", "practor circulair ontwerpen", organisation_id=school_id
        )
        team = await self._cast.enter_async_context(Person(self.where, name="Team", email=self.where.team[0]))
        mail = await team.ask_to_sign_in()
        self._teller.say("Het team logt in met een link in de mail.", "The team signs in by a link in the mail.")
        self._mailed(mail)
        await team.follow(mail)
        await team.put(f"/ambassadors/{await self.ambassador.member_id()}", {"organisation_ids": [school_id]})
        await self.ambassador.follow(await self.ambassador.ask_to_sign_in())  # so that it counts for her at once
        self._teller.say(
            "Hanneke Visser is nu ambassadeur van haar school: wat daar past, ziet zij als eerste.",
            "Hanneke Visser is her school's ambassador now: what fits there, she sees first.",
        )

    async def the_school_offers(self) -> None:
        self._teller.step("De school biedt aan wat ze kan", "The school offers what it can do")
        self.offer = await self.teacher.post("/offers", WORDS["answer"])
        self._teller.quote(self.offer)
        for other in WORDS["others"]:
            self._teller.quote(await self.teacher.post("/offers", other))
        self._teller.say("Ver weg staat iets dat er sterk op lijkt.", "Far away there is something much like it.")
        school = {"kind": "school", "name": "Mbo Klinkerhaven", "place": {"name": "Groningen"}, "brin": self._brin()}
        stranger = await self._joins(
            "Jelle Hofstra", "jelle.hofstra@klinkerhaven", "docent", organisation=school, aloud=False
        )
        self._teller.quote(await stranger.post("/offers", WORDS["far_away"]))

    async def the_company_asks(self) -> None:
        self._teller.step("Het bedrijf stelt een vraag, in eigen woorden", "The company asks, in its own words")
        self.request = await self.owner.post("/requests", WORDS["asked"])
        self._teller.quote(self.request)

    async def the_answer_is_around_the_corner(self) -> None:
        self._teller.step("Het antwoord ligt om de hoek", "The answer is around the corner")
        mail, match = await self._proposal()
        self._teller.say("De ambassadeur krijgt het voorstel als eerste.", "The ambassador gets the proposal first.")
        self._mailed(mail)
        self._teller.say(f"Waarom dit past (score {match['score']:.2f}):", "Why it fits:")
        self._teller.list([reason["words"] for reason in match["reasons"]])
        await self.ambassador.post(f"/matches/{match['match_id']}/endorse")
        self._teller.say(
            "Hanneke ziet het ook, en brengt de twee bij elkaar.", "She agrees, and brings the two together."
        )

    async def both_are_asked(self) -> None:
        self._teller.step("Beide kanten krijgen de vraag", "Both sides are asked")
        for person in (self.owner, self.teacher):
            self._mailed(await person.mail(self._match_page))

    async def both_say_yes(self) -> None:
        self._teller.step("Allebei ja: de kennismaking", "Two times yes: the introduction")
        for person in (self.owner, self.teacher):
            answered = await person.post(f"/matches/{self.match_id}/answer", {"accepted": True})
            self._teller.say(f"{person.name} zegt ja.", f"{person.name} says yes.")
        if answered["state"] != "introduced":
            raise StoryBroke(f"na twee keer ja is de match {answered['state']}, geen kennismaking")
        for person, other in ((self.owner, self.teacher), (self.teacher, self.owner)):
            mail = await person.mail(self._match_page)
            self._mailed(mail)
            if not all(detail in mail.text for detail in (other.name, other.email)):
                raise StoryBroke(f"de mail aan {person.email} heeft de gegevens van {other.name} niet")

    async def they_do_something_together(self) -> None:
        self._teller.step("Samen beginnen ze iets", "They start something together")
        await until(self._can_start, "een kennismaking waar iets uit kan beginnen")
        plan = {"match_id": self.match_id, **WORDS["together"]}
        self.initiative = await self.owner.post("/initiatives", plan)
        self._teller.say(f"{self.owner.name}: {self.initiative['text']}", "He writes down what they will do.")
        self._mailed(await self.teacher.mail("/initiatives/"))
        page = f"/initiatives/{self.match_id}"
        await self.teacher.post(f"{page}/notes", {"text": WORDS["noted"]["text"]})
        self._teller.say(f"{self.teacher.name} schrijft erbij: {WORDS['noted']['text']}", "She notes what happened.")

    async def _can_start(self) -> bool:
        try:
            return bool(await self.owner.get(f"/introductions/{self.match_id}"))
        except Refused:
            return False

    # What the acts have in common.

    @property
    def _match_page(self) -> str:
        return f"/matches/{self.match_id}"

    async def _joins(self, name: str, address: str, role: str, *, aloud: bool = True, **organisation: Any) -> Person:
        """Somebody fills in the form and follows the link in the mail."""
        email = f"{address}-{self._number}.example"
        details = {"phone": f"06 1{self._digits(7)}", "language": self._language}
        person = await self._cast.enter_async_context(Person(self.where, name=name, email=email, **details))
        mail = await person.join(role=role, **organisation)
        if aloud:
            where = organisation.get("organisation", {}).get("name", "ROC Lindebeek")
            self._teller.say(f"{name}, {role} bij {where}, meldt zich aan.", f"{name} of {where} joins.")
            self._mailed(mail)
        await person.follow(mail)
        self.people.append(person)
        return person

    async def _proposal(self) -> tuple[Mail, Any]:
        """The ambassador's mail about these two; others may have been proposed to her as well."""
        while True:
            mail = await self.ambassador.mail("/matches/")
            match = await self.ambassador.get(f"/matches/{mail.id_after('/matches/')}", language=self._language)
            found = match["request"]["request_id"], match["offer"]["offer_id"]
            if found == (self.request["request_id"], self.offer["offer_id"]):
                self.match_id = match["match_id"]
                return mail, match

    def _mailed(self, mail: Mail) -> None:
        self.mails.append(mail)
        self._teller.mail(mail)

    def _brin(self) -> str:
        return self._digits(2) + "".join(random.choices(string.ascii_uppercase, k=2))

    def _digits(self, count: int) -> str:
        return "".join(random.choices(string.digits, k=count))
