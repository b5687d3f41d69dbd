"""What a partner pushes is taken in once, told in our words, and ends accepted or rejected with a reason."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from contracts.event import Event, EventRejected, FieldError
from contracts.members import MemberErased
from contracts.partners import (
    EventAccepted,
    EventRefused,
    MemberForgotten,
    OrganisationTold,
    PersonTold,
    PropositionTold,
    RecordWithdrawn,
    Thing,
    WaitEnded,
)
from contracts.vocabulary import Network, Side
from services.partners import rules
from services.partners.tables import Record
from tests.given import eventually, migration_matches
from tests.partners.conftest import PERSON, QUESTION, SCHOOL, Partners, an_event


async def refused_by_members(partners: Partners, *errors: FieldError, told: type[Event] = OrganisationTold) -> None:
    """Members refuses what was told last."""
    await partners.quiet()
    told_ids = [envelope.id for envelope, event in await partners.envelopes() if isinstance(event, told)]
    await partners.when(
        EventRejected(
            rejected_id=told_ids[-1],
            rejected_type=told.type_name(),
            rejected_by="members",
            problem="https://omdehoek.nl/problems/invalid-fields",
            title="Some fields are not right",
            errors=errors,
        )
    )


async def test_the_migrations_make_what_the_tables_say(partners):
    assert await migration_matches(partners.service) == []


async def test_a_question_waits_for_its_person_and_the_person_for_the_school_whatever_their_order(partners):
    question, person, school = await partners.pushed(
        an_event("question", "vraag-1", QUESTION),
        an_event("person", "noor", PERSON),
        an_event("organisation", "school-1", SCHOOL),
    )

    assert (await partners.receipt(question))["waiting"]
    assert (await partners.receipt(person))["waiting"]
    (told,) = await partners.said(OrganisationTold)
    assert (told.name, told.place.province, told.network) == ("Vechtdal College", "Overijssel", Network.DUURZAAM_MBO)
    await partners.accepted(told, "the-school")
    (of_person,) = await partners.said(PersonTold)
    assert (of_person.organisation_id, of_person.email) == ("the-school", "noor@vechtdal.example")
    await partners.accepted(of_person, "the-member")
    (asked,) = await partners.said(PropositionTold)
    assert (asked.side, asked.member_id, asked.organisation_id) == (Side.REQUEST, "the-member", "the-school")
    await partners.accepted(asked)

    for receipt in (question, person, school):
        assert (await partners.receipt(receipt))["status"] == "accepted"
    assert len(await partners.heard_by(EventAccepted)) == 3
    client = await partners.as_partner()
    feed = (await client.get("/v1/events?limit=2")).json()
    rest = (await client.get(f"/v1/events?after={feed['after']}")).json()
    ended = [item["subject"] for item in feed["items"] + rest["items"]]
    assert ended == ["school-1", "noor", "vraag-1"]


async def test_the_same_event_again_and_an_older_one_change_nothing(partners):
    newer = an_event("organisation", "school-1", SCHOOL, sequence="5")
    older = an_event("organisation", "school-1", SCHOOL | {"name": "Vroeger"}, sequence="4")
    (first,) = await partners.pushed(newer)
    (told,) = await partners.said(OrganisationTold)
    await partners.accepted(told)

    (again,) = await partners.pushed(newer)
    (late,) = await partners.pushed(older)

    assert again["receipt_id"] == first["receipt_id"]
    seen = await partners.receipt(late)
    assert (seen["status"], seen["late"]) == ("accepted", True)
    assert len(await partners.said(OrganisationTold)) == 1


async def test_of_a_burst_about_one_thing_the_first_and_the_newest_are_told(partners):
    burst = [
        an_event("organisation", "school-1", SCHOOL | {"name": f"Naam {n}"}, sequence=str(n)) for n in range(1, 31)
    ]
    await partners.pushed(*burst)

    (first,) = await partners.said(OrganisationTold)
    await partners.accepted(first)
    newest = (await partners.said(OrganisationTold))[-1]
    await partners.accepted(newest)

    assert [told.name for told in await partners.said(OrganisationTold)][1:] == ["Naam 30"]
    assert newest.known_as is not None
    assert len(await partners.heard_by(EventAccepted)) == 30


async def test_of_what_waits_the_newest_that_is_not_refused_counts(partners):
    await partners.pushed(an_event("organisation", "school-1", SCHOOL, sequence="1"))
    (first,) = await partners.said(OrganisationTold)
    right = an_event("organisation", "school-1", SCHOOL | {"name": "Het juiste"}, sequence="2")
    wrong = an_event("organisation", "school-1", SCHOOL | {"brin": "onzin"}, sequence="3")
    (receipt, newest) = await partners.pushed(right, wrong)
    assert (await partners.receipt(newest))["waiting"]
    await partners.accepted(first)
    await refused_by_members(partners)

    told = (await partners.said(OrganisationTold))[-1]
    assert told.name == "Het juiste"
    await partners.accepted(told)
    seen = await partners.receipt(receipt)
    assert (seen["status"], seen["late"]) == ("accepted", False)


async def test_what_waits_is_not_held_up_by_something_newer_that_waits_for_another(partners):
    await partners.pushed(an_event("organisation", "school-1", SCHOOL), an_event("person", "noor", PERSON))
    await partners.accepted((await partners.said(OrganisationTold))[0], "the-school")
    second = an_event("person", "noor", PERSON | {"name": "Noor Bakker"})
    third = an_event("person", "noor", PERSON | {"organisation": "nobody-told-it"})
    receipts = await partners.pushed(second, third)
    await partners.quiet()

    await partners.accepted((await partners.said(PersonTold))[0], "the-member")

    await eventually(lambda: names_told(partners, 2), saying="the second is told")
    assert await names_told(partners, 2) == [PERSON["name"], "Noor Bakker"]
    await partners.accepted((await partners.said(PersonTold))[-1], "the-member")
    assert [(await partners.receipt(one))["status"] for one in receipts] == ["accepted", "pending"]


async def names_told(partners: Partners, count: int) -> list[str]:
    """The names of the persons that were told; none while there are fewer."""
    names = [told.name for told in await partners.said(PersonTold)]
    return names if len(names) >= count else []


async def test_what_is_wrong_is_told_by_field_in_the_words_of_the_network(partners):
    tip = {"docent": "noor", "titel": "", "tekst": "Meet eerst.", "themas": ["energie", "weer"], "plaats": "Nergens"}
    (receipt,) = await partners.pushed(an_event("tip", "tip-1", tip, type="nl.duurzaammbo.praktijktip"))

    seen = await partners.receipt(receipt)
    assert seen["status"] == "rejected"
    assert seen["problem"]["type"].endswith("/problems/invalid-fields")
    assert {error["field"] for error in seen["problem"]["errors"]} == {"titel", "themas.1", "plaats"}
    (refused,) = await partners.heard_by(EventRefused)
    assert refused.receipt_id == receipt["receipt_id"]


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"])
async def test_a_moment_that_is_none_in_utc_is_a_wrong_field(partners, moment):
    (receipt,) = await partners.pushed(an_event("person", "noor", PERSON | {"consented_at": moment}))

    seen = await partners.receipt(receipt)
    assert seen["status"] == "rejected"
    assert [error["field"] for error in seen["problem"]["errors"]] == ["consented_at"]


async def test_a_moment_at_which_nobody_can_have_agreed_is_refused_in_the_words_of_the_network(partners):
    soon, later = ((partners.clock() + timedelta(**by)).isoformat() for by in ({"minutes": 4}, {"minutes": 6}))
    impossible = ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", 1_700_000_000)
    person = {name: value for name, value in PERSON.items() if name != "consented_at"}
    receipts = await partners.pushed(
        *(
            an_event("person", f"noor-{n}", person | {"toestemming_op": told})
            for n, told in enumerate((*impossible, later, soon))
        )
    )

    seen = [await partners.receipt(receipt) for receipt in receipts]

    assert [one["status"] for one in seen] == [*["rejected"] * 5, "pending"]
    assert all([error["field"] for error in one["problem"]["errors"]] == ["toestemming_op"] for one in seen[:5])


async def test_what_a_service_refuses_can_be_read_and_is_put_right_by_a_newer_event(partners):
    (receipt,) = await partners.pushed(an_event("organisation", "school-1", SCHOOL | {"brin": "onzin"}))
    await refused_by_members(partners, FieldError(field="brin", message="must be a BRIN number"))

    seen = await partners.receipt(receipt)
    assert seen["problem"]["errors"] == [{"field": "brin", "message": "must be a BRIN number"}]
    await partners.pushed(an_event("organisation", "school-1", SCHOOL))
    assert len(await partners.said(OrganisationTold)) == 2


@pytest.mark.parametrize("is_withdrawn_first", [False, True], ids=["told first", "withdrawn first"])
async def test_what_a_service_refuses_does_not_count_as_the_newest(partners, is_withdrawn_first):
    if is_withdrawn_first:
        await partners.pushed(an_event("organisation", "school-1", SCHOOL, sequence="1"))
        await partners.accepted((await partners.said(OrganisationTold))[0])
        await partners.pushed(an_event("organisation-withdrawn", "school-1", sequence="2"))
        await partners.accepted((await partners.said(RecordWithdrawn))[0])
    await partners.pushed(an_event("organisation", "school-1", SCHOOL | {"name": "Zonder"}, sequence="5"))
    await refused_by_members(partners)

    (delayed,) = await partners.pushed(an_event("organisation", "school-1", SCHOOL, sequence="4"))

    told = (await partners.said(OrganisationTold))[-1]
    assert told.name == SCHOOL["name"]
    await partners.accepted(told)
    seen = await partners.receipt(delayed)
    assert (seen["status"], seen["late"]) == ("accepted", False)
    (withdrawn,) = await partners.pushed(an_event("organisation-withdrawn", "school-1", sequence="3"))
    assert (await partners.receipt(withdrawn))["late"]


async def test_what_is_withdrawn_is_told_so_and_can_come_back(partners):
    await partners.pushed(an_event("organisation", "school-1", SCHOOL))
    (told,) = await partners.said(OrganisationTold)
    await partners.accepted(told, "the-school")

    await partners.pushed(an_event("organisation-withdrawn", "school-1"))
    (withdrawn,) = await partners.said(RecordWithdrawn)
    await partners.accepted(withdrawn)
    await partners.pushed(an_event("organisation", "school-1", SCHOOL))

    assert withdrawn.known_as == "the-school"
    assert (await partners.said(OrganisationTold))[-1].known_as == "the-school"


async def test_of_an_erased_person_nothing_is_kept_and_nothing_is_taken_in_again(partners):
    await partners.pushed(an_event("organisation", "school-1", SCHOOL), an_event("person", "noor", PERSON))
    await partners.accepted((await partners.said(OrganisationTold))[0])
    await partners.accepted((await partners.said(PersonTold))[0], "the-member")

    await partners.when(MemberErased(member_id="the-member", version=9))

    assert await partners.said(PersonTold) == []
    (forgotten,) = await partners.said(MemberForgotten)
    assert forgotten.removed == {"records": 1, "receipts": 1, "news": 1, "stream-messages": 5}
    assert {event.event_type.split(".")[3] for event in await partners.heard_by(EventAccepted)} == {"organisation"}
    (receipt,) = await partners.pushed(an_event("person", "noor", PERSON))
    assert (await partners.receipt(receipt))["problem"]["type"].endswith("/person-forgotten")


async def test_what_waits_and_names_an_erased_person_goes_with_them(partners):
    await partners.pushed(an_event("organisation", "school-1", SCHOOL), an_event("person", "noor", PERSON))
    await partners.accepted((await partners.said(OrganisationTold))[0])
    await partners.accepted((await partners.said(PersonTold))[0], "the-member")
    (receipt,) = await partners.pushed(an_event("question", "vraag-1", QUESTION | {"organisation": "nobody-told-it"}))
    assert (await partners.receipt(receipt))["waiting"]
    kept = await partners.http_as("", roles=("gateway",)).get("/internal/kept", params={"member_id": "the-member"})
    assert QUESTION["text"] in kept.text

    await partners.when(MemberErased(member_id="the-member", version=9))

    async with partners.session() as session:
        left = (await session.exec(text("SELECT CAST(receipt AS text) FROM receipt"))).scalars().all()
    assert len(left) == 1, "that of the school"
    assert QUESTION["text"] not in left[0]


async def test_what_was_refused_for_its_fields_goes_with_the_person_it_is_of(partners):
    await partners.pushed(an_event("organisation", "school-1", SCHOOL), an_event("person", "noor", PERSON))
    await partners.accepted((await partners.said(OrganisationTold))[0])
    await partners.accepted((await partners.said(PersonTold))[0], "the-member")
    (receipt,) = await partners.pushed(an_event("person", "noor", PERSON | {"email": ""}))
    assert (await partners.receipt(receipt))["status"] == "rejected"

    await partners.when(MemberErased(member_id="the-member", version=9))

    async with partners.session() as session:
        left = (await session.exec(text("SELECT subject FROM receipt"))).scalars().all()
    assert left == ["school-1"]
    assert {event.event_type.split(".")[3] for event in await partners.heard_by(EventRefused)} == set()


async def test_of_a_person_whom_members_refuses_the_words_are_kept_nowhere_unless_they_are_known(partners):
    await partners.pushed(an_event("organisation", "school-1", SCHOOL), an_event("person", "noor", PERSON))
    await partners.accepted((await partners.said(OrganisationTold))[0])
    await refused_by_members(partners, told=PersonTold)

    assert await partners.said(PersonTold) == []
    await partners.pushed(an_event("person", "noor", PERSON))
    (told,) = await partners.said(PersonTold)
    assert told.name == PERSON["name"]
    await partners.accepted(told, "the-member")
    await partners.pushed(an_event("person", "noor", PERSON | {"name": "Noor Bakker"}))
    await refused_by_members(partners, told=PersonTold)
    assert len(await partners.said(PersonTold)) == 2, "they go with the member"


async def test_who_was_erased_before_they_were_known_here_is_forgotten_all_the_same(partners):
    await partners.pushed(an_event("organisation", "school-1", SCHOOL), an_event("person", "noor", PERSON))
    await partners.accepted((await partners.said(OrganisationTold))[0])
    (told,) = await partners.said(PersonTold)

    await partners.when(MemberErased(member_id="the-member", version=2))
    await partners.accepted(told, "the-member")

    assert await partners.said(PersonTold) == []
    (receipt,) = await partners.pushed(an_event("person", "noor", PERSON))
    assert (await partners.receipt(receipt))["problem"]["type"].endswith("/person-forgotten")


async def test_what_it_refers_to_is_not_waited_for_for_ever(partners):
    (receipt,) = await partners.pushed(an_event("person", "noor", PERSON))
    await partners.quiet()
    await partners.when(WaitEnded(receipt_id=receipt["receipt_id"]))

    assert (await partners.receipt(receipt))["problem"]["type"].endswith("/reference-unknown")


async def test_one_event_comes_structured_or_in_binary_form(partners):
    client = await partners.as_partner()
    event = an_event("organisation", "school-é", SCHOOL)
    structured = await client.post(
        "/v1/events", content=json.dumps(event), headers={"Content-Type": "application/cloudevents+json"}
    )
    ce = {f"ce-{name}": value for name, value in event.items() if name not in ("data", "subject")}
    binary = await client.post("/v1/events", json=SCHOOL, headers=ce | {"ce-subject": "school-%C3%A9"})

    assert structured.status_code == binary.status_code == 202
    assert structured.json()["receipts"][0]["receipt_id"] == binary.json()["receipts"][0]["receipt_id"]


ODD, PLAIN = "E\u0301cole  1\u00a0", "\u00c9cole 1"


@pytest.mark.parametrize(
    ("first", "then"), [(ODD, PLAIN), (PLAIN, ODD)], ids=["odd in its event", "odd in what refers"]
)
async def test_an_own_id_is_found_however_it_is_written(partners, first, then):
    await partners.pushed(an_event("organisation", first, SCHOOL))
    await partners.accepted((await partners.said(OrganisationTold))[0], "the-school")

    await partners.pushed(an_event("person", "noor", PERSON | {"organisation": then}))

    assert [told.organisation_id for told in await partners.said(PersonTold)] == ["the-school"]


async def test_what_has_a_record_under_the_very_letters_of_its_id_keeps_it(partners):
    """As of what was told before ids were read alike."""
    async with partners.session() as session:
        old = Record(record_id=rules.record_id("docenten", Thing.ORGANISATION, ODD), partner_id="docenten")
        old.thing, old.subject, old.known_as, old.version = Thing.ORGANISATION, ODD, "the-school", 1
        session.add(old)
        await session.commit()

    await partners.pushed(an_event("organisation-withdrawn", ODD))

    assert [told.known_as for told in await partners.said(RecordWithdrawn)] == ["the-school"]


async def test_an_own_id_of_spaces_alone_is_refused(partners):
    client = await partners.as_partner()
    event = an_event("organisation", " \u00a0", SCHOOL)

    answer = await client.post(
        "/v1/events", content=json.dumps(event), headers={"Content-Type": "application/cloudevents+json"}
    )

    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, ["subject"])


async def test_a_structured_event_may_say_that_its_json_is_utf_8(partners):
    event = an_event("organisation", "school-1", SCHOOL, datacontenttype="application/json; charset=utf-8")

    (receipt,) = await partners.pushed(event)

    assert receipt["status"] == "pending"


async def test_a_header_that_is_not_utf_8_is_named_and_no_subject_takes_the_place_of_another(partners):
    client = await partners.as_partner()
    event = an_event("organisation", "x", SCHOOL)
    ce = {f"ce-{name}": value for name, value in event.items() if name != "data"}

    answer = await client.post("/v1/events", json=SCHOOL, headers=ce | {"ce-subject": "caf%E9"})

    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, ["subject"])
