"""The migrations make just the tables that the models describe, and can be undone."""

import pytest
from sqlalchemy import inspect, text

from chassis.database import alembic_config
from contracts.vocabulary import Side
from services.matching import candidates, propositions
from services.matching.app import service
from services.matching.rereading import read_anew
from services.matching.settings import MatchingSettings
from services.matching.similarity import meanings
from services.matching.store import ask, take_turn
from services.matching.words import EVERYDAY
from tests.given import migration_matches, running
from tests.matching.conftest import a_request


async def test_the_migrations_make_what_the_models_say(postgres, nats):
    async with running(service, postgres, nats) as started:
        assert await migration_matches(started.service) == []


async def test_the_migrations_can_be_undone(postgres, nats):
    from alembic import command

    def undo(connection):
        config = alembic_config("matching")
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        return inspect(connection).get_table_names()

    async with running(service, postgres, nats) as started:
        await started.quiet()
        async with started.service.engine.begin() as connection:
            assert await connection.run_sync(undo) == ["alembic_version"]


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


@pytest.mark.parametrize(
    ("index", "switched_off"),
    [
        ("ix_proposition_offer_meaning", ["enable_seqscan", "enable_bitmapscan", "enable_sort"]),
        ("ix_proposition_offer_spot", ["enable_seqscan", "enable_bitmapscan", "enable_sort"]),
        ("ix_proposition_offer_words", ["enable_seqscan", "enable_indexscan"]),
    ],
)
async def test_candidates_can_be_found_by_index(matching, index, switched_off):
    """Where there is little the planner reads it all; when it may not, it takes the index: the statement fits it."""
    request = a_request("r")
    async with matching.session() as session:
        await take_turn(session)
        (meaning,) = await meanings([request], MatchingSettings())
        known = await propositions.keep(session, request, Side.REQUEST, meaning, matching.clock())
        await ask(session, text(MANY_OFFERS))
        await ask(session, text("ANALYZE proposition"))
        for way in switched_off:
            await ask(session, text(f"SET LOCAL {way} = off"))
        statement, values = candidates.question(known, now=matching.clock(), most=3)
        plan = "\n".join(row[0] for row in await ask(session, text(f"EXPLAIN {statement.text}"), values))
        assert index in plan, plan


MANY_OFFERS = """
    INSERT INTO proposition (proposition_id, side, version, member_id, organisation_id, kind, themes, title, text,
        language, place_name, province, latitude, longitude, status, expires_at)
    SELECT 'o-' || n, 'offer', 1, 'm', 'o', 'guest-lesson', ARRAY[]::text[], 'Aanbod', md5(n::text), 'nl', 'Utrecht',
        'Utrecht', 52, 5, 'open', now() + interval '1 day'
    FROM generate_series(1, 3000) n
    """
