"""What a member finds in their inbox, and who can see it."""

from sqlalchemy import text

from chassis.sql import run
from contracts.event import new_id
from contracts.matching import IntroductionMade, MatchEndorsed, MatchProposed
from tests.members.conftest import slug
from tests.notify.conftest import NODE_URL, a_match, a_person


async def told(notify, person, times=1):
    """Somebody is told so many things, one after the other."""
    for _ in range(times):
        await notify.publish(MatchEndorsed(**a_match(person, a_person("Vera Vreemd"))))
    await notify.running.quiet()  # a mail that nobody knows of yet does not make the post look busy
    await notify.posted()


async def test_an_item_says_what_happened_and_leads_on(notify):
    person, other = a_person("Noor Jansen"), a_person("Fatima de Wit", organisation_name="Warmtewerk BV")
    match = a_match(person, other)

    await notify.when(MatchEndorsed(**match))

    (item,) = await notify.inbox(person)
    assert item["title"] == "Om de hoek gevonden: Stageplek in de werkplaats"
    assert item["text"] == (
        'Warmtewerk BV in Utrecht past bij "Stage over circulair bouwen". Wil je kennismaken? Zeg ja of nee.'
    )
    assert item["url"] == f"{NODE_URL}/matches/{match['match_id']}"
    assert item["matter_id"] == match["match_id"]
    assert item["read_at"] is None


async def test_an_introduction_shows_the_other_side_as_they_can_be_reached_now(notify):
    person, other = a_person("Noor Jansen"), a_person("Fatima de Wit", organisation_name="Warmtewerk BV")
    await notify.when(IntroductionMade(**a_match(person, other)))
    (item,) = await notify.inbox(person)
    assert item["text"] == "Jullie zeiden allebei ja. De gegevens van Warmtewerk BV volgen."

    await notify.when(person, other)
    (item,) = await notify.inbox(person)
    assert f"Fatima de Wit van Warmtewerk BV via {other.email} of 06 12345678" in item["text"]

    moved = other.model_copy(update={"email": "nieuw-" + other.email, "version": 2})
    await notify.when(moved)
    (item,) = await notify.inbox(person)
    assert moved.email in item["text"]


async def test_nobody_but_the_two_sides_sees_contact_details(notify):
    asker, offerer, ambassador = a_person("Noor Jansen"), a_person("Fatima de Wit"), a_person("Amir Bos")
    await notify.given(asker, offerer, ambassador)
    match = a_match(asker, offerer, ambassador)

    await notify.when(MatchProposed(**match), MatchEndorsed(**match), IntroductionMade(**match))

    everything = repr(await notify.inbox(ambassador)) + repr(
        [i for i in await notify.inbox(asker) if "intro" not in i["template"]]
    )
    for secret in (asker.email, offerer.email, "12345678", "Fatima"):
        assert secret not in everything


async def test_the_newest_comes_first_page_after_page(notify):
    person = a_person()
    await told(notify, person, times=5)
    client, pages, cursor = notify.http_as(person.member_id), [], None
    while True:
        page = (await client.get("/v1/inbox", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        pages.append([item["item_id"] for item in page["items"]])
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert [len(page) for page in pages] == [2, 2, 1]
    assert [item_id for page in pages for item_id in page] == [item["item_id"] for item in await notify.inbox(person)]
    created = [item["created_at"] for item in await notify.inbox(person)]
    assert created == sorted(created, reverse=True)


async def test_an_item_that_has_no_words_is_left_out_and_keeps_nobody_from_the_others(notify):
    person = a_person()
    await told(notify, person, times=4)
    newest, second, third, oldest = await notify.inbox(person)
    async with notify.running.session() as session:
        nothing = "UPDATE inbox_item SET facts = '{}' WHERE item_id = ANY(:them)"
        await run(session, text(nothing), {"them": [second["item_id"], oldest["item_id"]]})
        await session.commit()
    client = notify.http_as(person.member_id)

    first = (await client.get("/v1/inbox", params={"limit": 2})).json()
    rest = (await client.get("/v1/inbox", params={"limit": 2, "cursor": first["next_cursor"]})).json()

    assert (first["items"], rest["items"], rest["next_cursor"]) == ([newest], [third], None)


async def test_an_item_is_read_once_and_stays_read(notify):
    person = a_person()
    await told(notify, person)
    (item,) = await notify.inbox(person)
    client = notify.http_as(person.member_id)

    assert (await client.post(f"/v1/inbox/{item['item_id']}/read")).status_code == 204
    (read,) = await notify.inbox(person)
    assert (await client.post(f"/v1/inbox/{item['item_id']}/read")).status_code == 204

    assert read["read_at"] is not None
    assert await notify.inbox(person) == [read]


async def test_all_is_read_up_to_what_was_seen(notify):
    person, other = a_person("Noor Jansen"), a_person("Wim Ander")
    for _ in range(3):
        await told(notify, person)
    await told(notify, other)
    newest, seen, _ = await notify.inbox(person)
    client = notify.http_as(person.member_id)

    assert (await client.post("/v1/inbox/read", json={"item_id": seen["item_id"]})).status_code == 204

    assert [item["read_at"] is not None for item in await notify.inbox(person)] == [False, True, True]
    of_another = await notify.http_as(other.member_id).post("/v1/inbox/read", json={"item_id": newest["item_id"]})
    assert (of_another.status_code, slug(of_another)) == (404, "inbox-item-not-found")
    assert [item["read_at"] for item in await notify.inbox(other)] == [None]


async def test_what_came_after_the_page_was_shown_stays_new_though_its_id_is_older(notify):
    person = a_person("Noor Jansen")
    await told(notify, person)
    (early,) = await notify.inbox(person)
    await told(notify, person)
    (seen, _) = await notify.inbox(person)
    async with notify.running.session() as session:  # it was made first, and committed after the other
        late = {"late": seen["position"] + 1, "item_id": early["item_id"]}
        await run(session, text("UPDATE inbox_item SET position = :late WHERE item_id = :item_id"), late)
        await session.commit()

    client = notify.http_as(person.member_id)
    assert (await client.post("/v1/inbox/read", json={"item_id": seen["item_id"]})).status_code == 204

    assert [item["read_at"] is not None for item in await notify.inbox(person)] == [True, False]


async def test_somebody_elses_item_does_not_exist(notify):
    person, other = a_person("Noor Jansen"), a_person("Wim Ander")
    await told(notify, person)
    (item,) = await notify.inbox(person)

    for item_id in (item["item_id"], new_id(), "x"):
        answer = await notify.http_as(other.member_id).post(f"/v1/inbox/{item_id}/read")
        assert (answer.status_code, slug(answer)) == (404, "inbox-item-not-found")
    assert (await notify.inbox(person))[0]["read_at"] is None
    assert await notify.inbox(other) == []


async def test_without_signing_in_there_is_no_inbox(notify):
    for method, path in (("GET", "/v1/inbox"), ("GET", "/v1/inbox/stream"), ("POST", "/v1/inbox/x/read")):
        answer = await notify.http.request(method, path)
        assert (answer.status_code, slug(answer)) == (401, "not-signed-in")


async def test_a_text_from_people_is_shown_on_one_line(notify):
    person, other = a_person("Noor Jansen"), a_person("Fatima de Wit")
    match = a_match(person, other)
    match["offerer"] = match["offerer"].model_copy(update={"title": "x\r\n\r\nid: 9\ndata: vals\u202e<b>"})

    await notify.when(MatchEndorsed(**match))

    (item,) = await notify.inbox(person)
    assert item["title"] == "Om de hoek gevonden: x id: 9 data: vals<b>"


# What the node's team can look up.


async def test_the_team_sees_which_mails_failed_and_why_without_the_address(notify):
    person = a_person("Noor Jansen")
    await notify.given(person)
    notify.catcher.behave({"to": person.email, "answer": 550})
    await told(notify, person)
    await told(notify, person)

    team = notify.http_as("somebody-of-the-team", roles=("node-team",))
    page = (await team.get("/v1/notifications", params={"limit": 1})).json()
    rest = (await team.get("/v1/notifications", params={"cursor": page["next_cursor"], "limit": 100})).json()

    mine = [mail for mail in page["items"] + rest["items"] if mail["member_id"] == person.member_id]
    assert {(mail["status"], mail["refusal"]) for mail in mine} == {("failed", "550"), ("failed", "address-refused")}
    ids = [mail["notification_id"] for mail in page["items"] + rest["items"]]
    assert len(set(ids)) == len(ids)
    assert person.email not in repr(mine)


async def test_only_the_team_sees_them(notify):
    for client, status in (
        (notify.http, 401),
        (notify.http_as("m"), 403),
        (notify.http_as("m", roles=("ambassador",)), 403),
    ):
        assert (await client.get("/v1/notifications")).status_code == status


async def test_a_cursor_that_we_did_not_give_is_a_wrong_field(notify):
    team = notify.http_as("somebody-of-the-team", roles=("node-team",))
    for cursor in ("x", "2026-01-01T00:00:00~x", "~", "0001-01-01T00:00:00+14:00~x"):
        answer = await team.get("/v1/notifications", params={"cursor": cursor})
        assert (answer.status_code, slug(answer)) == (422, "invalid-fields")
