"""Where somebody is signed in, what is kept about them, and to be forgotten: for themselves alone."""

import importlib
import re
from xml.etree.ElementTree import Element

import pytest

from contracts.deeds import OPERATOR, Deed
from contracts.meetings import Standing
from contracts.partners import Thing
from contracts.vocabulary import InitiativeStatus, Language, Role, Status
from services.gateway import store
from services.gateway.my_data import KEEPERS
from services.gateway.pages.kept_words import CODES, SHOWN, label_of
from services.gateway.pages.words import WORDS
from services.gateway.rules import device_of, token_hash
from services.matching.match import State
from services.members.pairs import PairStatus
from services.notify.templates import Category, Delivery, Template
from tests.gateway.conftest import a_proposition, slug
from tests.gateway.test_pages import (
    heading,
    press,
    shown,
    well_made,
)
from tests.given import eventually

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 "
    "Mobile/15E148 Safari/604.1"
)
PREFERENCES = dict.fromkeys(("desk", "proposals", "reminders", "unanswered", "outcomes", "initiatives"), "daily") | {
    "quiet_from": None, "quiet_until": None, "weekends": True, "pushed": [],
}  # fmt: skip


@pytest.mark.parametrize(
    ("user_agent", "device"), [(FIREFOX, "Firefox, Linux"), (PHONE, "Safari, iPhone"), ("curl/8", None), ("", None)]
)
def test_a_device_is_called_as_people_know_it(user_agent, device):
    assert device_of(user_agent) == device


async def test_somebody_sees_where_they_are_signed_in_and_signs_out_there(street):
    here = await street.member(email="iris@vechtdal.example")
    there = await street.signed_in("iris@vechtdal.example", street.visitor(**{"User-Agent": FIREFOX}))
    stranger = await street.member()

    found = (await here.get("/api/v1/sessions")).json()
    assert [(one["device"], one["is_current"]) for one in found] == [("Firefox, Linux", False), (None, True)]
    assert "token" not in str(found)

    at = f"/api/v1/sessions/{found[0]['session_id']}"
    await stranger.delete(at)
    assert (await there.get("/api/v1/sessions/current")).status_code == 200
    assert (await here.delete(at)).status_code == 204
    assert (await here.get("/api/v1/sessions/current")).status_code == 200

    async def is_out() -> bool:
        return (await there.get("/api/v1/sessions/current")).status_code == 401

    await eventually(is_out, saying="a session that ended elsewhere")


async def test_a_session_goes_on_under_another_token_when_its_member_may_do_more(street):
    member, team = await street.member(), await street.team()
    member_id = await street.member_id(member)
    cookie = street.gateway.service.app.state.gateway.sessions.cookie
    old = member.cookies[cookie]
    answer = await team.put(f"/api/v1/ambassadors/{member_id}", json={"provinces": ["Utrecht"]})
    assert answer.status_code < 300, answer.text

    async def is_ambassador() -> bool:
        return "ambassador" in (await member.get("/api/v1/sessions/current")).json()["roles"]

    await eventually(is_ambassador, saying="an ambassador")

    assert member.cookies[cookie] != old
    assert (await member.get("/api/v1/sessions/current")).status_code == 200
    async with street.gateway.session() as session:
        row = await session.get(store.SessionRow, token_hash(old))
    assert row is None or (row.expires_at - street.gateway.clock()).total_seconds() <= 60
    new = member.cookies[cookie]
    assert (await member.delete("/api/v1/sessions/current")).status_code == 204
    for token in (old, new):  # who kept the one of before is out too
        kept = street.visitor()
        kept.cookies.set(cookie, token)
        assert (await kept.get("/api/v1/sessions/current")).status_code == 401


async def test_everything_that_is_kept_is_read_and_taken_along_by_its_member_alone(neighbourhood):
    noor = await neighbourhood.member(name="Noor Jansen", email="noor-van-alles@vechtdal.example")
    await noor.post("/api/v1/requests", json=a_proposition("Wie weet hier iets van?"))
    await neighbourhood.quiet()

    page = shown(well_made(await noor.get("/my-data"), "nl"))
    file = await noor.get("/my-data/file")

    assert ("Noor Jansen" in page, "Wie weet hier iets van?" in page) == (True, True)
    kept = file.json()["kept"]
    assert kept["notify"]["contact"][0]["email"] == "noor-van-alles@vechtdal.example"
    assert kept["requests"]["requests-and-offers"][0]["title"] == "Wie weet hier iets van?"
    assert kept["matching"]["read-for-matching"][0]["title"] == "Wie weet hier iets van?"
    assert "token" not in file.text
    other = (await (await neighbourhood.member()).get("/api/v1/my-data")).text
    assert "noor-van-alles" not in other
    assert slug(await neighbourhood.visitor(Accept="application/json").get("/api/v1/my-data")) == "not-signed-in"


async def test_who_asks_to_be_forgotten_says_twice_that_they_are_sure(neighbourhood):
    noor = await neighbourhood.member(name="Noor Jansen")
    page = await noor.get("/my-data/erase")
    well_made(page, "nl")

    once = await press(noor, page, "Wis mijn gegevens", sure="")
    assert once.status_code == 422
    assert "Vink aan" in shown(well_made(once, "nl"))
    answer = await press(noor, page, "Wis mijn gegevens")

    assert answer.status_code == 303
    assert heading(await neighbourhood.visitor().get(answer.headers["location"])) == "Je gegevens worden gewist"
    assert (await noor.get("/my-data")).status_code == 303


async def test_the_sessions_page_ends_one_or_all(neighbourhood):
    noor = await neighbourhood.member(email="noor-overal@vechtdal.example")
    await neighbourhood.signed_in("noor-overal@vechtdal.example", neighbourhood.visitor(**{"User-Agent": PHONE}))

    page = await noor.get("/sessions")
    assert "Safari, iPhone" in shown(well_made(page, "nl"))
    answer = await press(noor, page, "Log daar uit: Safari, iPhone")
    again = await noor.get(answer.headers["location"])
    assert "Safari, iPhone" not in shown(well_made(again, "nl"))

    await press(noor, again, "Log overal uit")
    assert (await noor.get("/sessions")).status_code == 303


#: Tables that say something of a member and are not told, and why.
NOT_TOLD = {
    "members": {
        "erasure": "who was erased",
        "erasure_part": "the same",
        "decision": "ids alone",
        "same_pair": "organisations",
    },
    "requests": {
        "departure": "that somebody left, by their reference",
        "to_forget": "who was erased, until the streams have nothing of them",
    },
    "matching": {
        "forgotten_member": "who was erased",
        "erased_match": "by reference, what went with an erasure",
        "to_forget": "who was erased, until the streams have nothing of them",
        "same_person": "by which references somebody is known: with the person",
        "node_team_member": "a role: with the person",
        "feedback": "how a match ended, without who: with the match",
    },
    "notify": {
        "erased": "who was erased",
        "departure": "that somebody left, by their reference",
        "unsubscribe_token": "secrets",
        "same_person": "by which references somebody is known: with the person",
        "team_member": "a role: with the person",
        "contact_elsewhere": "another's details: with the introduction",
        "to_forget": "who was erased, until the streams have nothing of them",
    },
    "partners": {
        "erased_member": "who was erased",
        "to_forget": "who was erased, until the streams have nothing of them",
    },
}


@pytest.mark.parametrize("service", KEEPERS)
def test_every_table_that_names_a_member_is_told_or_has_a_reason(service):
    """A new table with somebody in it fails here, until they can read what it holds."""
    importlib.import_module(f"services.{service}.app")
    kept = importlib.import_module(f"services.{service}.kept")
    told = set(re.findall(r"(?:FROM|JOIN) (\w+)", " ".join(kept.QUESTIONS.values())))
    tables = importlib.import_module(f"services.{service}.{'tables' if service != 'matching' else 'store'}").Table
    named = {
        name
        for name, table in tables.metadata.tables.items()
        for column in table.columns.keys()  # noqa: SIM118  a collection of columns is no dictionary
        if re.fullmatch(
            r"\w*(member|first|asker|offerer|known)_(id|as)|about|note_by|\w+ed_by|done_by|reference", column
        )
    }

    assert named - told == set(NOT_TOLD[service]) & named
    assert set(kept.QUESTIONS) <= SHOWN.keys()


def test_the_page_has_words_for_all_that_is_kept():
    assert {f"my-data.{name}" for name in SHOWN} <= WORDS
    for thing, fields in SHOWN.items():
        assert [field for field in fields if label_of(thing, field, Language.DUTCH) == field] == []


@pytest.mark.parametrize(
    ("field", "codes"),
    [
        ("deed", Deed),
        ("deeds-done.role", (*Role, OPERATOR)),
        ("initiatives.status", InitiativeStatus),
        ("language", Language),
        ("listings.status", Status),
        ("mails.status", Delivery),
        ("muted", Category),
        ("standing", Standing),
        ("state", State),
        ("compared.status", PairStatus),
        ("template", Template),
        ("thing", Thing),
    ],
)
def test_every_code_that_is_kept_has_words(field, codes):
    assert {CODES[field] + code for code in codes} <= WORDS


async def test_what_is_kept_is_read_in_words_with_what_each_of_it_is(neighbourhood):
    pair = await neighbourhood.a_match(place={"name": "Oost-Vlieland"}, reach_km=5)  # where nobody else asks anything
    match = f"/api/v1/matches/{pair.match_id}"
    title = (await pair.team.get(match)).json()["request"]["title"]
    assert matches_on(well_made(await pair.asker.get("/my-data"), "nl")) >= {f"Titel: {title}"}
    assert matches_on(well_made(await pair.offerer.get("/my-data"), "nl")) == {"Stand: Een ambassadeur kijkt"}

    await pair.team.post(f"{match}/endorse", headers={"If-Match": (await pair.team.get(match)).headers["etag"]})
    await pair.asker.put("/api/v1/preferences", json=PREFERENCES, headers={"If-Match": '"1"'})
    await neighbourhood.quiet()

    page = well_made(await pair.asker.get("/my-data"), "nl")
    for told in ("Taal: Nederlands", "Stand: We zoeken", "Nieuwe matches voor jou: Elke ochtend samen in één mail"):
        assert told in "\n".join(facts(page))
    assert matches_on(page) >= {f"Titel: {title}", "Stand: Wacht op antwoord"}
    assert f"Titel: {title}" in matches_on(well_made(await pair.offerer.get("/my-data"), "nl"))
    team = facts(well_made(await pair.team.get("/my-data"), "nl"))
    assert "Rol: team" in team
    assert {f"Wat: {deed}" for deed in Deed}.isdisjoint(team)


def facts(within: Element) -> list[str]:
    """What is told, as `label: value`."""
    return [
        f"{shown(one)}: {shown(told)}"
        for group in within.iter("dl")
        for one, told in zip(group.iter("dt"), group.iter("dd"), strict=True)
    ]


def matches_on(page: Element) -> set[str]:
    """What is told of the reader's matches, without their moments."""
    (group,) = (one for one in page.iter("details") if shown(next(one.iter("summary"))).startswith("Je matches"))
    return {one for one in facts(group) if not one.startswith("Zo sinds")}


async def test_somebody_changes_what_is_known_of_them(neighbourhood):
    member = await neighbourhood.member(name="Noor Jansen")
    address = "/my-data/change"
    assert address in (await member.get("/my-data")).text

    known = await member.get(address)
    wrong = await press(member, known, "Bewaar", name="", phone="nul zes")
    assert (wrong.status_code, "Vul je naam in" in shown(well_made(wrong, "nl"))) == (422, True)
    wrong = await press(member, known, "Bewaar", phone="nul zes")
    assert (wrong.status_code, "Dit is geen telefoonnummer" in shown(well_made(wrong, "nl"))) == (422, True)

    changed = await press(member, known, "Bewaar", name="Noor de Wit", phone="06 12345678", language="en")
    assert changed.headers["location"] == f"{address}?done=details"
    me = (await member.get("/api/v1/members/me")).json()
    assert (me["name"], me["phone"], me["language"]) == ("Noor de Wit", "+31612345678", "en")

    late = await press(member, known, "Bewaar", name="Noor Zwart")
    said = shown(well_made(late, "nl"))
    assert (late.status_code, 'value="Noor Zwart"' in late.text, "Je naamNoor de Wit" in said) == (412, True, True)
    assert (await press(member, late, "Bewaar", phone="06 12345678")).status_code == 303
    assert (await member.get("/api/v1/members/me")).json()["name"] == "Noor Zwart"
    moved = await press(member, await member.get(address), "Bewaar", email="noor@elders.example", phone="")
    assert moved.headers["location"] == f"{address}?done=details-mailed"
    me = (await member.get("/api/v1/members/me")).json()
    assert (me["email"] != "noor@elders.example", me["new_email_waits"], me["phone"]) == (True, True, None)
    assert "Er wacht een nieuw e-mailadres" in shown(well_made(await member.get(address), "nl"))
    assert (await neighbourhood.visitor().get(address)).status_code == 303
