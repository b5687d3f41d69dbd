"""Being told things on a device: turned on and off on the preferences page, and over when somebody signs out there."""

from unittest import mock

import pytest

from services.gateway.sessions import Sessions
from tests.gateway.test_pages import press, shown, well_made
from tests.gateway.test_preferences_page import keep
from tests.given import eventually
from tests.notify.pushing import Device

BROWSER = {"Accept": "text/html", "Accept-Language": "nl"}
ON = "Zet meldingen aan op dit toestel"
OFF = "Zet meldingen uit op dit toestel"


async def the_page(browser, language="nl"):
    """The page, as it is now."""
    return await browser.get("/preferences", params={"taal": language}, headers=BROWSER)


async def turned_on(browser):
    """What the script of the page does when the browser agrees."""
    answer = await press(browser, await the_page(browser), ON, **Device("http://127.0.0.1:9/push/1").given)
    assert answer.status_code == 303, answer.text
    return await browser.get(answer.headers["location"], headers=BROWSER)


async def is_told_nothing(browser):
    """Returns when the page offers to turn it on again, and none of the member's devices is told anything."""

    async def is_off() -> bool:
        page = (await the_page(browser)).text
        return ON in page and "push-proposals" not in page.replace('type="hidden" name="push-', "")

    await eventually(is_off, within=60, saying="no device that is told things")


@pytest.mark.parametrize("language", ["nl", "en"])
async def test_without_a_script_there_is_no_button(neighbourhood, language):
    noor = await neighbourhood.member(name="Noor Jansen")

    page = well_made(await the_page(noor, language), language)

    (form,) = [form for form in page.iter("form") if form.get("id") == "push-on"]
    assert (form.get("hidden") is not None, len(form.get("data-key"))) == (True, 87)


async def test_a_member_turns_it_on_chooses_what_about_and_turns_it_off(neighbourhood):
    noor = await neighbourhood.member(name="Noor Jansen")

    page = await turned_on(noor)
    assert "De meldingen staan aan op dit toestel." in shown(well_made(page, "nl"))
    assert "Max-Age=34560000" in (await press(noor, page, OFF)).headers["set-cookie"]
    await is_told_nothing(noor)

    page = await turned_on(noor)
    await keep(noor, page, **{"push-proposals": ""})
    kept = (await noor.get("/api/v1/preferences")).json()["pushed"]
    assert ("proposals" in kept, "initiatives" in kept, "desk" in kept) == (False, True, True)


async def test_who_signs_out_there_or_elsewhere_is_told_nothing_there_any_more(neighbourhood):
    email = "noor-met-telefoon@vechtdal.example"
    phone = await neighbourhood.member(name="Noor Jansen", email=email)
    laptop = await neighbourhood.signed_in(email, neighbourhood.visitor())

    await turned_on(phone)
    await press(phone, await the_page(phone), "Uitloggen")
    await is_told_nothing(laptop)

    await neighbourhood.signed_in(email, phone)
    await turned_on(phone)
    await press(laptop, await laptop.get("/sessions", headers=BROWSER), "Log overal uit")
    laptop = await neighbourhood.signed_in(email, neighbourhood.visitor())
    await is_told_nothing(laptop)


async def test_a_session_in_a_browser_that_was_told_things_before_ends_that_too(neighbourhood):
    """The session may have ended by itself: who signs in there again, and out, is told nothing after that."""
    email = "noor-na-een-maand@vechtdal.example"
    phone = await neighbourhood.member(name="Noor Jansen", email=email)
    await turned_on(phone)
    phone.cookies.delete(neighbourhood.gateway.service.app.state.gateway.sessions.cookie)

    await neighbourhood.signed_in(email, phone)
    assert OFF in (await the_page(phone)).text
    await press(phone, await the_page(phone), "Uitloggen")

    await is_told_nothing(await neighbourhood.signed_in(email, neighbourhood.visitor()))


async def test_who_signs_in_again_where_they_are_signed_in_is_told_things_there_as_before(neighbourhood):
    email = "noor-nog-een-keer@vechtdal.example"
    phone = await neighbourhood.member(name="Noor Jansen", email=email)
    await turned_on(phone)

    await neighbourhood.signed_in(email, phone)
    await neighbourhood.gateway.quiet()
    await neighbourhood.quiet()

    assert OFF in (await the_page(phone)).text


async def test_where_another_signs_in_who_was_signed_in_before_is_told_nothing_any_more(neighbourhood):
    email, other = "noor-leent-uit@vechtdal.example", "bram-leent@vechtdal.example"
    tablet = await neighbourhood.member(name="Noor Jansen", email=email)
    await neighbourhood.member(name="Bram Bos", email=other)
    await turned_on(tablet)

    await neighbourhood.signed_in(other, tablet)

    await is_told_nothing(await neighbourhood.signed_in(email, neighbourhood.visitor()))


async def test_nothing_is_told_in_a_browser_that_no_session_is_known_to_be_in(neighbourhood, monkeypatch):
    noor = await neighbourhood.member(name="Noor Jansen")
    page = await the_page(noor)
    monkeypatch.setattr(Sessions, "note_device", mock.AsyncMock(side_effect=OSError("the database is away")))

    answer = await press(noor, page, ON, **Device("http://127.0.0.1:9/push/1").given)

    assert answer.status_code == 500
    assert 'id="push-proposals"' not in (await the_page(noor)).text


async def test_what_is_no_device_is_not_kept(neighbourhood):
    noor = await neighbourhood.member(name="Noor Jansen")

    answer = await press(noor, await the_page(noor), ON, endpoint="https://push.example/1", p256dh="AAAA", auth="AAAA")

    assert answer.status_code == 422
    assert "Dat lukte niet" in shown(well_made(answer, "nl"))


async def test_the_worker_may_load_nothing_and_is_looked_for_anew(neighbourhood):
    worker = await neighbourhood.visitor().get("/push-worker.js")

    assert worker.headers["content-type"].startswith("text/javascript")
    assert worker.headers["cache-control"] == "no-cache"
    assert worker.headers["content-security-policy"].startswith("default-src 'none'")
    page = await (await neighbourhood.member()).get("/preferences", headers=BROWSER)
    assert "worker-src 'self'" in page.headers["content-security-policy"]
