"""Replicas keep and seek at the same moment, and propose in turn: pairs are found, once, and never more than there is
room for. Each test holds two replicas at the moment where they could go wrong."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from contracts.matching import MatchProposed, RequestEscalated
from contracts.requests import OfferClosed, RequestChanged
from contracts.vocabulary import Side, Status
from services.matching import candidates, elsewhere, handlers, propositions, seeking, turns
from services.matching.app import service
from services.matching.elsewhere import keep_theirs
from services.matching.seeking import keep_and_seek
from services.matching.turns import take_turn
from tests.given import eventually, running
from tests.matching.conftest import a_request, an_offer


@pytest.fixture
async def one(postgres, nats):
    """A matching whose handlers the tests call themselves, as two replicas would."""
    async with running(service, postgres, nats, embedding_model="none") as matching:
        yield matching


async def propose(matching, event, sought) -> None:
    """What a replica does in its turn."""
    handler = handlers.propose_matches if hasattr(event, "request_id") else handlers.propose_to_waiting_requests
    async with matching.session() as session:
        await take_turn(session)
        await handler(event, session, matching.clock(), matching.service.settings, sought)
        await session.commit()


async def pairs_in(matching) -> list[tuple[str, str]]:
    """The matches, as pairs of ids."""
    async with matching.service.engine.connect() as connection:
        rows = await connection.execute(text("SELECT request_id, offer_id FROM match ORDER BY 1, 2"))
        return [tuple(row) for row in rows]


async def sought_in(matching) -> dict[str, bool]:
    """Which requests and offers are in the indexes of what is sought here."""
    async with matching.service.engine.connect() as connection:
        rows = await connection.execute(text("SELECT proposition_id, is_sought FROM proposition"))
        return dict(tuple(row) for row in rows)


@asynccontextmanager
async def keeping(matching, event):
    """A replica that has kept an event and has not committed yet."""
    async with matching.session() as session:
        await turns.keep_together(session)
        side = Side.REQUEST if hasattr(event, "request_id") else Side.OFFER
        await propositions.keep(session, event, side, None, matching.clock())
        yield session
        await session.commit()


async def test_of_two_that_are_kept_at_once_the_later_finds_the_other_and_the_pair_is_proposed_once(one):
    request, offer = a_request("r-at-once"), an_offer("o-at-once")

    async with keeping(one, request):  # another replica, halfway
        (of_offer,) = await keep_and_seek([offer], one.service)
        assert not of_offer.pairs
    (of_request,) = await keep_and_seek([request], one.service)  # it goes on: its own search comes after its commit
    (again,) = await keep_and_seek([offer], one.service)
    assert of_request.pairs
    assert again.pairs

    await asyncio.gather(propose(one, request, of_request), propose(one, offer, again))

    assert await pairs_in(one) == [("r-at-once", "o-at-once")]


async def test_a_request_gets_as_many_matches_as_it_may_when_many_offers_are_sought_at_once(one):
    request = a_request("r-wanted")
    await keep_and_seek([request], one.service)
    offers = [an_offer(f"o-{n}", member_id=f"m-{n}", organisation_id=f"g-{n}") for n in range(12)]
    sought = [(await keep_and_seek([offer], one.service))[0] for offer in offers]
    assert all(found.fitting for found in sought)  # each has seen the request without any match

    await asyncio.gather(*(propose(one, offer, found) for offer, found in zip(offers, sought, strict=True)))

    most = one.service.settings.proposals_per_request_max
    assert most < len(offers)
    assert len(await pairs_in(one)) == most


async def test_one_organisation_does_not_get_two_places_by_being_sought_at_once(one):
    await keep_and_seek([a_request("r-two")], one.service)
    offers = [an_offer(f"o-two-{n}", member_id="m-two", organisation_id="g-two") for n in range(2)]
    sought = [(await keep_and_seek([offer], one.service))[0] for offer in offers]

    await asyncio.gather(*(propose(one, offer, found) for offer, found in zip(offers, sought, strict=True)))

    assert len(await pairs_in(one)) == 1


async def test_what_closed_or_changed_after_it_was_sought_is_not_proposed(one):
    offer, moved = an_offer("o-closed"), an_offer("o-moved", member_id="m-3", organisation_id="g-3")
    await keep_and_seek([offer, moved], one.service)
    request = a_request("r-late")
    (sought,) = await keep_and_seek([request], one.service)
    assert {pair.offer.id for pair in sought.pairs} == {"o-closed", "o-moved"}

    closed = an_offer(said=OfferClosed, **offer.model_dump() | {"version": 2, "place": offer.place,
                                                                "status": Status.WITHDRAWN})  # fmt: skip
    await keep_and_seek([closed], one.service)
    await propose(one, request, sought)

    assert await pairs_in(one) == [("r-late", "o-moved")]


async def test_a_process_that_stops_between_keeping_and_its_turn_loses_nothing(one):
    offer, request = an_offer("o-there"), a_request("r-stopped")
    await one.given(offer)
    assert await keep_and_seek([request], one.service)  # and it stops dead: nothing of this was proposed

    await one.when(request)  # as the broker delivers it again

    await one.then_said(MatchProposed)
    async with one.service.engine.connect() as connection:
        count = text("SELECT count(*) FROM match WHERE request_id = 'r-stopped'")
        assert (await connection.execute(count)).scalar_one() == 1


async def test_an_older_version_that_comes_later_in_its_turn_ends_nothing(one):
    request = a_request("r-again")
    await one.given(an_offer("o-again"), request)
    told = request.model_dump() | {"place": request.place}
    closed = a_request(said=RequestChanged, **told | {"version": 2, "status": Status.WITHDRAWN})
    opened = a_request(said=RequestChanged, **told | {"version": 3})
    (of_closed,) = await keep_and_seek([closed], one.service)
    (of_opened,) = await keep_and_seek([opened], one.service)

    await propose(one, opened, of_opened)
    await propose(one, closed, of_closed)

    async with one.service.engine.connect() as connection:
        assert list((await connection.execute(text("SELECT state FROM match"))).scalars()) == ["proposed"]


async def test_who_has_their_turn_alone_waits_for_who_keeps(one):
    async with keeping(one, a_request("r-kept")), one.session() as session:
        alone = asyncio.create_task(turns.take_turn_alone(session))

        async def waits() -> bool:
            async with one.service.engine.connect() as connection:
                waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
                return (await connection.execute(waiting)).scalar_one() == 1

        await eventually(waits, saying="it to wait for who keeps")
        assert not alone.done()
        alone.cancel()
        await asyncio.gather(alone, return_exceptions=True)


async def test_when_what_was_found_has_gone_to_others_more_is_sought_in_the_turn(one, monkeypatch):
    monkeypatch.setattr(candidates, "CANDIDATES_MAX", 1)
    monkeypatch.setattr(candidates, "_statement", candidates._statement.__wrapped__)
    monkeypatch.setattr(seeking, "CANDIDATES_MAX", 1)
    near = a_request("r-near", place="Utrecht")
    await keep_and_seek([near], one.service)
    offers = [an_offer(f"o-many-{n}", member_id=f"n-{n}", organisation_id=f"h-{n}") for n in range(12)]
    sought = [(await keep_and_seek([offer], one.service))[0] for offer in offers]
    far = a_request("r-far", place="Zeist", member_id="m-far", organisation_id="g-far")
    await keep_and_seek([far], one.service)

    for offer, found in zip(offers, sought, strict=True):
        await propose(one, offer, found)

    requests = [request_id for request_id, _ in await pairs_in(one)]
    most = one.service.settings.proposals_per_request_max
    assert requests.count("r-near") == most
    assert requests.count("r-far") == most


async def test_what_other_nodes_say_is_kept_and_sought_without_a_turn_and_proposed_in_one(postgres, nats):
    request, offer = a_request("r-there", place="Goes"), an_offer("o-before", place="Bergen op Zoom")
    later = an_offer("o-after", place="Roosendaal", member_id="m-later", organisation_id="g-later")
    escalated = RequestEscalated(request_id="r-there", version=1, member_id=request.member_id, title=request.title)
    async with running(service, postgres, nats, embedding_model="none", node="nation", national_node="nation") as one:
        settings = one.service.settings
        async with one.session() as other:
            await take_turn(other)  # another replica is busy, and these go on
            await keep_theirs([request], one.service, said_by=["zeeland"])
            await keep_theirs([offer], one.service, said_by=["brabant"])
        assert await sought_in(one) == {"r-there": False, "o-before": True}
        async with one.session() as session:
            await elsewhere.take_up_escalation(escalated, session, one.clock(), settings, "zeeland")
            await session.commit()
        (sought,) = await keep_theirs([later], one.service, said_by=["brabant"])
        async with one.session() as session:
            await take_turn(session)
            await elsewhere.offer_to_the_country(later, session, one.clock(), settings, sought)
            await session.commit()

        assert await pairs_in(one) == [("r-there", "o-after"), ("r-there", "o-before")]
        assert all((await sought_in(one)).values())


async def test_a_region_keeps_of_others_only_what_the_nation_offers(postgres, nats):
    async with running(service, postgres, nats, embedding_model="none", national_node="nation") as region:
        request, offers = a_request("r-there"), [an_offer("o-nation"), an_offer("o-region")]

        assert await keep_theirs([request], region.service, said_by=["nation"]) == [None]
        national, regional = await keep_theirs(offers, region.service, said_by=["nation", "brabant"])

        assert national.known.proposition.node == "nation"
        assert regional is None
