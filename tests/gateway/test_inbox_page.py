"""The inbox: what was opened or marked there is read, and who did it stays where they were."""

import pytest

from tests.gateway.test_pages import parsed, press, shown, well_made

#: Before all that there is: what follows it is a page that somebody leafed to.
CURSOR = "zzz"


async def told(neighbourhood, *, twice=False):
    """Who asks, and of which match they are told; or of their introduction by it, and what the other began then."""
    pair = await neighbourhood.a_match()
    await press(pair.team, await pair.team.get(f"/matches/{pair.match_id}"), "endorse")
    if twice:
        for who in (pair.asker, pair.offerer):
            await who.post(f"/api/v1/matches/{pair.match_id}/answer", json={"accepted": True})
        await neighbourhood.quiet()
        begun = {"match_id": pair.match_id, "text": "De klas komt kijken."}
        assert (await pair.offerer.post("/api/v1/initiatives", json=begun)).status_code == 201
    await neighbourhood.quiet()
    return pair.asker, f"/matches/{pair.match_id}"


async def unread(browser):
    return [one["item_id"] for one in (await browser.get("/api/v1/inbox")).json()["items"] if not one["read_at"]]


def button(page, words):
    """The whole text of the button that begins with these words."""
    return next(shown(one) for one in parsed(page).iter("button") if shown(one).startswith(words))


async def test_what_is_opened_is_read_and_then_has_a_link(neighbourhood):
    asker, match = await told(neighbourhood)
    page = await asker.get("/inbox")

    answer = await press(asker, page, button(page, "Bekijk"))

    assert (answer.status_code, answer.headers["location"]) == (303, match)
    assert await unread(asker) == []
    read = well_made(await asker.get("/inbox"), "nl")
    assert match in [one.get("href") for one in read.iter("a")]
    assert "Nieuw" not in shown(read)


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example/", "", "evil"])
async def test_opening_an_item_sends_nobody_elsewhere(neighbourhood, to):
    asker, _ = await told(neighbourhood)
    (item,) = await unread(asker)
    token = next(one.get("value") for one in parsed(await asker.get("/inbox")).iter("input"))

    answer = await asker.post(f"/inbox/{item}/read", data={"form": token, "to": to})

    assert (answer.status_code, answer.headers["location"]) == (303, f"/inbox#item-{item}")


@pytest.mark.parametrize(("at", "back"), [("/inbox", "/inbox"), (f"/inbox?cursor={CURSOR}", f"/inbox?cursor={CURSOR}")])
async def test_an_item_that_was_read_is_new_no_more_and_its_reader_is_still_at_it(neighbourhood, at, back):
    asker, _ = await told(neighbourhood)
    (item,), page = await unread(asker), await asker.get(at)

    answer = await press(asker, page, button(page, "Gelezen"))

    assert (answer.status_code, answer.headers["location"]) == (303, f"{back}#item-{item}")
    assert f'id="item-{item}"' in (await asker.get(back)).text
    assert await unread(asker) == []


@pytest.mark.parametrize("at", ["/inbox", f"/inbox?cursor={CURSOR}"])
async def test_everything_is_read_by_one_button_and_its_reader_is_on_the_same_page(neighbourhood, at):
    asker, _ = await told(neighbourhood, twice=True)
    page = await asker.get(at)

    answer = await press(asker, page, "Alles gelezen")

    assert (answer.status_code, answer.headers["location"]) == (303, at)
    assert [one.text.count(">Nieuw<") for one in (page, await asker.get("/inbox"))] == [2, 0]


async def test_what_was_answered_where_the_mail_led_is_new_no_more(neighbourhood):
    asker, match = await told(neighbourhood)
    new = await asker.get("/inbox")

    await press(asker, await asker.get(match), "yes")
    await neighbourhood.quiet()

    answered = well_made(await asker.get("/inbox"), "nl")
    assert ("Nieuw" in shown(well_made(new, "nl")), "Nieuw" in shown(answered)) == (True, False)
    assert match in [one.get("href") for one in answered.iter("a")]
