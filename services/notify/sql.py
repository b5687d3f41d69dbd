"""Statements of SQL, where those say best what happens."""

from typing import Any

from sqlalchemy import CursorResult, TextClause
from sqlmodel.ext.asyncio.session import AsyncSession


async def run(session: AsyncSession, statement: TextClause, values: dict[str, Any] | None = None) -> CursorResult[Any]:
    """Runs a statement in the session's transaction."""
    return await (await session.connection()).execute(statement, values or {})
