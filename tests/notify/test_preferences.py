"""Which mails a member wants, by choice or by one click in a mail; the inbox keeps it all."""

import re

import pytest

from contracts.days import AMSTERDAM
from contracts.event import new_id
from contracts.matching import AnswerOverdue, IntroductionMade, MatchEndorsed, MatchLapsed
from contracts.members import AddressReplaced
from tests.catching import words
from tests.members.conftest import slug
from tests.notify.conftest import NODE_URL, a_match, a_person

ALL = {
    "desk": "at-most-daily",
    **dict.fromkeys(("proposals", "reminders", "unanswered", "outcomes", "initiatives"), "at-once"),
    "quiet_from": None,
    "quiet_until": None,
    "weekends": True,
    "pushed": ["desk", "proposals", "reminders", "unanswered", "outcomes", "initiatives"],
}


@pytest.fixture
async def noor(notify):
    """Somebody whom the service knows."""
    person = a_person("Noor Jansen")
    await notify.given(person)
    return person


async def choose(notify, person, if_match='"1"', **changes):
    client = notify.http_as(person.member_id)
    return await client.put("/v1/preferences", json=ALL | changes, headers={"If-Match": if_match})


async def muted_link(notify, person, **how):
    """The link to unsubscribe in a mail about a proposal that somebody gets."""
    await notify.when(MatchEndorsed(**a_match(person, a_person("Vera Vreemd"))))
    found = re.fullmatch(rf"<{NODE_URL}/api(/v1/unsubscribe/[\w-]+)>", notify.mails(person)[-1]["List-Unsubscribe"])
    assert found
    return found[1]


async def test_whoever_never_chose_gets_everything(notify, noor):
    answer = await notify.http_as(noor.member_id).get("/v1/preferences")

    assert answer.json() == ALL | {"language": "nl", "email_refused": False, "version": 1}
    assert answer.headers["etag"] == '"1"'


async def test_whoever_reads_an_address_that_another_took_the_place_of_hears_it_whatever_was_chosen(notify, noor):
    thief = noor.model_copy(update={"email": "dief@evil.example", "version": 2})
    old = AddressReplaced(member_id=noor.member_id, version=2, name=noor.name, email=noor.email, language=noor.language)
    hour = notify.clock().astimezone(AMSTERDAM).hour
    nothing = dict.fromkeys(("desk", "proposals", "reminders", "unanswered", "outcomes", "initiatives"), "none")
    await choose(notify, noor, **nothing, quiet_from=hour, quiet_until=(hour + 2) % 24, weekends=False)

    await notify.when(thief, old)

    assert notify.subjects(noor) == ["Je e-mailadres bij Om de Hoek is veranderd"]
    assert "Was jij het niet?" in words(notify.mails(noor)[0])
    assert (notify.mails(thief), await notify.inbox(noor)) == ([], [])
    assert [(mail.template, mail.facts) for mail in await notify.mails_kept(noor)] == [("address-replaced", {})]


async def test_what_is_not_wanted_is_not_mailed_and_stands_in_the_inbox(notify, noor):
    answer = await choose(notify, noor, proposals="none")
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')

    match = a_match(noor, a_person("Vera Vreemd"))
    await notify.when(MatchEndorsed(**match), AnswerOverdue(**match, waiting_for=(noor.member_id,)))

    assert notify.subjects(noor) == ["We wachten nog op jou: Stage over circulair bouwen"]
    assert sorted(await notify.templates(noor)) == ["answer-overdue", "match-endorsed"]
    assert {(m.template, m.status) for m in await notify.mails_kept(noor)} == {
        ("match-endorsed", "unwanted"),
        ("answer-overdue", "sent"),
    }


async def test_an_introduction_is_mailed_to_whoever_wants_nothing(notify, noor):
    other = a_person("Fatima de Wit")
    await notify.given(other)
    await choose(
        notify, noor, proposals="none", reminders="none", unanswered="none", outcomes="none", initiatives="none"
    )

    await notify.when(IntroductionMade(**a_match(noor, other)))

    assert notify.subjects(noor) == ["Maak kennis met ROC Vechtdal"]


async def test_a_choice_can_be_changed_back(notify, noor):
    await choose(notify, noor, outcomes="none")
    answer = await choose(notify, noor, if_match='"2"')

    assert answer.headers["etag"] == '"3"'
    sides = {"asked": (noor.member_id,), "accepted": (noor.member_id,)}
    await notify.when(MatchLapsed(**a_match(noor, a_person()), lapsed_because="closed", **sides))
    assert len(notify.mails(noor)) == 1


async def test_a_choice_made_meanwhile_is_not_undone_unseen(notify, noor):
    await choose(notify, noor, outcomes="none")

    for stale in ('"1"', '"3"', '"9999999999"'):
        answer = await choose(notify, noor, if_match=stale, reminders="none")
        assert (answer.status_code, slug(answer)) == (412, "version-conflict")
    assert (await notify.http_as(noor.member_id).get("/v1/preferences")).json()["outcomes"] == "none"


async def test_a_first_choice_must_know_that_there_was_none(notify, noor):
    assert (await choose(notify, noor, if_match='"2"')).status_code == 412
    client = notify.http_as(noor.member_id)
    assert (await client.put("/v1/preferences", json=ALL)).status_code == 428


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (ALL | {"sign-in": "none"}, "sign-in"),
        ({"proposals": "daily"}, "reminders"),
        (ALL | {"reminders": "misschien"}, "reminders"),
    ],
)
async def test_another_choice_than_there_is_is_a_wrong_field(notify, noor, body, field):
    client = notify.http_as(noor.member_id)
    answer = await client.put("/v1/preferences", json=body, headers={"If-Match": '"1"'})

    assert answer.status_code == 422
    assert field in {error["field"] for error in answer.json()["errors"]}


async def test_the_same_choice_sent_again_is_answered_the_same(notify, noor):
    client, headers = notify.http_as(noor.member_id), {"If-Match": '"1"', "Idempotency-Key": new_id()}
    answers = [await client.put("/v1/preferences", json=ALL | {"outcomes": "none"}, headers=headers) for _ in range(2)]

    assert answers[0].content == answers[1].content
    assert {answer.headers["etag"] for answer in answers} == {'"2"'}


# One click in the mail program (RFC 8058), without signing in.


async def test_one_click_stops_one_category_and_no_other(notify, noor):
    link = await muted_link(notify, noor)

    answer = await notify.http.post(link, data={"List-Unsubscribe": "One-Click"})

    assert (answer.status_code, answer.json()) == (200, {"category": "proposals", "unsubscribed": True})
    chosen = (await notify.http_as(noor.member_id).get("/v1/preferences")).json()
    assert chosen == ALL | {"proposals": "none", "language": "nl", "email_refused": False, "version": 2}


async def test_clicking_again_changes_nothing(notify, noor):
    link = await muted_link(notify, noor)
    for _ in range(3):
        assert (await notify.http.post(link)).status_code == 200
    assert (await notify.http_as(noor.member_id).get("/v1/preferences")).headers["etag"] == '"2"'


async def test_following_the_link_only_asks_for_scanners_follow_links(notify, noor):
    link = await muted_link(notify, noor)

    answer = await notify.http.get(link, headers={"Accept": "text/html,*/*"})

    assert answer.status_code == 200
    assert "<h1>Mails uitzetten?</h1>" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert (await notify.http_as(noor.member_id).get("/v1/preferences")).json()["proposals"] == "at-once"


async def test_the_page_has_a_button_and_a_way_back(notify, noor):
    link, page = await muted_link(notify, noor), {"Accept": "text/html"}

    off = await notify.http.post(link, headers=page)
    assert "<h1>Deze mails staan uit</h1>" in off.text
    on = await notify.http.post(link, headers=page, data={"mails": "on"})
    assert "<h1>Deze mails staan weer aan</h1>" in on.text

    assert (await notify.http_as(noor.member_id).get("/v1/preferences")).json()["proposals"] == "at-once"


async def test_the_link_shows_mails_that_are_off_as_such_with_the_way_back(notify, noor):
    link, page = await muted_link(notify, noor), {"Accept": "text/html"}
    await notify.http.post(link, headers=page)

    followed, told = await notify.http.get(link, headers=page), await notify.http.get(link)

    assert "<h1>Deze mails staan uit</h1>" in followed.text
    assert 'name="mails" value="on"' in followed.text
    assert told.json() == {"category": "proposals", "unsubscribed": True}


async def test_the_page_speaks_the_readers_language(notify):
    maya = a_person("Maya Singh", language="en")
    await notify.given(maya)
    answer = await notify.http.get(await muted_link(notify, maya), headers={"Accept": "text/html"})
    assert '<html lang="en">' in answer.text
    assert "new matches" in answer.text


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_link_that_is_of_nobody_says_so_to_programs_and_to_people(notify, method):
    answer = await notify.http.request(method, "/v1/unsubscribe/no-such-token")
    assert (answer.status_code, slug(answer)) == (404, "unsubscribe-link-unknown")

    page = await notify.http.request(method, "/v1/unsubscribe/no-such-token", headers={"Accept": "text/html"})
    assert page.status_code == 404
    assert "Deze link werkt niet" in page.text


async def test_the_links_of_a_member_stay_the_same_from_mail_to_mail_and_are_nobody_elses(notify, noor):
    other = a_person("Fatima de Wit")
    await notify.given(other)
    first = await muted_link(notify, noor)
    await notify.given(noor.model_copy(update={"version": 2, "name": "Noor de Boer"}))

    assert await muted_link(notify, noor) == first != await muted_link(notify, other)


async def test_what_quiet_hours_kept_goes_at_once_when_they_are_turned_off(notify, noor):
    hour = notify.clock().astimezone(AMSTERDAM).hour
    await choose(notify, noor, quiet_from=hour, quiet_until=(hour + 6) % 24)
    await notify.when(MatchEndorsed(**a_match(noor, a_person("Vera Vreemd"))))
    assert notify.mails(noor) == []

    await choose(notify, noor, if_match='"2"')
    await notify.posted()

    assert len(notify.mails(noor)) == 1


async def test_what_waits_for_another_hour_stays_silent_until_the_hour_that_is_chosen_now(notify, noor):
    hour = notify.clock().astimezone(AMSTERDAM).hour
    await choose(notify, noor, quiet_from=hour, quiet_until=(hour + 6) % 24)
    await notify.when(MatchEndorsed(**a_match(noor, a_person("Vera Vreemd"))))
    first = (await notify.kept(noor)).next_attempt_at

    await choose(notify, noor, if_match='"2"', quiet_from=hour, quiet_until=(hour + 3) % 24)
    await notify.posted()

    mail = await notify.kept(noor)
    assert (mail.status, mail.attempts) == ("waiting", 0)
    assert notify.clock() < mail.next_attempt_at < first
