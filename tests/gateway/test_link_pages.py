"""What a link in the mail is for, and what its page says before and after its button: one that confirms an address, or
makes somebody a member, is told so."""

import re
from urllib.parse import urlencode

import pytest

from tests.gateway.conftest import TEAM, a_join
from tests.gateway.test_pages import goes_on, heading, press, shown, well_made
from tests.given import fresh_name

CONFIRM = "Ja, dit is mijn adres"


def an_address():
    return f"{fresh_name('noor')}@vechtdal.example"


async def the_link(neighbourhood, purpose, email):
    """The path of the newest link that was mailed, as notify writes it."""
    return f"/sign-in?for={purpose}&token={await neighbourhood.link_for(email)}"


async def test_who_changes_their_address_is_asked_to_confirm_it_and_reads_that_it_counts(neighbourhood):
    noor, new = await neighbourhood.member(), an_address()
    await press(noor, await noor.get("/my-data/change"), "Bewaar", name="Noor Jansen", email=new)
    link = await the_link(neighbourhood, "address", new)

    page = await noor.get(link)
    answer = await press(noor, page, CONFIRM)

    said = shown(well_made(page, "nl"))
    assert "Druk op de knop, dan telt je nieuwe e-mailadres." in said
    assert [words in said for words in ("Ga verder", "Je bent al ingelogd", "Log in")] == [False] * 3
    on = await goes_on(noor, answer)
    assert on == "/my-data/change?done=address-confirmed"
    changed = shown(well_made(await noor.get(on), "nl"))
    assert "Je nieuwe e-mailadres telt nu." in changed
    assert "Er wacht een nieuw e-mailadres" not in changed
    assert (await noor.get("/api/v1/members/me")).json()["email"] == new


async def test_an_address_that_was_confirmed_before_leads_back_to_where_it_is_changed(neighbourhood):
    noor = await neighbourhood.member()

    answer = await press(noor, await noor.get("/sign-in?for=address&token=used-before"), CONFIRM)

    assert answer.status_code == 422
    assert re.search(r'href="/my-data/change">Bekijk je gegevens<', answer.text)


@pytest.mark.parametrize(
    ("language", "in_", "out", "well"),
    [
        ("nl", "Staat daar nog het oude, vul het nieuwe dan opnieuw in.", "log in met je oude e-mailadres", "gewoon"),
        ("en", "If the old one is still there", "sign in with your old email address", "simply go on"),
    ],
)
async def test_who_confirms_an_address_too_late_is_not_told_that_all_is_well(neighbourhood, language, in_, out, well):
    noor, elsewhere = await neighbourhood.member(), neighbourhood.visitor()
    late = {"token": "too-late", "for": "address"}

    answers = [await browser.post("/sign-in", data=late, params={"taal": language}) for browser in (noor, elsewhere)]

    said = [shown(well_made(answer, language)) for answer in answers]
    assert [(in_ in one, out in one, well in one) for one in said] == [(True, False, False), (False, True, False)]
    (to,) = (one.get("value") for one in well_made(answers[1], language).iter("input") if one.get("name") == "next")
    assert to == "/my-data/change"


async def test_a_program_that_asks_for_the_head_of_a_link_gets_it_and_uses_nothing_up(neighbourhood):
    browser = neighbourhood.visitor()
    await browser.post("/sign-in", data={"email": TEAM})
    link = f"/sign-in?token={await neighbourhood.link_for(TEAM)}"

    for path, status in ((link, 200), ("/meetings", 200), ("/api/v1/meetings", 200), ("/nowhere", 404)):
        head, whole = await browser.head(path), await browser.get(path)
        assert (head.status_code, head.content, whole.status_code) == (status, b"", status), path
        assert head.headers["content-type"] == whole.headers["content-type"], path
    assert (await browser.head("/sign-out")).status_code == 405
    page = await browser.get(link)
    assert await goes_on(browser, await press(browser, page, "Log in")) == "/"
    stream = await browser.head("/api/v1/inbox/stream")  # which never ends
    assert (stream.status_code, stream.headers["content-type"].partition(";")[0]) == (200, "text/event-stream")
    assert (await browser.get("/inbox")).status_code == 200


@pytest.mark.parametrize("language", ["nl", "en"])
async def test_who_is_signed_in_as_another_reads_as_whom_and_gets_to_the_page_as_who_it_is_for(neighbourhood, language):
    pair, email = await neighbourhood.a_match(), an_address()
    other, at, told = await neighbourhood.member(email=email), f"/matches/{pair.match_id}?x=1", {"taal": language}

    page = await other.get(at, params={"x": "1"} | told)
    desk = await other.get("/desk", params=told)

    assert (page.status_code, desk.status_code) == (404, 403)
    as_whom = {"nl": f"Je bent ingelogd als {email}.", "en": f"You are signed in as {email}."}[language]
    for refused in (page, desk):
        assert as_whom in shown(well_made(refused, language))
    assert email not in (await neighbourhood.visitor().get("/problems/none-such")).text
    as_other = {"nl": "Log in met een ander e-mailadres", "en": "Sign in with another email address"}[language]
    answer = await press(other, page, as_other)
    assert answer.headers["location"] == "/sign-in?" + urlencode({"next": f"{at}&taal={language}"})
    assert (await other.get("/api/v1/sessions/current")).status_code == 401
    form = await other.get(answer.headers["location"])
    await press(other, form, {"nl": "Stuur me een link", "en": "Send me a link"}[language], email=TEAM)
    page = await other.get(f"/sign-in?token={await neighbourhood.link_for(TEAM)}")
    on = await goes_on(other, await press(other, page, {"nl": "Log in", "en": "Sign in"}[language]))
    assert (await other.get(on)).status_code == 200


@pytest.mark.parametrize("wanted", ["//evil.example/", "https://evil.example/", "/\\evil.example", ""])
async def test_signing_out_leads_to_no_other_site(neighbourhood, wanted):
    noor = await neighbourhood.member()

    answer = await press(noor, await noor.get("/"), "Uitloggen", next=wanted)

    assert (answer.status_code, answer.headers["location"]) == (303, "/")


async def test_signing_out_needs_the_form_of_the_session_also_when_it_leads_on(neighbourhood):
    noor = await neighbourhood.member()

    answer = await noor.post("/sign-out", data={"next": "/inbox", "form": "made-up"})

    assert answer.status_code == 403
    assert (await noor.get("/api/v1/sessions/current")).status_code == 200


@pytest.mark.parametrize("wanted", ["", "/meetings"])
async def test_who_joins_is_asked_whether_the_address_is_theirs_and_is_welcomed(neighbourhood, wanted):
    email, browser = an_address(), neighbourhood.visitor()
    await browser.post("/api/v1/members", json=a_join(email=email))
    link = await the_link(neighbourhood, "joining", email)

    page = await browser.get(f"{link}&next={wanted}")
    answer = await press(browser, page, CONFIRM)

    assert "Druk op de knop, dan doe je mee." in shown(well_made(page, "nl"))
    assert await goes_on(browser, answer) == (wanted or "/?done=joined")


@pytest.mark.parametrize("purpose", ["", "stealing", "<script>"])
async def test_whatever_else_a_link_says_it_is_for_it_signs_in(neighbourhood, purpose):
    browser = neighbourhood.visitor()
    await browser.post("/sign-in", data={"email": TEAM})

    page = await browser.get("/sign-in", params={"for": purpose, "token": await neighbourhood.link_for(TEAM)})
    answer = await press(browser, page, "Log in")

    assert heading(page) == "Je bent er bijna"
    assert await goes_on(browser, answer) == "/"
