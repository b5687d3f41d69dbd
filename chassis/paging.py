"""Pages of a list by cursor: newest first, by the time-ordered id, so that a page is right while rows come in."""

from collections.abc import Callable, Sequence
from typing import Annotated, Generic, Self, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel, Field

View = TypeVar("View")


class PageAsked(BaseModel):
    """Where a page begins and how long it is; ask the database for `limit + 1` rows with an id below `cursor`."""

    cursor: str | None
    limit: int


async def _paging(  # a coroutine, for FastAPI would hand anything else to a thread
    cursor: Annotated[str | None, Query(max_length=128, description="`next_cursor` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> PageAsked:
    return PageAsked(cursor=cursor, limit=limit)


Paging = Annotated[PageAsked, Depends(_paging)]


class Page(BaseModel, Generic[View]):
    """One page of a list."""

    items: list[View]
    next_cursor: str | None = Field(default=None, description="Ask the next page with it; none on the last page.")

    @classmethod
    def of(cls, views: Sequence[View], paging: PageAsked, *, key: Callable[[View], str]) -> Self:
        """A page from at most `limit + 1` views: the one too many says that there is a next page."""
        items = list(views[: paging.limit])
        return cls(items=items, next_cursor=key(items[-1]) if len(views) > paging.limit else None)
