"""The node's team takes down what should not stand here: its member hears why, and places it again only changed."""

import pytest

from contracts.deeds import DeedDone
from contracts.event import new_id
from contracts.requests import MeetingCalledOff, OfferChanged, OfferClosed, OfferReopened, RequestClosed
from contracts.taking_down import TakenDown
from contracts.vocabulary import Side
from tests.requests.conftest import Requests, slug, wrong_fields
from tests.requests.test_sign_ups import come, meet
from tests.requests.test_told_by_networks import a_question

CLOSED = {"request": RequestClosed, "offer": OfferClosed}
WHY = {"because": "hurts-somebody", "note": "Noem geen bedrijf bij naam."}


async def taken_down(requests: Requests, placed, **why):
    answer = await requests.team.post(f"{placed['path']}/take-down", json=WHY | why)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("side", ["request", "offer"])
async def test_all_hear_that_it_closed_without_its_words_and_its_member_why(requests, side):
    placed = await requests.placed(side)
    await requests.given()

    seen = await taken_down(requests, placed)

    (closed,), (told,), (deed,) = [await requests.said(one) for one in (CLOSED[side], TakenDown, DeedDone)]
    assert (closed.status, closed.version, closed.title, closed.text) == (
        "withdrawn", 2, "(weggehaald)", "(weggehaald)",
    )  # fmt: skip
    assert (told.member_id, told.title, told.side, told.because, told.note) == (
        "noor", placed["title"], side, *WHY.values(),
    )  # fmt: skip
    assert (deed.done_by, deed.role, deed.deed, deed.matter, deed.matter_id, deed.title, deed.whose) == (
        "tess", "node-team", "text-taken-down", side, placed["id"], placed["title"], ("noor",),
    )  # fmt: skip
    assert seen["taken_down"] == WHY | {"is_changed": False}
    assert (seen["status"], seen["title"]) == ("withdrawn", placed["title"])


async def test_its_member_reads_why_and_who_brings_people_together_does_not(requests):
    placed = await requests.placed("offer")
    await taken_down(requests, placed)

    assert (await requests.noor.get(placed["path"])).json()["taken_down"]["note"] == WHY["note"]
    assert (await requests.ambassador.get(placed["path"])).json()["taken_down"] is None


async def test_nobody_but_the_team_does_it_and_of_a_draft_it_knows_nothing(requests):
    placed, draft = await requests.placed("offer"), await requests.placed("offer", draft=True)

    for who in (requests.noor, requests.sem, requests.ambassador):
        assert (await who.post(f"{placed['path']}/take-down", json=WHY)).status_code == 403
    hidden = await requests.team.post(f"{draft['path']}/take-down", json=WHY)
    other_side = await requests.team.post(f"/v1/requests/{placed['id']}/take-down", json=WHY)

    assert (slug(hidden), slug(other_side)) == ("offer-not-found", "request-not-found")
    unknown = await requests.team.post(f"{placed['path']}/take-down", json={"because": "ugly"})
    assert list(wrong_fields(unknown)) == ["because"]


async def test_a_text_that_its_member_changed_meanwhile_is_read_again_first(requests):
    placed = await requests.placed("offer")
    await requests.noor.patch(placed["path"], json={"title": "Iets anders"}, headers={"If-Match": '"1"'})

    late = await requests.team.post(f"{placed['path']}/take-down", json=WHY, headers={"If-Match": '"1"'})

    assert late.status_code == 412
    assert await requests.status(placed) == "open"


async def test_its_member_opens_it_again_only_with_other_words(requests):
    placed = await requests.placed("offer", text="De bakker is een oplichter.")
    await taken_down(requests, placed)
    await requests.given()

    unchanged = await requests.noor.post(f"{placed['path']}/reopen")
    await requests.noor.patch(
        placed["path"], json={"text": "De bakker is een oplichter!!"}, headers={"If-Match": '"2"'}
    )
    hardly = await requests.noor.post(f"{placed['path']}/reopen")
    other = await requests.noor.patch(placed["path"], json={"text": "Kom proeven."}, headers={"If-Match": '"3"'})
    opened = await requests.step(placed, "reopen")

    assert [(answer.status_code, slug(answer)) for answer in (unchanged, hardly)] == [(409, "still-taken-down")] * 2
    assert other.json()["taken_down"]["is_changed"]
    assert (opened["status"], opened["taken_down"]) == ("open", None)
    assert {event.text for event in await requests.said(OfferChanged)} == {"(weggehaald)"}
    assert [event.text for event in await requests.said(OfferReopened)] == ["Kom proeven."]


async def test_no_network_opens_it_again(requests):
    record_id = new_id()
    await requests.when(a_question(record_id, side=Side.OFFER))
    await taken_down(requests, {"path": f"/v1/offers/{record_id}"})

    await requests.when(a_question(record_id, 2, side=Side.OFFER))
    await requests.when(a_question(record_id, 3, side=Side.OFFER, title="Wie komt vertellen?"))

    assert [row.status for row in await requests.rows()] == ["withdrawn"]


async def test_a_tip_is_gone_for_everybody(requests):
    placed = await requests.placed("offer", kind="tip")
    await requests.given()
    await taken_down(requests, placed)
    await requests.quiet()

    assert (await requests.running.http.get(f"/v1/tips/{placed['id']}")).status_code == 404


async def test_a_meeting_shows_its_words_to_nobody_and_who_comes_hears_which_it_was(region):
    meeting = await meet(region)
    await come(region, meeting, "noor")
    await region.given()

    await taken_down(region, meeting)
    await region.quiet()

    shown = (await region.running.http.get(f"/v1/meetings/{meeting['id']}")).json()
    assert (shown["is_called_off"], shown["title"], shown["text"], shown["venue"]) == (
        True, "(weggehaald)", "(weggehaald)", None,
    )  # fmt: skip
    (told,) = await region.said(MeetingCalledOff)
    assert told.meeting.title == meeting["title"]
