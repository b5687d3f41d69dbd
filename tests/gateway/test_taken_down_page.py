"""What should not stand here: reported by anybody who reads it, taken down by the team, and placed again changed."""

from urllib.parse import unquote

import pytest

from tests.gateway.conftest import BROWSER, a_proposition, another_gateway
from tests.gateway.test_listings_page import a_meeting, text
from tests.gateway.test_pages import parsed, press, shown, well_made
from tests.given import eventually, fresh_name

ADDRESS = "team@linde.example"


async def placed(neighbourhood, side="offers", **changes):
    """Who asks or offers something, and where it is."""
    saskia = await neighbourhood.member(name="Saskia de Vries")
    told = a_proposition(fresh_name("Deze bakker is een oplichter"), **changes)
    answer = await saskia.post(f"/api/v1/{side}", json=told)
    assert answer.status_code == 201, answer.text
    await neighbourhood.quiet()
    return saskia, f"/{side}/{answer.json()[f'{side[:-1]}_id']}", told["title"]


def reports(page):
    """Where a page leads to report it: what it says, and what the mail holds."""
    return [unquote(one.get("href")) for one in parsed(page).iter("a") if shown(one) == "Meld het bij het team"]


@pytest.mark.parametrize("kind", ["tip", "meeting"])
async def test_who_reads_a_tip_or_a_meeting_reports_it_also_without_signing_in(neighbourhood, postgres, nats, kind):
    if kind == "tip":
        _, at, _ = await placed(neighbourhood, kind="tip")
    else:
        _, at, _ = await a_meeting(neighbourhood)
    page = f"/{kind}s/{at.split('/')[-1]}"
    settings = {"node_team_email": ADDRESS, "requests_url": neighbourhood.gateway.service.settings.requests_url}

    async with another_gateway(neighbourhood, postgres, nats, **settings) as told:
        (link,) = reports(await told.visitor(**BROWSER).get(page))

    assert link.startswith(f"mailto:{ADDRESS}?")
    assert page in link
    assert not reports(await neighbourhood.visitor().get(page))


@pytest.mark.parametrize("side", ["requests", "offers"])
async def test_the_team_takes_it_down_and_its_member_reads_why_and_places_it_again_changed(neighbourhood, side):
    saskia, at, title = await placed(neighbourhood, side)
    team = await neighbourhood.team()
    seen = await team.get(at)
    assert [shown(one) for one in parsed(seen).iter("a") if "/members/" in one.get("href", "")] == ["Saskia de Vries"]

    no_reason = await press(team, seen, "take-down", note="Noem geen bedrijf.")
    done = await press(team, no_reason, "take-down", because="hurts-somebody", note="Noem geen bedrijf.")

    assert no_reason.status_code == 422
    assert "Kies waarom je dit weghaalt" in text(no_reason)
    assert "Noem geen bedrijf." in no_reason.text
    assert "Wie het plaatste krijgt een mail" in text(await team.get(done.headers["location"]))
    theirs = await saskia.get(at)
    words, buttons = text(theirs), [shown(one) for one in parsed(theirs).iter("button")]
    assert "iets in dat een ander schaadt" in words
    assert "Noem geen bedrijf." in words
    again = "Zoek verder" if side == "requests" else "Bied het weer aan"
    assert again not in buttons

    async def told():
        items = (await saskia.get("/api/v1/inbox")).json()["items"]
        return next((one for one in items if one["template"] == "taken-down"), None)

    item = await eventually(told, saying="that it was taken down")
    assert title in item["title"]
    assert item["url"].endswith(at)

    form = await saskia.get(f"{at}/change")
    other = {"title": "Wie bakt er met ons?", "text": "Wij zoeken een bakker.", "kind": "guest-lesson"}
    kept = await press(saskia, form, "Bewaar", themes="energy-transition", **other)
    assert kept.status_code == 303, text(kept)
    pressed = await press(saskia, await saskia.get(at), again)
    assert pressed.status_code == 303
    assert (await saskia.get(f"/api/v1{at}")).json()["status"] == "open"


async def test_only_the_team_is_led_to_its_member_and_to_the_button(neighbourhood):
    saskia, at, _ = await placed(neighbourhood, kind="tip")
    tip = f"/tips/{at.split('/')[-1]}"
    member, team = await neighbourhood.member(), await neighbourhood.team()

    for who in (saskia, member):
        assert "take-down" not in (await who.get(at)).text
        assert "take-down" not in (await who.get(tip)).text
        assert "/members/" not in (await who.get(at)).text
    assert f"{at}#take-down" in (await team.get(tip)).text


async def test_the_team_reads_what_its_member_changed_meanwhile_before_it_takes_it_down(neighbourhood):
    saskia, at, _ = await placed(neighbourhood)
    team = await neighbourhood.team()
    seen = await team.get(at)
    changed = await saskia.patch(f"/api/v1{at}", json={"title": "Wij bakken brood"}, headers={"If-Match": '"1"'})
    assert changed.status_code == 200

    late = await press(team, seen, "take-down", because="not-true")

    assert late.status_code == 412
    assert "Wij bakken brood" in text(late)
    well_made(late, "nl")


async def test_a_note_that_is_too_long_is_told_and_kept(neighbourhood):
    _, at, _ = await placed(neighbourhood)
    team = await neighbourhood.team()

    told = await press(team, await team.get(at), "take-down", because="not-true", note="x" * 1001)

    assert told.status_code == 422
    assert "te lang" in text(told)
    assert "x" * 1001 in told.text
