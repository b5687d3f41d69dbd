"""What a service keeps about somebody, for who asks for all of their own data: a question per sort of thing.

Only the gateway asks, for the caller alone. Each question is a SELECT with `:who`, all references of one person; what
it gives is shown as it is, so it leaves out what is another person's, and secrets.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import text

from chassis.identity import FromGateway
from chassis.service import ReadSession

Kept = dict[str, list[dict[str, Any]]]


def kept_router(questions: Mapping[str, str]) -> APIRouter:
    """The route that answers them; the names are those that a page has words for."""
    router = APIRouter(prefix="/internal", include_in_schema=False)
    asked = {name: text(f"SELECT to_jsonb(kept) FROM ({question}) AS kept") for name, question in questions.items()}

    @router.get("/kept")
    async def show_kept(
        _: FromGateway, session: ReadSession, member_id: Annotated[list[str], Query(max_length=100)]
    ) -> Kept:
        connection = await session.connection()
        return {
            name: list((await connection.execute(question, {"who": member_id})).scalars())
            for name, question in asked.items()
        }

    return router
