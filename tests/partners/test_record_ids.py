"""The id of a record: of one node alone, and the same for good."""

from sqlalchemy import event

from contracts.partners import OrganisationTold, PersonTold, Thing
from services.partners import rules
from services.partners.app import service
from services.partners.tables import Record
from tests.given import running
from tests.partners.conftest import PERSON, SCHOOL, an_event, with_networks
from tests.partners.test_trying import tried


async def test_what_a_partner_of_the_same_name_tells_another_node_under_the_same_id_is_another_record(
    partners, postgres, nats
):
    """The nation hears of both."""
    async with running(service, postgres, nats) as there:
        ids = set()
        for node in (partners, await with_networks(there)):
            await node.pushed(an_event("organisation", "school-1", SCHOOL))
            (told,) = await node.said(OrganisationTold)
            ids.add(told.record_id)

    assert len(ids) == 2


async def test_nobody_else_can_tell_under_which_id_a_node_will_know_a_record(partners):
    """The nation keeps what it first hears under an id: who could say that first, would keep the record out."""
    names = ("docenten", f"{partners.service.settings.node}\ndocenten")
    guessed = {rules.record_id(name, Thing.ORGANISATION, "school-1") for name in names}

    await partners.pushed(an_event("organisation", "school-1", SCHOOL))
    (told,) = await partners.said(OrganisationTold)
    await partners.accepted(told, "the-school")
    await partners.pushed(an_event("organisation", "school-1", SCHOOL | {"name": "Vechtdal College Zwolle"}))

    told, again = await partners.said(OrganisationTold)
    assert told.record_id not in guessed
    assert again.record_id == told.record_id


async def test_of_which_node_records_are_is_not_asked_for_each_of_them(partners):
    asked = []

    def note(_connection, _cursor, statement, *_):
        asked.append(statement)

    engine = partners.service.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        await partners.pushed(*(an_event("organisation", f"school-{number}", SCHOOL) for number in range(3)))
        told = await partners.said(OrganisationTold)
    finally:
        event.remove(engine, "before_cursor_execute", note)

    of_records = [statement for statement in asked if "record.record_id" in statement]
    of_secrets = [statement for statement in asked if "signing_key" in statement]
    assert (len(told), len(of_records) >= 3, of_secrets) == (3, True, [])


async def test_what_was_told_before_nodes_were_kept_apart_keeps_its_id(partners):
    async with partners.session() as session:
        old = Record(record_id=rules.record_id("docenten", Thing.ORGANISATION, "school-1"), partner_id="docenten")
        old.thing, old.subject, old.known_as, old.version = Thing.ORGANISATION, "school-1", "the-school", 1
        session.add(old)
        await session.commit()
        old_id = old.record_id

    person, change = an_event("person", "noor", PERSON), an_event("organisation", "school-1", SCHOOL)
    seen = await tried(partners, person, change)
    await partners.pushed(person, change)

    assert [(one["effect"], one["unknown"]) for one in seen] == [("new", []), ("changed", [])]
    assert [told.organisation_id for told in await partners.said(PersonTold)] == ["the-school"]
    assert [(told.record_id, told.known_as) for told in await partners.said(OrganisationTold)] == [
        (old_id, "the-school")
    ]
