"""What the index of words holds, and that candidates are found by an index."""

from importlib import import_module

import pytest
from sqlalchemy import text

from contracts.vocabulary import Side
from services.matching import candidates, propositions
from services.matching.settings import MatchingSettings
from services.matching.similarity import meanings
from services.matching.store import ask, take_turn
from services.matching.words import EVERYDAY
from tests.matching.conftest import a_request


async def test_the_index_of_words_leaves_out_what_everybody_writes(matching):
    migration = import_module("services.matching.migrations.0001_first")
    assert migration.EVERYDAY == EVERYDAY, "the column has to be made anew by a migration"

    await matching.when(a_request("r", title="Onze warmtepomp", text=EVERYDAY))

    async with matching.service.engine.connect() as connection:
        words = (await connection.execute(text("SELECT tsvector_to_array(words) FROM proposition"))).scalar_one()
    assert words == ["warmtepomp"]


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
