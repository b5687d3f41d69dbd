"""After the node was put back from a backup, who heard of it more tells that back, and hears how things stand."""

import pytest

from contracts.envelope import decode
from contracts.event import new_id
from contracts.matching import HeardVersion, ToldBack
from contracts.requests import OfferPlaced, PropositionLost, RecordAccepted, RequestChanged, RequestPlaced
from tests.requests.test_told_by_networks import a_question


async def told(region, by="national"):
    """What the other node hears alone."""
    heard = [(subject, decode(data)[1]) for subject, data in await region.messages("shared", since_given=True)]
    return [event for subject, event in heard if f".to.{by}." in subject]


async def test_what_differs_is_told_again_and_wins_and_what_is_lost_is_said(region):
    same, changed = await region.placed(), await region.placed()
    await region.given()
    lost = new_id()

    heard = [(same["id"], 1), (changed["id"], 7), (lost, 2)]
    page = ToldBack(page_id=new_id(), propositions=[HeardVersion(proposition_id=i, version=v) for i, v in heard])
    await region.publish_elsewhere(page, said_by="national", to_us=True)
    await region.quiet()

    (again, gone) = await told(region)
    assert isinstance(again, RequestChanged)
    assert (again.request_id, again.version, again.title) == (changed["id"], 8, changed["title"])
    assert gone == PropositionLost(proposition_id=lost, heard_version=2)
    await region.then_said(RequestChanged, PropositionLost)  # and nobody else hears anything


async def test_what_is_lost_and_told_again_by_a_network_wins_from_what_others_heard_of_it(region):
    record_id = new_id()
    for version in (4, 3):  # by two nodes
        heard = (HeardVersion(proposition_id=record_id, version=version),)
        await region.publish_elsewhere(ToldBack(page_id=new_id(), propositions=heard), said_by="national", to_us=True)
        await region.quiet()
    await region.given()

    await region.when(a_question(record_id))
    await region.when(a_question(record_id, 2, title="Wie komt er langs?"))

    placed, changed, *_ = await region.then_said(RequestPlaced, RequestChanged, RecordAccepted, RecordAccepted)
    assert (placed.request_id, placed.version, changed.version) == (record_id, 5, 6)


@pytest.mark.parametrize(("side", "placed_as"), [("request", RequestPlaced), ("offer", OfferPlaced)])
async def test_of_a_draft_that_was_opened_before_the_loss_it_is_said_too_and_opened_again_it_wins(
    region, side, placed_as
):
    draft = await region.placed(side, draft=True)
    await region.given()

    page = ToldBack(page_id=new_id(), propositions=(HeardVersion(proposition_id=draft["id"], version=7),))
    await region.publish_elsewhere(page, said_by="national", to_us=True)
    await region.quiet()
    assert await told(region) == [PropositionLost(proposition_id=draft["id"], draft_version=8)]
    await region.step(draft, "open")

    (opened,) = await region.said(placed_as)
    assert (opened.status, opened.version) == ("open", 9)


async def test_who_may_not_know_it_is_told_nothing(region):
    placed = await region.placed()
    await region.given()

    page = ToldBack(page_id=new_id(), propositions=[HeardVersion(proposition_id=placed["id"], version=9)])
    await region.publish_elsewhere(page, said_by="another-region", to_us=True)

    await region.then_nothing_said()
