"""Tips and meetings that everybody can read, of this node and of the whole country, whoever they are."""

from datetime import date, timedelta

import icalendar
import pytest
from sqlalchemy import text

from chassis.database import migrate, upgrade
from chassis.sql import run
from contracts.event import new_id
from contracts.meetings import MeetingReminderDue
from contracts.members import MemberErased, OrganisationChanged, OrganisationRegistered, Place
from contracts.requests import OfferClosed, OfferPlaced, PropositionLost
from services.requests import rules
from tests.chassis.test_migrations import HOMES, engine_on
from tests.requests.conftest import ORGANISATION, an_offer, slug, wrong_fields

(MIGRATIONS,) = [home / "migrations" for home in HOMES if home.name == "requests"]
UTRECHT = Place(name="Utrecht", province="Utrecht", latitude=52.09, longitude=5.12)


@pytest.fixture
def requests(region):
    """In a region, which has meetings of the nation too."""
    return region


def a_meeting(requests, days: int = 14, **changes) -> dict:
    """What an organiser fills in, for a day that is so many days ahead."""
    day = rules.day_of(requests.clock()) + timedelta(days=days)
    words = {"title": "Warmtepompen in de praktijk", "text": "Kom kijken en meepraten over warmte in oude huizen."}
    when = {"starts_on": day.isoformat(), "from_time": "14:00", "until_time": "16:30"}
    return {"kind": "meeting", "venue": "Werkplaats 2.04", "participants": 2} | words | when | changes


async def listed(requests, what="meetings", **asked) -> list[str]:
    """The titles of a page, as somebody reads it who is not signed in."""
    answer = await requests.http.get(f"/v1/{what}", params=asked)
    assert answer.status_code == 200, answer.text
    return [one["title"] for one in answer.json()["items"]]


def of_the_nation(**changes) -> OfferPlaced:
    """A meeting that the national node offers to every region."""
    known = {
        "offer_id": new_id(), "member_id": "landelijk", "organisation_id": "aanjaagteam", "kind": "meeting",
        "themes": ("energy-transition",), "title": "Landelijke dag", "text": "Voor iedereen die meedoet.",
        "language": "nl", "place": UTRECHT, "status": "open", "expires_at": "2099-01-01T00:00:00Z",
    }  # fmt: skip
    return OfferPlaced.model_validate(known | changes)


async def test_a_meeting_is_read_by_everybody_with_who_when_where_and_how_many(requests):
    name = OrganisationRegistered(organisation_id=ORGANISATION["sem"], kind="company", name="Warmtewerk", place=UTRECHT)
    await requests.given(name)
    placed = await requests.placed("offer", "sem", **a_meeting(requests))
    await requests.quiet()

    found = (await requests.http.get(f"/v1/meetings/{placed['id']}")).json()

    shown = {
        key: found[key] for key in ("organisation_name", "venue", "from_time", "places", "places_taken", "is_open")
    }
    assert shown == {
        "organisation_name": "Warmtewerk", "venue": "Werkplaats 2.04", "from_time": "14:00:00", "places": 2,
        "places_taken": 0, "is_open": True,
    }  # fmt: skip
    assert "member_id" not in found
    assert slug(await requests.http.get(f"/v1/tips/{placed['id']}")) == "tip-not-found"


async def test_what_an_organisation_is_called_its_own_node_says_alone(requests):
    told = OrganisationRegistered(organisation_id=ORGANISATION["sem"], kind="company", name="Warmtewerk", place=UTRECHT)
    changed = OrganisationChanged.model_validate(told.model_dump())
    theirs = of_the_nation()
    of_them = changed.model_copy(update={"organisation_id": theirs.organisation_id})
    await requests.given(told)
    own = (await requests.placed("offer", "sem", **a_meeting(requests)))["id"]
    await requests.publish_elsewhere(theirs, said_by="national")

    async def called():
        await requests.quiet()
        answers = [await requests.http.get(f"/v1/meetings/{one}") for one in (own, theirs.offer_id)]
        return [answer.json()["organisation_name"] for answer in answers]

    async def says(event, version, name, node):
        said = event.model_copy(update={"version": version, "name": name})
        await (requests.publish_elsewhere(said, said_by=node) if node else requests.when(said))

    await says(of_them, 1, "Aanjaagteam", "national")
    assert await called() == ["Warmtewerk", "Aanjaagteam"]

    await says(changed, 2**31 - 1, "Koop nu", "drenthe")
    await says(of_them, 2**31 - 1, "Koop nu", "drenthe")
    assert await called() == ["Warmtewerk", "Aanjaagteam"]

    await says(changed, 2, "Warmtewerk BV", None)
    await says(of_them, 2, "Landelijk aanjaagteam", "national")
    assert await called() == ["Warmtewerk BV", "Landelijk aanjaagteam"]


async def test_what_comes_first_stands_first_and_pages_go_on_where_they_were(requests):
    for days in (30, 3, 12):
        await requests.placed("offer", "sem", **a_meeting(requests, days, title=f"Over {days} dagen"))
    await requests.placed("offer", "sem", **a_meeting(requests, title="Ooit", starts_on=None, from_time=None,
                                                      until_time=None))  # fmt: skip
    await requests.quiet()

    first = (await requests.http.get("/v1/meetings", params={"limit": 3})).json()
    second = await listed(requests, limit=3, cursor=first["next_cursor"])

    assert [one["title"] for one in first["items"]] == ["Over 3 dagen", "Over 12 dagen", "Over 30 dagen"]
    assert second == ["Ooit"]
    requests.clock.move(days=13)
    assert await listed(requests) == ["Over 30 dagen", "Ooit"]


async def test_a_cursor_that_we_did_not_give_is_a_wrong_field(requests):
    for what, cursor in (("tips", "x"), ("tips", "0001-01-01T00:00:00+14:00~o"), ("meetings", "x~o")):
        assert wrong_fields(await requests.http.get(f"/v1/{what}", params={"cursor": cursor}))["cursor"]


async def test_it_is_found_by_word_theme_place_and_day(requests):
    await requests.placed("offer", "sem", **a_meeting(requests, 20, title="Zonnepaneleninstallateurs aan het woord"))
    await requests.placed("offer", "sem", **a_meeting(requests, 4, title="Bijen tellen", themes=["biodiversity"],
                                                      place={"name": "Groningen"}))  # fmt: skip
    await requests.quiet()
    soon = (rules.day_of(requests.clock()) + timedelta(days=6)).isoformat()

    assert await listed(requests, q="zonnepanelen") == ["Zonnepaneleninstallateurs aan het woord"]
    assert await listed(requests, q="bij & tel:* '") == ["Bijen tellen"]
    assert await listed(requests, theme="biodiversity") == ["Bijen tellen"]
    assert await listed(requests, near="Utrecht", within_km=25) == ["Zonnepaneleninstallateurs aan het woord"]
    assert await listed(requests, province="Groningen") == ["Bijen tellen"]
    assert await listed(requests, until=soon) == ["Bijen tellen"]
    assert await listed(requests, since=soon) == ["Zonnepaneleninstallateurs aan het woord"]
    assert wrong_fields(await requests.http.get("/v1/meetings", params={"near": "Nergenshuizen"}))["near"]


async def test_tips_stand_newest_first_and_are_gone_when_withdrawn(requests):
    old = await requests.placed("offer", "sem", kind="tip", title="Begin klein")
    await requests.quiet()
    await requests.placed("offer", "sem", kind="tip", title="Begin groot")
    await requests.placed("offer", "sem", title="Een gastles")
    await requests.quiet()
    assert await listed(requests, "tips") == ["Begin groot", "Begin klein"]

    await requests.step(old, "withdraw", "sem")
    await requests.quiet()

    assert await listed(requests, "tips") == ["Begin groot"]
    assert slug(await requests.http.get(f"/v1/tips/{old['id']}")) == "tip-not-found"


async def test_what_everybody_reads_keeps_its_kind_until_it_is_withdrawn(requests):
    tip = await requests.placed("offer", "sem", kind="tip", title="Begin klein")
    lesson = {"kind": "expertise"}
    refused = await requests.sem.patch(tip["path"], json=lesson, headers={"If-Match": '"1"'})
    assert wrong_fields(refused) == {"kind": "everybody can read this as it is: withdraw it first"}

    await requests.step(tip, "withdraw", "sem")
    changed = await requests.sem.patch(tip["path"], json=lesson, headers={"If-Match": '"2"'})
    await requests.step(tip, "reopen", "sem")
    await requests.quiet()

    assert changed.json()["kind"] == "expertise"
    assert await listed(requests, "tips") == []
    await requests.sem.patch(tip["path"], json={"kind": "tip"}, headers={"If-Match": '"4"'})
    await requests.quiet()
    assert await listed(requests, "tips") == ["Begin klein"]


async def test_an_organisation_kept_by_a_release_of_before_is_of_the_node_that_tells_of_it(requests):
    theirs = of_the_nation(organisation_id=new_id())
    own = (await requests.placed("offer", "sem", **a_meeting(requests)))["id"]
    before = "INSERT INTO organisation (organisation_id, version, name) VALUES (:id, :version, 'Van vroeger')"
    async with requests.session() as session:
        for id_, version in ((theirs.organisation_id, 1), (ORGANISATION["sem"], 2**31 - 2)):
            await run(session, text(before), {"id": id_, "version": version})
        await session.commit()
    await requests.publish_elsewhere(theirs, said_by="national")

    for id_, name in ((theirs.organisation_id, "Landelijk aanjaagteam"), (ORGANISATION["sem"], "Koop nu")):
        changed = {"organisation_id": id_, "kind": "company", "name": name, "place": UTRECHT, "version": 2**31 - 1}
        await requests.publish_elsewhere(OrganisationChanged(**changed), said_by="national")
    await requests.quiet()
    answers = [await requests.http.get(f"/v1/meetings/{one}") for one in (own, theirs.offer_id)]
    assert [one.json()["organisation_name"] for one in answers] == ["Van vroeger", "Landelijk aanjaagteam"]

    again = {"organisation_id": theirs.organisation_id, "kind": "company", "name": "Van ons", "place": UTRECHT}
    await requests.when(OrganisationChanged(**again))  # what is ours, we say, whatever another said of it
    assert (await requests.http.get(f"/v1/meetings/{theirs.offer_id}")).json()["organisation_name"] == "Van ons"


async def test_what_the_nation_offers_is_read_here_and_what_another_region_does_is_not(requests):
    await requests.publish_elsewhere(of_the_nation(), said_by="national")
    await requests.publish_elsewhere(of_the_nation(title="Van de buren"), said_by="zeeland")
    await requests.quiet()
    assert await listed(requests) == ["Landelijke dag"]

    taken_over = of_the_nation(title="Van een ander", version=9)
    await requests.publish_elsewhere(taken_over, said_by="national")
    await requests.publish_elsewhere(taken_over.model_copy(update={"version": 10}), said_by="zeeland")
    await requests.quiet()
    assert await listed(requests) == ["Landelijke dag", "Van een ander"]

    await requests.publish_elsewhere(PropositionLost(proposition_id=taken_over.offer_id), said_by="national")
    await requests.publish_elsewhere(MemberErased(member_id="landelijk"), said_by="national")
    await requests.quiet()
    await requests.publish_elsewhere(of_the_nation(title="Komt te laat"), said_by="national")
    await requests.quiet()
    assert await listed(requests) == []


@pytest.mark.parametrize("until", ["draft_version", "heard_version"])
async def test_what_was_opened_after_that_it_was_lost_stays(requests, until):
    offer = of_the_nation(version=9)
    lost = PropositionLost(proposition_id=offer.offer_id, **{until: 8})
    await requests.publish_elsewhere(offer, said_by="national")
    await requests.quiet()

    await requests.publish_elsewhere(lost, said_by="national")
    await requests.quiet()
    assert await listed(requests) == ["Landelijke dag"]

    await requests.publish_elsewhere(lost.model_copy(update={until: 9}), said_by="national")
    await requests.quiet()
    assert await listed(requests) == []


async def test_an_older_event_brings_nothing_back(requests):
    offer = of_the_nation()
    closed = OfferClosed.model_validate(offer.model_dump() | {"status": "withdrawn", "version": 2})
    await requests.publish_elsewhere(closed, said_by="national")
    await requests.quiet()

    await requests.publish_elsewhere(offer, said_by="national")
    await requests.quiet()

    assert await listed(requests) == []


async def test_what_only_a_meeting_has_is_checked_field_by_field(requests):
    wrong = a_meeting(requests, until_time="13:00", sign_up_url="http://elders.example", venue="bel 06 12345678")
    answer = await requests.sem.post(
        "/v1/offers", json=wrong | {"themes": ["biodiversity"], "place": {"name": "Zeist"}}
    )
    assert set(wrong_fields(answer)) == {"until_time", "sign_up_url", "venue"}

    placed = await requests.placed("offer", "sem")
    change = await requests.sem.patch(placed["path"], json={"venue": "Hier"}, headers={"If-Match": '"1"'})
    assert wrong_fields(change) == {"venue": "only a meeting has this"}


async def test_a_meeting_that_is_over_is_refused_when_it_is_placed_changed_or_offered_again(requests):
    past, refused = a_meeting(requests, -1), {"starts_on": "must not be in the past"}
    on_placing = await requests.sem.post("/v1/offers", json=an_offer(**past))
    placed = await requests.placed("offer", "sem", **a_meeting(requests))
    change = {"starts_on": past["starts_on"]}
    on_changing = await requests.sem.patch(placed["path"], json=change, headers={"If-Match": '"1"'})
    await requests.step(placed, "withdraw", "sem")
    requests.clock.move(days=15)
    on_reopening = await requests.sem.post(f"{placed['path']}/reopen")

    assert [wrong_fields(answer) for answer in (on_placing, on_changing, on_reopening)] == [refused] * 3


@pytest.mark.parametrize(("day", "from_time"), [(date.min, "00:00"), (date.max, None)])
async def test_a_day_at_the_end_of_time_breaks_no_page_and_no_calendar(requests, day, from_time):
    ends_on = rules.day_of(requests.clock()) + timedelta(days=9)
    offer = of_the_nation(starts_on=day, ends_on=max(day, ends_on), from_time=from_time)
    await requests.publish_elsewhere(offer, said_by="national")
    await requests.when(MeetingReminderDue(offer_id=offer.offer_id))

    assert await listed(requests) == ["Landelijke dag"]
    calendar = await requests.http.get(f"/v1/meetings/{offer.offer_id}/calendar")
    assert len(icalendar.Calendar.from_ical(calendar.content).walk("VEVENT")) == 1
    assert await requests.dead_letters() == []


async def test_a_calendar_takes_it_and_knows_which_is_newest(requests):
    placed = await requests.placed("offer", "sem", **a_meeting(requests))
    await requests.sem.patch(placed["path"], json={"from_time": "15:00"}, headers={"If-Match": '"1"'})
    await requests.quiet()

    answer = await requests.http.get(f"/v1/meetings/{placed['id']}/calendar")

    assert answer.headers["content-type"].startswith("text/calendar")
    (event,) = icalendar.Calendar.from_ical(answer.content).walk("VEVENT")
    assert (event["UID"], int(event["SEQUENCE"])) == (f"{placed['id']}@omdehoek.nl", 2)
    hours = [event.decoded(name).astimezone(rules.AMSTERDAM).strftime("%H:%M") for name in ("DTSTART", "DTEND")]
    assert hours == ["15:00", "16:30"]
    assert str(event["LOCATION"]) == "Werkplaats 2.04, Zeist"


async def test_of_what_is_there_that_is_known_to_be_of_another_node_which_has_a_meeting_there(postgres):
    async with engine_on(postgres) as engine:
        async with engine.connect() as connection:
            await connection.run_sync(upgrade, MIGRATIONS, "0009")
            for organisation_id, node in {"of-the-nation": "national", "of-us": None, "unheard": ""}.items():
                values = {"organisation_id": organisation_id, "node": node}
                await connection.execute(_ORGANISATION, values)
                if node != "":
                    await connection.execute(_LISTING, values)
            await connection.commit()

        await migrate(engine, MIGRATIONS)

        async with engine.connect() as connection:
            found = await connection.execute(text("SELECT organisation_id, node FROM organisation"))
            assert dict(found.all()) == {"of-the-nation": "national", "of-us": None, "unheard": None}


_ORGANISATION = text("INSERT INTO organisation (organisation_id, version, name) VALUES (:organisation_id, 1, 'Naam')")
_LISTING = text(
    "INSERT INTO listing (offer_id, node, version, kind, status, member_id, organisation_id, themes, title, text, "
    "language, place_name, province, latitude, longitude, expires_at, listed_at, day, words) VALUES (:organisation_id, "
    ":node, 1, 'tip', 'open', 'm', :organisation_id, '{}', 'T', 't', 'nl', 'Goes', 'Zeeland', 51.5, 3.9, now(), now(), "
    "'2026-01-01', '')"
)
