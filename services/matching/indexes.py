"""The indexes of a model's vectors, one for each side: made and removed while matching goes on."""

import asyncio

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.vocabulary import Side

#: How the index is built. With pgvector's own choice (16 and 64) it misses whole groups of texts that are much alike:
#: of the 30 nearest it found 94 % among 100,000 offers, and for a few requests none.
INDEX_OPTIONS = "m = 24, ef_construction = 200"


def index_name(model_id: int, side: Side) -> str:
    """The index of a model's vectors of what is open."""
    return f"ix_meaning_{model_id}_{side.value}"


async def make_indexes(engine: AsyncEngine, model_id: int, dimensions: int) -> None:
    """Makes a model's indexes where they lack, while matching goes on; one that was broken off is made anew."""
    for side in Side:
        name = index_name(model_id, side)
        async with engine.connect() as connection:
            valid = (await connection.execute(_IS_VALID, {"name": name})).scalar_one_or_none()
        if valid:
            continue
        if valid is False:
            await _while_others_work(engine, f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        await _while_others_work(
            engine,
            f"""
            CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON meaning
            USING hnsw ((vector::halfvec({dimensions})) halfvec_cosine_ops) WITH ({INDEX_OPTIONS})
            WHERE model_id = {model_id} AND side = '{side.value}' AND is_open
            """,
        )


async def drop_indexes(engine: AsyncEngine, model_id: int) -> None:
    """Removes a model's indexes while matching goes on."""
    for side in Side:
        await _while_others_work(engine, f"DROP INDEX CONCURRENTLY IF EXISTS {index_name(model_id, side)}")


async def _while_others_work(engine: AsyncEngine, statement: str) -> None:
    """Two such statements on one table may wait for each other; the one that the database breaks off is done again."""
    for attempt in range(20):
        try:
            async with engine.connect() as connection:
                connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
                await connection.execute(text(statement))
                return
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != _DEADLOCK or attempt == 19:
                raise
            await asyncio.sleep(0.1 * (attempt + 1))


_DEADLOCK = "40P01"

_IS_VALID = text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")
