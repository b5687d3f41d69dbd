"""What two people who were introduced do together: started, noted, ended, told; in one node."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from chassis.consumer import Consumer
from contracts.event import new_id
from contracts.members import AmbassadorScope, MemberErased, MemberJoined, MemberLeft
from contracts.requests import InitiativeEnded, InitiativeNews, InitiativeQuietDue, InitiativeStarted, MemberForgotten
from tests.given import eventually
from tests.requests.conftest import an_introduction, slug, wrong_fields
from tests.requests.test_erasure import everything_kept


@pytest.fixture
async def introduced(requests):
    """Noor and Sem were introduced, by Amir; returns the id of that."""
    request, offer = await requests.placed(), await requests.placed("offer", who="sem", kind="internship")
    event = an_introduction(request, offer).model_copy(update={"ambassador_ids": ("amir",)})
    await requests.given(event)
    return event.match_id


def a_start(match_id, **changes):
    return {"match_id": match_id, "text": "Vier studenten lopen in het voorjaar stage in de werkplaats."} | changes


async def started(requests, match_id, **changes):
    answer = await requests.noor.post("/v1/initiatives", json=a_start(match_id, **changes))
    assert answer.status_code == 201, answer.text
    await requests.given()
    return answer.json() | {"path": answer.headers["location"]}


async def test_either_starts_it_and_the_other_hears(requests, introduced):
    suggested = (await requests.sem.get(f"/v1/introductions/{introduced}")).json()
    assert (suggested["title"], suggested["other_organisation"]) == ("Iets", "Vechtdal")

    answer = await requests.sem.post("/v1/initiatives", json=a_start(introduced, starts_on="2030-02-01"))

    assert answer.status_code == 201
    assert answer.json()["title"] == "Iets"
    assert (answer.json()["kind"], answer.json()["themes"]) == ("internship", ["circular-economy"])
    started, news = await requests.then_said(InitiativeStarted, InitiativeNews)
    assert started.status == "running"
    assert not {"title", "text", "member_id"} & set(type(started).model_fields)
    assert [(reader.member_id, reader.other_organisation) for reader in news.readers] == [("noor", "Warmtewerk")]
    (own,) = (await requests.noor.get("/v1/initiatives")).json()["items"]
    assert (own["initiative_id"], own["my_side"]) == (introduced, "request")


async def test_who_left_hears_neither_that_it_is_quiet_nor_how_it_ended_until_they_come_back(requests, introduced):
    path = (await started(requests, introduced))["path"]
    await requests.given(MemberLeft(member_id="noor", version=2))
    requests.clock.move(days=31)

    await requests.when(InitiativeQuietDue(initiative_id=introduced))
    (quiet,) = await requests.said(InitiativeNews)
    change = {"title": "Stage", "starts_on": None, "ends_on": None}
    version = (await requests.sem.get(path)).headers["etag"]
    await requests.given(MemberJoined(member_id="noor", version=3))
    answer = await requests.sem.put(path, json=change, headers={"If-Match": version})

    assert answer.status_code == 200, answer.text
    changed = (await requests.said(InitiativeNews))[-1]
    assert [[reader.member_id for reader in news.readers] for news in (quiet, changed)] == [["sem"], ["noor"]]


async def test_it_is_started_once_and_by_the_two_alone(requests, introduced):
    key = {"Idempotency-Key": new_id()}
    first = await requests.noor.post("/v1/initiatives", json=a_start(introduced), headers=key)
    again = await requests.noor.post("/v1/initiatives", json=a_start(introduced), headers=key)
    other = await requests.sem.post("/v1/initiatives", json=a_start(introduced))
    strangers = [
        await who.post("/v1/initiatives", json=a_start(introduced))
        for who in (requests.member("zoe"), requests.ambassador, requests.team)
    ]

    assert again.content == first.content
    assert (other.status_code, slug(other)) == (409, "initiative-started-before")
    assert {slug(answer) for answer in strangers} == {"introduction-not-found"}
    assert slug(await requests.noor.post("/v1/initiatives", json=a_start(new_id()))) == "introduction-not-found"


async def test_all_that_is_wrong_is_told_at_once(requests, introduced):
    draft = a_start(introduced, title="Bel 06 12345678", text="x" * 5001, starts_on="2030-02-01", ends_on="2030-01-01")
    assert set(wrong_fields(await requests.noor.post("/v1/initiatives", json=draft))) == {"title", "text", "ends_on"}

    path = (await started(requests, introduced))["path"]
    noted = await requests.noor.post(f"{path}/notes", json={"happened_on": "2040-01-01", "text": "mail noor@roc.nl"})
    assert set(wrong_fields(noted)) == {"happened_on", "text"}
    ended = await requests.noor.post(f"{path}/end", json={"status": "stopped", "students": -1})
    assert set(wrong_fields(ended)) == {"because", "students"}
    for wrong in ({"status": "running"}, {"status": "stopped", "because": "erased"}, {"status": "maybe"}):
        assert wrong_fields(await requests.noor.post(f"{path}/end", json=wrong))


async def test_the_two_note_and_their_ambassador_reads(requests, introduced):
    path = (await started(requests, introduced))["path"]
    noted = await requests.sem.post(f"{path}/notes", json={"text": "Kennisgemaakt op school."})
    assert noted.status_code == 201

    of_school = requests.http_as(
        "eva", roles=("ambassador",), scope=AmbassadorScope(organisation_ids=("vechtdal",)), organisations=("x",)
    )
    for who in (requests.noor, requests.sem, requests.ambassador, of_school, requests.team):
        (note,) = (await who.get(path)).json()["notes"]
        assert (note["side"], note["text"]) == ("offer", "Kennisgemaakt op school.")
    elsewhere = requests.http_as("bo", roles=("ambassador",), scope=AmbassadorScope(provinces=("Utrecht",)))
    for stranger in (requests.member("zoe"), elsewhere):
        assert slug(await stranger.get(path)) == "initiative-not-found"
        assert (await stranger.get("/v1/initiatives")).json()["items"] == []
        assert slug(await stranger.post(f"{path}/notes", json={"text": "Ik ook."})) == "initiative-not-found"
    for reader in (requests.ambassador, requests.team):
        assert slug(await reader.post(f"{path}/notes", json={"text": "Mooi."})) == "initiative-not-yours"
    await requests.then_nothing_said()  # what is noted stays here


@pytest.mark.parametrize("tells", [True, False])
async def test_how_it_ended_is_told_to_the_country_without_words_unless_they_may_be(requests, introduced, tells):
    one = await started(requests, introduced)
    ending = {"status": "lasting", "outcome": "De school komt elk jaar.", "students": 24, "may_be_told": tells}

    early = await requests.sem.post(f"{one['path']}/end", json=ending, headers={"If-Match": '"1"'})
    answer = await requests.sem.post(f"{one['path']}/end", json=ending, headers={"If-Match": f'"{one["version"]}"'})

    assert early.status_code == 412
    assert answer.json()["outcome"] == "De school komt elk jaar."
    ended, news = await requests.then_said(InitiativeEnded, InitiativeNews)
    assert (ended.status, ended.students, ended.version > one["version"]) == ("lasting", 24, True)
    assert ended.outcome == ("De school komt elk jaar." if tells else None)
    assert [reader.member_id for reader in news.readers] == ["noor"]
    assert slug(await requests.noor.post(f"{one['path']}/end", json={"status": "done"})) == "initiative-ended"
    later = await requests.noor.post(f"{one['path']}/notes", json={"text": "Weer een groep."})
    assert later.status_code == 201  # it goes on


async def test_nobody_notes_in_what_is_done(requests, introduced):
    path = (await started(requests, introduced))["path"]
    await requests.sem.post(f"{path}/end", json={"status": "stopped", "because": "no-time"})

    assert slug(await requests.noor.post(f"{path}/notes", json={"text": "Toch nog."})) == "initiative-ended"


async def test_either_gives_it_another_title_or_other_days_and_the_other_can_read_that(requests, introduced):
    one = await started(requests, introduced, starts_on="2030-02-01")
    seen = {"If-Match": f'"{one["version"]}"'}

    changed = {"title": "Stage in de werkplaats", "starts_on": "2030-03-01", "ends_on": "2030-06-01"}
    answer = await requests.sem.put(one["path"], json=changed, headers=seen)
    assert answer.status_code == 200, answer.text
    (news,) = await requests.then_said(InitiativeNews)  # the country knows no titles
    again = await requests.sem.put(one["path"], json=changed, headers={"If-Match": answer.headers["ETag"]})
    late = await requests.noor.put(one["path"], json=changed | {"title": "Iets anders"}, headers=seen)
    unseen = await requests.noor.put(one["path"], json=changed | {"title": "Iets anders"})

    assert (news.news, news.title, [reader.member_id for reader in news.readers]) == (
        "changed", "Stage in de werkplaats", ["noor"]
    )  # fmt: skip
    assert again.json()["version"] == answer.json()["version"] > one["version"]
    assert (late.status_code, slug(late)) == (412, "version-conflict")
    assert (unseen.status_code, slug(unseen)) == (428, "precondition-required")
    shown = (await requests.noor.get(one["path"])).json()
    assert {name: shown[name] for name in changed} == changed
    assert slug(await put_as_seen(requests.team, one, changed)) == "initiative-not-yours"
    mailed = await put_as_seen(requests.noor, one, changed | {"title": "Bel 06 12345678", "ends_on": "2030-02-01"})
    assert "title" in wrong_fields(mailed)
    requests.clock.move(days=2000)  # a day that has passed may stay as it was
    assert (await put_as_seen(requests.noor, one, changed | {"title": "Stage"})).status_code == 200
    assert set(wrong_fields(await put_as_seen(requests.noor, one, changed | {"ends_on": "2030-05-01"}))) == {"ends_on"}
    await requests.noor.post(f"{one['path']}/end", json={"status": "done"})
    assert slug(await put_as_seen(requests.noor, one, changed)) == "initiative-ended"


async def put_as_seen(who, one, changed):
    """Somebody changes an initiative as it stands."""
    seen = (await who.get(one["path"])).headers["ETag"]
    return await who.put(one["path"], json=changed, headers={"If-Match": seen})


async def test_from_an_introduction_of_before_there_were_initiatives_one_can_start(own_requests):
    """What was said of it is in the stream still: it is heard anew by a consumer that begins there."""
    requests = own_requests
    request, offer = await requests.placed(), await requests.placed("offer", who="sem", kind="internship")
    event = an_introduction(request, offer)
    await requests.given(event)
    async with requests.session() as session:  # as a release of before had left it
        await session.exec(text("DELETE FROM introduction"))
        await session.exec(text("DELETE FROM inbox WHERE consumer LIKE '%-initiatives'"))
        await session.commit()
    (apart,) = [one for one in requests.service.consumers if one.name.endswith("-initiatives")]
    apart.stop()
    await requests.service.streams.js.delete_consumer(apart.stream, apart.name)
    again = Consumer(requests.service, apart._hearing)
    hearing = asyncio.create_task(again.run())
    try:

        async def known() -> bool:
            return (await requests.noor.get(f"/v1/introductions/{event.match_id}")).status_code == 200

        await eventually(known, within=60, saying="an introduction of before")
    finally:
        again.stop()
        hearing.cancel()
    assert (await requests.sem.post("/v1/initiatives", json=a_start(event.match_id))).status_code == 201


async def test_a_silence_is_told_once_to_both(requests, introduced):
    path = (await started(requests, introduced))["path"]
    due = InitiativeQuietDue(initiative_id=introduced)

    requests.clock.move(days=20)
    await requests.when(due)  # too early
    assert await requests.said(InitiativeNews) == []
    requests.clock.move(days=11)
    await requests.when(due, due)
    requests.clock.move(days=40)
    await requests.when(due)

    (news,) = await requests.said(InitiativeNews)
    assert (news.news, {reader.member_id for reader in news.readers}) == ("quiet", {"noor", "sem"})
    await requests.noor.post(f"{path}/notes", json={"text": "Er gebeurt weer iets."})
    requests.clock.move(days=31)
    await requests.when(due)
    assert len(await requests.said(InitiativeNews)) == 2
    await requests.noor.post(f"{path}/end", json={"status": "done"})
    requests.clock.move(days=90)
    await requests.given()
    await requests.when(due)
    assert await requests.said(InitiativeNews) == []


async def test_what_has_not_begun_needs_no_note(requests, introduced):
    day = (requests.clock() + timedelta(days=60)).date().isoformat()
    await started(requests, introduced, starts_on=day)

    requests.clock.move(days=40)
    await requests.when(InitiativeQuietDue(initiative_id=introduced))

    assert await requests.said(InitiativeNews) == []


async def test_of_who_is_erased_nothing_stays_and_the_other_keeps_their_own(requests, introduced):
    path = (await started(requests, introduced, title="Noors plan", text="Noors woorden."))["path"]
    await requests.noor.post(f"{path}/notes", json={"text": "Noors notitie."}, headers={"Idempotency-Key": new_id()})
    await requests.sem.post(f"{path}/notes", json={"text": "Sems notitie."})
    await requests.given()

    await requests.when(MemberErased(member_id="noor", version=3))

    forgotten, ended, news = await requests.then_said(MemberForgotten, InitiativeEnded, InitiativeNews)
    assert forgotten.removed["initiatives"] == 1
    assert (ended.status, ended.because, news.title) == ("stopped", "erased", "")
    assert [reader.member_id for reader in news.readers] == ["sem"]
    kept = await everything_kept(requests)
    assert "Noors" not in kept
    assert "noor" not in kept
    left = (await requests.sem.get(path)).json()
    assert (left["title"], left["status"], [note["text"] for note in left["notes"]]) == (
        None,
        "stopped",
        ["Sems notitie."],
    )

    await requests.given()
    await requests.when(MemberErased(member_id="sem", version=3))
    assert "Sems" not in await everything_kept(requests)
    assert slug(await requests.sem.get(path)) == "initiative-not-found"


async def test_an_introduction_of_who_was_erased_leads_to_nothing(requests):
    request, offer = await requests.placed(), await requests.placed("offer", who="sem")
    event = an_introduction(request, offer)
    await requests.given(MemberErased(member_id="sem", version=3))

    await requests.when(event)

    assert slug(await requests.noor.post("/v1/initiatives", json=a_start(event.match_id))) == "introduction-not-found"
