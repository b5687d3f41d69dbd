"""Trying out: a sandbox, in which everything ends and nothing is told, and what an event would do if it were pushed."""

import json
from datetime import timedelta

from contracts.members import MemberErased
from contracts.partners import EventAccepted, EventReceived, EventRefused, OrganisationTold, PersonTold
from tests.partners.conftest import PERSON, QUESTION, SCHOOL, SOURCE, an_event

PROEF = {"source": SOURCE["proef"]}


async def tried(partners, *events, partner="docenten") -> list[dict]:
    client = await partners.as_partner(partner)
    kind = {"Content-Type": "application/cloudevents-batch+json"}
    answer = await client.post("/v1/checks", content=json.dumps(events), headers=kind)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def test_in_a_sandbox_everything_ends_as_it_would_and_nobody_is_told(partners):
    question, person, school, wrong = await partners.pushed(
        an_event("question", "vraag-1", QUESTION, **PROEF),
        an_event("person", "noor", PERSON, **PROEF),
        an_event("organisation", "school-1", SCHOOL, **PROEF),
        an_event("organisation", "school-2", SCHOOL | {"place": {"name": "Nergens"}}, **PROEF),
        partner="proef",
    )
    ended = [await partners.receipt(one, "proef") for one in (school, person, question, wrong)]

    assert [one["status"] for one in ended] == ["accepted", "accepted", "accepted", "rejected"]
    assert [one["would_tell"] and one["would_tell"]["event"] for one in ended] == [
        "partners.organisation-told",
        "partners.person-told",
        "partners.proposition-told",
        None,
    ]
    assert ended[1]["would_tell"]["organisation_id"] == ended[0]["would_tell"]["record_id"]
    assert ended[3]["problem"]["errors"][0]["field"] == "place"
    assert {type(event) for _, event in await partners.envelopes()} == {EventReceived}
    assert len(await partners.heard_by(EventAccepted, "proef")) == 3
    assert len(await partners.heard_by(EventRefused, "proef")) == 1


async def test_an_ordinary_partner_reads_nothing_of_what_was_told_on(partners):
    (receipt,) = await partners.pushed(an_event("organisation", "school-1", SCHOOL))
    await partners.accepted((await partners.said(OrganisationTold))[0])

    assert (await partners.receipt(receipt))["would_tell"] is None


async def test_what_an_event_would_do_is_told_without_doing_it(partners):
    school = an_event("organisation", "school-1", SCHOOL)
    await partners.pushed(school)
    await partners.accepted((await partners.said(OrganisationTold))[0])

    seen = await tried(
        partners,
        an_event("organisation", "school-1", SCHOOL),
        an_event("organisation", "school-1", SCHOOL | {"name": "Anders"}),
        an_event("organisation", "school-1", SCHOOL, time="2020-01-01T00:00:00Z"),
        an_event("organisation-withdrawn", "school-1"),
        an_event("organisation", "school-2", SCHOOL),
        an_event("person", "noor", PERSON),
        an_event("person", "ali", PERSON | {"organisation": "school-9"}),
        an_event("person", "eva", {"naam": "Eva", "telefoon": 6}),
        an_event("organisation", "x", SCHOOL, type="nl.omdehoek.partner.organisation.v9"),
    )

    assert [one["effect"] for one in seen] == [
        *("unchanged", "changed", "late", "withdrawn", "new", "new", "new", "rejected", "rejected")
    ]
    assert [one["unknown"] for one in seen[5:7]] == [[], ["school-9"]]
    wrong = {error["field"] for error in seen[7]["problem"]["errors"]}
    assert wrong == {"emailadres", "telefoon", "school", "toestemming_op"}
    assert len(await partners.said(OrganisationTold)) == 1
    assert seen[0]["version"] == 1


async def test_who_did_not_agree_yet_would_be_rejected(partners):
    later = (partners.clock() + timedelta(minutes=6)).isoformat()
    person = {name: value for name, value in PERSON.items() if name != "consented_at"}

    (seen,) = await tried(partners, an_event("person", "noor", person | {"toestemming_op": later}))

    assert seen["effect"] == "rejected"
    assert [error["field"] for error in seen["problem"]["errors"]] == ["toestemming_op"]


async def test_who_was_forgotten_would_be_rejected(partners):
    await partners.pushed(an_event("organisation", "school-1", SCHOOL), an_event("person", "noor", PERSON))
    await partners.accepted((await partners.said(OrganisationTold))[0])
    await partners.accepted((await partners.said(PersonTold))[0], "the-member")
    await partners.when(MemberErased(member_id="the-member", version=9))

    of_person, of_question = await tried(
        partners, an_event("person", "noor", PERSON), an_event("question", "vraag-1", QUESTION)
    )

    assert of_person["problem"]["type"].endswith("/person-forgotten")
    assert of_question["problem"]["type"].endswith("/person-forgotten")
