"""Where a member belongs, which they change themselves, and to stop taking part without being forgotten."""

from tests.gateway.test_pages import folded, parsed, press, shown, well_made
from tests.given import fresh_name


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


async def test_who_stops_is_signed_out_and_not_forgotten(neighbourhood):
    email = f"{fresh_name('noor')}@vechtdal.example"
    noor = await neighbourhood.member(name="Noor Jansen", email=email)
    page = await noor.get("/my-data/erase")

    answer = await press(noor, page, "Stop met meedoen")
    told = await noor.get(answer.headers["location"])

    assert "We trekken in wat je vraagt en aanbiedt" in folded(page)["Stop met meedoen"]
    assert "Je doet niet meer mee." in shown(well_made(told, "nl"))
    assert (await noor.get("/my-data")).status_code == 303
    again = await neighbourhood.member(name="Noor Jansen", email=email)
    assert (await again.get("/api/v1/members/me")).json()["joined_at"]


async def test_the_last_of_the_team_reads_that_they_cannot_stop(neighbourhood):
    team = await neighbourhood.team()

    refused = await press(team, await team.get("/my-data/erase"), "Stop met meedoen")

    assert (refused.status_code, "Er moet iemand in het team blijven." in shown(well_made(refused, "nl"))) == (
        409,
        True,
    )
    assert (await team.get("/team")).status_code == 200
