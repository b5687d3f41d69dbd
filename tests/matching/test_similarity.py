"""What a text means: found beside the event loop, once for a text, and never for what is closed."""

import asyncio
import time

import pytest
from sqlalchemy import text

from contracts.event import new_id
from contracts.members import MemberErased
from contracts.requests import OfferChanged, RequestChanged, RequestClosed
from contracts.vocabulary import Side, Status
from services.matching import candidates, propositions, similarity
from services.matching.app import service
from services.matching.meanings import read_meanings
from services.matching.similarity import DIMENSIONS, MAKE, TEXT_CHARACTERS_MAX, text_of
from services.matching.store import ask
from services.matching.turns import take_turn
from tests.given import running
from tests.matching.conftest import a_request, an_offer


@pytest.fixture(scope="module")
async def reading(postgres, nats):
    """Matching with the model inside the process."""
    async with running(service, postgres, nats) as started:
        yield started


async def kept(reading, entity_id):
    """Each vector that is kept of a request or an offer, with what made it."""
    async with reading.service.engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(KEPT), {"id": entity_id})]


KEPT = """
    SELECT make, is_open, vector FROM meaning JOIN embedding_model USING (model_id) WHERE proposition_id = :id
"""


@pytest.mark.long
async def test_the_event_loop_goes_on_while_the_model_works(reading):
    longest, last, working = 0.0, time.perf_counter(), True

    async def tick() -> None:
        nonlocal longest, last
        while working:
            await asyncio.sleep(0)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now

    ticking = asyncio.create_task(tick())
    begun = time.perf_counter()
    long = [a_request(text=f"{new_id()} lange tekst over van alles en nog wat. " * 20) for _ in range(4)]
    await read_meanings(long, reading.service)
    took = time.perf_counter() - begun
    working = False
    await ticking

    assert longest < took / 5


async def test_a_text_is_read_once_and_again_when_it_changes(reading):
    request, offer = a_request(), an_offer()
    assert all(await read_meanings([request], reading.service))
    await reading.when(request, offer)

    moved = a_request(request.request_id, said=RequestChanged, reach_km=12, version=2)
    assert await read_meanings([request], reading.service) == [None]
    assert await read_meanings([moved], reading.service) == [None]
    assert await read_meanings([an_offer(offer.offer_id, said=OfferChanged, version=2)], reading.service) == [None]
    (read,) = await read_meanings([a_request(request.request_id, text="Iets anders.", version=2)], reading.service)
    assert read


def test_what_is_not_wanted_is_not_read():
    assert "stage" not in text_of("Geen stage maar een gastles", "Liever geen stage.")


async def test_what_is_closed_and_what_has_no_model_is_not_read(reading, matching):
    closed = a_request(said=RequestClosed, status=Status.WITHDRAWN)

    none, read = await read_meanings([closed, a_request()], reading.service)

    assert none is None
    assert read
    assert await read_meanings([a_request(), closed], matching.service) == [None, None]


async def test_a_vector_is_as_long_as_a_vector_is(reading):
    (read,) = await read_meanings([a_request()], reading.service)
    numbers = [float(number) for number in read.vector.strip("[]").split(",")]

    assert len(numbers) == DIMENSIONS
    assert sum(number * number for number in numbers) == pytest.approx(1, abs=0.001)


@pytest.mark.parametrize("strange", ["", "🌱" * 300, "x" * 10_000, "\u202e", "<script>"])
async def test_any_text_has_a_meaning(reading, strange):
    (read,) = await read_meanings([a_request(title="t", text=strange)], reading.service)

    assert read.vector.count(",") == DIMENSIONS - 1
    assert len(text_of("t", strange)) <= TEXT_CHARACTERS_MAX


async def _keep(reading, session, event, side: Side):
    (read,) = await read_meanings([event], reading.service)
    return await propositions.keep(session, event, side, read, reading.clock())


async def test_two_texts_are_compared_and_those_of_another_make_are_not(reading):
    async with reading.session() as session:
        await take_turn(session)
        themes = {"title": f"Gastles over {new_id()}"}
        await _keep(reading, session, an_offer("o", **themes), Side.OFFER)
        request = await _keep(reading, session, a_request("r", **themes), Side.REQUEST)

        pairs, _ = await candidates.candidates_for(session, request, now=reading.clock(), most=3)
        assert next(pair for pair in pairs if pair.offer.id == "o").similarity > 0.4

        await ask(session, text(READ_BY_AN_OLDER_ONE))
        pairs, _ = await candidates.candidates_for(session, request, now=reading.clock(), most=3)
        assert next(pair for pair in pairs if pair.offer.id == "o").similarity is None


READ_BY_AN_OLDER_ONE = """
    WITH older AS (
        INSERT INTO embedding_model (make, version, source, dimensions, status)
        VALUES ('older', 1, '{}', 384, 'left') RETURNING model_id
    ), theirs AS (
        INSERT INTO meaning SELECT proposition_id, older.model_id, side, is_open, fingerprint, tried_at, vector
        FROM meaning, older WHERE proposition_id = 'o'
    )
    DELETE FROM meaning WHERE proposition_id = 'o'
"""


async def test_another_text_has_no_older_texts_meaning(reading):
    async with reading.session() as session:
        await take_turn(session)
        known = await _keep(reading, session, a_request("r2"), Side.REQUEST)
        assert known.meaning

        talked = {"said": RequestChanged, "status": Status.IN_CONVERSATION}
        same = await _keep(reading, session, a_request("r2", version=2, **talked), Side.REQUEST)
        assert same.meaning == known.meaning
        other = await _keep(reading, session, a_request("r2", version=3, text="Iets anders.", **talked), Side.REQUEST)
        assert other.meaning is None


async def test_a_vector_is_kept_with_what_made_it_and_whether_it_is_looked_for(reading):
    request = a_request()
    await reading.when(request)
    ((make, is_open, _),) = await kept(reading, request.request_id)
    assert (make, is_open) == (MAKE, True)

    await reading.when(a_request(request.request_id, said=RequestClosed, version=2, status=Status.WITHDRAWN))
    ((make, is_open, vector),) = await kept(reading, request.request_id)
    assert (make, is_open) == (MAKE, False)
    assert vector


async def test_who_is_forgotten_leaves_no_vector(reading):
    request = a_request(member_id="m-gone")
    await reading.when(request)
    assert await kept(reading, request.request_id)

    await reading.when(MemberErased(member_id="m-gone", version=9))

    assert await kept(reading, request.request_id) == []


async def test_a_batch_is_read_once_though_it_is_delivered_again_before_it_was_kept(reading, monkeypatch):
    read_by_the_model = []
    embed = similarity._embed

    def noting(text: str, side: Side) -> str | None:
        read_by_the_model.append(text)
        return embed(text, side)

    monkeypatch.setattr(similarity, "_embed", noting)
    batch = [a_request(title=f"Gastles over {new_id()}") for _ in range(3)]

    first = await read_meanings(batch, reading.service)
    again = await read_meanings(batch, reading.service)

    assert first == again
    assert len(read_by_the_model) == 3
