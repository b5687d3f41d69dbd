"""What is counted: once, whoever tells it and in whatever order, and told so that nobody is recognised."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from chassis.sql import run, write
from contracts.matching import (
    IntroductionMade,
    MatchEndorsed,
    MatchLapsed,
    MatchProposed,
    RequestEscalated,
    RequestUnanswered,
)
from contracts.members import NodeAnnounced, OrganisationChanged, OrganisationMerged, OrganisationParted, PublicKey
from contracts.requests import (
    InitiativeEnded,
    InitiativeTold,
    OfferClosed,
    OfferReopened,
    PropositionLost,
    RequestChanged,
    RequestClosed,
)
from contracts.vocabulary import InitiativeStatus, Network, Side, Status, Theme
from services.insight import facts, rules
from services.insight.comparing import TABLES
from services.insight.rebuilding import rebuild
from tests.insight.conftest import ASKER, OFFERER, TOWNS, a_match, a_request, an_initiative, an_offer, an_organisation
from tests.kept import rows_kept

BEGIN = datetime(2026, 3, 1, 9, tzinfo=UTC)
_numbers = itertools.count(1000)


def a_history():
    """What three nodes tell: a request that is escalated and introduced, changed, closed and opened again."""
    request, offer = a_request("request-1"), an_offer("offer-1")
    both = {"asker_node": "zeeland", "offerer_node": "utrecht"}
    lapsed = {"lapsed_because": "closed"}
    told = [
        ("zeeland", request),
        ("zeeland", a_request("request-1", said=RequestChanged, version=2, themes=(Theme.BIODIVERSITY,))),
        ("zeeland", a_request("request-1", said=RequestClosed, version=3, status=Status.FULFILLED)),
        ("zeeland", RequestUnanswered(request_id="request-1", member_id=ASKER, title="?")),
        ("zeeland", RequestEscalated(request_id="request-1", member_id=ASKER, title="?")),
        ("utrecht", offer),
        ("utrecht", an_offer("offer-1", said=OfferClosed, version=2, status=Status.WITHDRAWN)),
        ("utrecht", an_offer("offer-1", said=OfferReopened, version=3)),
        ("national", a_match(request, offer, **both)),
        ("zeeland", a_match(request, offer, offerer_node="utrecht")),
        ("utrecht", a_match(request, offer, asker_node="zeeland")),
        ("zeeland", a_match(request, offer, said=MatchEndorsed, version=2, offerer_node="utrecht")),
        ("national", a_match(request, offer, said=IntroductionMade, version=3, **both)),
        ("zeeland", a_match(request, offer, said=IntroductionMade, version=4, offerer_node="utrecht")),
        ("utrecht", a_match(request, offer, said=MatchLapsed, version=9, asker_node="zeeland", **lapsed)),
        ("zeeland", an_initiative("match-1", offer_node="utrecht")),
        ("utrecht", an_initiative("match-1", said=InitiativeEnded, request_node="zeeland", students=20, version=3)),
        ("zeeland", an_initiative("match-1", said=InitiativeEnded, offer_node="utrecht", outcome="Ja.", version=4)),
        *(("zeeland", PropositionLost(proposition_id="request-2", draft_version=n)) for n in (8, 12)),
        *(("zeeland", PropositionLost(proposition_id="request-3", draft_version=n)) for n in (8, None)),
        ("zeeland", an_organisation()),
        ("zeeland", an_organisation(said=OrganisationChanged, version=2, networks=tuple(Network))),
        ("zeeland", OrganisationMerged(organisation_id="school", version=3, into="another")),
        ("zeeland", OrganisationParted(organisation_id="school", version=4, from_id="another")),
        *(
            ("zeeland", NodeAnnounced(node="zeeland", shown_name=name, key=PublicKey(kid="1", x="x"), version=version))
            for version, name in ((1, "Zeeland"), (2, "Om de Hoek Zeeland"))
        ),
    ]
    return [(event, node, BEGIN + timedelta(hours=hour)) for hour, (node, event) in enumerate(told)]


HISTORY = a_history()


async def made_of(insight, history):
    """The facts in a projection that was made of this history, in this order."""
    number = next(_numbers)
    async with insight.session() as session:
        await run(session, text("INSERT INTO projection VALUES (:n, false, now())"), {"n": number})
        for event, node, at in history:
            statement, values = facts.told_by(event, node, at, "national")
            write(session, statement, values | {"only": number})
        found = {}
        for table in TABLES:
            rows = f"SELECT to_jsonb(t) - 'projection' FROM {table.name} AS t WHERE projection = :n ORDER BY 1"
            found[table.name] = list((await run(session, text(rows), {"n": number})).scalars())
        await session.rollback()
    return found


@given(order=st.permutations(HISTORY), again=st.lists(st.sampled_from(HISTORY), max_size=5))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
async def test_neither_the_order_nor_how_often_matters(insight, order, again):
    made = await made_of(insight, [*order, *again])

    assert made == await made_of(insight, HISTORY)
    (match,) = made["match"]
    assert (match["request_node"], match["offer_node"]) == ("zeeland", "utrecht")
    assert made["proposition"][1]["themes"] == ["energy-transition"]  # version 3 told the whole state
    assert [row["until_version"] for row in made["lost"]] == [12, facts.LAST_VERSION]
    assert made["region"] == [{"node": "zeeland", "version": 2, "shown_name": "Om de Hoek Zeeland"}]


async def test_a_match_that_three_nodes_tell_of_is_one_and_nobody_speaks_for_others(insight):
    request, offer = a_request(), an_offer(place="Utrecht")
    both = {"asker_node": insight.zeeland, "offerer_node": insight.utrecht}
    await insight.heard(insight.zeeland, request, a_match(request, offer, offerer_node=insight.utrecht))
    await insight.heard(insight.utrecht, offer, a_match(request, offer, asker_node=insight.zeeland))
    await insight.heard("another", a_match(request, offer, said=IntroductionMade, **both))
    untold = await insight.exactly("summary", region=insight.zeeland)

    await insight.when(a_match(request, offer, said=IntroductionMade, **both))

    told = await insight.exactly("summary", region=insight.zeeland)
    assert (untold["counts"]["asked"], untold["counts"]["answered"], untold["counts"]["waiting"]) == (1, 0, 1)
    assert (told["counts"]["asked"], told["counts"]["answered"], told["counts"]["waiting"]) == (1, 1, 0)
    assert told["counts"]["km_to_answer"] == pytest.approx(105, abs=5)  # from Goes to Utrecht
    groups = (await insight.exactly("counts", by="region"))["groups"]
    mine = {group["key"]: group for group in groups if group["key"] in (insight.zeeland, insight.utrecht)}
    assert (mine[insight.zeeland]["asked"], mine[insight.utrecht]["taken_up"]) == (1, 1)


async def test_what_is_past_its_day_is_not_open_though_nobody_told_that_it_ended(insight):
    """Of somebody who was erased nothing more is told."""
    await insight.heard(insight.zeeland, a_request(expires_at=datetime.now(UTC) - timedelta(seconds=1)), a_request())

    counts = (await insight.exactly("summary", region=insight.zeeland))["counts"]
    assert (counts["asked"], counts["waiting"], counts["unanswered"]) == (2, 1, 1)


async def test_what_a_region_that_was_put_back_does_not_know_any_more_is_not_counted(insight):
    lost, draft, there = a_request(version=8), a_request(version=8), a_request()
    offer, elsewhere = an_offer(), an_offer()
    await insight.heard(insight.zeeland, lost, draft, there, offer)
    await insight.heard(insight.utrecht, elsewhere)

    for one, heard in ((lost.request_id, 8), (offer.offer_id, 1), (elsewhere.offer_id, None)):
        gone = PropositionLost(proposition_id=one, heard_version=heard)
        await insight.publish_elsewhere(gone, said_by=insight.zeeland, to_us=True)
    drafted = PropositionLost(proposition_id=draft.request_id, draft_version=8)
    await insight.publish_elsewhere(drafted, said_by=insight.zeeland, to_us=True)
    await insight.quiet()

    counts = (await insight.exactly("summary", region=insight.zeeland))["counts"]
    assert (counts["asked"], counts["waiting"], counts["offered"], counts["standing"]) == (1, 1, 0, 0)
    assert (await insight.exactly("spots", region=insight.zeeland))["surplus"] == []
    of_utrecht = (await insight.exactly("summary", region=insight.utrecht))["counts"]
    assert of_utrecht["standing"] == 1  # nobody loses what is another's

    for again in (draft, lost):
        await insight.heard(insight.zeeland, a_request(again.request_id, version=9))
    assert (await insight.exactly("summary", region=insight.zeeland))["counts"]["asked"] == 3


async def test_how_few_a_few_are_and_how_it_went_for_them_is_told_by_no_group(insight):
    robots = {"themes": (Theme.ROBOTISATION,)}
    fulfilled = {"status": Status.FULFILLED, "said": RequestClosed}
    await insight.heard(insight.zeeland, a_request(**robots), a_request(place="Utrecht", **fulfilled, **robots))
    await insight.heard(insight.zeeland, *(a_request() for _ in range(9)), *(an_offer(**robots) for _ in range(6)))
    robot = {"region": insight.zeeland, "theme": "robotisation"}

    summary = await insight.asked("summary", **robot)
    by_theme = (await insight.asked("counts", by="theme", region=insight.zeeland))["groups"]
    by_province = (await insight.asked("counts", by="province", **robot))["groups"]
    sheet = await insight.http_as("somebody").get("/v1/insight/counts.csv", params={"by": "theme"} | robot)

    few = {"asked": "1-4", "answered": None, "waiting": None, "unanswered": None, "fulfilled": None}
    few |= {"waiting_escalated": None}
    assert summary["counts"].items() >= (few | {"offered": 5, "standing": 5}).items()
    assert summary["waiting"] == dict.fromkeys(("week", "month", "quarter", "longer"))
    (robots_told,) = (one for one in by_theme if one["key"] == "robotisation")
    assert robots_told.items() >= few.items()
    assert [(one["key"], one["asked"], one["answered"], one["standing"]) for one in by_province] == [
        ("Zeeland", None, None, 5)
    ]
    assert "\r\nrobotisering;;;;;;;5;5;" in sheet.text
    by_month = (await insight.asked("counts", by="month", **robot))["groups"]
    assert (len(by_month), {one["asked"] for one in by_month}) == (12, {None})
    exact = await insight.exactly("counts", by="province", **robot)
    assert {one["key"]: one["asked"] for one in exact["groups"]} == {"Zeeland": 1, "Utrecht": 1}


@pytest.mark.parametrize(
    ("contributions", "told"),
    [
        ([12] * 6, 80),
        ([12] * 6 + [19], 100),
        ([3] * 6, 20),
        ([21] * 5, 100),
        ([900, 10, 10, 10, 10], None),
        ([12] * 4, None),
        ([0] * 5, None),
    ],
)
def test_a_sum_is_told_in_steps_in_which_no_part_of_it_can_be_seen(contributions, told):
    assert rules.shown_sum(sum(contributions), max(contributions), len(contributions)) == told
    assert rules.shown_sum(sum(contributions), 1, 1, exact=True) == sum(contributions)


async def test_a_few_are_told_to_nobody_but_the_team(insight):
    await insight.heard(insight.zeeland, an_organisation(), *(a_request() for _ in range(12)))
    await insight.heard(insight.zeeland, *(a_request(themes=(Theme.BIODIVERSITY,), place="Utrecht") for _ in range(3)))

    told = {
        one["key"]: one["asked"]
        for one in (await insight.asked("counts", by="theme", region=insight.zeeland))["groups"]
    }
    assert told == {"energy-transition": 10, "biodiversity": "1-4"}
    everything = await insight.asked("summary", region=insight.zeeland)
    assert everything["counts"]["asked"] == 15
    assert everything["counts"]["days_waiting"] == 0
    exact = await insight.exactly("counts", by="theme", region=insight.zeeland, network="katapult")
    assert [one["asked"] for one in exact["groups"]] == [12, 3]
    refused = await insight.http_as("somebody", roles=("ambassador",)).get("/v1/insight/summary?exact=true")
    assert refused.status_code == 403


@pytest.mark.parametrize(
    "wanted",
    ["from=2026-13", "from=2026-05&until=2026-04", "from=2000-01", "theme=love", "by=member", "network=x&by=kind"],
)
async def test_what_cannot_be_counted_is_refused_with_the_field(insight, wanted):
    query = wanted if "by=" in wanted else f"{wanted}&by=kind"

    answer = await insight.http_as("somebody").get(f"/v1/insight/counts?{query}")

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"]


async def test_a_spreadsheet_opens_it_in_its_own_language(insight):
    name = "=cmd()"
    announced = NodeAnnounced(node=insight.zeeland, shown_name=name, key=PublicKey(kid="1", x="x"))
    await insight.heard(insight.zeeland, announced, *(a_request() for _ in range(6)))
    wanted = {"by": "region", "region": insight.zeeland}

    dutch = await insight.http_as("somebody").get("/v1/insight/counts.csv", params=wanted)
    english = await insight.http_as("somebody").get("/v1/insight/counts.csv", params=wanted | {"language": "en"})

    assert dutch.content.startswith(b"\xef\xbb\xbfregio;gevraagd;beantwoord;")
    assert dutch.text.splitlines()[1].startswith("'=cmd();5;0;5;")
    assert english.content.startswith(b"\xef\xbb\xbfregion,asked,answered,")
    assert "attachment" in dutch.headers["content-disposition"]


async def test_nothing_in_its_database_leads_to_a_person(insight):
    request, offer = a_request(), an_offer()
    await insight.heard(insight.zeeland, request, offer, a_match(request, offer, said=MatchProposed))
    await insight.heard(insight.zeeland, RequestEscalated(request_id=request.request_id, member_id=ASKER, title="x"))

    kept = await rows_kept(insight.service)
    assert request.request_id in str(kept)
    words = (ASKER, OFFERER, "warmtepompen", "eerstejaars", "Scheldemond", TOWNS["Goes"].name)
    assert [(table, word) for table, row in kept for word in words if word in row] == []
    assert not [c.name for table in TABLES for c in table.columns if "member" in c.name]


async def test_initiatives_are_counted_and_only_what_may_be_told_is_told(insight):
    away, nature = {"offer_node": insight.utrecht}, (Theme.BIODIVERSITY,)
    ended = {"said": InitiativeEnded, "students": 12}
    many = [an_initiative(f"i-{insight.zeeland}-{n}", **away) for n in range(7)]
    await insight.heard(insight.zeeland, an_organisation(), *many, an_initiative(themes=nature))
    for n in range(6):
        told = {"outcome": "Zes panelen op het dak."} if n == 1 else {}
        await insight.heard(insight.zeeland, an_initiative(f"i-{insight.zeeland}-{n}", **ended, **told, **away))
    await insight.heard("another", an_initiative(many[6].initiative_id, **ended, request_node=insight.zeeland, **away))

    told = await insight.asked("initiatives", region=insight.zeeland)
    exactly = await insight.exactly("initiatives", region=insight.zeeland, by="network")

    assert (told["all"]["started"], told["all"]["running"], told["all"]["done"]) == (10, "1-4", 5)
    assert told["all"]["students"] == 80  # of 72, each of them 12
    groups = {group["key"]: (group["started"], group["students"]) for group in told["groups"]}
    assert groups == {"energy-transition": (5, 80), "biodiversity": ("1-4", None)}
    (sentence,) = told["sentences"]
    assert (sentence["outcome"], sentence["province"]) == ("Zes panelen op het dak.", "Zeeland")
    assert {group["key"]: group["started"] for group in exactly["groups"]} == {"katapult": 8}
    answer = await insight.http_as("somebody").get("/v1/insight/initiatives.csv", params={"region": insight.zeeland})
    assert "energietransitie;5;;5;0;0;80" in answer.text

    gone = an_initiative(f"i-{insight.zeeland}-1", **ended, **away, version=6)  # its writer was erased
    await insight.heard(insight.zeeland, gone)
    assert (await insight.asked("initiatives", region=insight.zeeland))["sentences"] == []


async def test_what_the_other_side_tells_our_node_alone_counts_here_too(insight):
    """As in a region: another one does not hear what that says to the country."""
    away = {"request_node": insight.node, "text": "Wij beginnen.", "title": "Zon", "started_by": Side.OFFER}
    ended = datetime.now(UTC)
    began = ended - timedelta(days=9)
    told = {"said": InitiativeTold, "started_at": began, "students": 24, "outcome": "Elk jaar weer."} | away
    lasting = told | {"status": InitiativeStatus.LASTING, "ended_at": ended, "version": 5}
    ours = an_initiative(f"i-{insight.zeeland}", offer_node=insight.zeeland)
    await insight.given(ours)

    for one in (
        an_initiative(ours.initiative_id, **lasting, may_be_told=True),
        an_initiative(**lasting),
        an_initiative(**told | {"status": InitiativeStatus.RUNNING, "version": 2}),
    ):
        await insight.publish_elsewhere(one, said_by=insight.zeeland, to_us=True)
    await insight.quiet()

    counted = await insight.exactly("initiatives", region=insight.zeeland)
    assert {name: counted["all"][name] for name in ("started", "running", "lasting", "students")} == {
        "started": 3, "running": 1, "lasting": 2, "students": 48,
    }  # fmt: skip
    assert [sentence["outcome"] for sentence in counted["sentences"]] == ["Elk jaar weer."]
    assert not (await rebuild(insight.service, lambda _: None)).differs
