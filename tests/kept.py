"""Whatever a service keeps, as text in which a name, an address or an id can be looked for."""

from sqlalchemy import text

from chassis import Service


async def rows_kept(service: Service) -> list[tuple[str, str]]:
    """Every row of every table: the table's name and what stands in the row, bodies as they were written."""
    found = []
    async with service.engine.connect() as connection:
        for table in service.tables.metadata.sorted_tables:
            rows = await connection.execute(text(f'SELECT * FROM "{table.name}"'))
            found += [(table.name, " ".join(map(_readable, row))) for row in rows]
    return found


def _readable(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
