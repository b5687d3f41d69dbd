"""The demo data of `./odh up --demo`: invented people join, ask and offer, and some of them are brought together.

They come in through the public address like everybody else. Loaded once: a note in the node's data says so, and a
loading that was broken off goes on where it stopped.
"""

import asyncio
import tomllib
from collections.abc import Awaitable, Iterable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from node import ROOT
from node.addresses import Addresses
from node.client import Person, Refused, until
from node.demo_partner import try_things_out

DEMO: dict[str, Any] = tomllib.loads((ROOT / "node" / "demo.toml").read_text())
AT_ONCE = 6  # so many people come in at the same time
ORGANISATIONS = {one["key"]: one for one in DEMO["organisations"]}


async def load(where: Addresses, data: Path) -> None:
    """Does nothing when it was done before on this data."""
    note = data / "demo-is-loaded"
    if note.exists():
        return
    async with AsyncExitStack() as cast:
        demo = Demo(where, cast)
        await demo.everybody_joins()
        await demo.ambassadors_are_appointed()
        await demo.everybody_places("offers")
        await demo.everybody_places("requests")
        await demo.some_are_brought_together()
        await demo.desks_have_something()
        await demo.a_network_tries_things_out()
        await demo.some_are_kept_out()
    note.touch()


def faces() -> list[tuple[str, str]]:
    """Some people to look through the eyes of: what they are, and their address."""
    ambassador = next(one for one in DEMO["people"] if "ambassador" in one)
    kinds = {kind: next(one for one in DEMO["people"] if _kind(one) == kind) for kind in ("school", "company")}
    return [(one["role"], one["email"]) for one in (kinds["school"], kinds["company"], ambassador)]


class Demo:
    def __init__(self, where: Addresses, cast: AsyncExitStack) -> None:
        self._where, self._cast = where, cast
        self._people: dict[str, Person] = {}
        self._organisation_ids: dict[str, str] = {}
        self._room = asyncio.Semaphore(AT_ONCE)

    async def everybody_joins(self) -> None:
        """The first of each organisation brings it along; the others join it."""
        first = {one["organisation"]: one for one in reversed(DEMO["people"])}.values()
        await self._together(self._joins(one, organisation=_organisation(one["organisation"])) for one in first)
        others = [one for one in DEMO["people"] if one not in first]
        ids = self._organisation_ids
        await self._together(self._joins(one, organisation_id=ids[one["organisation"]]) for one in others)

    async def ambassadors_are_appointed(self) -> None:
        self._team = await self._enter(Person(self._where, name="Team", email=self._where.team[0]))
        await self._team.follow(await self._team.ask_to_sign_in())
        await self._together(self._appointed(one) for one in DEMO["people"] if "ambassador" in one)

    async def everybody_places(self, side: str) -> None:
        await self._together(self._places(side, one) for one in DEMO[side])

    async def some_are_brought_together(self) -> None:
        await self._together(self._brought_together(**one) for one in DEMO["outcomes"])

    async def desks_have_something(self) -> None:
        """The team asks somebody to help, wants to come back to something, and invites somebody."""
        for one in DEMO["asks"]:
            request_id = await self._request_of(one["request"])
            member_id = await self._people[one["member"]].member_id()
            ask = {"request_id": request_id, "member_id": member_id, "note": one["note"]}
            await until(partial(self._asked, ask), "een vraag om hulp")
        for one in DEMO["follow_ups"]:
            day = datetime.now(UTC).date() + timedelta(days=one["days"])
            about = {"matter": "request", "matter_id": await self._request_of(one["request"])}
            await self._team.post("/follow-ups", about | {"note": one["note"], "due_on": day.isoformat()})
        for one in DEMO["invitations"]:
            await self._team.post("/invitations", one)

    async def a_network_tries_things_out(self) -> None:
        """Its key is the operator's to give: so only where the node's databases are at hand."""
        if self._where.databases:
            contact = next(one for one in DEMO["people"] if _kind(one) == "school")
            await try_things_out(self._where, await self._people[contact["email"]].member_id())

    async def some_are_kept_out(self) -> None:
        """Last: they could not come in again for a loading that goes on where it stopped."""
        for one in DEMO["people"]:
            if one.get("kept_out"):
                await self._team.put(f"/members/{await self._people[one['email']].member_id()}/block")

    async def _request_of(self, title: str) -> str:
        placed = (await self._by("requests", title).get("/requests", mine="true"))["items"]
        return str(next(one["request_id"] for one in placed if one["title"] == title))

    async def _asked(self, ask: dict[str, Any]) -> Any:
        try:
            return await self._team.post("/asks", ask)
        except Refused as refused:  # matching has not heard of the request yet
            if refused.problem != "request-not-yours-to-look-after":
                raise
            return None

    async def _joins(self, one: dict[str, Any], **organisation: Any) -> None:
        details = {name: one[name] for name in ("phone", "language") if name in one}
        person = await self._enter(Person(self._where, name=one["name"], email=one["email"], **details))
        try:
            mail = await person.join(role=one["role"], **organisation)
        except Refused as refused:  # it was there already, from a loading that was broken off
            if refused.problem != "organisation-exists":
                raise
            mail = await person.join(role=one["role"], organisation_id=refused.fact("organisation_id"))
        await person.follow(mail)
        self._organisation_ids[one["organisation"]] = await person.organisation_id()
        self._people[one["email"]] = person

    async def _appointed(self, one: dict[str, Any]) -> None:
        member_id = await self._people[one["email"]].member_id()
        scope = dict(one["ambassador"])
        scope["organisation_ids"] = [self._organisation_ids[key] for key in scope.pop("organisations", ())]
        try:
            await self._team.put(f"/ambassadors/{member_id}", scope)
        except Refused as refused:  # they were one already, from a loading that was broken off
            if refused.problem != "precondition-required":
                raise

    async def _places(self, side: str, one: dict[str, Any]) -> None:
        person = self._people[one["by"]]
        placed = [found["title"] for found in (await person.get(f"/{side}", mine="true"))["items"]]
        if one["title"] not in placed:
            own = next(other for other in DEMO["people"] if other["email"] == one["by"])
            words = {name: value for name, value in one.items() if name not in ("by", "in_days")}
            words["text"] = " ".join(words["text"].split())  # its lines are those of the file
            if "in_days" in one:
                words["starts_on"] = (datetime.now(UTC).date() + timedelta(days=one["in_days"])).isoformat()
            await person.post(f"/{side}", {"place": ORGANISATIONS[own["organisation"]]["place"]} | words)

    async def _brought_together(self, request: str, state: str, together: dict[str, Any] | None = None) -> None:
        match = await until(lambda: self._match_of(request), f"een match voor “{request}”")
        page = f"/matches/{match['match_id']}"
        if match["state"] != "proposed":  # done by a loading that was broken off
            return
        await self._team.post(f"{page}/endorse")
        sides = {"endorsed": (), "request-said-yes": ("request",), "introduced": ("request", "offer")}[state]
        for side in sides:
            await self._by(f"{side}s", match[side]["title"]).post(f"{page}/answer", {"accepted": True})
        if together:
            asker, offerer = (self._by(f"{side}s", match[side]["title"]) for side in ("request", "offer"))
            await self._start(match["match_id"], asker, offerer, together)

    async def _start(self, match_id: str, asker: Person, offerer: Person, together: dict[str, Any]) -> None:
        """What two people do who were introduced, as soon as they can; some tell how it ended."""

        async def can_start() -> bool:
            try:
                return bool(await asker.get(f"/introductions/{match_id}"))
            except Refused:
                return False

        await until(can_start, "een kennismaking waar iets uit kan beginnen")
        await asker.post("/initiatives", {"match_id": match_id, "text": together["text"]})
        await offerer.post(f"/initiatives/{match_id}/notes", {"text": together["noted"]})
        if "ended" in together:
            await asker.post(f"/initiatives/{match_id}/end", together["ended"])

    async def _match_of(self, title: str) -> Any:
        """The best match of a request; the node's team sees them all."""
        found = (await self._team.get("/matches", limit=100))["items"]
        own = [match for match in found if match["request"]["title"] == title]
        return max(own, key=lambda match: (match["state"] != "proposed", match["score"]), default=None)

    def _by(self, side: str, title: str) -> Person:
        return self._people[next(one["by"] for one in DEMO[side] if one["title"] == title)]

    async def _enter(self, person: Person) -> Person:
        return await self._cast.enter_async_context(person)

    async def _together(self, works: Iterable[Awaitable[None]]) -> None:
        async def in_turn(work: Awaitable[None]) -> None:
            async with self._room:
                await work

        await asyncio.gather(*map(in_turn, works))


def _organisation(key: str) -> dict[str, Any]:
    return {name: value for name, value in ORGANISATIONS[key].items() if name != "key"}


def _kind(person: dict[str, Any]) -> str:
    return str(ORGANISATIONS[person["organisation"]]["kind"])
