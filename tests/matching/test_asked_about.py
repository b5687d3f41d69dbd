"""Who read an offer and asks about it: exactly those two are proposed to an ambassador, whatever the score."""

import re

import pytest
from asyncpg.prepared_stmt import PreparedStatement

from contracts.matching import MatchDismissed, MatchEndorsed, MatchProposed
from contracts.members import MemberErased, MemberMerged
from contracts.requests import (
    OfferChanged,
    OfferClosed,
    OfferReopened,
    RequestChanged,
    RequestClosed,
    RequestReopened,
)
from contracts.vocabulary import Kind, Status, Theme
from services.matching.pairs import can_match, may_stay
from tests.matching.conftest import (
    AMBASSADOR,
    ASKER,
    OFFERER,
    SCHOOL,
    Matching,
    a_request,
    an_offer,
)
from tests.matching.pure import NOW, asked, offered

#: Nothing of it fits what is asked, and it is further away than both want to go.
FAR = {
    "kind": Kind.EQUIPMENT,
    "themes": (Theme.BIODIVERSITY,),
    "title": "Een slootschoner",
    "text": "Bij ons kun je een machine lenen die sloten schoonmaakt.",
    "place": "Groningen",
    "reach_km": 5,
}


def about(offer_id: str, **changes):
    """A request of somebody who read this offer."""
    return a_request("r", **({"about_offer_id": offer_id} | changes))


async def pairs(matching: Matching) -> list[tuple[str, str]]:
    """What was proposed since, by request and offer."""
    return [(one.request_id, one.offer_id) for one in await matching.said(MatchProposed)]


async def test_exactly_that_offer_is_proposed_to_the_ambassador_besides_what_else_is_found(around: Matching):
    await around.given(an_offer("o-far", **FAR), an_offer("o-fits", member_id="m-other", organisation_id="o-other"))

    await around.when(about("o-far"))

    said = await around.said(MatchProposed)
    assert [one.offer_id for one in said] == ["o-far", "o-fits"]
    assert {one.ambassador_ids for one in said} == {(AMBASSADOR,)}
    assert [one.asked_about for one in said] == [True, False]
    waiting = (await around.ambassador().get("/v1/desk/waiting")).json()["items"]
    reasons = {one["match"]["offer"]["offer_id"]: one["match"]["reasons"] for one in waiting}
    assert reasons["o-far"][0] == {
        "code": "asked-about", "value": "", "weight": 0.0, "words": "gevraagd bij dit aanbod",
    }  # fmt: skip
    assert "asked-about" not in [reason["code"] for reason in reasons["o-fits"]]
    english = (await around.ambassador().get("/v1/matches?awaiting_me=true&language=en")).json()["items"]
    told = {one["offer"]["offer_id"]: one["reasons"][0]["words"] for one in english}
    assert told["o-far"] == "asked about this offer"
    assert (await around.ambassador().post(f"/v1/matches/{said[0].match_id}/endorse")).status_code == 200
    assert [one.asked_about for one in await around.said(MatchEndorsed)] == [True]


@pytest.mark.parametrize("first", ["request", "offer"])
async def test_whichever_is_heard_first_and_however_often_they_are_proposed_once(around: Matching, first):
    both = [about("o-far"), an_offer("o-far", **FAR)]
    heard = both if first == "request" else both[::-1]

    await around.when(*heard, *heard)
    await around.when(*(one.model_copy() for one in heard))

    assert await pairs(around) == [("r", "o-far")]


async def test_a_change_ends_nothing_of_it_and_proposes_it_no_second_time(around: Matching):
    await around.given(an_offer("o-far", **FAR), about("o-far"))

    await around.when(about("o-far", said=RequestChanged, version=2, title="Iets anders"))
    await around.when(an_offer("o-far", said=OfferChanged, version=2, **FAR))

    assert await around.states() == {("r", "o-far"): "proposed"}
    assert await pairs(around) == []


async def test_after_a_no_of_the_ambassador_it_is_not_proposed_again(around: Matching):
    await around.when(an_offer("o-far", **FAR), about("o-far"))
    (match,) = await around.said(MatchProposed)
    await around.given()
    no = await around.ambassador().post(f"/v1/matches/{match.match_id}/dismiss", json={"because": "other-need"})
    assert no.status_code == 200, no.text

    await around.when(about("o-far", said=RequestChanged, version=2))

    assert len(await around.said(MatchDismissed)) == 1
    assert await pairs(around) == []


@pytest.mark.parametrize("status", [Status.WITHDRAWN, Status.IN_CONVERSATION])
async def test_an_offer_that_is_not_open_is_proposed_when_it_opens_again(around: Matching, status):
    said = OfferClosed if status is Status.WITHDRAWN else OfferChanged
    await around.given(an_offer("o-far", said=said, version=2, status=status, **FAR))
    await around.when(about("o-far"))
    assert await pairs(around) == []

    await around.when(an_offer("o-far", said=OfferReopened, version=3, **FAR))

    assert await pairs(around) == [("r", "o-far")]


async def test_a_request_that_closed_is_proposed_when_it_is_asked_again(around: Matching):
    await around.given(an_offer("o-far", **FAR), about("o-far"))
    await around.given(about("o-far", said=RequestClosed, version=2, status=Status.WITHDRAWN))
    await around.when(an_offer("o-far", said=OfferChanged, version=2, **FAR))
    assert await pairs(around) == []

    await around.when(about("o-far", said=RequestReopened, version=3))

    assert await pairs(around) == [("r", "o-far")]


@pytest.mark.parametrize(
    "of_their_own",
    [{"member_id": ASKER}, {"organisation_id": SCHOOL}, {"member_id": "m-known-as"}],
    ids=["own", "own organisation", "own under another reference"],
)
async def test_nobody_is_proposed_what_they_or_their_organisation_offer(around: Matching, of_their_own):
    await around.given(MemberMerged(member_id="m-known-as", version=2, into=ASKER))

    await around.when(an_offer("o-far", **(FAR | of_their_own)), about("o-far"))

    assert await pairs(around) == []


async def test_of_who_was_erased_nothing_is_proposed(around: Matching):
    await around.given(an_offer("o-far", **FAR), MemberErased(member_id=OFFERER, version=3))

    await around.when(about("o-far"))

    assert await pairs(around) == []


async def test_what_is_asked_about_nothing_that_is_known_is_matched_as_any_other(around: Matching):
    await around.given(an_offer("o-fits"))

    await around.when(about("none-such"))

    assert await pairs(around) == [("r", "o-fits")]


class Asked:
    """What the database is asked meanwhile, of what makes matches."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.statements: list[str] = []
        fetch = PreparedStatement.fetch

        async def noting(prepared: PreparedStatement, *values, **how):
            self.statements.append(" ".join(prepared.get_query().split()))
            return await fetch(prepared, *values, **how)

        monkeypatch.setattr(PreparedStatement, "fetch", noting)

    def count(self) -> int:
        """How many statements it was asked of what is asked, offered and matched."""
        return sum(bool(re.search(r"\b(proposition|match|same_person)\b", one)) for one in self.statements)


@pytest.mark.parametrize("is_matched", [True, False], ids=["matched already", "matched by this"])
async def test_of_an_offer_that_many_ask_about_no_more_is_asked_than_of_one_that_few_do(
    around: Matching, monkeypatch, is_matched
):
    counts = []
    for offer_id, how_many in (("o-few", 1), ("o-many", 12)):
        status = Status.OPEN if is_matched else Status.IN_CONVERSATION
        await around.given(an_offer(offer_id, said=OfferChanged, version=2, status=status, **FAR))
        about_it = {"about_offer_id": offer_id, "themes": (Theme.ENERGY_TRANSITION,)}
        many = [
            a_request(f"{offer_id}-{n}", **about_it, member_id=f"m-{n}", organisation_id=f"s-{n}")
            for n in range(how_many)
        ]
        await around.when(*many)
        assert len(await around.said(MatchProposed)) == (how_many if is_matched else 0)
        await around.given()
        asked = Asked(monkeypatch)
        await around.when(an_offer(offer_id, said=OfferChanged, version=3, **FAR))
        monkeypatch.undo()
        counts.append(asked.count())
        assert len(await around.said(MatchProposed)) == (0 if is_matched else how_many)

    assert counts[0] == counts[1]


def test_what_was_asked_about_stays_where_a_change_makes_it_fit_no_more():
    request, offer = asked(reach_km=5, about_offer_id="o"), offered(place="Groningen")

    assert not can_match(request, offer, NOW)
    assert may_stay(request, offer, NOW)
    assert not may_stay(asked(reach_km=5), offer, NOW)
    assert not may_stay(asked(about_offer_id="o", organisation_id="company"), offer, NOW)
