"""A partner hears what came of what it told, in its own ids, and of nothing else; on NATS and in its feed alike."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import select

from chassis.dead_letters import replay
from contracts.event import EventRejected, new_id
from contracts.matching import IntroductionMade, MatchEndorsed, Party, Reason
from contracts.members import MemberErased, Place
from contracts.partners import (
    InitiativeBegun,
    InitiativeOver,
    MemberIntroduced,
    MemberMatched,
    OrganisationJoined,
    OrganisationTold,
    PersonTold,
    PropositionTold,
    QuestionAnswered,
    RecordWithdrawn,
)
from contracts.requests import InitiativeEnded, InitiativeStarted, InitiativeTold, RequestClosed
from contracts.vocabulary import Kind, Language, Status, Theme
from services.partners import store
from services.partners.tables import News, ToldOnce
from tests.given import eventually
from tests.partners.conftest import PERSON, QUESTION, SCHOOL, an_event

ZWOLLE = Place(name="Zwolle", province="Overijssel", latitude=52.5, longitude=6.1)


@pytest.fixture
async def question_id(partners):
    """A question that a partner told and that is open here."""
    await partners.pushed(
        an_event("organisation", "school-1", SCHOOL),
        an_event("person", "noor", PERSON),
        an_event("question", "vraag-1", QUESTION),
    )
    await partners.accepted((await partners.said(OrganisationTold))[0], "the-school")
    await partners.accepted((await partners.said(PersonTold))[0], "the-member")
    (asked,) = await partners.said(PropositionTold)
    await partners.accepted(asked, asked.record_id)  # as requests does
    return asked.record_id


def a_match(kind, request_id, offer_id="an-offer", **changes):
    side = {"organisation_id": "o", "organisation_name": "Warmtewerk", "place": "Zwolle", "title": "Warmtepompen"}
    about = {"request_id": request_id, "offer_id": offer_id, "score": 0.8, "version": 2} | changes
    return kind(
        match_id=changes.get("match_id") or new_id(),
        asker=Party(member_id="the-member", **side),
        offerer=Party(member_id="somebody", **side),
        request_kind=Kind.GUEST_LESSON,
        offer_kind=Kind.EXPERTISE,
        reasons=(Reason(code="same-theme", value="energy-transition", weight=1.0),),
        **{name: value for name, value in about.items() if name != "match_id"},
    )


def an_answered(request_id, **changes):
    return RequestClosed(
        **{
            "request_id": request_id,
            "member_id": "the-member",
            "organisation_id": "the-school",
            "kind": Kind.GUEST_LESSON,
            "themes": (Theme.ENERGY_TRANSITION,),
            "title": "Wie vertelt over warmtepompen?",
            "text": "Onze studenten zoeken iemand uit de praktijk.",
            "language": Language.DUTCH,
            "place": ZWOLLE,
            "status": Status.FULFILLED,
            "expires_at": datetime.now(UTC),
            "version": 3,
        }
        | changes
    )


async def test_what_came_of_a_question_is_told_in_the_partners_own_ids(partners, question_id):
    match = a_match(MatchEndorsed, question_id)
    await partners.when(match, delivered_times=2)
    await partners.when(a_match(IntroductionMade, question_id, match_id=match.match_id))
    await partners.when(an_answered(question_id))

    (matched,) = await partners.heard_by(MemberMatched)
    assert (matched.thing, matched.own_id, matched.person) == ("question", "vraag-1", "noor")
    assert (matched.match_id, matched.found) == (match.match_id, Kind.EXPERTISE)
    assert len(await partners.heard_by(MemberIntroduced)) == len(await partners.heard_by(QuestionAnswered)) == 1
    assert await partners.told_to("centra") == []

    feed = (await (await partners.as_partner()).get("/v1/news?limit=1000")).json()
    assert [item["id"] for item in feed["items"]] == [event_id for event_id, _ in await partners.told_to()]
    kinds = [item["type"].split(".")[3] for item in feed["items"]]
    assert kinds == ["event-accepted"] * 3 + ["member-matched", "member-introduced", "question-answered"]
    said = str(feed["items"])
    assert not any(secret in said for secret in ("Warmtewerk", "Noor", "vechtdal.example", "the-member", "somebody"))
    rest = (await (await partners.as_partner()).get(f"/v1/news?after={feed['after']}")).json()
    assert rest == {"items": [], "after": feed["after"]}
    other = (await (await partners.as_partner("centra")).get("/v1/news")).json()
    assert other["items"] == []


def an_initiative(kind, question_id, **changes):
    about = {"initiative_id": "an-introduction", "request_id": question_id, "offer_id": "an-offer", "version": 2}
    sides = {"request_organisation_id": "the-school", "offer_organisation_id": "o", "status": "running"}
    what = {"kind": Kind.GUEST_LESSON, "themes": (Theme.ENERGY_TRANSITION,), "place": ZWOLLE}
    return kind(**about | sides | what | changes)


async def test_that_people_do_something_together_and_how_it_ended_is_told_once(partners, question_id):
    started = an_initiative(InitiativeStarted, question_id)
    ended = an_initiative(InitiativeEnded, question_id, version=4, status="lasting", outcome="Een zin.", students=9)
    await partners.when(started, delivered_times=2)
    await partners.when(ended, an_initiative(InitiativeEnded, question_id, version=6, status="lasting"))

    (begun,) = await partners.heard_by(InitiativeBegun)
    assert (begun.thing, begun.own_id, begun.person) == ("question", "vraag-1", "noor")
    (over,) = await partners.heard_by(InitiativeOver)
    assert (over.initiative_id, over.status) == ("an-introduction", "lasting")
    assert "Een zin" not in str(await partners.told_to())
    assert await partners.told_to("centra") == []


async def test_that_people_began_something_together_is_told_once_though_the_news_of_it_is_gone(partners, question_id):
    await partners.when(an_initiative(InitiativeStarted, question_id))
    async with partners.session() as session:
        await session.exec(text("DELETE FROM news"))
        await session.commit()

    await partners.when(an_initiative(InitiativeEnded, question_id, version=4, status="lasting"))

    assert [len(await partners.heard_by(kind)) for kind in (InitiativeBegun, InitiativeOver)] == [1, 1]
    await partners.when(MemberErased(member_id="the-member", version=9))
    async with partners.session() as session:
        assert (await session.exec(select(ToldOnce))).all() == []


def told_elsewhere(partners, question_id, **changes):
    words = {"title": "Samen", "text": "Iets.", "started_by": "offer", "started_at": datetime.now(UTC)} | changes
    return an_initiative(InitiativeTold, question_id, request_node=partners.service.settings.node, **words)


def introduced_to(node, question_id):
    """To somebody of another node; none: of this one."""
    match = a_match(IntroductionMade, question_id, match_id="an-introduction")
    return match.model_copy(update={"offerer": match.offerer.model_copy(update={"node": node})})


async def test_what_the_other_side_began_in_another_node_is_told_too(partners, question_id):
    await partners.when(introduced_to("zeeland", question_id))

    await partners.publish_elsewhere(told_elsewhere(partners, question_id), said_by="zeeland", to_us=True)
    await partners.quiet()

    assert [event.own_id for event in await partners.heard_by(InitiativeBegun)] == ["vraag-1"]
    assert await partners.heard_by(InitiativeOver) == []


@pytest.mark.parametrize("node", ["drenthe", None])
async def test_of_an_introduction_to_somebody_of_another_node_that_node_alone_is_believed(partners, question_id, node):
    await partners.when(introduced_to(node, question_id))

    told = told_elsewhere(partners, question_id, status="done")
    await partners.publish_elsewhere(told, said_by="zeeland", to_us=True)
    await partners.quiet()

    assert await partners.heard_by(InitiativeBegun) == await partners.heard_by(InitiativeOver) == []
    assert await partners.dead_letters() == []


async def test_what_came_of_an_introduction_that_was_not_heard_is_not_told_before_it_is(partners, question_id):
    await partners.publish_elsewhere(told_elsewhere(partners, question_id), said_by="zeeland", to_us=True)
    (letter,) = await eventually(partners.dead_letters, saying="that it was given up")
    assert await partners.heard_by(InitiativeBegun) == []

    await partners.when(introduced_to("zeeland", question_id))
    await replay(partners.service.streams, letter)
    await partners.quiet()

    assert [event.own_id for event in await partners.heard_by(InitiativeBegun)] == ["vraag-1"]


async def test_what_came_of_an_introduction_that_a_release_of_before_told_meanwhile_is_told(partners, question_id):
    await partners.when(introduced_to("zeeland", question_id))
    async with partners.session() as session:
        await session.exec(text("DELETE FROM told_once"))  # it writes the news alone
        await session.commit()

    await partners.publish_elsewhere(told_elsewhere(partners, question_id), said_by="zeeland", to_us=True)
    await partners.quiet()

    assert [event.own_id for event in await partners.heard_by(InitiativeBegun)] == ["vraag-1"]


async def test_what_came_of_an_introduction_of_which_nobody_was_told_is_left_out_after_a_month(partners, question_id):
    told = told_elsewhere(partners, question_id, started_at=datetime.now(UTC) - timedelta(days=31))

    await partners.publish_elsewhere(told, said_by="zeeland", to_us=True)
    await partners.quiet()

    assert await partners.dead_letters() == await partners.heard_by(InitiativeBegun) == []


async def test_of_what_it_did_not_tell_or_took_back_a_partner_hears_nothing(partners, question_id):
    await partners.when(a_match(MatchEndorsed, "a-request-of-her-own"))
    await partners.when(an_answered(question_id, status=Status.WITHDRAWN))

    await partners.pushed(an_event("person-withdrawn", "noor"))  # she is not one of its people any more
    (withdrawn,) = await partners.said(RecordWithdrawn)
    await partners.accepted(withdrawn)
    await partners.when(a_match(MatchEndorsed, question_id))

    assert await partners.heard_by(MemberMatched) == await partners.heard_by(QuestionAnswered) == []


async def test_when_somebody_is_forgotten_the_news_about_them_goes_too(partners, question_id):
    await partners.when(a_match(MatchEndorsed, question_id))
    assert len(await partners.heard_by(MemberMatched)) == 1

    await partners.when(MemberErased(member_id="the-member", version=9))
    await partners.when(a_match(IntroductionMade, question_id))

    assert {event.event_type.split(".")[3] for _, event in await partners.told_to()} == {"organisation"}
    feed = (await (await partners.as_partner()).get("/v1/news")).json()
    assert len(feed["items"]) == 1


async def a_refused_correction(partners):
    """The partner tells of the question that it is Jan's, and requests refuses that."""
    await told_to_be_of_jan(partners)
    told_id = [envelope.id for envelope, event in await partners.envelopes() if isinstance(event, PropositionTold)][-1]
    await partners.when(
        EventRejected(
            rejected_id=told_id,
            rejected_type=PropositionTold.type_name(),
            rejected_by="requests",
            problem="https://omdehoek.nl/problems/invalid-fields",
            title="Some fields are not right",
        )
    )


async def told_to_be_of_jan(partners):
    await partners.pushed(an_event("person", "jan", PERSON | {"email": "jan@vechtdal.example"}))
    await partners.accepted((await partners.said(PersonTold))[-1], "jan-here")
    await partners.pushed(an_event("question", "vraag-1", QUESTION | {"person": "jan"}))
    assert [told.member_id for told in await partners.said(PropositionTold)] == ["the-member", "jan-here"]


async def test_a_question_of_which_it_is_refused_that_it_is_anothers_stays_with_whose_it_is(partners, question_id):
    await a_refused_correction(partners)
    await partners.when(MemberErased(member_id="jan-here", version=9))

    await partners.when(a_match(MatchEndorsed, question_id))
    (matched,) = await partners.heard_by(MemberMatched)
    assert (matched.own_id, matched.person) == ("vraag-1", "noor")

    await partners.when(MemberErased(member_id="the-member", version=9))
    assert await partners.heard_by(MemberMatched) == []


async def test_who_is_forgotten_while_their_question_is_told_as_anothers_is_forgotten_whole(partners, question_id):
    await told_to_be_of_jan(partners)

    await partners.when(MemberErased(member_id="the-member", version=9))

    assert await partners.said(PropositionTold) == []
    (receipt,) = await partners.pushed(an_event("question", "vraag-1", QUESTION))
    assert (await partners.receipt(receipt))["problem"]["type"].endswith("/person-forgotten")


async def test_what_is_told_while_somebody_is_forgotten_goes_with_them(partners, question_id):
    """The erasure has not committed yet when the match is heard."""
    async with partners.session() as forgetting:
        await store.forget(forgetting, "the-member")
        await partners.publish(a_match(MatchEndorsed, question_id))
        await eventually(lambda: told_or_waits(partners), saying="news, or somebody who waits to tell it")
        await forgetting.commit()
    await partners.quiet()

    async with partners.session() as session:
        assert (await session.exec(select(News).where(News.kind == "member-matched"))).all() == []


async def told_or_waits(partners):
    """Whether the news is kept, or waits for who holds the record."""
    async with partners.session() as session:
        kept = (await session.exec(select(News).where(News.kind == "member-matched"))).all()
        own = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        held = f"SELECT 1 FROM pg_locks WHERE NOT granted AND (locktype = 'transactionid' OR {own})"
        return bool(kept) or (await session.exec(text(held))).first() is not None


async def test_an_organisation_that_others_know_too_is_told_as_the_one_it_became(partners):
    await partners.pushed(an_event("organisation", "school-1", SCHOOL))
    (told,) = await partners.said(OrganisationTold)
    await partners.accepted(told, "the-school")

    await partners.accepted(told, "the-one-that-stays")

    (joined,) = await partners.heard_by(OrganisationJoined)
    assert (joined.own_id, joined.organisation_id) == ("school-1", "the-one-that-stays")
