"""What who brings two together reads of a match after their step, and of whom it waits for then."""

from datetime import datetime

import pytest
from sqlalchemy import text

from contracts.days import AMSTERDAM
from contracts.vocabulary import Language
from services.gateway.pages import words
from tests.gateway.conftest import PUBLIC_URL
from tests.gateway.test_desk_page import ELSEWHERE, an_ambassador
from tests.gateway.test_pages import parsed, press, shown, well_made
from tests.given import eventually, fresh_name

JUDGING = {"Dit past", "Dit past niet", "Laat iemand anders kijken"}


async def change(neighbourhood, pair, asker_node):
    """As if the request of a match came from another region, or from here again."""
    values = {"match_id": pair.match_id, "node": asker_node}
    async with neighbourhood.services[1].service.engine.begin() as connection:
        await connection.execute(text("UPDATE match SET asker_node = :node WHERE match_id = :match_id"), values)


def buttons(page):
    """What can be pressed on a page."""
    return {shown(one) for one in well_made(page, "nl").iter("button")}


async def test_of_a_match_of_two_regions_the_other_looks_too_before_both_sides_are_asked(neighbourhood):
    pair = await neighbourhood.a_match()
    await change(neighbourhood, pair, asker_node="gelderland")
    path = f"/matches/{pair.match_id}"

    before = await pair.team.get(path)
    judged = await press(pair.team, before, "endorse")

    assert "Past dit volgens jou, en ook volgens gelderland? Dan vragen we beide kanten" in before.text
    assert judged.headers["location"] == f"{path}?done=endorsed-here"
    page = await pair.team.get(judged.headers["location"])
    assert "Dank je. Ziet ook de andere regio dat het past, dan vragen we beide kanten." in page.text
    assert "Bij gelderland kijkt een ambassadeur of dit bij elkaar past." in page.text
    assert buttons(page) & JUDGING == set()
    await change(neighbourhood, pair, asker_node=None)


async def test_at_the_desk_too_the_other_region_is_said_to_look(neighbourhood):
    pair, ambassador = await neighbourhood.a_match(), await an_ambassador(neighbourhood, "Amir Bos", **ELSEWHERE)
    given = {"member_id": await neighbourhood.member_id(ambassador)}
    assert (await pair.team.post(f"/api/v1/matches/{pair.match_id}/hand-over", json=given)).status_code == 200
    await change(neighbourhood, pair, asker_node="gelderland")

    judged = await press(ambassador, await ambassador.get("/desk"), "endorse", at=f"/desk/matches/{pair.match_id}")

    assert judged.headers["location"] == "/desk?done=endorsed-here"
    await change(neighbourhood, pair, asker_node=None)


async def test_the_team_that_gives_a_match_to_an_ambassador_reads_that_it_is_theirs_now(neighbourhood):
    ambassador, pair = (
        await an_ambassador(neighbourhood, fresh_name("Loes"), **ELSEWHERE),
        await neighbourhood.a_match(),
    )
    desk = await pair.team.get("/desk")
    token = next(str(one.get("value")) for one in parsed(desk).iter("input") if one.get("name") == "form")
    version = (await pair.team.get(f"/api/v1/matches/{pair.match_id}")).json()["version"]
    to = {"step": "hand-over", "member_id": await neighbourhood.member_id(ambassador), "version": str(version)}
    to |= {"note": "De school belde gisteren."}

    answer = await pair.team.post(
        f"/desk/matches/{pair.match_id}", data=to | {"form": token}, headers={"Sec-Fetch-Site": "same-origin"}
    )

    assert answer.headers["location"] == "/desk?done=handed-to"
    assert "De match staat nu bij die ambassadeur." in (await pair.team.get(answer.headers["location"])).text
    read = well_made(await ambassador.get("/desk"), "nl")
    (waiting,) = [one for one in read.iter("li") if one.get("id") == f"match-{pair.match_id}"]
    assert "Toelichting: De school belde gisteren." in shown(waiting)
    assert "Alleen wie de match krijgt en het team lezen dit." in shown(waiting)


async def test_who_brings_two_together_reads_who_has_not_answered_yet(neighbourhood):
    pair = await neighbourhood.a_match()
    match, desk = f"/matches/{pair.match_id}", f"/desk/requests/{pair.request_id}"
    nobody = await pair.team.get(desk)
    assert (await pair.team.post(f"/api/v1{match}/endorse")).status_code == 200
    neither = [await pair.team.get(path) for path in (match, desk)]

    assert (await pair.offerer.post(f"/api/v1{match}/answer", json={"accepted": True})).status_code == 200

    one = [await pair.team.get(path) for path in (match, desk)]
    assert "op een ambassadeur." in shown(well_made(nobody, "nl"))
    assert ["op wie vraagt en wie aanbiedt." in shown(well_made(page, "nl")) for page in neither] == [True, True]
    assert ["op wie vraagt." in shown(well_made(page, "nl")) for page in one] == [True, True]
    assert "We wachten nu" not in (await pair.offerer.get(match)).text


async def test_who_is_asked_reads_until_which_day_they_can_answer(neighbourhood):
    pair = await neighbourhood.a_match()
    match = f"/matches/{pair.match_id}"
    assert (await pair.team.post(f"/api/v1{match}/endorse")).status_code == 200
    until = datetime.fromisoformat((await pair.asker.get(f"/api/v1{match}")).json()["answer_by"])
    day = words.day(until.astimezone(AMSTERDAM).date(), Language.DUTCH)

    asked = await pair.asker.get(match)
    assert (await pair.asker.post(f"/api/v1{match}/answer", json={"accepted": True})).status_code == 200
    answered = await pair.asker.get(match)

    told = f"Je kunt antwoorden tot {day}. Daarna stopt deze match."
    assert (told in shown(well_made(asked, "nl")), "Je kunt antwoorden tot" in answered.text) == (True, False)


async def test_a_match_of_two_regions_that_waits_for_the_line_alone_waits_for_nobody(neighbourhood):
    pair = await neighbourhood.a_match()
    assert (await pair.team.post(f"/api/v1/matches/{pair.match_id}/endorse")).status_code == 200
    both = "UPDATE match SET asker_accepted = true, offerer_accepted = true WHERE match_id = :match_id"
    async with neighbourhood.services[1].service.engine.begin() as connection:  # its owner has not told so yet
        await connection.execute(text(both), {"match_id": pair.match_id})

    page = await pair.team.get(f"/matches/{pair.match_id}")

    assert (page.status_code, "We wachten nu" in page.text) == (200, False)


@pytest.mark.parametrize("erased", ["asker", "offerer"])
async def test_who_hears_that_the_other_takes_part_no_more_is_led_to_what_is_theirs_and_stays(neighbourhood, erased):
    pair = await neighbourhood.a_match(place={"name": "Enschede"})  # where the team looks, and no ambassador
    left, gone = (pair.offerer, pair.asker) if erased == "asker" else (pair.asker, pair.offerer)
    offer_id = (await pair.team.get(f"/api/v1/matches/{pair.match_id}")).json()["offer"]["offer_id"]
    own = f"/offers/{offer_id}" if erased == "asker" else f"/requests/{pair.request_id}"
    assert (await pair.team.post(f"/api/v1/matches/{pair.match_id}/endorse")).status_code == 200
    yes = await left.post(f"/api/v1/matches/{pair.match_id}/answer", json={"accepted": True})
    assert yes.status_code == 200

    assert (await gone.delete("/api/v1/members/me")).status_code == 202

    ended = [await told_it_ended(who, pair.match_id) for who in (left, pair.team)]
    assert [one["url"].removeprefix(PUBLIC_URL) for one in ended] == [own, "/matches"]
    assert [(await left.get(own)).status_code, (await pair.team.get("/matches")).status_code] == [200, 200]
    assert '""' not in ended[1]["text"]
    assert not ended[1]["title"].endswith(": ")


async def told_it_ended(who, match_id):
    """The item of their inbox that says that a match is not going ahead."""

    async def told():
        items = (await who.get("/api/v1/inbox")).json()["items"]
        return next((one for one in items if (one["template"], one["matter_id"]) == ("match-lapsed", match_id)), None)

    return await eventually(told, saying="that the match ended")
