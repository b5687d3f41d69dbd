"""A whole node with people of every sort on it, and a browser: what the tests of pages look at. All are invented."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import nats

from chassis.database import engine_for, sessions_of
from contracts.envelope import encode
from contracts.event import new_id
from contracts.members import MemberErased
from contracts.vocabulary import Network
from node import screenshots
from node.addresses import Addresses
from node.client import Person, Refused
from services.partners import keys
from services.partners.webhooks import endpoints
from tests.gateway.conftest import serving
from tests.gateway.oidc_provider import CLIENT_ID, CLIENT_SECRET, OidcProvider
from tests.given import eventually, fresh_name
from tests.story.conftest import running_node


@dataclass
class Street:
    """A node, a browser, and who lives there already."""

    where: Addresses
    browser: object
    asker: Person
    offerer: Person
    team: Person
    newcomer: Person
    elsewhere: OidcProvider
    """Where people can have an account that they sign in with."""

    def looking(self) -> dict[str, Person | None]:
        """Through whose eyes the pages are seen."""
        members = {"newcomer": self.newcomer, "asker": self.asker, "offerer": self.offerer, "team": self.team}
        return {"visitor": None} | members


@asynccontextmanager
async def a_street(data: Path, name: str = "test", **settings: str) -> AsyncIterator[Street]:
    """A company that offers something, somebody of a school that has asked for it, and matches of theirs so far."""
    secret, elsewhere = data.with_suffix(".secret"), OidcProvider()
    secret.write_text(CLIENT_SECRET)
    own = {"ODH_EMBEDDING_MODEL": "none", "ODH_PROPOSALS_PER_REQUEST_MAX": "1", "ODH_OIDC_NAME": "SURFconext"}
    own |= {"ODH_OIDC_CLIENT_ID": CLIENT_ID, "ODH_OIDC_CLIENT_SECRET_FILE": str(secret)}
    async with (
        serving(elsewhere.app()) as elsewhere.issuer,
        running_node(data, name=name, **(own | settings), ODH_OIDC_ISSUER=elsewhere.issuer) as node,
        screenshots.a_browser() as browser,
        AsyncExitStack() as stack,
    ):
        where = node.addresses()
        school = {"kind": "centre", "name": "CIV Lindebeek", "place": {"name": "Zeist"}}
        company = {"kind": "company", "name": "Warmtewerk", "place": {"name": "Houten"}, "kvk": "99990001"}
        asker, offerer, newcomer, kept_out, first, again, team = [
            await stack.enter_async_context(Person(where, name=name, email=email))
            for name, email in (
                ("Noor Jansen", "noor@lindebeek.example"),
                ("Sem de Vries", "sem@warmtewerk.example"),
                ("Nova Nieuwenhuis", "nova@lindebeek.example"),
                ("Rik Reclame", "rik@lindebeek.example"),
                ("Bo van den Hartog", "bo@lindebeek.example"),
                ("B. van den Hartog", "bo@thuis.example"),
                ("Team", where.team[0]),
            )
        ]
        await asker.follow(await asker.join(organisation=school))
        await offerer.follow(await offerer.join(organisation=company))
        for person in (newcomer, kept_out, first, again):
            await person.follow(await person.join(organisation_id=await asker.organisation_id()))
        await team.follow(await team.ask_to_sign_in())
        here = Street(where, browser, asker, offerer, team, newcomer, elsewhere)
        await team.put(f"/members/{await kept_out.member_id()}/block")
        await a_dead_letter(where)
        for state in ("proposed", "endorsed", "introduced", "running", "done"):
            await a_match(here, state)
        await _a_partner(where)
        await _a_desk(here)
        await _a_tip_and_a_meeting(here)
        yield here


async def _a_tip_and_a_meeting(street: Street) -> None:
    """What everybody can read: a tip, and a meeting with one place, which somebody has."""
    words = {"themes": ["energy-transition"], "text": "Zo leer je het in een middag.", "place": {"name": "Houten"}}
    await street.offerer.post("/offers", words | {"kind": "tip", "title": "Meet eerst, isoleer dan"})
    when = {"starts_on": (datetime.now(UTC) + timedelta(days=20)).date().isoformat(), "from_time": "14:00"}
    where = {"venue": "Werkplaats 2.04", "participants": 1, "kind": "meeting", "title": "Warmtepompen in de praktijk"}
    meeting = await street.offerer.post("/offers", words | when | where)
    at = f"/meetings/{meeting['offer_id']}"

    async def listed() -> bool:
        return len((await street.asker.get("/meetings"))["items"]) == 1 and bool(
            (await street.asker.get("/tips"))["items"]
        )

    await eventually(listed, saying="a tip and a meeting that everybody can read")
    await street.asker.put(f"{at}/sign-up", {"name": "Noor Jansen"})


async def _a_desk(street: Street) -> None:
    """The team asks who asks something to help somebody else, and wants to come back to it."""
    words = {"kind": "equipment", "themes": ["biodiversity"], "title": "Wie leent ons een insectenhotel?"}
    asked = {"text": "Voor onze tuin zoeken wij een insectenhotel te leen.", "place": {"name": "Houten"}}
    request = await street.offerer.post("/requests", words | asked)
    about = {"request_id": request["request_id"], "member_id": await street.asker.member_id()}
    await eventually(lambda: _asked(street, about | {"note": "Jullie hebben er toch een?"}), saying="a request there")
    note = {"matter": "request", "matter_id": request["request_id"], "note": "Bel de school over de tuin."}
    await street.team.post("/invitations", {"email": "iris@lindebeek.example", "name": "Iris Bakker"})
    await street.team.post("/follow-ups", note | {"due_on": (datetime.now(UTC).date() + timedelta(days=3)).isoformat()})


async def _asked(street: Street, ask: dict) -> bool:
    try:
        await street.team.post("/asks", ask)
    except Refused as refused:  # matching has not heard of the request yet
        if refused.problem != "request-not-yours-to-look-after":
            raise
        return False
    return True


async def _a_partner(where: Addresses) -> None:
    """A network whose event was rejected, and whose endpoint is nowhere."""
    engine, now = engine_for(where.databases["partners"], 2), datetime.now(UTC)
    async with sessions_of(engine)() as session:
        key = await keys.add(session, "centra", Network.KATAPULT, "https://centra.example", now)
        await endpoints.add(session, "centra", "https://centra.example/hooks", (), now, to_private=False)
        await session.commit()
    await engine.dispose()
    event = {"id": "1", "source": "https://centra.example", "subject": "centrum-1", "time": now.isoformat()}
    event |= {"specversion": "1.0", "type": "nl.omdehoek.partner.centre.v1", "data": {"name": "CIV Lindebeek"}}
    async with httpx.AsyncClient(base_url=f"{where.gateway}/partners/v1") as door:
        form, of_partner = {"grant_type": "client_credentials"}, (key.client_id, key.client_secret)
        token = (await door.post("/token", data=form, auth=of_partner)).json()["access_token"]
        told = {"Authorization": f"Bearer {token}", "Content-Type": "application/cloudevents+json"}
        assert (await door.post("/events", content=json.dumps(event), headers=told)).status_code == 202


async def a_match(street: Street, state: str, *, offered_in: str = "Houten", asked_in: str = "Zeist") -> str:
    """A match that was taken so far; gives the title of the request."""
    about = fresh_name("warmtepomp")
    words = {"kind": "guest-lesson", "themes": ["energy-transition"], "text": f"Alles over {about} in oude huizen."}
    await street.offerer.post("/offers", words | {"title": f"Gastles {about}", "place": {"name": offered_in}})
    asked = await street.asker.post("/requests", words | {"title": f"Wie weet {about}?", "place": {"name": asked_in}})

    at = f"/matches/{await match_of(street, asked)}"
    if state != "proposed":
        await street.team.post(f"{at}/endorse")
    if state not in ("proposed", "endorsed"):
        for person in (street.asker, street.offerer):
            await person.post(f"{at}/answer", {"accepted": True})
    if state in ("running", "done"):
        await _an_initiative(street, at.removeprefix("/matches/"), ended=state == "done")
    return str(asked["title"])


async def _an_initiative(street: Street, match_id: str, *, ended: bool) -> None:
    """What the two do together, with a note, and how it ended."""

    async def introduced() -> bool:
        try:
            return bool(await street.asker.get(f"/introductions/{match_id}"))
        except Refused:
            return False

    await eventually(introduced, saying="an introduction that was heard")
    draft = {"match_id": match_id, "text": "De klas legt een warmtepomp aan.", "starts_on": "2030-02-01"}
    at = f"/initiatives/{(await street.asker.post('/initiatives', draft))['initiative_id']}"
    await street.offerer.post(f"{at}/notes", {"text": "De eerste les is geweest."})
    if ended:
        await street.offerer.post(f"{at}/end", {"status": "done", "outcome": "Zes warmtepompen.", "students": 24})


async def match_of(street: Street, request: dict) -> str:
    """The match of a request, as soon as it is there."""

    async def found() -> str | None:
        matches = (await street.team.get("/matches", limit=100))["items"]
        ours = (one["match_id"] for one in matches if one["request"]["request_id"] == request["request_id"])
        return next(ours, None)

    return str(await eventually(found, saying="a match"))


async def a_dead_letter(where: Addresses) -> str:
    """Something that members could not handle, and can now; gives what it is about."""
    member_id = new_id()
    event = MemberErased(member_id=member_id)
    body = encode(event, event_id=new_id(), node=where.node, time=datetime.now(UTC), traceparent=None)
    told = {"Odh-Subject": event.subject(where.node), "Odh-Reason": "KeyError at members/erasure.py:1"}
    told |= {"Odh-Attempts": "6", "Odh-Buried-At": datetime.now(UTC).isoformat(timespec="seconds")}
    client = await nats.connect(where.nats)
    subject = f"odh.{where.node}.dead.members.members.member-erased.{member_id}"
    await client.jetstream().publish(subject, body, headers=told)
    await client.close()
    return member_id
