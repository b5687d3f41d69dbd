"""Two replicas that hear everything in any order end in one consistent set of matches."""

import random
from collections import Counter
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from contracts.requests import OfferChanged, OfferClosed, RequestChanged
from contracts.vocabulary import Kind, Language, Status, Theme
from services.matching import words
from services.matching.app import service
from services.matching.pairs import Pair
from services.matching.propositions import understood
from services.matching.rules import fit
from services.matching.store import ask
from services.matching.turns import take_turn
from services.matching.weights import kept_weights
from tests.given import Running, eventually, running
from tests.matching.conftest import a_request, an_offer, as_proposition

#: All have the same word that tells something, so that the pure rules say what fits without the database.
ORDINARY = {"title": "Wij zoeken studenten", "text": "Onze studenten zoeken een plek in de praktijk van een imker."}
KNOWN = words.weights_in(understood(**ORDINARY, language=Language.DUTCH)["words"])
IN_COMMON = words.in_common(KNOWN, [words.label_of(told) + term for term, told in KNOWN.items()], len(KNOWN))
PLACES = ("Utrecht", "Zeist", "Amersfoort", "Arnhem", "Ede")
DAY = timedelta(days=1)


def forty_of_each(seed: int) -> tuple[list[Any], list[Any]]:
    """Requests and offers of many kinds and themes, which fit now and then."""
    chance = random.Random(seed)
    subjects = chance.sample(list(product(Kind, Theme)), 40)
    requests = [
        a_request(f"r-{n}", **_by(chance, "asking", n, kind, theme)) for n, (kind, theme) in enumerate(subjects)
    ]
    offers = [an_offer(f"o-{n}", **_by(chance, "offering", n, kind, theme)) for n, (kind, theme) in enumerate(subjects)]
    return requests, offers


def _by(chance: random.Random, side: str, n: int, kind: Kind, theme: Theme) -> dict[str, Any]:
    return ORDINARY | {
        "member_id": f"{side}-{n}",
        "organisation_id": f"{side}-{n}",
        "kind": kind,
        "themes": (theme,),
        "place": chance.choice(PLACES),
    }


def fitting(requests: list[Any], offers: list[Any]) -> dict[str, set[str]]:
    """By the pure rules: the offers that fit each request."""
    return {
        request.request_id: {
            offer.offer_id
            for offer in offers
            if (
                found := fit(
                    Pair(as_proposition(request), as_proposition(offer), None, in_common=IN_COMMON),
                    min(request.expires_at, offer.expires_at) - DAY,
                )
            )
            and found.score >= kept_weights().score_min
        }
        for request in requests
    }


@pytest.fixture
async def replicas(postgres, nats):
    """Two replicas of matching, with small batches, so that they have much to do at the same time."""
    async with running(service, postgres, nats, embedding_model="none", batch_size_max=3) as first:
        second = service(first.service.settings)
        async with second.app.router.lifespan_context(second.app):

            async def both_ready() -> bool:
                return set((await second.parts()).values()) == {"ready"}

            await eventually(both_ready, saying="a second replica")
            yield first
            await first.quiet()


async def matches(first: Running) -> list[Any]:
    """Every match: its request, its offer and its state."""
    async with first.service.engine.connect() as connection:
        return list(await connection.execute(text("SELECT request_id, offer_id, state FROM match")))


async def test_every_request_with_a_fitting_offer_has_its_match_once(replicas):
    requests, offers = forty_of_each(seed=4)
    events = [*requests, *offers]
    random.Random(1).shuffle(events)

    for event in events:
        await replicas.publish(event, delivered_times=2)
    await replicas.quiet()

    found = await matches(replicas)
    fits = fitting(requests, offers)
    pairs = Counter((match.request_id, match.offer_id) for match in found)
    assert set(pairs.values()) == {1}
    assert all(offer_id in fits[request_id] for request_id, offer_id in pairs)
    per_request = Counter(request_id for request_id, _ in pairs)
    most = replicas.service.settings.proposals_per_request_max
    assert {request_id: per_request[request_id] for request_id in fits} == {
        request_id: min(most, len(its)) for request_id, its in fits.items()
    }
    assert await replicas.dead_letters() == []


async def test_changes_and_ends_in_any_order_leave_no_match_of_what_is_closed(replicas):
    requests, offers = forty_of_each(seed=9)
    closed, moved = offers[::3], requests[::4]
    events = [
        *requests,
        *offers,
        *[an_offer(said=OfferClosed, **_again(offer, "offer_id", status=Status.WITHDRAWN)) for offer in closed],
        *[a_request(said=RequestChanged, **_again(request, "request_id", reach_km=200)) for request in moved],
        *[an_offer(said=OfferChanged, **_again(offer, "offer_id")) for offer in offers[1::3]],
    ]
    random.Random(2).shuffle(events)

    for event in events:
        await replicas.publish(event)
    await replicas.quiet()

    running_now = [match for match in await matches(replicas) if match.state in ("proposed", "endorsed")]
    gone = {offer.offer_id for offer in closed}
    assert not [match for match in running_now if match.offer_id in gone]
    fits = fitting(requests, [offer for offer in offers if offer.offer_id not in gone])
    per_request = Counter(match.request_id for match in running_now)
    most = replicas.service.settings.proposals_per_request_max
    assert {r: per_request[r] for r in fits} == {r: min(most, len(its)) for r, its in fits.items()}
    assert await replicas.dead_letters() == []


async def test_a_replica_that_stops_dead_gives_its_turn_back(replicas):
    async with replicas.session() as session:
        await take_turn(session)
        limit = text("SELECT current_setting('idle_in_transaction_session_timeout')")
        assert (await ask(session, limit)).scalar_one() == "30s"
        await ask(session, text("SET LOCAL idle_in_transaction_session_timeout = '200ms'"))

        await replicas.when(a_request("r"), an_offer("o"))  # handled, though the turn is held here

        assert len(await matches(replicas)) == 1
        with pytest.raises(DBAPIError):
            await session.commit()


def _again(event: Any, name: str, **changes: Any) -> dict[str, Any]:
    return event.model_dump() | {name: event.entity_id, "version": 2, "place": event.place} | changes
