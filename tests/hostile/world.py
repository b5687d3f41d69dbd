"""A node of real processes, some people on it, and things of every sort that are one of theirs and nobody else's."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

import httpx
from joserfc.jwk import OKPKey

from chassis.database import engine_for, sessions_of
from chassis.identity import Identity, sign_identity
from contracts.event import new_id
from contracts.vocabulary import Network
from node.client import Person
from node.node import Node
from services.partners import contacts, keys
from services.partners.webhooks import endpoints
from tests.given import eventually, fresh_name
from tests.notify.pushing import Device
from tests.story.onlooker import Onlooker

#: On a machine that has other things to do as well.
PATIENCE = 60.0

SOURCE = "https://{}.example"


def told(title: str, **more: Any) -> dict[str, Any]:
    """What somebody asks or offers."""
    return {
        "kind": "guest-lesson",
        "themes": ["energy-transition"],
        "title": title,
        "text": f"{title} Dat zoeken of bieden wij graag, in de klas of bij ons.",
        "place": {"name": "Zeist"},
    } | more


@dataclass
class World:
    """`things` are ids by name; `secret` is what only some may read: by whom, and the words and ids themselves."""

    node: Node
    look: Onlooker
    people: dict[str, Person] = field(default_factory=dict)
    identities: dict[str, Identity] = field(default_factory=dict)
    things: dict[str, str] = field(default_factory=dict)
    #: What neither somebody else here nor an ambassador of elsewhere may ever be shown.
    secret: set[str] = field(default_factory=set)
    #: What goes in the fields of these names.
    values: dict[str, str] = field(default_factory=dict)
    #: The tokens of two partner networks, by name.
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> OKPKey:
        """The key that the node's gateway signs with: only a test may look at it."""
        return OKPKey.import_key(json.loads((self.node.data / "keys" / "identity.private.jwk.json").read_text()))

    def signed(self, who: str | Identity, service: str, *, key: OKPKey | None = None, node: str | None = None) -> str:
        """What a service takes for somebody's identity, or would if another key or another node could sign it."""
        identity = self.identities[who] if isinstance(who, str) else who
        return sign_identity(
            key or self.key, identity, node=node or self.node.name, audience=service, now=datetime.now(UTC)
        )

    def an_event(self) -> dict[str, Any]:
        """What the first partner network tells, and no other may: its source is its own."""
        return {
            "specversion": "1.0",
            "id": new_id(),
            "source": SOURCE.format(self.things["partner"]),
            "type": "nl.omdehoek.partner.organisation.v1",
            "subject": "school-1",
            "time": datetime.now(UTC).isoformat(),
            "data": {"kind": "centre", "name": fresh_name("Centrum"), "place": {"name": "Zwolle"}},
        }

    async def begin(self, stack: AsyncExitStack) -> None:
        """Everybody comes in, and does something of everything."""
        await self._everybody_joins(stack)
        await self._they_ask_and_offer()
        await self._two_are_brought_together()
        await self._an_ambassador_looks_after_them()
        await self._pairs_wait_for_a_decision()
        await self._partners_tell()
        await self.look.quiet(PATIENCE)
        me = await self.people["asker"].get("/members/me")
        self.things["affiliation"] = me["affiliations"][0]["affiliation_id"]
        inbox = (await self.people["asker"].get("/inbox"))["items"]
        self.things["item"] = inbox[0]["item_id"]
        self.secret |= {one["item_id"] for one in inbox}
        await self._is_signed_in_elsewhere_too(stack)
        await self._is_told_on_a_device()
        for name, person in self.people.items():
            one = await person.get("/sessions/current")
            self.identities[name] = Identity(
                member_id=one["member_id"], roles=frozenset(one["roles"]), scope=one["scope"],
                organisation_ids=tuple(one["organisation_ids"]),
            )  # fmt: skip
            self.things.setdefault(name, one["member_id"])
        self.identities["gateway"] = Identity(member_id="gateway", roles=frozenset({"gateway"}))

    async def _everybody_joins(self, stack: AsyncExitStack) -> None:
        self.people["team"] = team = Person(self.node.addresses(), name="Team", email=self.node.addresses().team[0])
        await stack.enter_async_context(team)
        await team.follow(await team.ask_to_sign_in())
        for name, full in (("asker", "Noor Jansen"), ("offerer", "Sem de Vries"), ("other", "Bas Kuipers")):
            await self._joins(stack, name, full, organisation=_centre())
        school, elsewhere = [await self.people[name].organisation_id() for name in ("asker", "other")]
        self.things |= {"organisation": school, "elsewhere_organisation": elsewhere}
        for name, full, where in (
            ("ambassador", "Anna Peters", school), ("colleague", "Bram Maas", school),
            ("elsewhere", "Erik Bos", elsewhere), ("victim", "Vera Blom", elsewhere),
            ("leaver", "Lars Groen", elsewhere), ("leaver_too", "Lotte Groen", elsewhere),
        ):  # fmt: skip
            await self._joins(stack, name, full, organisation_id=where)
        for name, where in (("ambassador", school), ("elsewhere", elsewhere)):
            await self._is_appointed(name, where)

    async def _is_signed_in_elsewhere_too(self, stack: AsyncExitStack) -> None:
        asker = self.people["asker"]
        elsewhere = await stack.enter_async_context(Person(self.node.addresses(), name=asker.name, email=asker.email))
        await elsewhere.follow(await elsewhere.ask_to_sign_in())
        sessions = await asker.get("/sessions")
        self.things["session"] = next(one["session_id"] for one in sessions if not one["is_current"])

    async def _is_told_on_a_device(self) -> None:
        self.values = Device(f"https://push.invalid/{fresh_name('device')}").given
        self.things["device"] = fresh_name("a-device-somewhere")
        await self.people["asker"].put(f"/push-devices/{self.things['device']}", self.values)
        self.secret |= {self.things["device"], self.values["endpoint"]}

    async def _is_appointed(self, name: str, organisation_id: str) -> None:
        person = self.people[name]
        scope = {"organisation_ids": [organisation_id]}
        await self.people["team"].put(f"/ambassadors/{await person.member_id()}", scope)
        await person.follow(await person.ask_to_sign_in())

    async def _joins(self, stack: AsyncExitStack, name: str, full: str, **organisation: Any) -> None:
        email, phone = f"{fresh_name(name.replace('_', '-'))}@vechtdal.example", f"06 1{random.randrange(10**7):07}"
        person = await stack.enter_async_context(Person(self.node.addresses(), name=full, email=email, phone=phone))
        await person.follow(await person.join(role="docent", **organisation))
        self.people[name] = person
        if name in ("asker", "offerer", "ambassador"):
            self.secret |= {email, phone.replace(" ", ""), f"+31{phone.replace(' ', '')[1:]}"}

    async def _they_ask_and_offer(self) -> None:
        asker, offerer = self.people["asker"], self.people["offerer"]
        first, second, third, hidden = (fresh_name(word) for word in ("warmte", "water", "wind", "verborgen"))
        self.secret.add(hidden)
        day = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
        placed = [
            ("offer", offerer, "/offers", told(f"Wij weten alles van {first}")),
            ("second_offer", offerer, "/offers", told(f"Wij weten alles van {second}", kind="site-visit")),
            ("third_offer", offerer, "/offers", told(f"Wij weten alles van {third}", kind="equipment")),
            ("draft_offer", offerer, "/offers", told(f"Nog niet klaar {hidden}", draft=True)),
            ("meeting", offerer, "/offers", told(f"Samen over {first}", kind="meeting", starts_on=day)),
            ("request", asker, "/requests", told(f"Wie weet alles van {first}?")),
            ("second_request", asker, "/requests", told(f"Wie weet alles van {second}?", kind="site-visit")),
            ("third_request", asker, "/requests", told(f"Wie weet alles van {third}?", kind="equipment")),
            ("draft_request", asker, "/requests", told(f"Nog niet klaar {hidden}", draft=True)),
        ]
        for name, person, path, words in placed:
            self.things[name] = (await person.post(path, words))[f"{path[1:-1]}_id"]
        self.secret |= {self.things["draft_offer"], self.things["draft_request"]}

        async def is_listed() -> bool:
            return bool((await asker.http.get(f"/api/v1/meetings/{self.things['meeting']}")).is_success)

        await eventually(is_listed, within=PATIENCE, saying="a meeting that can be read")
        await asker.put(f"/meetings/{self.things['meeting']}/sign-up", {})

    async def _two_are_brought_together(self) -> None:
        for before in ("", "second_", "third_"):
            asked, offered = self.things[f"{before}request"], self.things[f"{before}offer"]
            self.things[f"{before}match"] = await self._match_of(asked, offered)
        asker, offerer = self.people["asker"], self.people["offerer"]
        page, text = f"/matches/{self.things['match']}", fresh_name("samen")
        await self.people["ambassador"].post(f"{page}/endorse")
        for person in (asker, offerer):
            await person.post(f"{page}/answer", {"accepted": True})
        match_id = self.things["initiative"] = self.things["match"]

        async def can_start() -> bool:
            return bool((await asker.http.get(f"/api/v1/introductions/{match_id}")).is_success)

        await eventually(can_start, within=PATIENCE, saying="an introduction")
        await asker.post("/initiatives", {"match_id": match_id, "text": f"Wij gaan {text} beginnen, in de klas."})
        await offerer.post(f"/initiatives/{match_id}/notes", {"text": f"Vandaag was het zover met {text}."})
        self.secret |= {match_id, self.things["second_match"], self.things["third_match"], text}

    async def _match_of(self, *sides: str) -> str:
        team = self.people["team"]

        async def found() -> str | None:
            matches = (await team.get("/matches", limit=100))["items"]
            ours = (m for m in matches if (m["request"]["request_id"], m["offer"]["offer_id"]) == sides)
            return next((one["match_id"] for one in ours), None)

        return str(await eventually(found, within=PATIENCE, saying="a match"))

    async def _an_ambassador_looks_after_them(self) -> None:
        await self._is_appointed("colleague", self.things["organisation"])  # only now: or matches might go to him
        anna, note, second = self.people["ambassador"], fresh_name("notitie"), self.things["second_request"]
        offerer, colleague = [await self.people[name].member_id() for name in ("offerer", "colleague")]
        invited = f"{fresh_name('genodigd')}@vechtdal.example"
        for match in ("second_match", "third_match"):
            await anna.post(f"/matches/{self.things[match]}/hand-over", {"member_id": colleague, "note": note})
        asked = await anna.post("/asks", {"request_id": second, "member_id": offerer, "note": note})
        due = (datetime.now(UTC) + timedelta(days=7)).date().isoformat()
        about = {"matter": "request", "matter_id": second, "note": note, "due_on": due}
        self.things["ask"] = asked["ask_id"]
        self.things["follow_up"] = (await anna.post("/follow-ups", about))["follow_up_id"]
        self.things["invitation"] = (await anna.post("/invitations", {"email": invited}))["invitation_id"]
        self.secret |= {note, invited, *(self.things[name] for name in ("ask", "follow_up", "invitation"))}

    async def _pairs_wait_for_a_decision(self) -> None:
        """As they would be found: nobody has to look for two that are alike."""
        team = self.people["team"]
        ids = {name: await person.member_id() for name, person in self.people.items()}
        made = [(await team.post("/organisations", _centre()))["organisation_id"] for _ in range(3)]
        people = [ids[name] for name in ("leaver", "leaver_too", "victim")]
        pairs = [
            (f"{what}_{number}", table, first, second, "waiting")
            for what, table, three in (("persons", "same_persons", people), ("organisations", "same_pair", made))
            for number, (first, second) in enumerate(combinations(three, 2), 1)
        ]
        pairs.append(("own_pair", "same_persons", ids["asker"], ids["offerer"], "apart"))
        for name, table, first, second, status in pairs:
            self.things[name] = new_id()
            row = [self.things[name], *sorted((first, second)), status, datetime.now(UTC)]
            await self.look.rows(
                "members",
                f"INSERT INTO {table} (pair_id, first_id, second_id, agrees, status, found_at)"
                " VALUES ($1, $2, $3, '{}', $4, $5)",
                *row,
            )
            self.secret.add(self.things[name])

    async def _partners_tell(self) -> None:
        names, now = {name: fresh_name(name) for name in ("docenten", "centra")}, datetime.now(UTC)
        contact = await self.people["offerer"].member_id()
        engine = engine_for(self.node.addresses().databases["partners"], 2)
        async with sessions_of(engine)() as session:
            made = [
                await keys.add(session, name, network, SOURCE.format(name), now)
                for name, network in zip(names.values(), (Network.DUURZAAM_MBO, Network.KATAPULT), strict=True)
            ]
            hook = await endpoints.add(session, names["docenten"], "https://hooks.invalid/x", [], now, to_private=False)
            await contacts.add(session, names["docenten"], contact)
            self.things |= {"partner": names["docenten"], "webhook": hook.webhook_id}
            await session.commit()
        await engine.dispose()
        async with httpx.AsyncClient(base_url=self.node.url("gateway"), timeout=30) as http:
            for name, key in zip(names, made, strict=True):
                form = {"grant_type": "client_credentials"}
                basic = httpx.BasicAuth(key.client_id, key.client_secret or "")
                answer = await http.post("/partners/v1/token", data=form, auth=basic)
                self.tokens[name] = answer.json()["access_token"]
            own = {"Authorization": f"Bearer {self.tokens['docenten']}"}
            structured = own | {"Content-Type": "application/cloudevents+json"}
            taken = await http.post("/partners/v1/events", content=json.dumps(self.an_event()), headers=structured)
            self.things["receipt"] = taken.json()["receipts"][0]["receipt_id"]

            async def news() -> list[Any]:
                return list((await http.get("/partners/v1/news", headers=own)).json()["items"])

            self.things["news"] = (await eventually(news, within=PATIENCE, saying="news of an event"))[0]["id"]
        self.secret |= {names["docenten"], self.things["receipt"], self.things["webhook"]}


def _centre() -> dict[str, Any]:
    return {"kind": "centre", "name": fresh_name("Centrum"), "place": {"name": "Utrecht"}}


@asynccontextmanager
async def a_world(node: Node) -> AsyncIterator[World]:
    """New people on a node; they go home afterwards."""
    async with AsyncExitStack() as stack:
        world = World(node, Onlooker(node))
        await world.look.look()
        stack.push_async_callback(world.look.look_away)
        async with asyncio.timeout(5 * PATIENCE):
            await world.begin(stack)
        yield world
