"""What is done by one at a time, also beside the release before: it waits at the same numbers."""

import pytest
from sqlalchemy import text

from chassis.locks import lock_number, one_at_a_time, together, unless_busy

#: What holds a lock, and whether the release before would get it by its own words.
OF_THE_RELEASE_BEFORE = [
    ("address noor@school.example", "pg_try_advisory_xact_lock(hashtextextended('address noor@school.example', 0))"),
    (lock_number("introduction m-1"), "pg_try_advisory_xact_lock(968870418)"),
    (0x0D4_0002, "pg_try_advisory_xact_lock_shared(13893634)"),
]


async def is_free(lending, lock: str) -> bool:
    async with lending.service.engine.connect() as other:
        return bool((await other.execute(text(f"SELECT {lock}"))).scalar_one())


@pytest.mark.parametrize(("what", "of_before"), OF_THE_RELEASE_BEFORE)
async def test_until_the_commit_nobody_else_is_busy_with_it_nor_the_release_before(lending, what, of_before):
    async with lending.session() as session:
        await one_at_a_time(session, what)
        assert not await is_free(lending, of_before)
        await session.commit()

    assert await is_free(lending, of_before)


async def test_those_who_are_together_busy_with_it_keep_out_only_who_is_so_alone(lending):
    async with lending.session() as one, lending.session() as another:
        await together(one, 7)
        await together(another, 7)

        assert not await is_free(lending, "pg_try_advisory_xact_lock(7)")


async def test_what_somebody_is_busy_with_is_not_waited_for(lending):
    engine = lending.service.engine
    async with unless_busy(engine, "a round") as mine, unless_busy(engine, "a round") as also_mine:
        assert (mine, also_mine) == (True, False)

    async with unless_busy(engine, "a round") as mine:
        assert mine
