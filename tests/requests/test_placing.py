"""To ask or to offer something: what is filled in, what is refused, what is said."""

import asyncio
import unicodedata
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from contracts.event import new_id
from contracts.requests import OfferChanged, OfferPlaced, RequestChanged, RequestPlaced
from services.requests import rules
from services.requests.tables import Proposition
from services.requests.views import OfferView, RequestView
from tests.requests.conftest import DRAFTS, a_request, an_offer, slug, wrong_fields


def a_day(ahead: int) -> str:
    """A day, so many from today."""
    return (rules.day_of(datetime.now(UTC)) + timedelta(days=ahead)).isoformat()


# What is placed.


async def test_somebody_asks_something(requests):
    draft = a_request(starts_on=a_day(10), ends_on=a_day(100))
    answer = await requests.noor.post("/v1/requests", json=draft)

    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    seen = answer.json()
    assert answer.headers["location"] == f"/v1/requests/{seen['request_id']}"
    assert seen.items() >= (draft | {"place": seen["place"]}).items()
    assert (seen["status"], seen["organisation_id"], seen["language"]) == ("open", "vechtdal", "nl")
    assert (seen["place"]["name"], seen["place"]["province"], round(seen["place"]["latitude"])) == (
        "Utrecht",
        "Utrecht",
        52,
    )
    assert datetime.fromisoformat(seen["expires_at"]) == rules.end_of(date.fromisoformat(a_day(100)))
    assert (await requests.noor.get(answer.headers["location"])).json() == seen


async def test_what_is_asked_is_said_whole_and_names_nobody(requests):
    seen = await requests.placed(starts_on=a_day(10), ends_on=a_day(100))

    (placed,) = await requests.then_said(RequestPlaced)
    told = placed.model_dump(mode="json")
    assert told == {name: seen[name] for name in told}
    assert placed.member_id == "noor"
    assert RequestPlaced.personal_fields() == OfferPlaced.personal_fields() == frozenset()


async def test_somebody_offers_something(requests):
    seen = await requests.placed("offer", "sem")

    (placed,) = await requests.then_said(OfferPlaced)
    told = placed.model_dump(mode="json")
    assert told == {name: seen[name] for name in told}
    assert (placed.kind, placed.reach_km, placed.place.name) == ("guest-lesson", None, "Zeist")


async def test_many_at_once_are_all_kept_and_said_once(requests):
    await asyncio.gather(*(requests.placed(who=f"lid-{n}", title=f"Vraag {n}") for n in range(40)))

    placed = await requests.said(RequestPlaced)
    assert {event.title for event in placed} == {f"Vraag {n}" for n in range(40)}
    assert {event.request_id for event in placed} == {row.proposition_id for row in await requests.rows()}
    assert len(placed) == 40


async def test_without_a_period_it_stands_for_a_while_and_its_member_may_choose_until_when(requests):
    for_a_while = await requests.placed()
    chosen = await requests.placed(expires_on=a_day(7))

    assert for_a_while["expires_at"][:10] == a_day(90)
    assert datetime.fromisoformat(chosen["expires_at"]) == rules.end_of(date.fromisoformat(a_day(7)))
    assert chosen["expires_on"] == a_day(7)


# For whom.


async def test_who_belongs_to_several_organisations_chooses_one(requests):
    somebody = requests.http_as("noor", organisations=("vechtdal", "zuiderlicht"))

    unchosen = await somebody.post("/v1/requests", json=a_request())
    chosen = await somebody.post("/v1/requests", json=a_request(organisation_id="zuiderlicht"))

    assert "choose one" in wrong_fields(unchosen)["organisation_id"]
    assert (chosen.status_code, chosen.json()["organisation_id"]) == (201, "zuiderlicht")


async def test_nobody_asks_for_an_organisation_that_is_not_theirs(requests):
    for organisation_id in ("warmtewerk", "", 5, ["vechtdal"], "x" * 500):
        answer = await requests.noor.post("/v1/requests", json=a_request(organisation_id=organisation_id))
        assert set(wrong_fields(answer)) == {"organisation_id"}

    await requests.then_nothing_said()


async def test_who_belongs_nowhere_yet_asks_nothing(requests):
    answer = await requests.http_as("nieuw").post("/v1/offers", json=an_offer())

    assert "you belong to no organisation yet" in wrong_fields(answer)["organisation_id"]


# What is refused.


async def test_every_wrong_field_is_told_in_one_answer(requests):
    answer = await requests.noor.post(
        "/v1/requests",
        json={
            "kind": "gift",
            "themes": [],
            "title": "Bel 06 12345678",
            "text": "Mail noor apenstaartje vechtdal.nl",
            "language": "fy",
            "place": {"name": "Hengelo"},
            "reach_km": 0,
            "starts_on": "morgen",
            "ends_on": a_day(-1),
            "expires_on": a_day(400),
            "participants": 1001,
            "mbo_level": 5,
            "skills": ["magic"],
            "languages": "nl",
            "organisation_id": "warmtewerk",
            "draft": "ja",
            "colour": "green",
        },
    )

    wrong = wrong_fields(answer)
    assert set(wrong) == {
        *("kind", "themes", "title", "text", "language", "place", "reach_km", "starts_on", "ends_on", "expires_on"),
        *("participants", "mbo_level", "skills.0", "languages", "organisation_id", "draft", "colour"),
    }
    assert "phone number: contact details are exchanged at the introduction" in wrong["title"]
    assert "email address: contact details are exchanged at the introduction" in wrong["text"]
    assert "Overijssel or Gelderland" in wrong["place"]
    assert "12345678" not in answer.text
    await requests.then_nothing_said()
    assert await requests.rows() == []


JSON = {"Content-Type": "application/json"}


async def test_every_field_that_must_be_there_is_named(requests):
    assert set(wrong_fields(await requests.noor.post("/v1/offers", json={}))) == {
        *("kind", "themes", "title", "text", "place"),
    }
    assert set(wrong_fields(await requests.noor.post("/v1/offers", json=[]))) == {"body"}
    assert (await requests.noor.post("/v1/offers", content="{", headers=JSON)).status_code == 400


async def test_what_people_can_do_and_in_which_languages_is_kept_once_and_told(requests):
    filled_in = {"skills": ["heat-pumps", "heat-pumps", "coaching"], "languages": ["en", "nl"]}

    placed = await requests.placed("offer", **filled_in)

    assert (placed["skills"], placed["languages"]) == (["heat-pumps", "coaching"], ["en", "nl"])
    (told,) = await requests.said(OfferPlaced)
    assert (told.skills, told.languages) == (("heat-pumps", "coaching"), ("en", "nl"))


async def test_what_an_earlier_release_wrote_says_nothing_of_skills(requests):
    placed = await requests.placed()
    async with requests.service.engine.begin() as connection:
        await connection.execute(text("UPDATE proposition SET skills = NULL, languages = NULL"))

    changed = await requests.noor.patch(placed["path"], json={"title": "Anders"}, headers={"If-Match": '"1"'})

    assert (changed.json()["skills"], changed.json()["languages"]) == ([], [])


@pytest.mark.parametrize("side", ["request", "offer"])
async def test_what_is_not_asked_of_a_member_cannot_be_filled_in(requests, side):
    view = {"request": RequestView, "offer": OfferView}[side]
    theirs = set(DRAFTS[side]()) | {"organisation_id", "language", "starts_on", "ends_on", "expires_on"}
    theirs |= {"participants", "reach_km", "mbo_level", "skills", "languages"}
    theirs |= {"from_time", "until_time", "venue", "sign_up_url"}
    theirs |= {"about_offer_id"} if side == "request" else set()
    ours = ({column.name for column in Proposition.__table__.columns} | set(view.model_fields)) - theirs
    placed = await requests.placed(side)

    on_placing = await requests.noor.post(f"/v1/{side}s", json=DRAFTS[side]() | dict.fromkeys(ours, "open"))
    on_changing = await requests.noor.patch(
        placed["path"], json=dict.fromkeys({*ours, "draft"}, "open"), headers={"If-Match": '"1"'}
    )

    assert ours >= {"status", "version", "member_id", "expires_at", "created_at", "match_ids", f"{side}_id"}
    assert set(wrong_fields(on_placing)) == ours
    assert set(wrong_fields(on_changing)) == {*ours, "draft"}
    assert [row.version for row in await requests.rows()] == [1]


WRONG_VALUES = [
    ("title", ""),
    ("title", "x" * 201),
    ("title", "Twee\u0000"),
    ("title", None),
    ("text", "x" * 5001),
    ("text", "omge\u202ekeerd"),
    ("text", {"een": "lijst"}),
    ("themes", ["circular-economy", "gold"]),
    ("themes", None),
    ("reach_km", 401),
    ("reach_km", "30"),
    ("reach_km", 2.5),
    ("participants", True),
    ("mbo_level", 0),
    ("skills", None),
    ("skills", ["welding"]),
    ("languages", ["fy"]),
    ("starts_on", 0),
    ("starts_on", "2026-13-01"),
    ("ends_on", "9999-12-31"),
    ("expires_on", 1798761600),
    ("place", "Utrecht"),
    ("place", {"name": "Utrecht", "latitude": 0}),
]


async def test_a_wrong_value_is_refused_by_its_field(requests):
    for field, value in WRONG_VALUES:
        answer = await requests.noor.post("/v1/requests", json=a_request(**{field: value}))
        assert {name.split(".")[0] for name in wrong_fields(answer)} == {field}, (field, value)

    assert await requests.rows() == []


async def test_texts_are_kept_as_texts_in_one_form(requests):
    decomposed = unicodedata.normalize("NFD", "Café in één dag")
    seen = await requests.placed(
        title=f"  {decomposed}\n nu ",
        text="Eerst\r\ndan <script>alert('x')</script> {{ 7*7 }}\n",
        themes=["biodiversity"] * 3,
    )

    assert seen["title"] == "Café in één dag nu"
    assert seen["text"] == "Eerst\ndan <script>alert('x')</script> {{ 7*7 }}"
    assert seen["themes"] == ["biodiversity"]


async def test_a_wrong_call_among_many_does_not_spoil_the_others(requests):
    good = [requests.noor.post("/v1/requests", json=a_request(title=f"Vraag {n}")) for n in range(8)]
    unknown = [requests.noor.post(f"/v1/requests/{new_id()}/withdraw") for _ in range(4)]

    answers = await asyncio.gather(*good, *unknown)

    assert [answer.status_code for answer in answers] == [201] * 8 + [404] * 4
    assert len(await requests.said(RequestPlaced)) == 8


# Once.


async def test_a_repeated_call_gets_the_same_bytes_and_has_one_effect(requests):
    key = {"Idempotency-Key": new_id()}

    answers = [await requests.noor.post("/v1/requests", json=a_request(), headers=key) for _ in range(3)]

    assert len({(answer.status_code, answer.content, answer.headers["location"]) for answer in answers}) == 1
    assert answers[2].headers["idempotency-replayed"] == "true"
    assert answers[2].headers["etag"] == answers[0].headers["etag"]
    await requests.then_said(RequestPlaced)


async def test_of_many_calls_with_one_key_at_once_one_has_effect(requests):
    key = {"Idempotency-Key": new_id()}

    answers = await asyncio.gather(
        *(requests.noor.post("/v1/requests", json=a_request(), headers=key) for _ in range(12))
    )

    assert len({(answer.status_code, answer.content) for answer in answers}) == 1
    await requests.then_said(RequestPlaced)


async def test_a_key_is_its_callers_own_and_for_one_question(requests):
    key = {"Idempotency-Key": new_id()}
    await requests.noor.post("/v1/requests", json=a_request(), headers=key)

    other = await requests.noor.post("/v1/requests", json=a_request(title="Iets anders"), headers=key)
    somebody = await requests.sem.post("/v1/requests", json=a_request(), headers=key)

    assert slug(other) == "idempotency-key-reused"
    assert (somebody.status_code, somebody.json()["member_id"]) == (201, "sem")
    await requests.then_said(RequestPlaced, RequestPlaced)


# A draft.


async def test_a_draft_is_its_members_alone_until_they_open_it(requests):
    draft = await requests.placed(draft=True)
    await requests.noor.patch(draft["path"], json={"title": "Beter"}, headers={"If-Match": '"1"'})

    assert draft["status"] == "draft"
    for somebody in (requests.sem, requests.ambassador, requests.team):
        assert (await somebody.get(draft["path"])).status_code == 404
    await requests.then_nothing_said()

    opened = await requests.step(draft, "open")
    (placed,) = await requests.then_said(RequestPlaced)
    assert (opened["status"], placed.status, placed.version, placed.title) == ("open", "open", 3, "Beter")


async def test_a_draft_opens_as_its_days_then_are(requests):
    draft = await requests.placed("offer", draft=True, ends_on=a_day(5), expires_on=a_day(3))
    default = await requests.placed("offer", draft=True)
    requests.clock.move(days=10)

    late = await requests.noor.post(f"{draft['path']}/open")
    opened = await requests.step(default, "open")

    assert set(wrong_fields(late)) == {"ends_on", "expires_on"}
    assert opened["expires_at"][:10] == a_day(100)
    (placed,) = await requests.then_said(OfferPlaced)
    assert placed.offer_id == default["id"]


async def test_a_draft_is_removed_without_a_word(requests):
    draft = await requests.placed(draft=True)

    changed_meanwhile = await requests.noor.delete(draft["path"], headers={"If-Match": '"7"'})
    removed = await requests.noor.delete(draft["path"])

    assert (changed_meanwhile.status_code, removed.status_code) == (412, 204)
    assert (await requests.noor.get(draft["path"])).status_code == 404
    assert await requests.rows() == []
    await requests.then_nothing_said()


async def test_what_was_opened_is_not_removed(requests):
    placed = await requests.placed()

    assert slug(await requests.noor.delete(placed["path"])) == "not-a-draft"
    assert await requests.status(placed) == "open"


# A change.


async def test_a_change_is_said_whole_and_leaves_the_rest(requests):
    placed = await requests.placed()
    await requests.given()

    answer = await requests.noor.patch(
        placed["path"],
        json={"title": "Stage bij een monteur", "place": {"name": "Zwolle"}, "reach_km": None},
        headers={"If-Match": placed_etag(placed)},
    )

    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    (changed,) = await requests.then_said(RequestChanged)
    assert (changed.title, changed.place.province, changed.reach_km) == ("Stage bij een monteur", "Overijssel", None)
    assert (changed.version, changed.text, changed.participants) == (2, placed["text"], 4)
    told = changed.model_dump(mode="json")
    assert told == {name: answer.json()[name] for name in told}


def placed_etag(placed: dict[str, object]) -> str:
    """The version that somebody saw."""
    return f'"{placed["version"]}"'


async def test_a_change_of_nothing_is_not_said(requests):
    placed = await requests.placed("offer")
    await requests.given()

    answer = await requests.noor.patch(placed["path"], json={}, headers={"If-Match": '"1"'})

    assert (answer.status_code, answer.json()["version"]) == (200, 1)
    await requests.then_nothing_said()


async def test_a_change_names_the_version_it_changes(requests):
    placed = await requests.placed("offer")

    async def patched(**headers: str) -> int:
        return (await requests.noor.patch(placed["path"], json={"title": "Nieuw"}, headers=headers)).status_code

    assert await patched() == 428
    assert await patched(**{"If-Match": '"2"'}) == 412
    assert await patched(**{"If-Match": "2"}) == 422
    assert await patched(**{"If-Match": 'W/"1"'}) == 200
    assert await patched(**{"If-Match": '"1"'}) == 412
    assert len(await requests.said(OfferChanged)) == 1


async def test_of_many_changes_of_one_version_one_counts(requests):
    placed = await requests.placed()

    answers = await asyncio.gather(
        *(
            requests.noor.patch(placed["path"], json={"title": f"Vraag {n}"}, headers={"If-Match": '"1"'})
            for n in range(10)
        )
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 9
    assert len(await requests.said(RequestChanged)) == 1


async def test_a_change_is_checked_as_strictly_as_what_was_placed(requests):
    placed = await requests.placed(starts_on=a_day(10), ends_on=a_day(20))

    async def wrong(**change: object) -> set[str]:
        answer = await requests.noor.patch(placed["path"], json=change, headers={"If-Match": '"1"'})
        return set(wrong_fields(answer))

    required = ("kind", "themes", "title", "text", "language", "place")
    assert await wrong(**dict.fromkeys(required)) == {*required}
    assert await wrong(title="Bel 06 12345678", organisation_id="warmtewerk") == {"title", "organisation_id"}
    assert await wrong(ends_on=a_day(5)) == {"ends_on"}  # before the day that it starts on
    assert await wrong(expires_on=a_day(21)) == {"expires_on"}  # after the day that it ends on
    assert await wrong(starts_on=a_day(30), ends_on=a_day(29)) == {"ends_on"}
    assert [row.version for row in await requests.rows()] == [1]


async def test_another_period_is_another_expiry_unless_its_member_chose_one(requests):
    by_period = await requests.placed(ends_on=a_day(20))
    chosen = await requests.placed(ends_on=a_day(20), expires_on=a_day(5))

    async def changed(placed: dict[str, object], **change: object) -> str:
        answer = await requests.noor.patch(placed["path"], json=change, headers={"If-Match": '"1"'})
        return str(answer.json()["expires_at"][:10])

    assert await changed(by_period, ends_on=a_day(40)) == a_day(40)
    assert await changed(chosen, ends_on=a_day(40)) == a_day(5)
