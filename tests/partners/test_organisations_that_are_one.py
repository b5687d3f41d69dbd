"""A partner hears as which organisation the one that it told is known here, when that is not by its word alone."""

from sqlalchemy import text

from contracts.members import OrganisationMerged, OrganisationParted, RecordAccepted
from contracts.partners import OrganisationJoined, OrganisationTold
from services.partners import results, store
from tests.given import eventually
from tests.partners.conftest import SCHOOL, an_event


async def a_told_school(partners):
    """The partner told of a school, and nobody answered yet."""
    await partners.pushed(an_event("organisation", "school-1", SCHOOL))
    return (await partners.said(OrganisationTold))[-1]


async def known_as(partners):
    """As what the partner heard that its own is known, one after another."""
    heard = await partners.heard_by(OrganisationJoined)
    assert {one.own_id for one in heard} <= {"school-1"}
    return [one.organisation_id for one in heard]


async def test_a_school_that_was_here_when_it_is_told_first_is_told_as_that(partners):
    told = await a_told_school(partners)

    await partners.when(RecordAccepted(record_id=told.record_id, version=1, known_as="the-school", joined=True))

    assert await known_as(partners) == ["the-school"]


async def test_a_merge_is_told_once_and_again_when_it_leads_further_or_is_undone(partners):
    told = await a_told_school(partners)
    await partners.accepted(told, "the-school")
    assert await known_as(partners) == []

    await partners.when(OrganisationMerged(organisation_id="the-school", version=2, into="older"), delivered_times=2)
    assert await known_as(partners) == ["older"]
    await partners.when(OrganisationMerged(organisation_id="older", version=2, into="oldest"))
    assert await known_as(partners) == ["older", "oldest"]
    of = {"from_id": "oldest", "together": ("the-school",)}
    await partners.when(OrganisationParted(organisation_id="older", version=3, **of))
    await partners.when(OrganisationParted(organisation_id="the-school", version=3, from_id="older"))

    assert await known_as(partners) == ["older", "oldest", "older", "the-school"]


async def test_a_merge_that_is_heard_before_the_answer_to_what_was_told_is_told_with_that(partners):
    told = await a_told_school(partners)
    await partners.when(OrganisationMerged(organisation_id="the-school", version=2, into="older"))

    await partners.accepted(told, "the-school")
    assert await known_as(partners) == ["older"]
    await partners.accepted(told, "older")  # as members answers what is told of it again

    assert await known_as(partners) == ["older"]


async def test_a_merge_that_was_undone_meanwhile_is_not_told_late(partners):
    told = await a_told_school(partners)
    await partners.accepted(told, "the-school")
    await partners.when(OrganisationParted(organisation_id="the-school", version=3, from_id="older"))

    await partners.when(OrganisationMerged(organisation_id="the-school", version=2, into="older"))

    assert await known_as(partners) == ["the-school"]


async def test_a_merge_that_is_heard_while_the_answer_is_not_committed_yet_is_told_too(partners):
    told = await a_told_school(partners)
    accepted = RecordAccepted(record_id=told.record_id, version=1, known_as="the-school")
    async with partners.session() as answering:
        record = await store.record(answering, told.record_id)
        await results.known_as(answering, record, accepted, partners.clock())
        await partners.publish(OrganisationMerged(organisation_id="the-school", version=2, into="older"))
        await eventually(lambda: somebody_waits(partners), saying="who heard of the merge waits")
        await answering.commit()

    assert await known_as(partners) == ["older"]


async def somebody_waits(partners):
    """Whether a transaction waits for what another holds."""
    async with partners.session() as session:
        own = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        held = f"SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'advisory' AND {own}"
        return (await session.exec(text(held))).first() is not None
