"""The website that a partner network tells of an organisation is compared with those of others."""

from contracts.members import OrganisationMerged, RecordAccepted
from contracts.places import find_place
from contracts.vocabulary import Network, OrganisationKind
from services.members.tables import Organisation
from tests.members.test_told_by_networks import a_school


async def test_what_two_networks_tell_with_one_website_and_nearly_one_name_is_one(members):
    of = {"kind": OrganisationKind.PARTNER, "brin": None}
    await members.given(a_school(name="Zonnevonk", website="https://www.zonnevonk.example/", **of))

    far = {"name": "Zonevonk", "place": find_place("Breda"), "website": "zonnevonk.example"}
    await members.when(told := a_school(Network.KATAPULT, **of | far))

    known_as = {event.record_id: event.known_as for event in await members.said(RecordAccepted)}
    assert [event.organisation_id for event in await members.said(OrganisationMerged)] == [known_as[told.record_id]]


async def test_a_website_that_is_told_later_is_looked_at(members):
    of = {"kind": OrganisationKind.PARTNER, "brin": None, "name": "Zonnevonk", "website": "zonnevonk.example"}
    await members.given(a_school(**of))
    told = a_school(Network.KATAPULT, **of | {"name": "Zonevonk", "place": find_place("Breda"), "website": None})
    await members.when(told)
    (accepted,) = [one for one in await members.said(RecordAccepted) if one.record_id == told.record_id]
    again = told.model_copy(update={"version": 2, "known_as": accepted.known_as})
    assert await members.said(OrganisationMerged) == []

    await members.when(again.model_copy(update={"website": "zonnevonk.example"}))

    (merged,) = await members.said(OrganisationMerged)
    assert merged.organisation_id == accepted.known_as


async def test_a_website_that_is_left_out_is_said_no_more(members):
    await members.when(told := a_school(website="vechtdal.example"))
    (accepted,) = await members.said(RecordAccepted)
    assert await website(members, accepted.known_as) == "vechtdal.example"

    await members.when(told.model_copy(update={"version": 2, "known_as": accepted.known_as, "website": None}))

    assert await website(members, accepted.known_as) is None


async def website(members, organisation_id):
    """What counts as the website of an organisation."""
    async with members.session() as session:
        return (await session.get(Organisation, organisation_id)).website
