"""Forgetting a member: what tells of them is gone here and from the streams, and what comes late is not kept."""

import asyncio
import re

import pytest

from contracts.envelope import decode
from contracts.event import new_id
from contracts.matching import IntroductionMade, MatchEndorsed, MatchProposed, PartyErased, RequestUnanswered
from contracts.members import ContactChanged, MemberErased, NodeTeamJoined
from contracts.notify import MemberForgotten, NotificationSent
from services.notify.contacts import keep_contact, keep_contact_elsewhere
from tests.kept import rows_kept
from tests.notify.conftest import a_match, a_party, a_person, a_team_member
from tests.notify.test_preferences import ALL, choose, muted_link
from tests.notify.test_telling import a_link

STAYS = {"erased", "inbox"}

A_SUBJECT = re.compile(r"odh\.[^.]+\.\w+\.(\w+\.[\w-]+)\.")


async def rows_with(notify, needle):
    """The tables that hold a text anywhere, the messages in the streams too."""
    found = set()
    for table, row in await rows_kept(notify.service):
        if needle in row:
            found.add(table if table != "said" else f"said: {A_SUBJECT.search(row)[1]}")
    for kind in ("shared", "local"):
        for subject, data in await notify.messages(kind):
            if needle in subject or needle.encode() in data:
                found.add(f"{kind}: {subject.split('.')[3]}.{subject.split('.')[4]}")
    return found


async def erase(notify, person):
    """Somebody is erased; returns what notify says that it removed."""
    await notify.running.given()
    await notify.when(MemberErased(member_id=person.member_id, version=9))
    (forgotten,) = [f for f in await notify.said(MemberForgotten) if f.member_id == person.member_id]
    return forgotten.removed


@pytest.fixture
async def people(notify):
    """Somebody with a bit of everything, and the two who were told of them."""
    other, ambassador = a_person("Fatima de Wit"), a_person("Amir Bos")
    person = a_person(f"Noor {other.member_id[-12:]}")
    await notify.given(person, other, ambassador, NodeTeamJoined(member_id=person.member_id))
    match = a_match(person, other, ambassador)
    for event in (MatchProposed(**match), MatchEndorsed(**match), IntroductionMade(**match)):
        await notify.when(event)  # what is over before its mail has gone is not asked any more
    await notify.when(a_link(person, notify.clock()))
    await choose(notify, person, outcomes="none")
    return person, other, ambassador


async def comes_from_zeeland(notify, match, other):
    """How to reach the other side of a match comes from their own node."""
    async with notify.running.session() as session:
        details = other.model_dump(include={"name", "email", "phone", "organisation_name"})
        bound = {"match_id": match["match_id"], "reference": f"zeeland.{other.member_id}"}
        await keep_contact_elsewhere(session, details | bound, notify.clock())
        await session.commit()


@pytest.mark.parametrize("heard_last", [MatchEndorsed, IntroductionMade])
async def test_contact_details_that_come_for_who_was_erased_are_not_kept(notify, heard_last):
    noor, other = a_person("Noor Jansen"), a_person("Fatima de Wit")
    await notify.given(noor)
    match = a_match(noor, other) | {"offerer": a_party(other, node="zeeland")}
    await notify.when(heard_last(**match))
    await erase(notify, noor)

    await comes_from_zeeland(notify, match, other)

    assert await rows_with(notify, other.email) == set()


async def test_who_was_introduced_by_an_ambassador_who_is_erased_can_reach_the_other_still(notify):
    noor, other, amir = a_person("Noor Jansen"), a_person("Fatima de Wit"), a_person("Amir Bos")
    await notify.given(noor, amir)
    match = a_match(noor, other, amir) | {"offerer": a_party(other, node="zeeland")}
    await notify.when(MatchProposed(**match), IntroductionMade(**match))
    await comes_from_zeeland(notify, match, other)

    await erase(notify, amir)

    (introduction,) = await notify.inbox(noor)
    assert other.email in introduction["text"]
    (mail,) = notify.mails(noor)
    assert other.email in mail.as_string()


async def test_everything_that_tells_of_a_member_is_removed_and_counted(notify, people):
    noor, other, ambassador = people

    removed = await erase(notify, noor)

    # Two mails and a link to Noor; a question and an introduction to Fatima; a proposal and its good end to Amir.
    assert removed["notifications"] == 3 + 2 + 2
    assert removed["inbox-items"] == 2 + 2 + 2
    counts = {name: removed[name] for name in ("contacts", "preferences", "unsubscribe-tokens", "team-memberships")}
    assert counts == {"contacts": 1, "preferences": 1, "unsubscribe-tokens": 7, "team-memberships": 1}
    assert removed["stream-messages"] == 6  # the good end is gathered: nothing was said of a mail yet
    assert await rows_with(notify, noor.member_id) - STAYS <= {
        # These are members' and matching's to remove.
        "local: members.contact-changed",
        "local: members.node-team-joined",
        "local: members.sign-in-requested",
        "shared: matching.match-proposed",
        "shared: matching.match-endorsed",
        "shared: matching.introduction-made",
        # The erasure itself, by its random reference.
        "shared: members.member-erased",
        "local: notify.member-forgotten",
        "said: notify.member-forgotten",
    }
    assert await notify.inbox(other) == await notify.inbox(ambassador) == []


async def test_neither_name_nor_address_is_left_in_any_table(notify, people):
    noor, *_ = people
    await erase(notify, noor)

    for secret in (noor.name, noor.email):
        # The streams of members are members' own to purge.
        assert await rows_with(notify, secret) <= {"local: members.contact-changed", "local: members.sign-in-requested"}


async def test_what_was_said_of_their_mails_is_out_of_the_streams(notify, people):
    noor, *_ = people

    async def told_of():
        said = [decode(data)[1] for _, data in await notify.messages("local")]
        return {event.member_id for event in said if isinstance(event, NotificationSent)}

    assert noor.member_id in await told_of()
    await erase(notify, noor)
    assert noor.member_id not in await told_of()


async def test_erasing_again_removes_nothing_more(notify, people):
    noor, *_ = people
    await erase(notify, noor)
    assert set((await erase(notify, noor)).values()) == {0}


async def test_what_comes_late_about_somebody_is_not_kept_and_not_told(notify, people):
    noor, other, ambassador = people
    await erase(notify, noor)
    mails = len(notify.mails(noor)), len(notify.mails(other)), len(notify.mails(ambassador))

    late = a_match(noor, other, ambassador)
    await notify.when(
        noor.model_copy(update={"version": 99}),
        NodeTeamJoined(member_id=noor.member_id, version=99),
        MatchProposed(**late),
        IntroductionMade(**late),
        RequestUnanswered(request_id=new_id(), member_id=noor.member_id, title="Wie weet een stage?"),
        a_link(noor, notify.clock()),
    )

    assert await rows_with(notify, noor.email) & set(notify.service.tables.metadata.tables) == set()
    assert await notify.inbox(noor) == []
    assert (len(notify.mails(noor)), len(notify.mails(other)), len(notify.mails(ambassador))) == mails


async def test_a_choice_that_comes_late_is_not_kept(notify, people):
    noor, *_ = people
    link = await muted_link(notify, noor)
    await erase(notify, noor)

    assert (await choose(notify, noor, if_match='"1"')).status_code == 404
    assert (await notify.http.post(link)).status_code == 404
    assert "preference" not in await rows_with(notify, noor.member_id)


async def test_a_reply_that_was_kept_for_a_repeated_call_is_removed(notify, people):
    noor, *_ = people
    client = notify.http_as(noor.member_id)
    headers = {"If-Match": '"2"', "Idempotency-Key": new_id()}
    wanted = ALL | {"reminders": "none"}
    assert (await client.put("/v1/preferences", json=wanted, headers=headers)).status_code == 200

    assert (await erase(notify, noor))["replies"] == 1


async def test_a_mail_that_waits_is_not_sent_any_more(own_notify):
    person, other = a_person("Noor Jansen"), a_person("Fatima de Wit")
    await own_notify.given(person, other)
    own_notify.catcher.behave({"answer": 451})
    await own_notify.publish(MatchEndorsed(**a_match(person, other)))
    await own_notify.becomes(person, "waiting", attempts=1)
    await own_notify.becomes(other, "waiting", attempts=1)

    await own_notify.running.when(MemberErased(member_id=person.member_id))
    own_notify.catcher.behave()
    own_notify.clock.move(minutes=5)
    await own_notify.posted()

    assert own_notify.mails(person) == own_notify.mails(other) == []
    assert await own_notify.mails_kept(person, other) == []


async def test_nothing_is_told_about_somebody_while_they_are_being_erased(notify):
    """Both run at the same moment, again and again: whatever wins, nothing is left."""
    for _ in range(5):
        person, other = a_person("Noor Jansen"), a_person("Fatima de Wit")
        await notify.given(person, other)
        events = [MatchEndorsed(**a_match(person, other)) for _ in range(5)]
        erased = MemberErased(member_id=person.member_id)
        await asyncio.gather(*(notify.publish(event) for event in [*events[:3], erased, *events[3:]]))
        await notify.posted()

        assert await notify.inbox(person) == await notify.inbox(other) == []
        assert await notify.mails_kept(person) == await notify.mails_kept(other) == []


async def test_a_contact_that_is_being_written_is_removed_all_the_same(notify):
    person = a_person("Noor Jansen")
    async with notify.running.session() as writing:
        contact = ContactChanged(**person.model_dump())
        await keep_contact(writing, contact, notify.clock())
        await notify.publish(MemberErased(member_id=person.member_id))
        await writing.commit()
    await notify.running.quiet()

    assert "contact" not in await rows_with(notify, person.email)


async def test_others_keep_what_is_theirs(notify, people):
    tess, (noor, other, _) = await a_team_member(notify), people
    match = a_match(other, a_person("Vera Vreemd"))
    await notify.when(MatchEndorsed(**match))

    await erase(notify, noor)

    assert [item["matter_id"] for item in await notify.inbox(other)] == [match["match_id"]]
    await notify.when(RequestUnanswered(request_id=new_id(), member_id=other.member_id, title="Wie weet een stage?"))
    assert len(notify.mails(tess)) == 1


@pytest.mark.parametrize(("teller", "is_believed"), [("zeeland", True), ("brabant", False)])
async def test_whom_a_third_node_erased_is_gone_when_that_node_says_so_itself(notify, teller, is_believed):
    person, other = a_person(), a_person("Sem de Graaf")
    await notify.given(person)
    match = a_match(person, other)
    theirs = {"offerer": match["offerer"].model_copy(update={"node": "zeeland", "node_name": "Zeeland"})}
    await notify.when(IntroductionMade(**match | theirs))
    reference = f"zeeland.{other.member_id}"
    assert await rows_with(notify, reference)

    erased = PartyErased(member_id=other.member_id, node="zeeland")
    await notify.publish_elsewhere(erased, said_by=teller, to_us=True)
    await notify.running.quiet()

    assert (await rows_with(notify, reference) - STAYS == set()) is is_believed
