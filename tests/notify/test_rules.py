"""Who is told what, when it is tried again, what a text may hold: the decisions, without anything that runs."""

import asyncio
import re
import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.desk import HandOverAnswered
from contracts.event import new_id
from contracts.matching import (
    AnswerOverdue,
    IntroductionMade,
    MatchAnswered,
    MatchEndorsed,
    MatchHandedOver,
    MatchLapsed,
    MatchProposed,
    RequestUnanswered,
)
from contracts.members import SignInRequested
from contracts.notify import NotificationFailed
from contracts.partners import WebhookDisabled
from services.notify import attempts, desk_notices, endpoint_notices, rules
from services.notify.pace import Pace, Patience, Window
from services.notify.settings import NotifySettings
from services.notify.smtp import mail_server
from services.notify.templates import CATEGORY_OF, Category, Delivery, Template, may_be_mailed
from services.notify.texts import as_dialled, as_greeted, as_one_line, clean
from tests.notify.conftest import a_match, a_person

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ASKER, OFFERER, AMBASSADOR, OTHER = a_person("Noor"), a_person("Fatima"), a_person("Amir"), a_person("Bo")
MATCH = a_match(ASKER, OFFERER, AMBASSADOR, OTHER)
EVERY_MATCH_NOTICE = [
    *rules.proposal_notices(MatchProposed(**MATCH)),
    *rules.hand_over_notices(MatchHandedOver(**MATCH)),
    *rules.question_notices(MatchEndorsed(**MATCH)),
    *rules.answer_notices(MatchAnswered(**MATCH, side="offer", accepted=True)),
    *rules.reminder_notices(AnswerOverdue(**MATCH, waiting_for=(ASKER.member_id,))),
    *rules.introduction_notices(IntroductionMade(**MATCH)),
    *rules.lapse_notices(MatchLapsed(**MATCH, lapsed_because="closed", asked=(ASKER.member_id, OFFERER.member_id))),
]


def told(notices):
    """Who is told what, and whether by mail."""
    names = {who.member_id: who.name for who in (ASKER, OFFERER, AMBASSADOR, OTHER)}
    return {(names[notice.member_id], notice.template.value, notice.by_mail) for notice in notices}


def test_ambassadors_look_at_a_proposal_before_anybody_else_hears_of_it():
    assert told(rules.proposal_notices(MatchProposed(**MATCH))) == {
        ("Amir", "match-proposed", True),
        ("Bo", "match-proposed", True),
    }


def test_who_asked_another_to_look_at_a_match_can_read_a_yes_as_well_as_a_no():
    ids = {"hand_over_id": "h-1", "match_id": "m-1", "asked_by": AMBASSADOR.member_id, "member_id": OTHER.member_id}
    about = {"title": "Gastles", "asker_id": ASKER.member_id}
    answers = [HandOverAnswered(**ids, **about, accepted=yes) for yes in (True, False)]

    assert [told(desk_notices.hand_over_notices(answer)) for answer in answers] == [
        {("Amir", "hand-over-accepted", False)},
        {("Amir", "hand-over-declined", False)},
    ]


def test_who_said_yes_to_looking_at_a_match_is_not_told_so():
    assert told(rules.hand_over_notices(MatchHandedOver(**MATCH, said_yes=True))) == set()


def test_a_notice_keeps_what_its_mail_says_besides_the_two_sides():
    by = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
    (question, _) = rules.question_notices(MatchEndorsed(**MATCH, asked_about=True, answer_by=by))
    overdue = AnswerOverdue(**MATCH, waiting_for=(AMBASSADOR.member_id,), answer_by=by, then_the_team=True)
    (reminder,) = rules.reminder_notices(overdue)

    assert (question.facts["asked_about"], datetime.fromisoformat(question.facts["answer_by"])) == (True, by)
    assert (reminder.facts["then_the_team"], datetime.fromisoformat(reminder.facts["answer_by"])) == (True, by)


def test_both_sides_are_asked_and_not_the_ambassadors():
    assert told(rules.question_notices(MatchEndorsed(**MATCH))) == {
        ("Noor", "match-endorsed", True),
        ("Fatima", "match-endorsed", True),
    }


def test_an_answer_is_no_mail_to_the_ambassadors():
    assert told(rules.answer_notices(MatchAnswered(**MATCH, side="offer", accepted=True))) == {
        ("Amir", "match-answered", False),
        ("Bo", "match-answered", False),
    }


def test_two_answers_on_one_match_are_two_things():
    one, other = (
        rules.answer_notices(MatchAnswered(**MATCH, side=side, accepted=True))[0] for side in ("offer", "request")
    )
    assert one.identity != other.identity


def test_a_match_handed_over_again_to_the_same_person_is_told_again():
    first, later = (rules.hand_over_notices(MatchHandedOver(**MATCH, version=version))[0] for version in (2, 4))
    assert first.identity != later.identity


def test_an_introduction_needs_the_contacts_of_both_sides_and_its_news_only_the_readers():
    needs = {(n.template, frozenset(n.needs)) for n in rules.introduction_notices(IntroductionMade(**MATCH))}

    both = frozenset({ASKER.member_id, OFFERER.member_id})
    assert needs == {
        (Template.INTRODUCTION, both),
        (Template.INTRODUCED, frozenset({AMBASSADOR.member_id})),
        (Template.INTRODUCED, frozenset({OTHER.member_id})),
    }


def test_an_ambassador_who_is_a_side_is_introduced_and_not_told_that_it_worked():
    match = a_match(ASKER, OFFERER, ASKER)
    assert told(rules.introduction_notices(IntroductionMade(**match))) == {
        ("Noor", "introduction", True),
        ("Fatima", "introduction", True),
    }


@pytest.mark.parametrize("because", ["declined", "closed", "unanswered", "erased"])
def test_who_had_said_yes_is_mailed_that_a_match_ended(because):
    lapsed = MatchLapsed(
        **MATCH,
        lapsed_because=because,
        asked=(ASKER.member_id, OFFERER.member_id),
        accepted=(OFFERER.member_id,),
    )
    assert told(rules.lapse_notices(lapsed)) == {
        ("Noor", "match-lapsed", False),
        ("Fatima", "match-lapsed", True),
        ("Amir", "match-lapsed", False),
        ("Bo", "match-lapsed", False),
    }


def test_who_was_never_asked_does_not_hear_that_a_match_ended():
    lapsed = MatchLapsed(**MATCH, lapsed_because="closed")
    assert told(rules.lapse_notices(lapsed)) == {("Amir", "match-lapsed", False), ("Bo", "match-lapsed", False)}


def test_an_unanswered_request_is_the_askers_and_the_teams():
    event = RequestUnanswered(request_id=new_id(), member_id=ASKER.member_id, title="Wie weet een stage?")
    notices = rules.unanswered_notices(event, [AMBASSADOR.member_id, ASKER.member_id])
    assert told(notices) == {
        ("Noor", "request-unanswered", True),
        ("Amir", "team-request-unanswered", True),
        ("Noor", "team-request-unanswered", True),
    }


def test_that_an_endpoint_is_off_is_told_to_a_partners_people_and_the_team_once_a_day():
    event = WebhookDisabled(webhook_id=new_id(), partner_id="centra", because="gone", contact_ids=(ASKER.member_id,))
    first, later = (
        endpoint_notices.disabled_notices(
            event, [AMBASSADOR.member_id, ASKER.member_id], datetime(2026, 11, day, tzinfo=UTC)
        )
        for day in (26, 27)
    )

    assert told(first) == {
        ("Noor", "partner-endpoint-disabled", True),
        ("Amir", "partner-endpoint-disabled", True),
    }
    assert not {notice.identity for notice in first} & {notice.identity for notice in later}


def a_failure(template: Template = Template.MATCH_ENDORSED) -> NotificationFailed:
    return NotificationFailed(
        notification_id=new_id(), member_id=ASKER.member_id, template=template, matter_id=new_id(), refusal="550"
    )


def test_the_team_hears_once_of_an_address_however_many_mails_it_refused():
    refused_at = NOW - timedelta(days=2)
    first, later = (
        rules.refusal_notices(a_failure(), [OTHER.member_id], rules.refusal_occurrence(refused_at, now))[0]
        for now in (NOW, NOW + timedelta(days=1))
    )
    assert first.identity == later.identity


def test_the_team_hears_once_a_day_of_mails_that_were_refused_without_a_bad_address():
    occurrences = [rules.refusal_occurrence(None, NOW + timedelta(hours=hours)) for hours in (0, 2, 24)]
    assert occurrences[0] == occurrences[1] != occurrences[2]


@pytest.mark.parametrize("template", [Template.JOINING, Template.ADDRESS_REPLACED])
def test_an_address_that_was_wrong_to_join_with_or_is_no_more_does_not_bother_the_team(template):
    assert rules.refusal_notices(a_failure(template), [OTHER.member_id], "") == []


def test_the_same_thing_told_to_the_same_person_is_the_same_mail_and_another_node_is_not():
    (notice, again) = (rules.proposal_notices(MatchProposed(**MATCH))[0] for _ in range(2))
    assert notice.notification_id("utrecht") == again.notification_id("utrecht")
    assert notice.notification_id("utrecht") != notice.notification_id("twente")


def test_every_notice_of_a_match_is_another_mail():
    ids = [notice.notification_id("utrecht") for notice in EVERY_MATCH_NOTICE]
    assert len(set(ids)) == len(ids)


def test_erasing_a_side_or_the_reader_removes_every_notice_of_a_match():
    for notice in EVERY_MATCH_NOTICE:
        assert {ASKER.member_id, OFFERER.member_id, notice.member_id} <= set(notice.about)
        assert set(notice.needs) <= set(notice.about)


def test_no_notice_of_a_match_holds_contact_details():
    for notice in EVERY_MATCH_NOTICE:
        assert ASKER.email not in repr(notice)
        assert "+316" not in repr(notice)


def test_a_sign_in_link_goes_before_what_was_told_earlier():
    event = SignInRequested(
        sign_in_id=new_id(),
        member_id=new_id(),
        name="Noor",
        email="noor@vechtdal.example",
        language="nl",
        token="t",
        expires_at=NOW,
        joining=True,
    )
    assert rules.sign_in_notice(event).urgent
    assert not any(notice.urgent for notice in EVERY_MATCH_NOTICE)


def test_links_and_introductions_cannot_be_stopped():
    assert all(
        may_be_mailed(CATEGORY_OF.get(template), list(Category))
        for template in (Template.SIGN_IN, Template.JOINING, Template.INTRODUCTION, Template.ADDRESS_REPLACED)
    )


@pytest.mark.parametrize("category", list(Category))
def test_what_belongs_to_a_category_is_stopped_by_it_and_by_no_other(category):
    assert not may_be_mailed(category, [category])
    assert may_be_mailed(category, [other for other in Category if other is not category])


# When a mail is tried again.

moments = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=4))


@given(st.integers(1, 10_000), moments, st.floats(0, 1))
def test_a_deferred_mail_is_always_tried_again_later_and_within_an_hour_and_a_half(tries, age, jitter):
    wait = attempts.next_attempt(tries, NOW - age, NOW, jitter) - NOW
    assert timedelta(seconds=1) <= wait <= timedelta(minutes=90)


@given(st.integers(1, 10_000), st.timedeltas(timedelta(0), timedelta(minutes=59)), st.floats(0, 1))
def test_in_its_first_hour_a_mail_is_never_left_alone_for_more_than_a_minute(tries, age, jitter):
    assert attempts.next_attempt(tries, NOW - age, NOW, jitter) - NOW <= timedelta(minutes=1)


@given(st.integers(1, 20), moments)
def test_waits_never_get_shorter(tries, age):
    waits = [attempts.next_attempt(n, NOW - age, NOW, 0) for n in (tries, tries + 1)]
    assert waits == sorted(waits)


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_a_server_that_is_back_is_found_within_a_minute(failures, jitter):
    assert 0 < attempts.server_pause_seconds(failures, jitter) <= 60


def test_a_mail_is_tried_since_the_first_no_and_not_for_the_days_on_which_nobody_did():
    first = attempts.tried_since(None, 1, NOW - timedelta(days=9), NOW)
    assert first == NOW

    for later, due_at, since in ((1, 1, NOW), (90, 89, NOW), (90, 1, NOW + timedelta(hours=90))):
        found = attempts.tried_since(first, 2, NOW + timedelta(hours=due_at), NOW + timedelta(hours=later))
        assert found == since


def test_a_mail_is_given_up_after_three_days():
    assert not attempts.is_given_up(NOW - timedelta(days=3), NOW)
    assert attempts.is_given_up(NOW - timedelta(days=3, seconds=1), NOW)


def test_a_mail_that_may_have_arrived_is_sent_five_times_at_the_most():
    assert [attempts.is_unsure_again(unsure) for unsure in range(5)] == [False, False, False, False, True]


def fate(template=Template.MATCH_ENDORSED, **changes):
    """What becomes of a mail to somebody who is known, unless something is changed."""
    given = {"expires_at": None, "needs": ["me"], "refused": {"me": False}, "member_id": "me", "muted": [], "items": 0}
    given |= {"not_before": NOW, "now": NOW, "has_left": False, "is_over": False}
    return attempts.without_sending(template, CATEGORY_OF.get(template), **given | changes)


def test_what_becomes_of_a_mail_without_asking_the_server():
    assert fate() is None
    assert fate(needs=["me", "them"]) == attempts.Settled(Delivery.AWAITING_CONTACT)
    assert fate(muted=["proposals"]) == attempts.Settled(Delivery.UNWANTED)
    assert fate(Template.INTRODUCTION, has_left=True) == attempts.Settled(Delivery.UNWANTED)
    assert fate(is_over=True) == attempts.Settled(Delivery.EXPIRED)
    assert fate(Template.DIGEST) == attempts.Settled(Delivery.UNWANTED)
    assert fate(Template.DIGEST, items=1) is None
    assert fate(refused={"me": True}) == attempts.Settled(Delivery.FAILED, "address-refused")
    assert fate(Template.INTRODUCTION, muted=list(Category)) is None
    later = NOW + timedelta(hours=8)
    assert fate(Template.INTRODUCTION, not_before=later) == attempts.Settled(Delivery.WAITING, until=later)
    assert fate(Template.SIGN_IN, expires_at=later, not_before=later) is None
    assert fate(Template.INTRODUCTION, needs=["me", "them"], refused={"me": False, "them": True}) is None


def test_a_link_goes_until_it_expires_whatever_else_is_known_of_the_address():
    assert fate(Template.SIGN_IN, expires_at=NOW + timedelta(seconds=1), refused={"me": True}) is None
    assert fate(Template.SIGN_IN, expires_at=NOW) == attempts.Settled(Delivery.EXPIRED)
    assert fate(Template.JOINING, expires_at=None) == attempts.Settled(Delivery.EXPIRED)


# How fast.


@given(st.floats(0.1, 1000), st.lists(st.floats(0, 5), max_size=50))
def test_never_more_goes_out_than_the_pace_allows(per_second, waits):
    pace, now, sent = Pace(per_second, 0.0), 0.0, 0
    for wait in waits:
        now += wait
        room = pace.room(now)
        pace.take(room)
        sent += room
    assert sent <= max(per_second, 1.0) + per_second * now + 1e-6


@given(st.floats(0.1, 1000))
def test_whoever_waits_as_long_as_the_pace_says_may_go(per_second):
    pace = Pace(per_second, 0.0)
    pace.take(pace.room(0.0))
    assert pace.room(pace.wait_seconds() + 1e-6) >= 1


async def test_the_window_lets_one_by_when_the_one_before_it_is_marked():
    window = Window(1, seconds_max=60)
    leave = await window.enter()
    following = asyncio.create_task(window.enter())
    await asyncio.sleep(0)
    assert not following.done()

    leave()
    leave()  # a second time it means nothing

    leave_again = await following
    third = asyncio.create_task(window.enter())
    await asyncio.sleep(0)
    assert not third.done()
    leave_again()
    (await third)()


async def test_the_window_does_not_wait_for_ever_for_one_mail():
    window = Window(1, seconds_max=0.01)
    await window.enter()
    async with asyncio.timeout(30):
        leave = await window.enter()
    leave()


def test_several_connections_that_find_the_server_away_count_as_one():
    patience = Patience()
    assert patience.is_away(10.0, 0) == patience.is_away(10.0, 0) == pytest.approx(0.2)
    assert patience.failures == 1
    assert patience.is_away(11.0, 0) == pytest.approx(1.0)
    patience.is_there()
    assert (patience.failures, patience.wait_seconds(11.0)) == (0, 0.0)


# Where the mail server is.


def test_a_mail_server_is_named_by_a_url():
    assert mail_server("smtp://mail.example").port == 25
    assert mail_server("smtp+starttls://u:p%40ss@mail.example").password == "p@ss"
    assert mail_server("smtps://mail.example:4650").port == 4650


def test_each_mail_server_that_the_settings_show_is_taken():
    shown = re.findall(r"\S+://[^\s,]+", NotifySettings.model_fields["smtp_url"].description)

    assert any(mail_server(url).password for url in shown)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example",
        "http://mail.example",
        "smtp://",
        "smtp://mail.example:no",
        "smtp://user:canary@mail.example",  # a password in the open
        "smtp://user:canary@[mail",
    ],
)
def test_another_url_is_refused_without_repeating_it(url):
    with pytest.raises(ValueError, match="must") as refusal:
        mail_server(url)
    assert "canary" not in str(refusal.value)


# What comes from people.


@given(st.text())
def test_one_line_is_one_line_without_controls_or_direction_marks(text):
    line = as_one_line(text)
    assert len(line.splitlines()) <= 1
    assert line == line.strip()
    assert not {unicodedata.category(c) for c in line} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert as_one_line(line) == line


@given(st.text(st.characters(categories=["L", "N", "P", "S"])))
def test_a_line_without_controls_stays_as_it_is(text):
    assert as_one_line(text) == text


def test_everything_in_a_fact_is_one_line():
    assert clean({"a": ["x\ny", {"b": ("\u202eok", 3, None)}]}) == {"a": ["x y", {"b": ["ok", 3, None]}]}


@pytest.mark.parametrize("name", ["Noor Jansen", "J.P. de Vries", "Zoë van 't Hek-O'Neill", "Đặng Thị Hà", "محمد"])
def test_people_are_greeted_by_their_name(name):
    assert as_greeted(name) == name


@pytest.mark.parametrize(
    "name",
    ["Win geld op evil.example", "http://evil", "Klik op t.me/x", "bel naar a@b", "www evil", "x" * 81, "a\\b"],
)
def test_a_name_that_carries_a_message_is_not_repeated(name):
    assert as_greeted(name) == ""


def test_phone_numbers_are_written_as_people_write_them():
    assert as_dialled("+31612345678") == "06 12345678"
    assert as_dialled("+32470123456") == "+32 470 12 34 56"
    assert as_dialled("tel\n12") == "tel 12"
