"""What partners itself could not handle and the node's team throws away ends as rejected; what is told next counts."""

from typing import Any

import pytest
from sqlalchemy import text

from contracts.event import EventRejected
from contracts.partners import EventRefused, OrganisationTold, PersonTold, RecordWithdrawn, WaitEnded
from services.partners import ending, handlers, results, store
from tests.partners.conftest import PERSON, SCHOOL, Partners, an_event


@pytest.fixture(scope="module")
def partners_settings() -> dict[str, Any]:
    return {"attempts_max": 1}


async def fails(*_: Any, **__: Any) -> None:
    raise RuntimeError


async def thrown_away(partners: Partners, event: str) -> None:
    """The team throws away the one letter that partners left."""
    team = partners.http_as("m-team", roles=("node-team",))
    (letter,) = (await team.get("/team/dead-letters")).json()
    assert letter["event"] == event
    assert (await team.delete(f"/team/dead-letters/{letter['letter_id']}")).status_code == 204
    await partners.quiet()


async def not_handled(partners: Partners, receipt: dict[str, Any]) -> bool:
    """Whether an event ended so, which its partner reads and is told."""
    seen = await partners.receipt(receipt)
    refused = [event.receipt_id for event in await partners.heard_by(EventRefused)]
    ended = (seen["status"], (seen["problem"] or {}).get("type", "").rpartition("/")[2])
    return ended == ("rejected", "not-handled") and refused == [receipt["receipt_id"]]


async def counts(partners: Partners, receipt: dict[str, Any]) -> bool:
    """Whether members hears an event last, and it then ends accepted."""
    await partners.quiet()
    await partners.accepted((await partners.said(OrganisationTold))[-1], "the-school")
    return bool((await partners.receipt(receipt))["status"] == "accepted")


async def kept(partners: Partners) -> list[str]:
    """What is kept of what was told in events."""
    async with partners.session() as session:
        return list((await session.exec(text("SELECT CAST(data AS text) FROM receipt"))).scalars())


async def test_an_event_that_could_not_be_looked_at(partners, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(handlers, "look", fails)
        (receipt,) = await partners.pushed(an_event("organisation", "school-1", SCHOOL))
        await partners.quiet()
    await thrown_away(partners, "partners.event-received")

    assert await not_handled(partners, receipt)
    assert await kept(partners) == [None]
    (again,) = await partners.pushed(an_event("organisation", "school-1", SCHOOL))
    assert await counts(partners, again)


async def test_of_several_that_wait_the_newest_could_not_be_looked_at(partners, monkeypatch):
    await partners.pushed(an_event("organisation", "school-1", SCHOOL, sequence="1"))
    (first,) = await partners.said(OrganisationTold)
    right = an_event("organisation", "school-1", SCHOOL | {"name": "Het juiste"}, sequence="2")
    (waits, newest) = await partners.pushed(right, an_event("organisation", "school-1", SCHOOL, sequence="3"))
    await partners.quiet()
    with monkeypatch.context() as broken:
        broken.setattr(handlers, "look", fails)
        await partners.accepted(first, "the-school")
        await partners.quiet()
    await thrown_away(partners, "partners.event-received")

    assert await not_handled(partners, newest)
    assert await counts(partners, waits)
    assert [told.name for told in await partners.said(OrganisationTold)] == [SCHOOL["name"], "Het juiste"]


async def test_the_answer_to_what_was_told_could_not_be_handled(partners, monkeypatch):
    (receipt,) = await partners.pushed(an_event("organisation", "school-1", SCHOOL, sequence="1"))
    (waits,) = await partners.pushed(an_event("organisation", "school-1", SCHOOL, sequence="2"))
    (told,) = await partners.said(OrganisationTold)
    with monkeypatch.context() as broken:
        broken.setattr(results, "known_as", fails)
        await partners.accepted(told)
        await partners.quiet()
    await thrown_away(partners, "members.record-accepted")

    assert await not_handled(partners, receipt)
    assert await counts(partners, waits)


async def test_the_answer_that_something_is_withdrawn_could_not_be_handled(partners, monkeypatch):
    """Members took it back: that is what counts, for what comes late too."""
    (first,) = await partners.pushed(an_event("organisation", "school-1", SCHOOL, sequence="1"))
    assert await counts(partners, first)
    (receipt,) = await partners.pushed(an_event("organisation-withdrawn", "school-1", sequence="3"))
    (told,) = await partners.said(RecordWithdrawn)
    with monkeypatch.context() as broken:
        broken.setattr(results, "known_as", fails)
        await partners.accepted(told)
        await partners.quiet()
    await thrown_away(partners, "members.record-accepted")

    assert await not_handled(partners, receipt)
    (late,) = await partners.pushed(an_event("organisation", "school-1", SCHOOL, sequence="2"))
    assert (await partners.receipt(late))["late"]


async def test_a_refusal_of_what_was_told_could_not_be_handled(partners, monkeypatch):
    """What it told does not count as the newest."""
    (receipt,) = await partners.pushed(an_event("organisation", "school-1", SCHOOL, sequence="5"))
    await partners.quiet()
    (told_id,) = [one.id for one, event in await partners.envelopes() if isinstance(event, OrganisationTold)]
    with monkeypatch.context() as broken:
        broken.setattr(store, "told_as", fails)
        about = {"rejected_type": OrganisationTold.type_name(), "rejected_by": "members"}
        await partners.when(EventRejected(rejected_id=told_id, problem="https://x.example/p", title="No", **about))
        await partners.quiet()
    await thrown_away(partners, "chassis.event-rejected")

    assert await not_handled(partners, receipt)
    (older,) = await partners.pushed(an_event("organisation", "school-1", SCHOOL, sequence="4"))
    assert await counts(partners, older)


async def test_that_a_wait_is_over_could_not_be_handled(partners, monkeypatch):
    (receipt,) = await partners.pushed(an_event("person", "noor", PERSON))
    await partners.quiet()
    with monkeypatch.context() as broken:
        broken.setattr(ending, "refuse_for", fails)
        await partners.when(WaitEnded(receipt_id=receipt["receipt_id"]))
        await partners.quiet()
    await thrown_away(partners, "partners.wait-ended")

    assert await not_handled(partners, receipt)


async def test_what_another_service_gives_up_ends_nothing_that_is_not_of_it(partners):
    """Of an event that several hear, each may leave a letter."""
    (receipt,) = await partners.pushed(an_event("person", "noor", PERSON))
    await partners.quiet()
    for kind in (WaitEnded, PersonTold):
        about = {"rejected_type": kind.type_name(), "rejected_by": "notify", "rejected_about": receipt["receipt_id"]}
        await partners.when(EventRejected(rejected_id="x", problem="https://x.example/p", title="No", **about))

    assert (await partners.receipt(receipt))["status"] == "pending"
