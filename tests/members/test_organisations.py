"""Organisations: registered once by their number, found by anybody, changed by their own."""

import asyncio

import pytest
from sqlalchemy import text

from contracts.members import ContactChanged, MemberChanged, OrganisationChanged, OrganisationRegistered
from services.members import store
from tests.given import eventually
from tests.members.conftest import COMPANY, SCHOOL, slug, wrong_fields


@pytest.fixture
async def somebody(members):
    """A member of a school; what was said about that is left behind."""
    member_id = await members.joined()
    await members.given()
    return members.http_as(member_id)


async def test_an_organisation_is_registered_with_its_place(members, somebody):
    answer = await somebody.post("/v1/organisations", json=COMPANY | {"kvk": " 3012 3456 "})

    assert answer.status_code == 201
    (registered,) = await members.then_said(OrganisationRegistered)
    assert answer.headers["location"] == f"/v1/organisations/{registered.organisation_id}"
    assert answer.headers["etag"] == '"1"'
    assert (registered.kvk, registered.place.name, registered.place.province) == ("30123456", "Zeist", "Utrecht")
    assert round(registered.place.latitude, 1) == 52.1
    assert (await members.http.get(answer.headers["location"])).json() == answer.json()


async def test_nobody_registers_an_organisation_without_signing_in(members):
    assert (await members.http.post("/v1/organisations", json=COMPANY)).status_code == 401
    await members.then_nothing_said()


async def test_a_number_that_is_taken_points_at_who_has_it(members, somebody):
    first = await somebody.post("/v1/organisations", json=COMPANY)
    second = await somebody.post("/v1/organisations", json=COMPANY | {"name": "Nog eens"})

    assert (second.status_code, slug(second)) == (409, "organisation-exists")
    assert second.json()["organisation_id"] == first.json()["organisation_id"]
    await members.then_said(OrganisationRegistered)


async def test_of_many_who_register_the_same_company_at_once_one_does(members, somebody):
    answers = await asyncio.gather(*(somebody.post("/v1/organisations", json=COMPANY) for _ in range(12)))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 11
    await members.then_said(OrganisationRegistered)


async def test_an_organisation_is_found_by_name_kind_and_place(members, somebody):
    await somebody.post("/v1/organisations", json=COMPANY)
    await somebody.post("/v1/organisations", json=COMPANY | {"name": "100% Hout", "kvk": "30999999"})

    async def found(**asked: str) -> list[str]:
        answer = await members.http.get("/v1/organisations", params=asked)
        assert answer.status_code == 200, answer.text
        return [organisation["name"] for organisation in answer.json()["items"]]

    assert await found(q="WARMTE") == ["Warmtewerk BV"]
    assert await found(kind="company") == ["100% Hout", "Warmtewerk BV"]
    assert await found(kind="school", place="utrecht") == ["ROC Vechtdal"]
    assert await found(q="100%") == ["100% Hout"]
    assert await found(q="%") == ["100% Hout"]
    assert await found(q="geen") == []


async def test_a_long_list_comes_in_pages(members, somebody):
    for number in range(5):
        await somebody.post(
            "/v1/organisations", json=COMPANY | {"name": f"Bedrijf {number}", "kvk": f"3000000{number}"}
        )

    names, cursor = [], None
    while True:
        asked = {"kind": "company", "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await members.http.get("/v1/organisations", params=asked)).json()
        names += [organisation["name"] for organisation in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert names == [f"Bedrijf {number}" for number in (4, 3, 2, 1, 0)]


async def test_the_team_changes_an_organisation(members, somebody):
    school = (await members.http.get("/v1/organisations", params={"kind": "school"})).json()["items"][0]
    path = f"/v1/organisations/{school['organisation_id']}"

    answer = await members.team().patch(
        path, json={"name": "ROC Vechtdal College", "place": {"name": "Zwolle"}}, headers={"If-Match": '"1"'}
    )

    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    changed, contact, _ = await members.then_said(OrganisationChanged, ContactChanged, MemberChanged)
    assert (changed.name, changed.place.province, changed.version) == ("ROC Vechtdal College", "Overijssel", 2)
    assert (changed.brin, changed.networks) == ("25PJ", ("duurzaam-mbo",))
    assert contact.organisation_name == "ROC Vechtdal College"  # as mails name it from now on


async def test_who_belongs_to_an_organisation_is_told_of_its_name_alone(members, somebody):
    school = (await members.http.get("/v1/organisations", params={"kind": "school"})).json()["items"][0]
    path = f"/v1/organisations/{school['organisation_id']}"

    await members.team().patch(path, json={"place": {"name": "Zwolle"}}, headers={"If-Match": '"1"'})

    await members.then_said(OrganisationChanged)


async def test_a_change_of_an_organisation_is_noted_with_who_made_it_and_one_that_is_refused_is_not(members, somebody):
    school = (await members.http.get("/v1/organisations", params={"kind": "school"})).json()["items"][0]
    organisation_id = school["organisation_id"]
    path, header = f"/v1/organisations/{organisation_id}", {"If-Match": '"1"'}
    ambassador = members.ambassador(organisation_ids=(organisation_id,))

    for who in (ambassador, members.team()):
        await who.patch(path, json={"name": "ROC Vechtdal College"}, headers=header)
    await members.quiet()

    (noted,) = (await members.team().get("/v1/deeds")).json()["items"]
    assert (noted["deed"], noted["role"], noted["whose"]) == ("organisation-changed", "ambassador", [])
    about = (noted["matter"], noted["matter_id"], noted["title"])
    assert about == ("organisation", organisation_id, "ROC Vechtdal College")


async def test_a_change_names_the_version_it_changes(members, somebody):
    school = (await members.http.get("/v1/organisations", params={"kind": "school"})).json()["items"][0]
    path = f"/v1/organisations/{school['organisation_id']}"

    without = await members.team().patch(path, json={"name": "Anders"})
    await members.team().patch(path, json={"name": "Eerst"}, headers={"If-Match": '"1"'})
    late = await members.team().patch(path, json={"name": "Te laat"}, headers={"If-Match": '"1"'})

    assert (without.status_code, late.status_code) == (428, 412)
    assert (await members.http.get(path)).json()["name"] == "Eerst"
    assert len(await members.said(OrganisationChanged)) == 1


async def test_of_many_changes_of_one_version_one_counts(members, somebody):
    school = (await members.http.get("/v1/organisations", params={"kind": "school"})).json()["items"][0]
    path = f"/v1/organisations/{school['organisation_id']}"

    answers = await asyncio.gather(
        *(members.team().patch(path, json={"name": f"Naam {n}"}, headers={"If-Match": '"1"'}) for n in range(10))
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 9
    assert len(await members.said(OrganisationChanged)) == 1


@pytest.mark.parametrize("belongs", [False, True])
async def test_an_organisation_is_changed_by_nobody_who_only_says_to_belong_to_it(members, somebody, belongs):
    path = (await somebody.post("/v1/organisations", json=COMPANY)).headers["location"]
    if belongs:
        said = await somebody.post("/v1/members/me/affiliations", json={"organisation_id": path.rpartition("/")[2]})
        assert said.status_code == 201, said.text

    refused = await somebody.patch(path, json={"name": "Gekaapt"}, headers={"If-Match": '"1"'})
    allowed = await members.team().patch(path, json={"name": "Warmtewerk"}, headers={"If-Match": '"1"'})

    assert (refused.status_code, slug(refused), allowed.status_code) == (403, "organisation-not-yours", 200)


async def test_a_change_cannot_break_what_registering_checks(members, somebody):
    await somebody.post("/v1/organisations", json=COMPANY)
    school = (await members.http.get("/v1/organisations", params={"kind": "school"})).json()["items"][0]
    path, header = f"/v1/organisations/{school['organisation_id']}", {"If-Match": '"1"'}

    async def patched(**change):
        return await members.team().patch(path, json=change, headers=header)

    assert set(wrong_fields(await patched(brin=None))) == {"brin"}
    assert set(wrong_fields(await patched(name=None, place=None, kind="company"))) == {"name", "place", "kind"}
    assert slug(await patched(kvk="30123456")) == "organisation-exists"
    assert (await patched(brin="25PJ", kvk="30777777")).status_code == 200


async def test_the_name_of_an_organisation_can_be_seen(members, somebody):
    refused = [
        await somebody.post("/v1/organisations", json=COMPANY | {"name": name}) for name in ("\u200b", "\u2060-")
    ]
    made = await somebody.post("/v1/organisations", json=COMPANY | {"name": "1848"})
    path, header = f"/v1/organisations/{made.json()['organisation_id']}", {"If-Match": '"1"'}
    refused.append(await members.team().patch(path, json={"name": "\u200b"}, headers=header))

    assert made.status_code == 201
    assert [wrong_fields(answer) for answer in refused] == [{"name": "must have a letter or a digit"}] * 3


async def test_an_ambiguous_place_asks_for_the_province(somebody):
    ambiguous = await somebody.post("/v1/organisations", json=COMPANY | {"place": {"name": "Hengelo"}})
    chosen = await somebody.post(
        "/v1/organisations", json=COMPANY | {"place": {"name": "Hengelo", "province": "gelderland"}}
    )

    assert "Overijssel or Gelderland" in wrong_fields(ambiguous)["place"]
    assert chosen.json()["place"]["province"] == "Gelderland"


async def test_a_search_in_a_place_that_does_not_exist_says_which_might_be_meant(members):
    answer = await members.http.get("/v1/organisations", params={"place": "Amersfort"})

    assert "Amersfoort" in wrong_fields(answer)["place"]


async def test_places_are_suggested_while_somebody_types(members):
    places = (await members.http.get("/v1/places", params={"q": "amers"})).json()

    assert (places[0]["name"], places[0]["province"]) == ("Amersfoort", "Utrecht")
    assert set(places[0]) == {"name", "province", "latitude", "longitude"}


async def test_an_organisation_that_does_not_exist_is_not_found(members):
    assert slug(await members.http.get("/v1/organisations/nobody")) == "organisation-not-found"


async def test_two_schools_do_not_share_a_number_through_a_change(members, somebody):
    other = await somebody.post("/v1/organisations", json=SCHOOL | {"brin": "26AB", "name": "ROC Elders"})

    answer = await members.team().patch(other.headers["location"], json={"brin": "25PJ"}, headers={"If-Match": '"1"'})

    assert slug(answer) == "organisation-exists"


@pytest.mark.parametrize("change", [{"name": "ROC Vechtdal Twee"}, {"brin": "25PJ"}])
async def test_a_change_and_what_a_network_tells_of_one_organisation_do_not_wait_for_each_other(
    members, somebody, change
):
    """A network's telling holds the number, and then the organisation."""
    school = (await members.http.get("/v1/organisations", params={"kind": "school"})).json()["items"][0]
    path = f"/v1/organisations/{school['organisation_id']}"
    async with members.session() as telling:
        await store.one_at_a_time(telling, f"organisation {school['brin']}")
        changing = asyncio.create_task(members.team().patch(path, json=change, headers={"If-Match": '"1"'}))

        async def it_waits_or_is_done() -> bool:
            waiting = text(
                "SELECT 1 FROM pg_locks WHERE NOT granted"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            return changing.done() or (await telling.exec(waiting)).first() is not None

        await eventually(it_waits_or_is_done, saying="a change that waits or is done")
        await store.organisation(telling, school["organisation_id"], for_change=True)
        await telling.rollback()

    assert (await changing).status_code == 200
    assert len(await members.said(OrganisationChanged)) == 1
