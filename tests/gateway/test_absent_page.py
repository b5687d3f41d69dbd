"""An ambassador is away for a while: their desk says so, and who hands a match over sees it."""

from datetime import UTC, datetime, timedelta

from contracts.vocabulary import Language
from services.gateway.pages.words import day
from tests.gateway.conftest import a_proposition
from tests.gateway.test_desk_page import an_ambassador
from tests.gateway.test_pages import assert_told_at_the_field, press, shown, well_made
from tests.given import fresh_name


async def test_who_is_away_says_so_at_their_desk_and_who_hands_over_sees_it(neighbourhood):
    away = await an_ambassador(neighbourhood, fresh_name("Zoe"), provinces=["Noord-Holland"])
    until = (datetime.now(UTC) + timedelta(days=20)).date()

    late = await press(away, await away.get("/desk"), "Bewaar", at="/desk/absent", until="2020-01-01")
    kept = await press(away, await away.get("/desk"), "Bewaar", at="/desk/absent", until=until.isoformat())

    assert late.status_code == 422
    assert_told_at_the_field(late, "until", "Kies een dag die nog komt, hooguit twee jaar vooruit.")
    assert (kept.status_code, kept.headers["location"]) == (303, "/desk?done=absent")
    told = shown(well_made(await away.get("/desk?done=absent"), "nl"))
    last = day(until, Language.DUTCH)
    assert f"Je bent er niet tot en met {last}." in told
    assert "Wat al op je wacht, kun je hieronder door iemand anders laten bekijken." in told
    (kept_of_them,) = (await away.get("/my-data/file")).json()["kept"]["matching"]["desk"]
    assert (kept_of_them["absent_until"], last in (await away.get("/my-data")).text) == (until.isoformat(), True)

    me, colleague = (
        await neighbourhood.member_id(away),
        await an_ambassador(neighbourhood, "Wim", provinces=["Gelderland"]),
    )
    await neighbourhood.quiet()
    about = fresh_name("uiterwaard")
    for side in ("requests", "offers"):
        member = await neighbourhood.member()
        draft = a_proposition(f"Wie weet alles van {about}?", place={"name": "Arnhem"})
        placed = await member.post(f"/api/v1/{side}", json=draft)
        assert placed.status_code == 201, placed.text
    await neighbourhood.quiet()
    page = well_made(await colleague.get("/desk"), "nl")
    options = [shown(one) for one in page.iter("option") if one.get("value") == me]
    assert options
    assert all(one.endswith(f"(is er niet tot en met {last})") for one in options)

    back = await press(away, await away.get("/desk"), "back")
    assert (back.status_code, back.headers["location"]) == (303, "/desk?done=absent-no-more")
    assert "Je bent er niet" not in shown(well_made(await away.get("/desk"), "nl"))
