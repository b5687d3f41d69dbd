"""The team's page of who may be here twice: side by side, decided by a button, and undone by one."""

import pytest

from tests.gateway.conftest import a_join
from tests.gateway.test_pages import heading, press, shown, well_made
from tests.given import eventually, fresh_name

BROWSER = {"Accept": "text/html", "Accept-Language": "nl"}


@pytest.fixture
async def pair(street):
    """Two members of one name and centre, with addresses of their own; and the browser of each, and of the team."""
    last = fresh_name("Wester").replace("-", "")
    first = await street.member(name=f"Noor {last}", email=f"noor@{last.lower()}.example")
    of = (await first.get("/api/v1/members/me")).json()["affiliations"][0]["organisation"]["organisation_id"]
    second = street.visitor()
    join = a_join(name=f"N. {last}", email=f"n@thuis-{last.lower()}.example", organisation=None, organisation_id=of)
    await second.post("/api/v1/members", json=join)
    await street.follow(await street.link_for(join["email"]), second)
    await street.members.quiet()
    team = await street.signed_in("team@omdehoek.example", street.visitor(**BROWSER))
    return last, first, second, team


async def decided(team, last, state, step, expect=303):
    """Presses a button of the pair, on the list where it stands; returns the page that follows."""
    page = await team.get("/same", params={"state": state})
    label = next(
        shown(button)
        for button in well_made(page, "nl").iter("button")
        if button.get("value") == step and last in shown(button)
    )
    answer = await press(team, page, label)
    assert answer.status_code == expect, answer.text
    return await team.get(answer.headers["location"]) if expect == 303 else answer


@pytest.mark.parametrize("language", ["nl", "en"])
async def test_the_page_is_well_made_with_pairs_and_without(pair, language):
    last, _, _, team = pair

    full = await team.get("/same", params={"taal": language})
    empty = await team.get("/same", params={"taal": language, "thing": "organisations", "state": "later"})

    page = well_made(full, language)
    well_made(empty, language)
    assert last in full.text
    assert "noor@" not in full.text  # enough to tell them apart, not enough to write to them
    assert f"n…r@{last.lower()}.example" in full.text
    assert [one.get("scope") for one in page.iter("th")][:2] == ["col", "col"]


async def test_two_are_put_off_merged_and_undone_by_buttons(street, pair):
    last, first, second, team = pair
    own, other = [await street.member_id(browser) for browser in (first, second)]

    later = await decided(team, last, "waiting", "later")
    merged = await decided(team, last, "later", "same")
    await street.members.quiet()
    assert "Bewaard voor later." in later.text
    assert "Samengevoegd. Je vindt ze bij" in merged.text
    assert last not in (await team.get("/same")).text
    done = (await team.get("/same", params={"state": "merged"})).text
    assert "Samengevoegd door Om de Hoek Utrecht" in done  # who decided, and who put it off before
    assert "Bewaard voor later door Om de Hoek Utrecht" in done

    async def both_are(*wanted):
        return wanted == tuple([await street.member_id(browser) for browser in (first, second)])

    await eventually(lambda: both_are(own, own), saying="one person, in both browsers")
    undone = await decided(team, last, "merged", "undo")
    assert "het zijn er weer twee" in undone.text
    assert last in (await team.get("/same", params={"state": "apart"})).text
    await eventually(lambda: both_are(own, other), saying="two persons again")


async def test_who_was_merged_hears_it_and_undoes_it_themselves(street, pair):
    """Not somebody else, and nothing happens the second time."""
    last, first, second, team = pair
    await decided(team, last, "waiting", "same")
    await street.members.quiet()

    page = await first.get("/same/mine", headers=BROWSER)
    label = next(one for one in map(shown, well_made(page, "nl").iter("button")) if one.startswith("Dit ben ik niet"))
    assert f"n…r@{last.lower()}.example" in page.text
    (own,) = (await second.get("/api/v1/members/me/merged")).json()["items"]
    somebody = await street.member()
    assert (await somebody.get("/api/v1/members/me/merged")).json() == {"items": []}
    refused = await somebody.post(f"/api/v1/members/me/merged/{own['pair_id']}/keep-apart")
    assert (refused.status_code, (await street.visitor(**BROWSER).get("/same/mine")).status_code) == (404, 303)

    answer = await press(first, page, label)
    undone = await first.get(answer.headers["location"], headers=BROWSER)
    assert "het zijn er weer twee" in undone.text
    well_made(undone, "nl")
    again = await first.post(f"/api/v1/members/me/merged/{own['pair_id']}/keep-apart")
    assert (again.status_code, again.json()["status"]) == (200, "apart")
    assert last in (await team.get("/same", params={"state": "apart"})).text
    await street.members.quiet()
    done = (await team.get("/api/v1/deeds", params={"deed": "kept-apart", "limit": "100"})).json()["items"]
    assert [one["role"] for one in done if one["matter_id"] == own["pair_id"]] == ["member"]


async def test_who_is_not_of_the_team_sees_nothing_and_decides_nothing(street, pair):
    _, first, _, team = pair
    found = (await team.get("/api/v1/same-persons")).json()["items"]

    assert (await first.get("/same", headers=BROWSER)).status_code == 403
    assert (await street.visitor(**BROWSER).get("/same")).status_code == 303
    assert "/same" not in (await first.get("/", headers=BROWSER)).text
    assert (await first.get("/api/v1/same-persons")).status_code == 403
    answer = await first.post(f"/api/v1/same-persons/{found[0]['pair_id']}/merge")
    assert answer.status_code == 403


async def test_somebody_of_the_team_is_not_merged_and_the_page_says_why(street, pair):
    last, first, _, team = pair
    await team.put(f"/api/v1/node-team/{await street.member_id(first)}")

    refused = await decided(team, last, "waiting", "same", expect=409)

    assert "voegen we niet samen" in refused.text
    assert heading(refused) == "Staan ze er dubbel?"
    well_made(refused, "nl")
