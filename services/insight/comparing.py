"""Two projections side by side: what is the same, what is not, and what only the older one has."""

from dataclasses import dataclass
from typing import cast

import sqlalchemy as sa
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.sql import run
from services.insight.tables import FACTS

TABLES = [cast(sa.Table, table.__table__) for table in FACTS]  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Difference:
    """How many facts of a table are the same, other ones, new, or not told by the streams any more."""

    same: int
    other: int
    new: int
    untold: int

    @property
    def is_one(self) -> bool:
        """Whether there is any."""
        return bool(self.other or self.new or self.untold)


async def compare(session: AsyncSession, number: int) -> dict[str, Difference]:
    """How a projection differs from the current one, by table, at one moment: what is heard is in neither or in both.

    The session's transaction has not begun.
    """
    await run(session, text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    found = {}
    for table in TABLES:
        keys = ", ".join(column.name for column in table.primary_key if column.name != "projection")
        rows = f"SELECT {keys}, to_jsonb({table.name}) - 'projection' AS fact FROM {table.name} WHERE projection"
        query = f"""
            SELECT count(*) FILTER (WHERE old.fact = new.fact) AS same,
                   count(*) FILTER (WHERE old.fact <> new.fact) AS other,
                   count(*) FILTER (WHERE old.fact IS NULL) AS new,
                   count(*) FILTER (WHERE new.fact IS NULL) AS untold
            FROM ({rows} = (SELECT number FROM projection WHERE current)) AS old
            FULL JOIN ({rows} = :number) AS new USING ({keys})
            """
        row = (await run(session, text(query), {"number": number})).one_or_none()
        found[table.name] = Difference(row.same, row.other, row.new, row.untold)
    return found


async def take_over(session: AsyncSession, number: int) -> None:
    """What the streams do not tell any more is taken over from the current projection."""
    for statement in _BEGINNINGS:
        await run(session, statement, {"number": number})
    for table in TABLES:
        columns = ", ".join(column.name for column in table.columns if column.name != "projection")
        kept = f"""
            INSERT INTO {table.name} (projection, {columns})
            SELECT :number, {columns} FROM {table.name}
            WHERE projection = (SELECT number FROM projection WHERE current) ON CONFLICT DO NOTHING
            """
        await run(session, text(kept), {"number": number})


#: Where a stream has lost the first events of something, it still began when it began.
_BEGINNINGS = (
    text(
        """
        UPDATE proposition AS new SET first_version = old.first_version, placed_at = old.placed_at
        FROM proposition AS old
        WHERE new.projection = :number AND old.projection = (SELECT number FROM projection WHERE current)
          AND (old.node, old.proposition_id) = (new.node, new.proposition_id) AND old.first_version < new.first_version
        """
    ),
    text(
        """
        UPDATE match AS new SET proposed_at = COALESCE(new.proposed_at, old.proposed_at),
            endorsed_at = COALESCE(new.endorsed_at, old.endorsed_at),
            introduced_at = COALESCE(new.introduced_at, old.introduced_at)
        FROM match AS old
        WHERE new.projection = :number AND old.projection = (SELECT number FROM projection WHERE current)
          AND old.match_id = new.match_id AND (new.proposed_at, new.endorsed_at, new.introduced_at)
              IS DISTINCT FROM (old.proposed_at, old.endorsed_at, old.introduced_at)
        """
    ),
    text(
        """
        UPDATE initiative AS new SET started_at = old.started_at
        FROM initiative AS old
        WHERE new.projection = :number AND old.projection = (SELECT number FROM projection WHERE current)
          AND old.initiative_id = new.initiative_id AND old.started_at < new.started_at
        """
    ),
)
