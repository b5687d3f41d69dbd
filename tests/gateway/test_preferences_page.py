"""The page where a member says when they want their mail."""

import pytest
from sqlalchemy import text

from contracts.vocabulary import Language
from services.gateway.pages.words import say
from tests.gateway.test_pages import assert_told_at_the_field, press, shown, well_made

BROWSER = {"Accept": "text/html", "Accept-Language": "nl"}


def chosen(page, language="nl"):
    """What stands in each field of the page."""
    return {
        select.get("name"): next(one.get("value") for one in select.iter("option") if one.get("selected") is not None)
        for select in well_made(page, language).iter("select")
    }


async def keep(browser, page, **changes):
    """Changes some of the fields and presses the button."""
    return await press(browser, page, "Bewaar", **(chosen(page) | {"quiet": ""} | changes))


@pytest.mark.parametrize("language", ["nl", "en"])
async def test_who_never_chose_reads_what_comes(neighbourhood, language):
    noor = await neighbourhood.member(name="Noor Jansen")

    page = await noor.get("/preferences", params={"taal": language}, headers=BROWSER)

    assert chosen(page, language) == {
        **dict.fromkeys(("proposals", "reminders", "unanswered", "outcomes", "initiatives"), "at-once"),
        "quiet_from": "22",
        "quiet_until": "7",
    }


async def test_the_page_says_which_mails_always_come(neighbourhood):
    noor = await neighbourhood.member()

    told = shown(well_made(await noor.get("/preferences"), "nl"))

    for always in (
        *("Een mail om in te loggen", "een bijeenkomst waarvoor je je aanmeldde", "die je na moet kijken"),
        "of je ambassadeur bent",
    ):
        assert always in told


async def test_who_gets_no_mail_because_their_address_refused_it_reads_so_and_goes_on_to_it(neighbourhood):
    noor, told = await neighbourhood.member(), "Onze mail aan jou komt niet aan."
    await neighbourhood.quiet()
    assert told not in shown(well_made(await noor.get("/preferences"), "nl"))

    refuse = "UPDATE contact SET refused_at = '2026-03-03T12:00Z' WHERE member_id = :member_id"
    async with neighbourhood.services[2].service.engine.begin() as connection:
        await connection.execute(text(refuse), {"member_id": await neighbourhood.member_id(noor)})

    page = well_made(await noor.get("/preferences"), "nl")
    assert told in shown(page)
    assert "/my-data/change" in {link.get("href") for link in page.iter("a")}
    assert "Mail komt niet aan sinds" in shown(well_made(await noor.get("/my-data"), "nl"))


@pytest.mark.parametrize("language", ["nl", "en"])
async def test_the_page_says_beside_what_is_asked_that_a_weekly_mail_may_be_too_late(neighbourhood, language):
    noor = await neighbourhood.member()

    page = well_made(await noor.get("/preferences", params={"taal": language}, headers=BROWSER), language)

    late = say("preferences.rhythm.weekly.late", Language(language))
    beside = {one.get("id"): shown(one) for one in page.iter("p") if one.get("id")}
    assert [sort for sort, told in beside.items() if late in told] == ["proposals-what", "reminders-what"]


async def test_what_somebody_chooses_is_kept_and_shown(neighbourhood):
    noor = await neighbourhood.member(name="Noor Jansen")
    page = await noor.get("/preferences", headers=BROWSER)

    answer = await keep(noor, page, proposals="weekly", quiet="yes", quiet_from="20", weekends="")
    assert answer.status_code == 303, answer.text

    again = await noor.get(answer.headers["location"], headers=BROWSER)
    assert "Bewaard" in shown(well_made(again, "nl"))
    assert chosen(again) | {"proposals": "weekly", "quiet_from": "20"} == chosen(again)
    kept = (await noor.get("/api/v1/preferences")).json()
    assert (kept["quiet_from"], kept["quiet_until"], kept["weekends"]) == (20, 7, False)


async def test_what_is_no_rhythm_is_refused_without_talk_of_a_reason(neighbourhood):
    noor = await neighbourhood.member(name="Noor Jansen")

    refused = await keep(noor, await noor.get("/preferences", headers=BROWSER), proposals="nooit")

    told = next(one for one in well_made(refused, "nl").iter("p") if one.get("role") == "alert")
    assert (refused.status_code, shown(told)) == (422, "Er klopt iets niet in wat je invulde. Kijk het na.")


async def test_who_chooses_other_hours_gets_no_mail_then_also_without_the_tick_and_with_none_chosen_keeps_it_so(
    neighbourhood,
):
    noor = await neighbourhood.member(name="Noor Jansen")
    page = await noor.get("/preferences", headers=BROWSER)
    await keep(noor, page, reminders="daily")
    assert (await noor.get("/api/v1/preferences")).json()["quiet_from"] is None

    page = await noor.get("/preferences", headers=BROWSER)
    await keep(noor, page, quiet_from="20")
    kept = (await noor.get("/api/v1/preferences")).json()
    assert (kept["quiet_from"], kept["quiet_until"]) == (20, 7)

    await keep(noor, await noor.get("/preferences", headers=BROWSER))
    assert (await noor.get("/api/v1/preferences")).json()["quiet_from"] is None


async def test_hours_that_are_the_same_are_refused_and_stand_there_still(neighbourhood):
    noor = await neighbourhood.member(name="Noor Jansen")
    page = await noor.get("/preferences", headers=BROWSER)

    refused = await keep(noor, page, quiet="yes", quiet_from="8", quiet_until="8", reminders="daily")

    assert refused.status_code == 422
    assert_told_at_the_field(refused, "quiet_until", say("wrong.quiet_hours", Language.DUTCH))
    assert chosen(refused) | {"quiet_from": "8", "quiet_until": "8", "reminders": "daily"} == chosen(refused)
    kept = await keep(noor, refused, quiet="yes", quiet_from="8", quiet_until="9")
    assert kept.status_code == 303


async def test_a_choice_made_elsewhere_meanwhile_is_shown_first(neighbourhood):
    noor = await neighbourhood.member(name="Noor Jansen")
    page = await noor.get("/preferences", headers=BROWSER)
    await keep(noor, page, reminders="none")

    answer = await keep(noor, page, reminders="daily")

    assert answer.status_code == 412
    assert chosen(answer)["reminders"] == "none"


async def test_a_button_that_is_pressed_twice_keeps_the_choice_and_says_so(neighbourhood):
    noor = await neighbourhood.member(name="Noor Jansen")
    page = await noor.get("/preferences", headers=BROWSER)

    pressed = [await keep(noor, page, quiet="yes", quiet_from="20", reminders="daily") for _ in range(2)]

    assert [one.headers.get("location") for one in pressed] == ["/preferences?done=preferences"] * 2


async def test_the_team_chooses_how_its_desk_is_mailed_too(neighbourhood):
    team = await neighbourhood.team()

    page = await team.get("/preferences", headers=BROWSER)

    assert chosen(page)["desk"] == "at-most-daily"
