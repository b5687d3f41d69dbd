"""Where a member belongs, which they change themselves, and to stop taking part without being forgotten."""

import pytest

from services.gateway.pages import details
from services.members import persons
from tests.gateway.conftest import a_proposition
from tests.gateway.test_change_page import filled_in, save
from tests.gateway.test_pages import folded, parsed, press, shown, well_made
from tests.given import eventually, fresh_name


async def belongings(browser):
    """The names of the organisations that somebody belongs to, the first one first."""
    return [one["organisation"]["name"] for one in (await browser.get("/api/v1/members/me")).json()["affiliations"]]


async def test_who_changes_jobs_adds_the_new_organisation_and_takes_the_old_one_away(neighbourhood):
    member, other = await neighbourhood.member(name="Noor Jansen"), await neighbourhood.member()
    (old,), (new,), address = await belongings(member), await belongings(other), "/my-data/change"
    assert old in shown(well_made(await member.get(address), "nl"))

    nothing = await press(member, await member.get(address), "Voeg toe")
    assert (nothing.status_code, "Typ de naam van je organisatie" in shown(well_made(nothing, "nl"))) == (422, True)
    sought = await press(member, await member.get(address), "Zoek", organisation=new)
    (known,) = (one.get("value") for one in well_made(sought, "nl").iter("input") if one.get("id") == "name")
    found, _ = (one.get("value") for one in parsed(sought).iter("input") if one.get("name") == "organisation_id")
    sent = [await press(member, sought, "Voeg toe", organisation_id=found, role="docent") for _ in range(2)]
    assert (known, await belongings(member)) == ("Noor Jansen", [old, new])
    assert [one.headers["location"] for one in sent] == [f"{address}?done=belongs"] * 2
    page = await member.get(sent[0].headers["location"])
    assert "docent, Utrecht" in shown(well_made(page, "nl"))

    gone = [await press(member, page, f"Hier hoor ik niet meer bij: {old}") for _ in range(2)]
    assert [one.headers["location"] for one in gone] == [f"{address}?done=belongs-no-more"] * 2
    assert await belongings(member) == [new]


async def test_an_organisation_that_is_new_here_is_registered_once_and_one_that_is_not_is_chosen(neighbourhood):
    member, name = await neighbourhood.member(name="Noor Jansen"), fresh_name("Centrum")
    page = await member.get("/my-data/change")
    draft = {"organisation": name, "organisation_id": "new", "kind": "centre", "place": "Zeist"}

    wrong = await press(member, page, "Voeg toe", **draft | {"kind": "school", "number": "nul"})
    assert (wrong.status_code, "Een BRIN-nummer heeft" in shown(well_made(wrong, "nl"))) == (422, True)
    sent = [await press(member, page, "Voeg toe", **draft) for _ in range(2)]
    assert [one.headers["location"] for one in sent] == ["/my-data/change?done=belongs"] * 2
    found = (await member.get("/api/v1/organisations", params={"q": name})).json()["items"]
    assert ([one["name"] for one in found], (await belongings(member))[1:]) == ([name], [name])

    school = {"kind": "school", "name": fresh_name("School"), "place": {"name": "Zeist"}, "brin": "31ZZ"}
    assert (await member.post("/api/v1/organisations", json=school)).status_code == 201
    number = {"organisation": school["name"], "kind": "school", "number": school["brin"]}
    taken = await press(member, page, "Voeg toe", **draft | number)
    assert "Deze organisatie is al lid." in shown(well_made(taken, "nl"))
    (chosen,) = (one.get("value") for one in parsed(taken).iter("input") if one.get("checked") is not None)
    assert (await press(member, taken, "Voeg toe", organisation_id=chosen)).status_code == 303
    assert school["name"] in await belongings(member)


@pytest.mark.parametrize("who_counts", [details, persons], ids=["the page", "members"])
async def test_who_belongs_to_as_many_as_there_is_room_for_reads_so(neighbourhood, monkeypatch, who_counts):
    member, name = await neighbourhood.member(name="Noor Jansen"), fresh_name("Centrum")
    own, page = await belongings(member), await member.get("/my-data/change")
    monkeypatch.setattr(who_counts, "ORGANISATIONS_MAX", 1)

    draft = {"organisation": name, "organisation_id": "new", "kind": "centre", "place": "Zeist"}
    full = await press(member, page, "Voeg toe", **draft)

    assert (full.status_code, await belongings(member)) == (422, own)
    assert "Je hoort al bij 50 organisaties" in shown(well_made(full, "nl"))
    member.headers["Accept-Language"] = "en"
    in_english = await press(member, await member.get("/my-data/change"), "Add", **draft)
    assert "You belong to 50 organisations already" in shown(well_made(in_english, "en"))
    if who_counts is details:  # nothing is registered to which nobody belongs
        assert not (await member.get("/api/v1/organisations", params={"q": name})).json()["items"]


async def changes_jobs(neighbourhood):
    """Somebody who asked something for the school that they left, where that is, and both schools."""
    noor, other = await neighbourhood.member(name="Noor Jansen"), await neighbourhood.member()
    placed = (await noor.post("/api/v1/requests", json=a_proposition(fresh_name("Dakgoten")))).json()
    (old,), (new,) = [
        [one["organisation"] for one in (await browser.get("/api/v1/members/me")).json()["affiliations"]]
        for browser in (noor, other)
    ]
    draft = {"organisation_id": new["organisation_id"]}
    assert (await noor.post("/api/v1/members/me/affiliations", json=draft)).status_code == 201
    page = await noor.get("/my-data/change")
    await press(noor, page, f"Hier hoor ik niet meer bij: {old['name']}")
    return noor, f"/requests/{placed['request_id']}", old, new


async def test_who_changes_jobs_moves_what_they_asked_to_the_new_organisation_when_they_choose_so(neighbourhood):
    noor, at, old, new = await changes_jobs(neighbourhood)
    page = await noor.get(f"{at}/change")
    assert filled_in(page)["organisation_id"] == old["organisation_id"]

    await save(noor, page, title="Wie weet iets van goten?")
    kept = (await noor.get(f"/api/v1{at}")).json()
    answer = await save(noor, await noor.get(f"{at}/change"), organisation_id=new["organisation_id"])

    assert (kept["title"], kept["organisation_id"]) == ("Wie weet iets van goten?", old["organisation_id"])
    assert answer.headers["location"] == f"{at}?done=changed"
    assert (await noor.get(f"/api/v1{at}")).json()["organisation_id"] == new["organisation_id"]
    assert "organisation_id" not in filled_in(await noor.get(f"{at}/change"))  # there is nothing to choose any more


@pytest.mark.parametrize("side", ["requests", "offers"])
async def test_who_belongs_nowhere_reads_at_once_what_comes_before_asking_and_offering(neighbourhood, side):
    noor = await neighbourhood.member(name="Noor Jansen")
    (own,) = await belongings(noor)
    begun = await noor.get(f"/{side}/new")
    await press(noor, await noor.get("/my-data/change"), f"Hier hoor ik niet meer bij: {own}")

    async def counts() -> bool:  # an identity is kept for a moment
        draft = a_proposition("Dakgoten", draft=True)
        return (await noor.post(f"/api/v1/{side}", json=draft)).status_code == 422

    await eventually(counts, saying="that they belong nowhere")
    page, asks_first = await noor.get(f"/{side}/new"), "Voeg eerst je school of bedrijf toe"
    words = {"text": "Wij willen iets leren over goten.", "title": "Goten", "themes": "biodiversity", "place": "Zeist"}
    refused = await press(noor, begun, "place", kind="expertise", **words)

    assert (asks_first in shown(well_made(page, "nl")), "<textarea" in page.text) == (True, False)
    links = {shown(one): one.get("href") for one in parsed(page).iter("a")}
    assert links["Voeg een school, bedrijf of organisatie toe"] == "/my-data/change"
    told = shown(well_made(refused, "nl"))
    assert (refused.status_code, asks_first in told, words["text"] in told) == (422, True, True)


async def test_who_stops_is_signed_out_and_not_forgotten(neighbourhood):
    email = f"{fresh_name('noor')}@vechtdal.example"
    noor = await neighbourhood.member(name="Noor Jansen", email=email)
    page = await noor.get("/my-data/erase")

    answer = await press(noor, page, "Stop met meedoen")
    told = await noor.get(answer.headers["location"])

    for words in ("We trekken in wat je vraagt en aanbiedt", "Wat we van je weten, bewaren we een jaar.",
                  "Je bijeenkomsten gaan niet door", "Je matches stoppen."):  # fmt: skip
        assert words in folded(page)["Stop met meedoen"]
    assert "Je doet niet meer mee." in shown(well_made(told, "nl"))
    assert (await noor.get("/my-data")).status_code == 303
    again = await neighbourhood.member(name="Noor Jansen", email=email)
    assert (await again.get("/api/v1/members/me")).json()["joined_at"]


async def test_who_presses_stop_twice_has_stopped_and_reads_so(neighbourhood, monkeypatch):
    for known in ("session_cached_seconds", "identity_cached_seconds"):  # for longer than this machine takes to press
        monkeypatch.setitem(neighbourhood.gateway.service.settings.__dict__, known, 60)
    noor = await neighbourhood.member(name="Noor Jansen", email=f"{fresh_name('noor')}@vechtdal.example")
    page = await noor.get("/my-data/erase")
    session = dict(noor.cookies)

    answers = []
    for _ in range(2):
        answers.append(await press(noor, page, "Stop met meedoen"))
        noor.cookies.update(session)  # the browser throws the first answer away

    assert {(one.status_code, one.headers["location"]) for one in answers} == {(303, "/?done=left")}
    noor.cookies.clear()
    late = await press(noor, page, "Stop met meedoen")  # who went back, signed out
    told = await noor.get(late.headers["location"])
    assert "Dan is dat gelukt en doe je niet meer mee." in shown(well_made(told, "nl"))


@pytest.mark.parametrize("button", ["Stop met meedoen", "Wis mijn gegevens"])
async def test_the_last_of_the_team_reads_that_they_cannot_go(neighbourhood, button):
    team = await neighbourhood.team()

    refused = await press(team, await team.get("/my-data/erase"), button, sure="1")

    assert (refused.status_code, "Er moet iemand in het team blijven." in shown(well_made(refused, "nl"))) == (
        409,
        True,
    )
    assert (await team.get("/team")).status_code == 200
