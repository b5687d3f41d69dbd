"""The desk on pages alone: an ambassador looks, asks others, brings together, and comes back to it."""

from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest
from sqlalchemy import text

from services.gateway.pages import asks
from tests.gateway.conftest import a_proposition
from tests.gateway.test_pages import (
    assert_told_at_the_field,
    heading,
    press,
    shown,
    well_made,
)
from tests.given import eventually, fresh_name

BROWSER = {"Accept": "text/html", "Accept-Language": "nl"}
UTRECHT = {"provinces": ["Utrecht"]}  # where most tests ask and offer, so that an ambassador gets what waits of others
ELSEWHERE = {"provinces": ["Zeeland"]}  # where no test asks anything, so that a desk has what was given to it alone


async def an_ambassador(neighbourhood, name, **scope):
    """A member who was appointed, in a browser that knows it."""
    browser = await neighbourhood.member(name=name)
    member_id = await neighbourhood.member_id(browser)
    team = await neighbourhood.team()
    answer = await team.put(f"/api/v1/ambassadors/{member_id}", json=scope or UTRECHT)
    assert answer.status_code == 200, answer.text

    async def knows_it():
        return (await browser.get("/desk")).status_code == 200

    await neighbourhood.quiet()
    await eventually(knows_it, saying="a desk")
    return browser


async def button_about(browser, path, text, about, **filled_in):
    """Presses the button with a text that is about something, on the page of a path; returns the page that follows."""
    page = await browser.get(path)
    label = next(s for one in well_made(page, "nl").iter("button") if (s := shown(one)).startswith(text) and about in s)
    answer = await press(browser, page, label, **filled_in)
    assert answer.status_code == 303, answer.text
    return await browser.get(answer.headers["location"])


async def button_of(browser, address, text, **filled_in):
    """Presses a button on the desk in the form that goes to an address; returns the page that follows."""
    for form in well_made(await browser.get("/desk"), "nl").iter("form"):
        button = next((one for one in form.iter("button") if shown(one).startswith(text)), None)
        if str(form.get("action")).endswith(address) and button is not None:
            fields = {one.get("name"): one.get("value", "") for one in form.iter("input")} | filled_in
            fields[button.get("name")] = button.get("value")
            answer = await browser.post(form.get("action"), data=fields, headers={"Sec-Fetch-Site": "same-origin"})
            assert answer.status_code == 303, answer.text
            return await browser.get(answer.headers["location"])
    raise AssertionError(f"no button {text} of {address}")


@pytest.fixture
async def desk(neighbourhood):
    """A request that matches nothing, who asks it, and the ambassador of the region."""
    ambassador = await an_ambassador(neighbourhood, "Amir Bos")
    asker = await neighbourhood.member(name="Noor Jansen")
    about = fresh_name("vlinderdas")
    asked = a_proposition(f"Wie weet alles van {about}?", kind="equipment")
    request = (await asker.post("/api/v1/requests", json=asked)).json()
    await neighbourhood.quiet()
    return ambassador, asker, about, request["request_id"]


def spoken(element, language):
    """Each text in an element, with the language that it is read out in."""
    language = element.get("lang", language)
    yield language, element.text or ""
    for one in element:
        yield from spoken(one, language)
        yield language, one.tail or ""


def languages_of(words, page):
    """In which languages these words are read out where they are only that, on an English page."""
    texts = (text for one in page.iter("span") for text in spoken(one, "en"))
    return {language for language, text in texts if words in text}


async def test_on_an_english_page_a_dutch_title_is_read_out_in_dutch(neighbourhood, desk):
    (ambassador, asker, about, request_id), day = desk, (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
    offerer = await neighbourhood.member(name="Sem de Vries")
    await offerer.post("/api/v1/offers", json=a_proposition(f"Alles over de {about}", kind="guest-lesson"))
    note = {"matter": "request", "matter_id": request_id, "note": "Bel de school", "due_on": day}
    assert (await ambassador.post("/api/v1/follow-ups", json=note)).status_code == 201
    await neighbourhood.quiet()

    at_request = f"/desk/requests/{request_id}?words=alles+over+de+{about}"
    for browser, path in ((asker, "/requests"), (ambassador, "/desk"), (ambassador, at_request)):
        page = well_made(await browser.get(path, headers={"Accept-Language": "en"}), "en")
        assert languages_of(about, page) == {"nl"}, path


@pytest.mark.parametrize("language", ["nl", "en"])
async def test_the_pages_are_well_made(neighbourhood, desk, language):
    ambassador, asker, about, request_id = desk
    for path in ("/desk", f"/desk/requests/{request_id}", f"/desk/requests/{request_id}?name=jansen&words=zon"):
        page = await ambassador.get(path, params=None if "?" in path else {"taal": language})
        well_made(page, language if "?" not in path else "nl" if language == "nl" else page.headers["content-language"])
        assert page.status_code == 200
        assert about in page.text
        assert (await asker.get(path)).status_code == 403
    assert "/desk" in (await ambassador.get("/")).text
    assert "/desk" not in (await asker.get("/")).text
    assert (await ambassador.get("/desk/requests/nowhere")).status_code == 404
    older = await ambassador.get("/desk", params={"cursor": "2020-01-01T00:00:00+00:00~r"})
    new, no_more = older.text.partition('id="new"')[2], {"nl": "Ouder is er niet.", "en": "There is nothing older."}
    assert (older.status_code, no_more[language] in new, about in new) == (200, True, False)


async def test_a_member_is_asked_and_their_new_offer_is_put_next_to_the_request(neighbourhood, desk):
    ambassador, asker, about, request_id = desk
    name = fresh_name("Fatima").replace("-", " ")
    helper = await neighbourhood.member(name=name)
    page = f"/desk/requests/{request_id}?name={name}"

    asked = await button_about(
        ambassador,
        page,
        "Laat de vraag zien",
        "",
        member_id=await neighbourhood.member_id(helper),
        note="Jij kent dit!",
    )
    await neighbourhood.quiet()
    assert f"<strong>{name}</strong>: nog geen antwoord" in asked.text
    (item,) = (await helper.get("/api/v1/inbox")).json()["items"]
    ask = item["url"].removeprefix("http://utrecht.omdehoek.example")
    seen = await helper.get(ask)
    well_made(seen, "nl")
    assert all(words in seen.text for words in ("Amir Bos", "Jij kent dit!", about))
    assert "Noor" not in seen.text
    assert (await asker.get(ask)).status_code == 404

    form = await helper.get(f"/offers/new?asked={item['matter_id']}")
    placed = await press(
        helper, form, "place", text=f"Wij lenen een {about} uit aan scholen.", title=f"Een {about} te leen",
        kind="equipment", themes="energy-transition", place="Goes",
    )  # fmt: skip
    thanks = await helper.get(placed.headers["location"])
    assert "Dank je! We vragen de ander" in thanks.text

    async def asker_is_asked():
        found = (await asker.get("/api/v1/matches", params={"awaiting_me": "true"})).json()["items"]
        return [one["offer"]["title"] for one in found]

    assert await eventually(asker_is_asked, saying="a match") == [f"Een {about} te leen"]
    await neighbourhood.quiet()
    assert "kan helpen" in (await ambassador.get(page)).text
    lately = (await ambassador.get("/desk")).text
    assert "Een lid om hulp gevraagd" in lately


def chosen(read):
    """What is chosen on a page, of several and of a list."""
    chosen = [one for one in read.iter() if one.get("checked") is not None or one.get("selected") is not None]
    return [one.get("value") for one in chosen]


async def test_who_cannot_be_asked_is_shown_with_what_was_written_for_them(neighbourhood):
    ambassador, name = await an_ambassador(neighbourhood, "Amir Bos"), fresh_name("Fatima").replace("-", " ")
    asker = await neighbourhood.member(name=name)
    own = (await asker.post("/api/v1/requests", json=a_proposition("Wie komt?", kind="equipment"))).json()["request_id"]
    await neighbourhood.quiet()
    page, asker_id = await ambassador.get(f"/desk/requests/{own}?name={name}"), await neighbourhood.member_id(asker)

    refused = await press(ambassador, page, "ask", member_id=asker_id, note="Jij kent dit!")

    read = well_made(refused, "nl")
    assert (refused.status_code, "Dit lid kun je dit niet vragen" in refused.text) == (422, True)
    assert [one.text for one in read.iter("textarea")] == ["Jij kent dit!", None]
    assert (chosen(read), f'name="name" value="{name}"' in refused.text) == ([asker_id], True)


async def test_what_was_filled_in_about_a_match_stands_at_the_desk_when_it_is_refused(neighbourhood):
    ambassador, pair = await an_ambassador(neighbourhood, "Amir Bos", **ELSEWHERE), await neighbourhood.a_match()
    given = {"member_id": await neighbourhood.member_id(ambassador)}
    assert (await pair.team.post(f"/api/v1/matches/{pair.match_id}/hand-over", json=given)).status_code == 200
    page, at = await ambassador.get("/desk"), f"/desk/matches/{pair.match_id}"
    other = await an_ambassador(neighbourhood, fresh_name("Loes"))
    other_id, asker_id = [await neighbourhood.member_id(one) for one in (other, pair.asker)]

    over = {"at": at, "note": "Jouw vak."}
    no_reason = await press(ambassador, page, "dismiss", at=at, note="Te ver.")
    cannot = await press(ambassador, page, "hand-over", member_id=asker_id, **over)
    late = await press(ambassador, page, "hand-over", member_id=other_id, version="7", **over)

    assert [one.status_code for one in (no_reason, cannot, late)] == [422, 422, 412]
    no_reason_words = "Kies een reden, en houd de toelichting kort."
    assert_told_at_the_field(no_reason, f"because-{pair.match_id}", no_reason_words)
    assert "Dit lid kan niet naar deze match kijken." in cannot.text
    assert_open(no_reason, f"dismiss-{pair.match_id}", "Te ver.", [])
    assert_open(cannot, f"over-{pair.match_id}", "Jouw vak.", [])
    assert_open(late, f"over-{pair.match_id}", "Jouw vak.", [other_id])
    judged = await pair.team.post(f"/api/v1/matches/{pair.match_id}/endorse")
    assert judged.status_code == 200, judged.text
    gone = await press(ambassador, page, "dismiss", at=at, because="too-far", note="Te ver.")
    assert (gone.status_code in (409, 412), "Te ver." in gone.text) == (True, True)


def assert_open(page, part, note, is_chosen):
    """One part of a page is open, and what was filled in there stands there still."""
    (opened,) = [one for one in well_made(page, "nl").iter("details") if one.get("open") is not None]
    assert (opened.get("id"), [one.text for one in opened.iter("textarea")]) == (part, [note])
    assert chosen(opened) == is_chosen


async def test_who_is_asked_chooses_from_all_that_they_offer_and_reads_it_when_there_is_more(neighbourhood, desk):
    ambassador, _, _, request_id = desk
    sem = await neighbourhood.member(name="Sem de Vries")
    offers = [f"{fresh_name('Les')} over goten" for _ in range(21)]
    for title in offers:
        assert (await sem.post("/api/v1/offers", json=a_proposition(title))).status_code == 201
    asked = {"request_id": request_id, "member_id": await neighbourhood.member_id(sem)}
    ask = (await ambassador.post("/api/v1/asks", json=asked)).json()

    page = await sem.get(f"/asks/{ask['ask_id']}")
    with mock.patch.object(asks, "OFFERS_MAX", 2):
        newest = await sem.get(f"/asks/{ask['ask_id']}")

    assert [title for title in offers if title not in page.text] == []
    assert ("Een ouder aanbod" in page.text, "Een ouder aanbod" in newest.text) == (False, True)


def to_judge_on(desk):
    """The matches on a page of a desk that stand there to be judged."""
    parts = (str(one.get("id")) for one in well_made(desk, "nl").iter("details"))
    return [part.removeprefix("dismiss-") for part in parts if part.startswith("dismiss-")]


async def test_who_asks_another_for_all_that_a_desk_shows_comes_to_what_is_behind_it(neighbourhood):
    ambassador = await an_ambassador(neighbourhood, "Drees Dijk", provinces=["Drenthe"])
    name = fresh_name("Loes")
    other = await an_ambassador(neighbourhood, name, **ELSEWHERE)
    asker, offerer = await neighbourhood.member(), await neighbourhood.member()
    about, there = fresh_name("onderwerp"), {"place": {"name": "Assen"}}
    await offerer.post("/api/v1/offers", json=a_proposition(f"Wij weten alles van {about}", **there))
    for number in range(12):
        request = a_proposition(f"Wie weet alles van {about}? Vraag {number}", **there)
        assert (await asker.post("/api/v1/requests", json=request)).status_code == 201

    async def all_wait():
        found = (await ambassador.get("/api/v1/desk/waiting")).json()["items"]
        return [one["match"]["match_id"] for one in found] if len(found) == 12 else None

    waiting = await eventually(all_wait, saying="more than ten matches at a desk")
    before = await ambassador.get("/desk")
    (more,) = {one.get("href") for one in well_made(before, "nl").iter("a") if shown(one) == "Meer"}
    next_page = await ambassador.get(more)
    over = {"member_id": await neighbourhood.member_id(other), "note": "Jouw vak."}
    first_page = await ambassador.get(f"/matches/{waiting[0]}")
    asked = await press(ambassador, first_page, "hand-over", **over)
    for match_id in waiting[1:10]:
        await press(ambassador, before, "hand-over", at=f"/desk/matches/{match_id}", **over)

    assert (to_judge_on(before), to_judge_on(next_page)) == (waiting[:10], waiting[10:])
    assert asked.headers["location"] == f"/matches/{waiting[0]}?done=asked-over"
    assert f"Je vroeg {name}" in (await ambassador.get(asked.headers["location"])).text
    assert to_judge_on(await ambassador.get("/desk")) == waiting[10:]
    back = await press(ambassador, await ambassador.get(f"/matches/{waiting[0]}"), "take-back")
    assert back.headers["location"] == "/desk?done=take-back"
    accepted = await button_of(other, f"/{waiting[1]}", "Ja, ik kijk ernaar")
    assert ("De match staat nu bij jou" in accepted.text, "Jouw vak." in accepted.text) == (True, True)
    assert {"Dit past"} <= {shown(one) for one in well_made(accepted, "nl").iter("button")}


async def test_what_one_comes_back_to_now_stands_before_what_waits_and_what_comes_later_after_it(neighbourhood, desk):
    ambassador, _, _, request_id = desk
    for note, days in (("Nu bellen", 1), ("Later bellen", 9)):
        day = (datetime.now(UTC) + timedelta(days=days)).date().isoformat()
        told = {"matter": "request", "matter_id": request_id, "note": note, "due_on": day}
        assert (await ambassador.post("/api/v1/follow-ups", json=told)).status_code == 201
    async with neighbourhood.services[1].service.engine.begin() as connection:
        came = "UPDATE follow_up SET came_at = now() WHERE matter_id = :request_id AND note = 'Nu bellen'"
        await connection.execute(text(came), {"request_id": request_id})

    page = (await ambassador.get("/desk")).text

    places = [page.index(words) for words in ("Nu bellen", 'id="waiting"', "Later bellen", 'id="new"')]
    assert places == sorted(places)


async def test_what_waits_for_ones_own_answer_comes_before_what_one_is_to_judge(neighbourhood):
    ambassador = await an_ambassador(neighbourhood, "Lotte Maas", provinces=["Limburg"])
    team, asker, offerer = await neighbourhood.team(), await neighbourhood.member(), await neighbourhood.member()
    own, others, there = fresh_name("boomgaard"), fresh_name("mergelgroeve"), {"place": {"name": "Maastricht"}}

    async def proposed(asks, about):
        await offerer.post("/api/v1/offers", json=a_proposition(f"Wij weten alles van {about}", **there))
        asked = await asks.post("/api/v1/requests", json=a_proposition(f"Wie weet alles van {about}?", **there))
        request_id = asked.json()["request_id"]

        async def matches():
            return (await team.get("/api/v1/matches", params={"request_id": request_id})).json()["items"]

        return (await eventually(matches, saying="a match"))[0]["match_id"]

    judged = await team.post(f"/api/v1/matches/{await proposed(ambassador, own)}/endorse")
    assert judged.status_code == 200, judged.text
    to_judge = await proposed(asker, others)

    async def waits() -> bool:
        return to_judge in (await ambassador.get("/")).text

    await eventually(waits, saying="a match to judge")
    page = well_made(await ambassador.get("/"), "nl")
    cards = [shown(one) for one in page.iter("li") if one.get("class") == "card"]
    assert [about for card in cards for about in (own, others) if about in card] == [own, others]


async def test_who_looks_for_a_member_reads_that_there_are_more(neighbourhood, desk):
    ambassador, _, _, request_id = desk
    name = fresh_name("Zoekgenoot")
    for _ in range(10):
        await neighbourhood.member(name=name)

    async def found() -> str:
        return (await ambassador.get(f"/desk/requests/{request_id}", params={"name": name})).text

    assert "Er zijn er meer" not in await found()
    await neighbourhood.member(name=name)
    assert "Er zijn er meer. Typ meer van de naam." in await found()


async def test_no_two_buttons_at_a_desk_have_the_same_words_when_one_request_has_several_matches(neighbourhood):
    ambassador = await an_ambassador(neighbourhood, "Fenna Dijk", provinces=["Flevoland"])
    asker, offerers = await neighbourhood.member(), [await neighbourhood.member() for _ in range(2)]
    about, there = fresh_name("onderwerp"), {"kind": "site-visit", "place": {"name": "Almere"}}
    for number, offerer in enumerate(offerers):
        offer = a_proposition(f"Wij weten alles van {about} ({number})", **there)
        assert (await offerer.post("/api/v1/offers", json=offer)).status_code == 201
    request = a_proposition(f"Wie weet alles van {about}?", **there)
    assert (await asker.post("/api/v1/requests", json=request)).status_code == 201

    async def both_wait() -> bool:
        return (await ambassador.get("/desk")).text.count('<li class="card" id="match-') == 2

    await eventually(both_wait, saying="two matches at a desk")
    read = well_made(await ambassador.get("/desk"), "nl")
    said = [shown(one) for what in ("button", "summary") for one in read.iter(what) if about in shown(one)]
    assert (len(said), len(set(said))) == (10, 6)  # a part that opens and its own button say the same
    english = well_made(await ambassador.get("/desk", params={"taal": "en"}), "en")
    assert languages_of(about, english) == {"nl"}


async def test_two_are_brought_together_by_a_button_and_a_note_stands_on_the_desk(neighbourhood, desk):
    ambassador, _, about, request_id = desk
    offerer = await neighbourhood.member(name="Sem de Vries")
    offered = a_proposition(f"Alles over de {about}", kind="guest-lesson")
    await offerer.post("/api/v1/offers", json=offered)
    await neighbourhood.quiet()
    day = datetime.now(UTC).date() + timedelta(days=9)

    page = f"/desk/requests/{request_id}"
    together = await button_about(ambassador, f"{page}?words=alles+over+de+{about}", "Breng bij elkaar", about)
    noted = await button_about(ambassador, page, "Bewaar", "", note="Bel de school", due_on=day.isoformat())

    assert "We vragen allebei" in together.text
    assert f"Alles over de {about}" in together.text
    assert "Bewaard. Je krijgt bericht" in noted.text
    desk_page = await ambassador.get("/desk")
    assert "Bel de school" in desk_page.text
    done = await button_about(ambassador, "/desk", "Klaar", about)
    assert ("Mooi, dat is klaar." in done.text, "Bel de school" in done.text) == (True, False)
    wrong = await press(ambassador, await ambassador.get(page), "follow-up", note="x", due_on="2020-01-01")
    assert wrong.status_code == 422
    assert_kept(wrong, "x")
    empty = await press(ambassador, await ambassador.get(page), "follow-up", due_on=day.isoformat())
    assert_told_at_the_field(empty, "note", "Schrijf op wat je wilt onthouden. Gebruik hoogstens 1000 tekens.")


async def test_a_note_with_a_past_day_is_kept_and_the_day_is_said_to_be_wrong_from_the_match_and_at_the_desk(
    neighbourhood,
):
    pair = await neighbourhood.a_match()
    match, past = f"/matches/{pair.match_id}", "2020-01-01"

    of_match = await press(pair.team, await pair.team.get(match), "Bewaar", note="Bel de school", due_on=past)
    assert_kept(of_match, "Bel de school")
    soon = (datetime.now(UTC) + timedelta(days=3)).date()
    noted = await press(pair.team, of_match, "Bewaar", note="Bel de school", due_on=soon.isoformat())
    assert noted.headers["location"] == "/desk?done=follow-up"

    (of_mine,) = (
        one for one in (await pair.team.get("/api/v1/follow-ups")).json() if one["matter_id"] == pair.match_id
    )
    step = f"Bewaar: {of_mine['title']}"
    moved = await press(pair.team, await pair.team.get("/desk"), step, note="Mail de school", due_on=past)
    assert_kept(moved, "Mail de school")
    assert f'id="move-{of_mine["follow_up_id"]}" open' in moved.text


def assert_kept(page, note):
    """The day is said to be wrong, and what was written stands there still."""
    read = well_made(page, "nl")
    assert note in [one.text for one in read.iter("textarea")]
    (day,) = [str(one.get("id")) for one in read.iter("input") if one.get("aria-invalid")]
    assert_told_at_the_field(page, day, "Kies een dag die nog komt, hooguit twee jaar vooruit.")


async def test_another_ambassador_is_asked_to_look_and_says_yes_or_no_at_their_desk(neighbourhood):
    first = await an_ambassador(neighbourhood, "Amir Bos", **ELSEWHERE)
    second_name = fresh_name("Loes").replace("-", " ")
    second = await an_ambassador(neighbourhood, second_name, **ELSEWHERE)
    pair = await neighbourhood.a_match()
    given = {"member_id": await neighbourhood.member_id(first)}  # it went to an ambassador of the region
    assert (await pair.team.post(f"/api/v1/matches/{pair.match_id}/hand-over", json=given)).status_code == 200
    second_id = await neighbourhood.member_id(second)

    of = f"/{pair.match_id}"
    asked = await button_of(first, of, "Laat iemand anders kijken", member_id=second_id, note="Jouw vak.")
    assert f"Je vroeg {second_name}" in asked.text
    long = "Wij zoeken iemand die een ochtend komt vertellen. " * 12
    async with neighbourhood.services[1].service.engine.begin() as connection:
        written = {"text": long, "request_id": pair.request_id}
        await connection.execute(
            text("UPDATE proposition SET text = :text WHERE proposition_id = :request_id"), written
        )
    assert long in (await second.get("/desk")).text  # who is asked reads all of it
    declined = await button_of(second, of, "Nee, liever niet")
    assert "De match blijft bij de ander" in declined.text
    await button_of(first, of, "Laat iemand anders kijken", member_id=second_id)
    page = await second.get("/desk")
    pressed = [await press(second, page, "accept", at=f"/desk/hand-overs{of}") for _ in range(2)]

    (lead,) = {one.headers.get("location") for one in pressed}
    assert "De match staat nu bij jou" in (await second.get(lead)).text
    assert f'id="match-{pair.match_id}"' not in (await first.get("/desk")).text
    endorsed = await button_of(second, of, "Dit past")
    assert heading(endorsed) == "Mijn bureau"
    await neighbourhood.quiet()
    assert "Gezegd dat een match past" in (await second.get("/desk")).text


async def test_what_is_kept_by_a_button_that_is_pressed_twice_is_kept_once(neighbourhood):
    pair = await neighbourhood.a_match()
    due_on = (datetime.now(UTC).date() + timedelta(days=20)).isoformat()
    notes = {f"/desk/requests/{pair.request_id}": "Bel de school.", f"/matches/{pair.match_id}": "Bel de smid."}

    for path, note in notes.items():
        page = await pair.team.get(path)
        pressed = [await press(pair.team, page, "Bewaar", note=note, due_on=due_on) for _ in range(2)]
        assert [one.status_code for one in pressed] == [303, 303]

    kept = [one["note"] for one in (await pair.team.get("/api/v1/follow-ups")).json()]
    assert [kept.count(note) for note in notes.values()] == [1, 1]


async def test_an_offer_of_which_nobody_answered_can_be_chosen_for_the_request_again(neighbourhood):
    ambassador, pair = await an_ambassador(neighbourhood, "Amir Bos"), await neighbourhood.a_match()
    page = f"/desk/requests/{pair.request_id}"
    offer = (await pair.team.get(f"/api/v1/matches/{pair.match_id}")).json()["offer"]
    chosen_from = f'name="offer_id" value="{offer["offer_id"]}"'
    before = await ambassador.get(page)
    async with neighbourhood.services[1].service.engine.begin() as connection:
        lapsed = "UPDATE match SET state = 'lapsed', lapsed_because = 'unanswered' WHERE match_id = :match_id"
        await connection.execute(text(lapsed), {"match_id": pair.match_id})

    after = await ambassador.get(page)
    thanks = await button_about(ambassador, page, "Breng bij elkaar", offer["title"])

    assert (chosen_from in before.text, chosen_from in after.text, thanks.status_code) == (False, True, 200)
    awaited = (await pair.asker.get("/api/v1/matches", params={"awaiting_me": "true"})).json()["items"]
    assert [one["offer"]["offer_id"] for one in awaited] == [offer["offer_id"]]
