"""The node's team on its pages: members and their roles, who is kept out, what was not handled and what was done."""

import pytest

from contracts.envelope import encode
from contracts.event import new_id
from contracts.members import ContactChanged, JoiningLapseDue, MemberErased
from tests.gateway.conftest import a_join
from tests.gateway.test_pages import folded, parsed, press, shown, well_made
from tests.given import eventually, fresh_name

BROWSER = {"Accept": "text/html", "Accept-Language": "nl"}


@pytest.fixture
async def team(street):
    """Somebody of the node's team, at a browser."""
    return await street.signed_in("team@omdehoek.example", street.visitor(**BROWSER))


@pytest.fixture
async def colleague(street):
    """A browser of somebody else of the node's team."""
    return await street.signed_in("team@omdehoek.example", street.visitor(**BROWSER))


@pytest.fixture
async def noor(street):
    """A member with a name of her own, at a browser."""
    name = fresh_name("Noor").replace("-", " ")
    browser = await street.member(name=name, phone="06 12345678")
    await street.members.quiet()
    return name, await street.member_id(browser), browser


async def step(browser, path, label, **filled_in):
    """Presses a button on a page; returns the page that follows."""
    answer = await press(browser, await browser.get(path), label, **filled_in)
    if answer.status_code == 303:
        answer = await browser.get(answer.headers["location"])
    well_made(answer, "nl")
    return answer


@pytest.mark.parametrize("language", ["nl", "en"])
async def test_the_pages_are_well_made_and_for_the_team_alone(street, team, noor, language):
    _, member_id, browser = noor
    for path in ("/team", "/members", f"/members/{member_id}", "/deeds", "/dead-letters"):
        well_made(await team.get(path, params={"taal": language}), language)
        assert (await browser.get(path, headers=BROWSER)).status_code == 403
        assert (await street.visitor(**BROWSER).get(path)).status_code == 303
    assert "/team" in (await team.get("/")).text
    assert "/team" not in (await browser.get("/", headers=BROWSER)).text


async def test_a_member_is_found_and_gets_and_loses_roles_and_each_is_noted(street, team, noor):
    name, member_id, browser = noor
    page = f"/members/{member_id}"
    found = await team.get("/members", params={"name": name})
    assert page in found.text

    empty = await step(team, page, "appoint", provinces="", themes="")
    appointed = await step(team, page, "appoint", provinces="Zeeland", themes="")
    assert "Kies minstens één organisatie, provincie of thema." in empty.text
    assert "Dit lid is ambassadeur van dit gebied." in appointed.text
    assert name in (await team.get("/members", params={"which": "ambassador", "name": name})).text
    await step(team, page, "end")
    await step(team, page, "add")
    cannot = await step(team, page, "remove")
    assert "hoort niet meer bij het team" in cannot.text
    contact = await step(team, page, "contact")
    assert ("+31612345678" in contact.text, "+31612345678" in (await team.get(page)).text) == (True, False)
    await street.members.quiet()

    log = (await team.get("/deeds")).text
    for words in ("Tot ambassadeur benoemd", "Geen ambassadeur meer", "In het team gezet", "E-mailadres en telefoon"):
        assert words in log
        assert words in (await team.get(page)).text
    own = (await browser.get("/api/v1/members/me/deeds", params={"of": "about-me"})).json()["items"]
    assert [one["deed"] for one in own] == [
        "contact-read", "node-team-removed", "node-team-added", "ambassador-ended", "ambassador-appointed",
    ]  # fmt: skip
    assert {one["done_by"] for one in own} == {None}


@pytest.mark.parametrize("is_ambassador", [False, True])
async def test_the_scope_that_a_colleague_gave_meanwhile_is_seen_first(team, colleague, noor, is_ambassador):
    page = f"/members/{noor[1]}"
    if is_ambassador:
        await step(team, page, "appoint", provinces="Drenthe", themes="")
    seen = await team.get(page)
    await step(colleague, page, "appoint", provinces="Zeeland", themes="")

    late = await press(team, seen, "appoint", provinces="Utrecht", themes="")
    well_made(late, "nl")
    ticked = [one.get("value") for one in parsed(late).iter("input") if one.get("checked") is not None]
    stands = (await colleague.get(f"/api/v1{page}")).json()["scope"]["provinces"]
    again = await press(team, late, "appoint", provinces="Utrecht", themes="")

    assert (late.status_code, "Er is intussen iets veranderd." in late.text, "Zeeland" in late.text) == (
        412,
        True,
        True,
    )
    assert (ticked, stands) == (["Utrecht"], ["Zeeland"])
    assert again.status_code == 303


async def test_another_scope_keeps_the_organisations_of_the_one_that_stands(street, team, noor):
    page = f"/members/{noor[1]}"
    (own,) = (await team.get(f"/api/v1{page}")).json()["affiliations"]
    kept, name = own["organisation"]["organisation_id"], own["organisation"]["name"]
    given = await team.put(f"/api/v1/ambassadors/{noor[1]}", json={"organisation_ids": [kept]})
    assert given.status_code == 200, given.text

    async def stands():
        return (await team.get(f"/api/v1{page}")).json()["scope"]

    wider = await step(team, page, "appoint", provinces="Utrecht", themes="")
    assert f"Nu voor: {name}, Utrecht." in shown(next(parsed(wider).iter("main")))
    assert await stands() == {"organisation_ids": [kept], "provinces": ["Utrecht"], "themes": []}

    await step(team, page, "appoint", organisation_ids="", provinces="Utrecht", themes="")
    assert await stands() == {"organisation_ids": [], "provinces": ["Utrecht"], "themes": []}


async def test_a_member_becomes_ambassador_of_an_organisation_that_is_found_by_its_name(street, team, noor):
    page = f"/members/{noor[1]}"
    (own,) = (await team.get(f"/api/v1{page}")).json()["affiliations"]
    organisation_id, name = own["organisation"]["organisation_id"], own["organisation"]["name"]

    not_chosen = await press(team, await team.get(page), "appoint", organisation=name, provinces="", themes="")
    wrong = [one.get("id") for one in well_made(not_chosen, "nl").iter("input") if one.get("aria-invalid")]
    assert (not_chosen.status_code, wrong) == (422, ["organisation"])
    assert "Kies de organisatie uit de lijst, of maak dit veld leeg." in not_chosen.text
    sought = await press(team, await team.get(page), "find", organisation=name, provinces="Utrecht", themes="")
    ticked = [one.get("value") for one in well_made(sought, "nl").iter("input") if one.get("checked") is not None]
    appointed = await press(
        team, sought, "appoint", organisation=name, organisation_id=organisation_id, provinces="Utrecht", themes=""
    )

    assert (ticked, name in sought.text, appointed.status_code) == (["Utrecht"], True, 303)
    seen = shown(next(parsed(await team.get(page)).iter("main")))
    assert f"Nu voor: {name}, Utrecht." in seen
    scope = (await team.get(f"/api/v1{page}")).json()["scope"]
    assert scope == {"organisation_ids": [organisation_id], "provinces": ["Utrecht"], "themes": []}


async def test_who_is_kept_out_cannot_come_in_by_any_door_until_they_are_let_in(street, team, noor):
    _, member_id, browser = noor
    page = f"/members/{member_id}"
    email = (await browser.get("/api/v1/members/me")).json()["email"]

    before = folded(await team.get(page))["Sluit uit"]
    for words in ("een rol als ambassadeur vervalt", "Wat is ingetrokken, komt niet vanzelf terug."):
        assert words in before
    blocked = await step(team, page, "block")
    assert "Dit lid is uitgesloten." in blocked.text

    async def out():
        return (await browser.get("/api/v1/members/me")).status_code == 401

    await eventually(out, saying="a session that ended")
    street.links.clear()
    door = street.visitor()
    assert (await door.post("/api/v1/sign-in-links", json={"email": email})).status_code == 202
    assert (await door.post("/api/v1/members", json=a_join(email=email))).status_code == 202
    await street.members.quiet()
    assert email not in street.links
    assert page in (await team.get("/members", params={"which": "blocked"})).text

    let_in = await step(team, page, "unblock")
    assert "Dit lid mag weer meedoen." in let_in.text
    assert (await (await street.signed_in(email)).get("/api/v1/members/me")).status_code == 200
    assert [one for one in await street.members.said(ContactChanged) if one.member_id == member_id]


async def test_who_had_left_by_themselves_is_let_in_without_taking_part(team, noor):
    page = f"/members/{noor[1]}"
    await noor[2].post("/api/v1/members/me/leave")
    await team.put(f"/api/v1{page}/block")

    let_in = await step(team, page, "unblock")

    assert ("Dit lid mag weer meedoen." in let_in.text, "Dit lid is gestopt." in let_in.text) == (True, True)
    assert (await team.get(f"/api/v1{page}")).json()["has_left"]


async def test_who_stopped_is_found_by_the_team_and_erased_when_they_ask_for_it(team, noor):
    name, member_id, browser = noor
    page = f"/members/{member_id}"
    await browser.post("/api/v1/members/me/leave")

    lists = {which: await team.get("/members", params={"which": which, "name": name}) for which in ("all", "left")}
    assert {which: page in shown_there.text for which, shown_there in lists.items()} == {"all": False, "left": True}
    assert (await browser.get("/members?which=left", headers=BROWSER)).status_code in (303, 403)
    stopped = await team.get(page)
    buttons = {one.get("value") for one in well_made(stopped, "nl").iter("button")}
    assert {"contact", "block", "erase"} == buttons - {None}
    assert "+31612345678" in (await step(team, page, "contact")).text

    report = await press(team, stopped, "erase", sure="1")

    assert report.headers["location"].startswith("/erased/")
    assert page not in (await team.get("/members", params={"which": "left", "name": name})).text


async def test_who_asks_the_team_to_be_forgotten_is_and_reads_what_is_gone(street, team, noor):
    name, member_id, browser = noor
    page = f"/members/{member_id}"
    shown_at_first = await team.get(page)
    not_sure = await press(team, shown_at_first, "erase", sure="")
    wrong = next(one for one in well_made(not_sure, "nl").iter("input") if one.get("aria-invalid"))
    assert (not_sure.status_code, wrong.get("name"), name in not_sure.text) == (422, "sure", True)
    assert ["Wis dit lid" in folded(one) for one in (shown_at_first, not_sure)] == [True, False]

    pressed = [await press(team, shown_at_first, "erase", sure="1") for _ in range(2)]

    assert {one.status_code for one in pressed} == {303}
    (report,) = {one.headers["location"] for one in pressed}
    seen = shown(well_made(await team.get(report), "nl"))
    theirs = shown(well_made(await street.visitor(**BROWSER).get(report), "nl"))
    assert ("Dit lid wordt gewist" in seen, "Je gegevens worden gewist" in theirs) == (True, True)
    assert (await team.get(page)).status_code == 404

    async def out():
        return (await browser.get("/api/v1/members/me")).status_code == 401

    await eventually(out, saying="a session that ended")
    await street.members.quiet()
    assert "Een lid gewist" in (await team.get("/deeds")).text


async def test_who_is_of_the_team_is_not_erased_by_a_colleague_on_a_page(street, team):
    page = await team.get(f"/members/{await street.member_id(team)}")

    assert 'value="erase"' not in page.text


async def test_the_team_does_not_lock_itself_out(street, team):
    own = await street.member_id(team)
    refused = await team.put(f"/api/v1/members/{own}/block")
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (409, "member-cannot-be-blocked")


async def buried(street, event):
    """A dead letter of members."""
    streams, node = street.members.service.streams, street.members.service.settings.node
    body = encode(event, event_id=new_id(), node=node, time=street.members.clock(), traceparent=None)
    headers = {"Odh-Subject": event.subject(node), "Odh-Reason": "KeyError at x.py:1", "Odh-Attempts": "6"}
    headers["Odh-Buried-At"] = street.members.clock().isoformat(timespec="seconds")
    await streams.js.publish(f"odh.{node}.dead.members.{event.wire_name}.{event.entity_id}", body, headers=headers)


async def test_what_a_service_could_not_handle_is_tried_again_or_thrown_away(street, team):
    again_id, away_id = [new_id() for _ in range(2)]
    await buried(street, MemberErased(member_id=again_id))
    await buried(street, JoiningLapseDue(member_id=away_id))

    page = await team.get("/dead-letters")
    well_made(page, "nl")
    assert ("KeyError at x.py:1" in page.text, "Na 6 pogingen:" in page.text) == (True, True)
    labels = {shown(one) for one in well_made(page, "nl").iter("button")}
    again = next(one for one in labels if one.startswith("Probeer opnieuw") and again_id in one)
    away = next(one for one in labels if one.startswith("Gooi weg") and away_id in one)
    assert "Je krijgt het niet terug" in folded(page)[away]
    assert not [one for one in labels if one.startswith("Gooi weg") and again_id in one]
    assert "Hiermee wordt iemand gewist. Daarom kun je het niet weggooien" in page.text
    handled = await step(team, "/dead-letters", again)
    thrown = await step(team, "/dead-letters", away)

    assert "Nu is het wel verwerkt." in handled.text
    assert "Weggegooid." in thrown.text
    assert "Alles is verwerkt." in thrown.text
    await street.members.quiet()
    log = (await team.get("/deeds")).text
    assert ("Een bericht opnieuw verwerkt" in log, "Een bericht weggegooid" in log) == (True, True)


async def test_what_erases_somebody_stays_when_a_page_of_before_had_a_button_to_throw_it_away(street, team):
    member_id = new_id()
    await buried(street, MemberErased(member_id=member_id))
    form = next(one for one in parsed(await team.get("/dead-letters")).iter("form") if member_id in one.get("action"))
    fields = {one.get("name"): one.get("value") for one in form.iter("input")}

    refused = await team.post(form.get("action"), data=fields | {"step": "drop"})

    assert refused.status_code == 409
    assert "Vraag wie de node beheert om de oorzaak weg te nemen" in shown(well_made(refused, "nl"))
    again = next(one for one in map(shown, parsed(refused).iter("button")) if member_id in one)
    assert "Nu is het wel verwerkt." in (await step(team, "/dead-letters", again)).text
