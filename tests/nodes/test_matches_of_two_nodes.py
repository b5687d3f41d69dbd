"""What a region cannot answer is answered by another; each side is asked in its own node."""

import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from contracts.deeds import Deed, DeedDone
from contracts.envelope import decode
from contracts.event import new_id
from contracts.matching import (
    AnswerGiven,
    AnswerOverdue,
    IntroductionMade,
    MatchEndorsed,
    MatchLapsed,
    MatchProposed,
    RequestEscalated,
    RequestUnanswered,
)
from contracts.members import ContactSealed, MemberErased, NodeKnown, PublicKey
from contracts.requests import OfferChanged, RequestClosed
from contracts.vocabulary import Kind, Status
from services.matching import overdue
from services.matching.patience import until_given_up
from tests.given import eventually
from tests.matching.conftest import (
    ASKER,
    COMPANY,
    OFFERER,
    SCHOOL,
    a_request,
    an_offer,
    an_organisation,
    appointed,
    in_team,
    slug,
)
from tests.nodes.conftest import Country, happen, post
from tests.nodes.sourcing import connect, disconnect

AMBASSADOR_HERE, AMBASSADOR_THERE, TEAM_HERE, TEAM_THERE = "m-amb-zld", "m-amb-br", "m-team-zld", "m-team-br"
OF_THE_ERASURE = re.compile(r"\.(?:member-erased|member-forgotten|party-erased|matches-forgotten)\.")
THEIRS = {"member_id": OFFERER, "organisation_id": COMPANY, "place": "Bergen op Zoom"}


async def peopled(country: Country) -> None:
    """A school in Zeeland and a company in Brabant, with an ambassador and a team in each."""
    await country.zeeland.given(
        an_organisation(SCHOOL, "Scalda Kust", "Goes"),
        appointed(AMBASSADOR_HERE, provinces=("Zeeland",)),
        in_team(TEAM_HERE),
    )
    await country.brabant.given(
        an_organisation(COMPANY, "Veenwarmte BV", "Bergen op Zoom"),
        appointed(AMBASSADOR_THERE, provinces=("Noord-Brabant",)),
        in_team(TEAM_THERE),
    )
    for node, called in ((country.zeeland, "Om de Hoek Zeeland"), (country.brabant, "Om de Hoek Brabant")):
        name = node.service.settings.node
        await country.nation.given(NodeKnown(node=name, shown_name=called, key=PublicKey(kid="k", x="x")))
    await country.quiet()
    for node in country.nodes:
        await node.given()


async def escalated(country: Country):
    """A request in Zeeland, an offer in Brabant, and nothing nearer: it is escalated."""
    await peopled(country)
    request, offer = a_request(place="Goes"), an_offer(**THEIRS)
    await happen(country, country.brabant, offer)
    await happen(country, country.zeeland, request)
    await post(team_here(country), "/v1/escalations", {"request_id": request.request_id}, 204)
    await country.quiet()
    return request, offer


def team_here(country):
    return country.zeeland.http_as(TEAM_HERE, roles=("node-team",))


def ambassadors(country):
    """The ambassador of each side, in their own node."""
    return (
        country.zeeland.http_as(AMBASSADOR_HERE, roles=("ambassador",)),
        country.brabant.http_as(AMBASSADOR_THERE, roles=("ambassador",)),
    )


def sides(country):
    """Who asks and who offers, each in their own node."""
    return country.zeeland.http_as(ASKER), country.brabant.http_as(OFFERER)


async def the_match(client):
    (match,) = (await client.get("/v1/matches")).json()["items"]
    return match


async def endorsed(country):
    """Both ambassadors saw a fit."""
    await escalated(country)
    for ambassador in ambassadors(country):
        match = await the_match(ambassador)
        await post(ambassador, f"/v1/matches/{match['match_id']}/endorse")
    await country.quiet()
    return match["match_id"]


async def states(node):
    async with node.service.engine.connect() as connection:
        rows = (
            await connection.execute(text("SELECT match_id, state, owner, asker_accepted, offerer_accepted FROM match"))
        ).all()
    return {row.match_id: (row.state, row.asker_accepted, row.offerer_accepted) for row in rows}


async def test_what_a_request_of_another_node_is_called_is_not_kept_with_what_was_done(country):
    await endorsed(country)

    (here,) = [one for one in await country.zeeland.said(DeedDone) if one.deed is Deed.MATCH_ENDORSED]
    (there,) = [one for one in await country.brabant.said(DeedDone) if one.deed is Deed.MATCH_ENDORSED]

    assert (here.title, here.whose) == ("Gastles over warmtepompen", (ASKER,))
    assert (there.title, there.whose) == (None, (OFFERER,))


async def test_an_offer_for_the_whole_country_is_matched_by_each_region(country):
    await peopled(country)
    await happen(
        country, country.nation, an_organisation("o-team", "Landelijk team"), an_offer(kind=Kind.TIP, **THEIRS)
    )

    await happen(country, country.zeeland, a_request(kind=Kind.TIP, place="Goes"))

    (asked,) = await country.zeeland.said(MatchEndorsed)
    assert asked.offerer.node == country.nation.service.settings.node
    assert await country.nation.said(MatchEndorsed) != []  # its own member is asked there
    asker, offerer = country.zeeland.http_as(ASKER), country.nation.http_as(OFFERER)
    assert (await the_match(asker))["offer"]["organisation_name"] == "Bergen op Zoom"
    for side in (offerer, asker):
        await post(side, f"/v1/matches/{asked.match_id}/answer", {"accepted": True})
        await country.quiet()
    for node in (country.zeeland, country.nation):
        assert len(await node.said(IntroductionMade)) == 1
    assert await states(country.brabant) == {}


async def test_the_national_team_need_not_look_at_every_match_with_its_own_offer(country):
    await peopled(country)
    await happen(country, country.nation, in_team("m-national"), an_offer(kind=Kind.MEETING, **THEIRS))

    await happen(country, country.zeeland, a_request(kind=Kind.MEETING, place="Goes"))

    ambassador, _ = ambassadors(country)
    match = await the_match(ambassador)
    assert match["waits_for_me"]
    assert not (await the_match(country.nation.http_as("m-national", roles=("node-team",))))["waits_for_me"]
    await post(ambassador, f"/v1/matches/{match['match_id']}/endorse")
    await country.quiet()
    assert (await the_match(country.nation.http_as(OFFERER)))["waits_for_me"]


async def test_what_the_nation_itself_asks_is_answered_by_a_region(country):
    await peopled(country)
    await country.nation.given(in_team("m-national"))
    await happen(country, country.brabant, an_offer(**THEIRS))
    await happen(country, country.nation, a_request(place="Goes"))

    nation = country.nation.http_as("m-national", roles=("node-team",))
    _, there = ambassadors(country)
    for ambassador in (nation, there):
        match = await the_match(ambassador)
        assert match["waits_for_me"]
        await post(ambassador, f"/v1/matches/{match['match_id']}/endorse")
        await country.quiet()
    for side in (country.nation.http_as(ASKER), sides(country)[1]):
        await post(side, f"/v1/matches/{match['match_id']}/answer", {"accepted": True})
        await country.quiet()
    for node in (country.nation, country.brabant):
        assert len(await node.said(IntroductionMade)) == 1


async def test_what_a_region_asks_is_nobody_elses_until_it_is_escalated(country):
    await peopled(country)
    request = a_request(place="Goes")
    await happen(country, country.brabant, an_offer(**THEIRS))
    await happen(country, country.zeeland, request)

    assert [await states(node) for node in country.nodes] == [{}, {}, {}]

    await post(team_here(country), "/v1/escalations", {"request_id": request.request_id}, 204)
    await post(team_here(country), "/v1/escalations", {"request_id": request.request_id}, 204)
    await country.quiet()
    assert len(await country.zeeland.said(RequestEscalated)) == 1
    assert [len(await states(node)) for node in country.nodes] == [1, 1, 1]


async def test_only_a_request_of_their_own_region_is_escalated_by_who_looks_after_it(country):
    await peopled(country)
    request = a_request(place="Goes")
    await happen(country, country.zeeland, request)
    asked = {"request_id": request.request_id}

    for who, status, problem in (
        (country.zeeland.http_as(ASKER), 403, "request-not-yours-to-escalate"),
        (country.nation.http_as("m-n", roles=("node-team",)), 409, "no-national-node"),
    ):
        answer = await who.post("/v1/escalations", json=asked)
        assert (answer.status_code, slug(answer)) == (status, problem)
    seen = f"/v1/escalations/{request.request_id}"
    own, other, strange = [
        await who.get(seen)
        for who in (country.zeeland.http_as(ASKER), team_here(country), country.zeeland.http_as(OFFERER))
    ]
    told = [{"is_escalated": False, "may_escalate": may} for may in (False, True)]
    assert ([own.json(), other.json()], slug(strange)) == (told, "request-not-yours-to-look-after")
    unknown = await team_here(country).post("/v1/escalations", json={"request_id": new_id()})
    assert slug(unknown) == "request-not-open"


async def test_an_unanswered_request_is_escalated_by_itself_and_may_be_heard_after_that(country):
    await peopled(country)
    request = a_request(place="Goes")
    await country.nation.publish_elsewhere(
        RequestEscalated(request_id=request.request_id, member_id=ASKER, title=request.title),
        said_by=country.zeeland.service.settings.node,
    )
    await happen(country, country.brabant, an_offer(**THEIRS))

    await happen(country, country.zeeland, request)

    assert len(await states(country.nation)) == 1


async def test_a_match_that_is_told_before_the_own_offer_was_heard_comes_to_its_people_after_that(country):
    await peopled(country)
    request, offer = a_request(place="Goes"), an_offer(**THEIRS)
    await country.nation.publish_elsewhere(offer, said_by=country.brabant.service.settings.node)
    await happen(country, country.zeeland, request)
    await post(team_here(country), "/v1/escalations", {"request_id": request.request_id}, 204)
    await eventually(lambda: country.told(country.brabant), saying="a match of what is not heard here")
    assert await states(country.brabant) == {}

    await country.brabant.publish(offer)

    await eventually(lambda: states(country.brabant), saying="the match")
    await country.quiet()
    _, ambassador = ambassadors(country)
    assert (await the_match(ambassador))["waits_for_me"]


async def test_time_escalates_what_nobody_answers(country):
    await peopled(country)
    request = a_request(place="Goes")
    await happen(country, country.zeeland, request)

    country.zeeland.clock.move(days=15)
    await overdue.look(country.zeeland.service)
    await country.quiet()

    for event_type in (RequestUnanswered, RequestEscalated):
        assert len(await country.zeeland.said(event_type)) == 1


async def test_both_ambassadors_look_and_both_sides_are_introduced_in_their_own_node(country):
    await escalated(country)
    for ambassador, region in zip(ambassadors(country), ("Om de Hoek Brabant", "Om de Hoek Zeeland"), strict=True):
        match = await the_match(ambassador)
        assert match["waits_for_me"]
        other = match["offer"] if match["request"]["region"] is None else match["request"]
        assert other["region"] == region
        assert other["text"]
        assert [(await side.get("/v1/matches")).json()["items"] for side in sides(country)] == [[], []]
        await post(ambassador, f"/v1/matches/{match['match_id']}/endorse")
        await country.quiet()
        assert not (await the_match(ambassador))["waits_for_me"]
    for side in sides(country):
        await post(side, f"/v1/matches/{match['match_id']}/answer", {"accepted": True})
        await country.quiet()

    assert {node_states[match["match_id"]] for node_states in [await states(n) for n in country.nodes]} == {
        ("introduced", True, True)
    }
    for node in (country.zeeland, country.brabant):
        (introduction,) = await node.said(IntroductionMade)
        assert [party.node is None for party in (introduction.asker, introduction.offerer)].count(True) == 1
        assert len(await node.said(MatchProposed)) == len(await node.said(MatchEndorsed)) == 1


async def test_which_regions_have_to_look_yet_is_read_in_each_of_them_and_by_the_nation(country):
    await escalated(country)
    team = country.nation.http_as("m-national", roles=("node-team",))
    here, there = ambassadors(country)

    async def to_look():
        return [(await the_match(client))["regions_to_look"] for client in (here, there, team)]

    before = await to_look()
    await post(here, f"/v1/matches/{(await the_match(here))['match_id']}/endorse")
    await country.quiet()
    halfway = await to_look()
    await post(there, f"/v1/matches/{(await the_match(there))['match_id']}/endorse")
    await country.quiet()

    zeeland, brabant = "Om de Hoek Zeeland", "Om de Hoek Brabant"
    ids = [node.service.settings.node for node in (country.zeeland, country.brabant)]  # announced to nobody here
    assert before == [[brabant], [zeeland], ids]
    assert halfway == [[brabant], [], ids[1:]]
    assert await to_look() == [[], [], []]


@pytest.mark.parametrize("who", [0, 1], ids=["of the asker", "of the offerer"])
async def test_one_ambassador_who_sees_no_fit_ends_it_for_all(country, who):
    await escalated(country)
    ambassador = ambassadors(country)[who]
    match = await the_match(ambassador)

    await post(ambassador, f"/v1/matches/{match['match_id']}/dismiss", {"because": "too-far"})
    await country.quiet()

    assert [(await states(node))[match["match_id"]][0] for node in country.nodes] == ["dismissed"] * 3


@pytest.mark.parametrize("who", [0, 1], ids=["the asker", "the offerer"])
async def test_one_no_ends_it_for_all(country, who):
    match_id = await endorsed(country)

    await post(sides(country)[who], f"/v1/matches/{match_id}/answer", {"accepted": False, "because": "too-far"})
    await country.quiet()

    assert [(await states(node))[match_id][0] for node in country.nodes] == ["lapsed"] * 3
    for node in country.nodes:
        assert len(await node.said(MatchLapsed)) == 1


async def test_a_line_that_is_cut_only_makes_it_wait(country):
    match_id = await endorsed(country)
    js, names = country.nation.service.streams.js, [node.service.settings.node for node in country.nodes]
    await disconnect(js, names[0])

    for side in sides(country):
        answered = await post(side, f"/v1/matches/{match_id}/answer", {"accepted": True})
        assert (answered["state"], answered["my_answer"]) == ("endorsed", True)
    for node in country.nodes[1:]:
        assert await node.said(IntroductionMade) == []

    await connect(js, names[0], names[1:])
    await eventually(lambda: country.zeeland.said(IntroductionMade), saying="an introduction")
    await country.quiet()
    assert len(await country.brabant.said(IntroductionMade)) == 1


async def test_a_request_that_closes_ends_its_match_in_every_node(country):
    request, _ = await escalated(country)

    closed = a_request(request.request_id, said=RequestClosed, version=2, status=Status.WITHDRAWN, place="Goes")
    await happen(country, country.zeeland, closed)

    for node in country.nodes:
        assert [state for state, *_ in (await states(node)).values()] == ["lapsed"]


async def test_what_is_told_twice_or_in_another_order_has_one_effect(country):
    match_id = await endorsed(country)
    for side in sides(country):
        await post(side, f"/v1/matches/{match_id}/answer", {"accepted": True})
    await country.quiet()

    async def said() -> list[int]:
        """But for where the match is, which its owner tells again to who says again what it knows."""
        return [len([s for s, _ in await n.messages("shared") if ".match-told." not in s]) for n in country.nodes]

    said_before = await said()
    for node in (country.zeeland, country.brabant):
        for told in reversed(await country.told(node)):
            await node.publish_elsewhere(told, said_by=country.nation.service.settings.node, to_us=True)
    for node, side in ((country.zeeland, "request"), (country.brabant, "offer")):
        again = AnswerGiven(match_id=match_id, side=side, accepted=True)
        await country.nation.publish_elsewhere(again, said_by=node.service.settings.node, to_us=True)
    await country.quiet()

    assert await said() == said_before


async def test_a_node_speaks_only_for_its_own_side(country):
    match_id = await endorsed(country)
    brabant = country.brabant.service.settings.node

    await country.nation.publish_elsewhere(
        AnswerGiven(match_id=match_id, side="request", accepted=True), said_by=brabant, to_us=True
    )
    (told, *_) = [one for one in await country.told(country.zeeland) if one.match_id == match_id]
    forged = told.model_copy(
        update={"version": 99, "state": "introduced", "asker_accepted": True, "offerer_accepted": True}
    )
    for speaker in (brabant, country.nation.service.settings.node):
        await country.zeeland.publish_elsewhere(forged, said_by=speaker, to_us=True)
    unknown = told.model_copy(update={"match_id": new_id(), "state": "endorsed"})
    await country.zeeland.publish_elsewhere(unknown, said_by=brabant, to_us=True)
    await country.quiet()

    assert (await states(country.nation))[match_id] == ("endorsed", None, None)
    assert await states(country.zeeland) == {match_id: ("endorsed", None, None)}
    assert await country.zeeland.said(IntroductionMade) == []


async def test_what_the_other_side_corrects_is_read_in_the_other_node(country):
    _, offer = await escalated(country)
    ambassador, _ = ambassadors(country)
    version = (await the_match(ambassador))["version"]
    until = offer.expires_at + timedelta(days=30)

    said = {"version": 2, "text": "Ook over hybride installaties.", "expires_at": until}
    await happen(country, country.brabant, OfferChanged.model_validate(offer.model_dump() | said))

    match = await the_match(ambassador)
    assert match["offer"]["text"] == "Ook over hybride installaties."
    assert match["version"] > version
    async with country.zeeland.service.engine.connect() as connection:
        kept = (await connection.execute(text("SELECT elsewhere FROM match"))).scalar_one()
    assert datetime.fromisoformat(kept["wording"]["expires_at"]) == until


async def test_who_is_slow_is_reminded_in_their_own_node(country):
    await endorsed(country)
    country.brabant.clock.move(hours=73)
    await overdue.look(country.brabant.service)
    await country.quiet()

    (reminder,) = await country.brabant.said(AnswerOverdue)
    assert reminder.waiting_for == (OFFERER,)
    assert reminder.answer_by is None  # the nation has more patience, and says when that is over


async def test_the_owner_has_twice_the_patience_with_who_looks_first_in_another_node(country):
    match_id = await endorsed(country)
    patience = until_given_up(country.nation.service.settings)

    async def time_passes():
        country.nation.clock.move(seconds=patience.total_seconds() + 60)
        await overdue.look(country.nation.service)
        await country.quiet()

    await time_passes()
    assert [match_id in await states(node) for node in country.nodes] == [True] * 3

    await time_passes()
    assert [(await states(node))[match_id][0] for node in country.nodes] == ["lapsed"] * 3
    (lapsed,) = await country.nation.said(MatchLapsed)
    assert lapsed.lapsed_because == "unanswered"


async def test_an_answer_that_waits_for_the_line_outlives_the_ambassador_who_looked(country):
    match_id = await endorsed(country)
    js, names = country.nation.service.streams.js, [node.service.settings.node for node in country.nodes]
    await disconnect(js, names[0])
    await post(sides(country)[1], f"/v1/matches/{match_id}/answer", {"accepted": True})
    await country.brabant.quiet()

    await country.brabant.when(MemberErased(member_id=AMBASSADOR_THERE, version=9))
    await connect(js, names[0], names[1:])
    await country.quiet()

    assert (await states(country.nation))[match_id] == ("endorsed", None, True)
    left = [
        s
        for kind in ("shared", "local")
        for s, data in await country.brabant.messages(kind)
        if match_id in s and AMBASSADOR_THERE.encode() in data
    ]
    assert left == []


async def test_what_the_nation_heard_of_a_match_within_a_region_goes_with_who_is_erased(country):
    await peopled(country)
    await country.zeeland.given(an_organisation(COMPANY, "Zeewarmte BV", "Goes"))
    await happen(country, country.zeeland, an_offer(place="Goes"))
    await happen(country, country.zeeland, a_request(place="Goes"))
    (match_id,) = await states(country.zeeland)

    async def heard():
        subjects = [subject for subject, _ in await country.nation.messages("elsewhere")]
        return [subject.split(".")[-2] for subject in subjects if subject.endswith(match_id)]

    assert await heard() == ["match-proposed"]

    await happen(country, country.zeeland, MemberErased(member_id=ASKER, version=9))

    assert await heard() == ["match-lapsed"]  # which tells nothing of them


async def test_what_is_told_late_of_who_was_erased_leaves_the_stream_too(country):
    await endorsed(country)
    brabant = country.brabant
    told = [e for _, e in await brabant.messages("elsewhere") if b"match-told" in e][-1]
    last = decode(told)[1]
    await happen(country, country.zeeland, MemberErased(member_id=ASKER, version=9))

    await brabant.publish_elsewhere(last, said_by=country.nation.service.settings.node, to_us=True)
    await country.quiet()

    kept = [subject for subject, _ in await brabant.messages("elsewhere") if "match-told" in subject]
    assert not [subject for subject in kept if last.match_id in subject]


async def test_who_is_erased_leaves_nothing_in_any_node(country):
    await endorsed(country)

    async def told_of():
        """What matching said of them, in each stream of each node, but for the erasure itself."""
        found = [
            (node.service.settings.node, kind, subject)
            for node in country.nodes
            for kind in ("shared", "local", "elsewhere")
            for subject, data in await node.messages(kind, since_given=True)
            if ".matching." in subject and ASKER.encode() in data
        ]
        return [one for one in found if not OF_THE_ERASURE.search(one[2])]

    assert {kind for _, kind, _ in await told_of()} == {"shared", "elsewhere"}

    await happen(country, country.zeeland, MemberErased(member_id=ASKER, version=9))

    assert [await states(node) for node in country.nodes] == [{}, {}, {}]
    (ended,) = await country.brabant.said(MatchLapsed)
    assert (ended.lapsed_because, ended.asker.member_id, ended.asker.title) == ("erased", "", "")
    assert await told_of() == []


async def test_what_was_sealed_for_a_match_goes_with_a_side_that_is_erased_where_it_passed_too(country):
    match_id = await endorsed(country)
    for node, other, member_id in (
        (country.zeeland, country.brabant, ASKER),
        (country.brabant, country.zeeland, OFFERER),
    ):
        sealed = ContactSealed(match_id=match_id, member_id=member_id, sealed="x")
        where = sealed.subject(node.service.settings.node, other.service.settings.node)
        await node.service.streams.js.publish(where, b"sealed")
    await country.quiet()

    async def passed():
        return [one for one, _ in await country.nation.messages("elsewhere") if ".contact-sealed." in one]

    assert len(await passed()) == 2

    await happen(country, country.zeeland, MemberErased(member_id=ASKER, version=9))

    assert await passed() == []
