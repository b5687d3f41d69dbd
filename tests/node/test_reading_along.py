"""Who reads along goes on after the number that they read last, also when the node was put back meanwhile."""

from datetime import UTC, datetime

import pytest

from chassis.database import engine_for, sessions_of
from node.keeping.servers import Servers
from services.partners import keys
from tests.node.test_restore import keep, node, put_back, rows
from tests.partners.conftest import NETWORK, SOURCE

__all__ = ["node"]

_NEXT_OF_A_FEED = """
    INSERT INTO feed (partner_id, ended, news) VALUES ('docenten', 1, 1)
    ON CONFLICT (partner_id) DO UPDATE SET ended = feed.ended + 1, news = feed.news + 1 RETURNING
    """


async def next_numbers(node: Servers) -> dict[str, int]:
    """What is told next to a partner, of its events and as news, and to somebody in their inbox."""
    inbox = await rows(node, "notify", "SELECT nextval('inbox_position')")
    ended = await rows(node, "partners", f"{_NEXT_OF_A_FEED} ended")
    news = await rows(node, "partners", f"{_NEXT_OF_A_FEED} news")
    return {"inbox": int(*inbox), "ended": int(*ended), "news": int(*news)}


@pytest.mark.parametrize("was_told", [True, False])
async def test_who_reads_along_is_told_what_comes_after_a_restore(node, tmp_path, was_told):
    engine = engine_for(node.databases["partners"], 1)
    async with sessions_of(engine)() as session:
        await keys.add(session, "docenten", NETWORK["docenten"], SOURCE["docenten"], datetime.now(UTC))
        await session.commit()
    await engine.dispose()
    if was_told:
        await next_numbers(node)
    await keep(node, tmp_path)
    for _ in range(3):
        read_last = await next_numbers(node)

    await put_back(node, tmp_path)

    comes_then = await next_numbers(node)
    assert not {of for of in read_last if comes_then[of] <= read_last[of]}
