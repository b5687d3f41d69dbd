"""What all services of a node keep, row by row: to see that nothing of somebody was changed."""

from collections.abc import Mapping

from chassis.service import Service
from tests.hostile.world import World

Rows = dict[tuple[str, ...], str]

#: What is kept of the way of events and calls, and of how much somebody asks: nobody's things.
OF_ITS_OWN = {"inbox", "outbox", "said", "stored_reply", "feed", "partner", "credential", "attempt", "delivery"}

#: What the node itself writes down meanwhile: when somebody was here, how its calls to an endpoint went.
WRITTEN_MEANWHILE = "ARRAY['seen_at', 'failures', 'failing_since', 'succeeded_at', 'paused_until']"


def columns_of(service: Service) -> set[str]:
    """Every column of every table."""
    return {column.name for table in service.tables.metadata.tables.values() for column in table.columns}


async def rows(world: World, wired: Mapping[str, Service]) -> Rows:
    """Every row of every table, by service, table and key."""
    found: Rows = {}
    for name, service in wired.items():
        for table in service.tables.metadata.sorted_tables:
            if table.name in OF_ITS_OWN:
                continue
            key = ", ".join(f"t.{column.name}::text" for column in table.primary_key)
            row = f"(to_jsonb(t) - {WRITTEN_MEANWHILE})::text AS row"
            told = await world.look.rows(name, f"SELECT ARRAY[{key}] AS key, {row} FROM {table.name} t")
            found |= {(name, table.name, *row["key"]): row["row"] for row in told}
    return found


def changed(before: Rows, after: Rows) -> list[str]:
    """What was there and is not any more, or is not as it was."""
    return [f"{' '.join(key)}: {row} -> {after.get(key)}" for key, row in before.items() if after.get(key) != row]
