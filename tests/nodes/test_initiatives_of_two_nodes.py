"""Two people of two regions do something together: each writes and reads in their own node."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest

from contracts.event import new_id
from contracts.matching import IntroductionMade, Party, PartyErased
from contracts.members import MemberErased, NodeKnown, PublicKey
from contracts.requests import (
    InitiativeEnded,
    InitiativeNews,
    InitiativeNoteTold,
    InitiativeQuietDue,
    InitiativeStarted,
    InitiativeTold,
)
from contracts.vocabulary import Kind, Side
from services.requests.app import service
from tests.given import Running, eventually, fresh_name, running
from tests.nodes.conftest import Country, happen
from tests.nodes.sourcing import connect, disconnect
from tests.requests.conftest import a_request, an_offer, slug


@pytest.fixture(scope="module")
async def started(postgres: Any, nats: Any) -> AsyncIterator[Country]:
    """Requests of a nation and two regions."""
    names = [fresh_name(place) for place in ("national", "zeeland", "brabant")]
    async with AsyncExitStack() as stack:
        nodes = [
            await stack.enter_async_context(running(service, postgres, nats, node=name, national_node=names[0]))
            for name in names
        ]
        await connect(nodes[0].service.streams.js, names[0], names[1:])
        yield Country(*nodes)


def noor(country: Country):
    return country.zeeland.http_as("noor", organisations=("vechtdal",))


def sem(country: Country):
    return country.brabant.http_as("sem", organisations=("warmtewerk",))


def name_of(node: Running) -> str:
    return node.service.settings.node


@pytest.fixture
async def introduced(country: Country) -> str:
    """Noor of Zeeland and Sem of Brabant were introduced: each node heard so."""
    return await introduce(country)


async def introduce(country: Country, *nodes: Running, match_id: str | None = None) -> str:
    match_id = match_id or new_id()
    asked = (await noor(country).post("/v1/requests", json=a_request())).json()["request_id"]
    offered = (await sem(country).post("/v1/offers", json=an_offer())).json()["offer_id"]
    for here in nodes or (country.nation, country.zeeland, country.brabant):
        parties = {
            side: Party(
                member_id=member,
                organisation_id=organisation,
                organisation_name=organisation.title(),
                place="Goes",
                title="Stage in de haven",
                node=None if node is here else name_of(node),
                node_name=None if node is here else "Om de Hoek verderop",
            )
            for side, member, organisation, node in (
                ("asker", "noor", "vechtdal", country.zeeland),
                ("offerer", "sem", "warmtewerk", country.brabant),
            )
        }
        kinds = {"request_kind": Kind.INTERNSHIP, "offer_kind": Kind.INTERNSHIP}
        made = IntroductionMade(
            match_id=match_id, request_id=asked, offer_id=offered, score=0.8, reasons=(), **parties, **kinds
        )
        await here.when(made)
    await country.quiet()
    for node in country.nodes:
        await node.given()
    return match_id


async def start(country: Country, client, match_id: str, text: str = "Samen naar de haven."):
    answer = await client.post("/v1/initiatives", json={"match_id": match_id, "text": text})
    assert answer.status_code == 201, answer.text
    await country.quiet()
    return f"/v1/initiatives/{match_id}"


async def seen_alike(country: Country, path: str):
    """What both sides see of it, each in their own node, when that is the same but for where they stand."""
    both = [(await who.get(path)).json() for who in (noor(country), sem(country))]
    for one in both:
        for name in ("my_side", "request", "offer", "place", "themes", "noted_at"):
            one.pop(name)
    assert both[0] == both[1]
    return both[0]


async def test_both_read_and_write_it_in_their_own_node(country, introduced):
    path = await start(country, noor(country), introduced)
    (news,) = await country.brabant.said(InitiativeNews)
    assert (news.news, [one.member_id for one in news.readers], news.title) == ("started", ["sem"], "Stage in de haven")
    assert (await country.zeeland.said(InitiativeNews), await country.nation.said(InitiativeNews)) == ([], [])
    assert len(await country.zeeland.said(InitiativeStarted)) == 1  # one node tells the country
    assert await country.brabant.said(InitiativeStarted) == []

    await sem(country).post(f"{path}/notes", json={"text": "De haven bekeken."})
    await noor(country).post(f"{path}/notes", json={"text": "Vier studenten begonnen."})
    await country.quiet()
    await sem(country).post(f"{path}/end", json={"status": "done", "outcome": "Vier diploma's.", "students": 4})
    await country.quiet()

    one = await seen_alike(country, path)
    assert {note["text"] for note in one["notes"]} == {"De haven bekeken.", "Vier studenten begonnen."}
    assert (one["status"], one["ended_by"], one["outcome"]) == ("done", "offer", "Vier diploma's.")
    assert [event.news for event in await country.zeeland.said(InitiativeNews)] == ["ended"]
    (ended,) = await country.brabant.said(InitiativeEnded)
    assert (ended.outcome, ended.students) == (None, 4)
    assert await country.zeeland.said(InitiativeEnded) == []


async def test_what_both_did_while_the_line_was_cut_ends_the_same(country, introduced):
    js, names = country.nation.service.streams.js, [name_of(node) for node in country.nodes]
    await disconnect(js, names[0])  # by which all passes
    for who, text, status in ((noor(country), "Noors plan.", "done"), (sem(country), "Sems plan.", "lasting")):
        answer = await who.post("/v1/initiatives", json={"match_id": introduced, "text": text})
        path = answer.headers["location"]
        await who.post(f"{path}/notes", json={"text": f"Bij {text}"})
        await who.post(f"{path}/end", json={"status": status})

    await connect(js, names[0], names[1:])

    async def heard() -> bool:
        return (await sem(country).get(path)).json()["text"] == "Noors plan."

    await eventually(heard, saying="what was said meanwhile")
    await country.quiet()
    one = await seen_alike(country, path)
    assert (one["text"], one["status"], one["ended_by"]) == ("Noors plan.", "done", "request")
    assert {note["text"] for note in one["notes"]} == {"Bij Noors plan.", "Bij Sems plan."}


async def test_what_both_changed_while_the_line_was_cut_reads_the_same_and_an_end_keeps_it(country, introduced):
    path = await start(country, noor(country), introduced)
    js, names = country.nation.service.streams.js, [name_of(node) for node in country.nodes]
    await disconnect(js, names[0])
    for who, title in (
        (sem(country), "Sems titel"),
        (sem(country), "Sems tweede titel"),
        (noor(country), "Noors titel"),
    ):
        seen = {"If-Match": (await who.get(path)).headers["ETag"]}
        changed = await who.put(path, json={"title": title, "starts_on": "2030-02-01"}, headers=seen)
        assert changed.status_code == 200
    assert (await noor(country).post(f"{path}/end", json={"status": "lasting"})).status_code == 200

    await connect(js, names[0], names[1:])

    async def heard() -> bool:
        both = [(await who.get(path)).json() for who in (noor(country), sem(country))]
        return [(one["title"], one["status"]) for one in both] == [("Sems tweede titel", "lasting")] * 2

    await eventually(heard, within=60, saying="what was said meanwhile")
    await country.quiet()
    assert (await seen_alike(country, path))["starts_on"] == "2030-02-01"
    assert "changed" in [event.news for event in await country.zeeland.said(InitiativeNews)]


@pytest.mark.parametrize("by", ["a note", "another day"])
async def test_a_second_silence_is_looked_for_in_both_nodes_whoever_broke_the_first(country, introduced, by):
    path = await start(country, noor(country), introduced)
    for node in (country.zeeland, country.brabant):
        node.clock.move(days=31)
        await node.when(InitiativeQuietDue(initiative_id=introduced))
        assert [event.news for event in await node.said(InitiativeNews)][-1] == "quiet"
        await node.given()

    if by == "a note":
        await sem(country).post(f"{path}/notes", json={"text": "De haven bekeken."})
    else:
        seen = {"If-Match": (await sem(country).get(path)).headers["ETag"]}
        later = (country.brabant.clock() + timedelta(days=9)).date().isoformat()
        await sem(country).put(path, json={"title": "Samen", "starts_on": later}, headers=seen)
    await country.quiet()

    for node in (country.zeeland, country.brabant):
        assert any(introduced in subject for subject in await timers(node))


async def timers(node: Running) -> list[str]:
    """What is waited for since `given`."""
    subjects = [subject for subject, _ in await node.messages("local", since_given=True)]
    return [subject for subject in subjects if subject.split(".")[2] == "timer"]


async def test_what_is_told_before_the_introduction_is_seen_from_then_on(country):
    match_id = await introduce(country, country.zeeland)
    path = await start(country, noor(country), match_id)
    await noor(country).post(f"{path}/notes", json={"text": "Alvast begonnen."})
    await country.quiet()
    assert slug(await sem(country).get(path)) == "initiative-not-found"

    await introduce(country, country.brabant, match_id=match_id)

    assert (await sem(country).get(path)).json()["notes"][0]["text"] == "Alvast begonnen."


async def test_a_node_tells_only_of_its_own_people(country, introduced):
    path = await start(country, noor(country), introduced)
    told = InitiativeNoteTold.model_validate(
        {"initiative_id": introduced, "note_id": new_id(), "side": "request", "happened_on": "2026-01-01",
         "text": "Verzonnen.", "noted_at": country.zeeland.clock()}
    )  # fmt: skip
    for said_by in (name_of(country.brabant), name_of(country.nation)):
        await country.zeeland.publish_elsewhere(told, said_by=said_by, to_us=True)
    await country.quiet()

    assert (await noor(country).get(path)).json()["notes"] == []


@pytest.mark.parametrize("teller", ["zeeland", "nation"])
async def test_who_is_erased_in_one_node_is_gone_from_the_other(country, introduced, teller):
    path = await start(country, noor(country), introduced, "Noors woorden.")
    for who, text in ((noor(country), "Noors notitie."), (sem(country), "Sems notitie.")):
        await who.post(f"{path}/notes", json={"text": text})
    await country.quiet()
    other = await introduce(country)  # of which nothing came

    await happen(country, country.zeeland, MemberErased(member_id="noor", version=3))
    erased = PartyErased(member_id="noor", node=name_of(country.zeeland))  # as matching says it, there or in the nation
    await country.brabant.publish_elsewhere(erased, said_by=name_of(getattr(country, teller)), to_us=True)
    await country.quiet()

    left = (await sem(country).get(path)).json()
    assert (left["title"], left["text"], left["status"], left["erased"]) == (None, None, "stopped", ["request"])
    assert [note["text"] for note in left["notes"]] == ["Sems notitie."]
    assert [event.news for event in await country.brabant.said(InitiativeNews)] == ["ended"]
    for node in country.nodes:  # what the two nodes said to each other passed the nation
        kept = [body for kind in ("shared", "local", "elsewhere") for _, body in await node.messages(kind)]
        assert not [body for body in kept if b"Noors woorden" in body or b"Noors notitie" in body]
    assert slug(await sem(country).get(f"/v1/introductions/{other}")) == "introduction-not-found"


async def test_the_nation_keeps_no_words_of_who_is_erased_second(country, introduced):
    await start(country, sem(country), introduced, "Sems woorden.")
    await happen(country, country.zeeland, MemberErased(member_id="noor", version=3))
    await country.quiet()
    zeeland = name_of(country.zeeland)
    await happen(country, country.nation, NodeKnown(node=zeeland, shown_name="Zeeland", key=PublicKey(kid="k", x="x")))
    await country.quiet()

    await happen(country, country.brabant, MemberErased(member_id="sem", version=3))
    await country.quiet()

    kept = [body for kind in ("shared", "local", "elsewhere") for _, body in await country.nation.messages(kind)]
    assert not [body for body in kept if b"Sems woorden" in body]


async def test_a_node_that_was_put_back_is_told_again(country, introduced):
    path = await start(country, noor(country), introduced)
    await noor(country).post(f"{path}/notes", json={"text": "Begonnen."})
    await country.quiet()
    async with country.brabant.service.engine.begin() as connection:
        for table in ("note", "initiative"):
            await connection.execute(country.brabant.service.tables.metadata.tables[table].delete())

    node = name_of(country.brabant)
    await happen(country, country.nation, NodeKnown(node=node, shown_name="Brabant", key=PublicKey(kid="k", x="x")))

    one = await seen_alike(country, path)
    assert [note["text"] for note in one["notes"]] == ["Begonnen."]
    assert one["status"] == "running"
    assert {Side(one["started_by"])} == {Side.REQUEST}
    assert InitiativeTold.wire_name in {event.wire_name for _, event in await country.zeeland.envelopes()}
