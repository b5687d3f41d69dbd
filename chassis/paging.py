"""Pages of a list by cursor: newest first, by the time-ordered id, so that a page is right while rows come in."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Generic, Self, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from chassis.problems import FieldErrors

View = TypeVar("View")
Begin = TypeVar("Begin", bound=date)


class PageAsked(BaseModel):
    """Where a page begins and how long it is; ask the database for `limit + 1` rows with an id below `cursor`.

    In a list of another order they come after what `after` reads of the cursor.
    """

    cursor: str | None
    limit: int

    def after(self, read: Callable[[str], Begin]) -> tuple[Begin, str] | None:
        """The day or the moment, and the id, of `cursor_of`: the page goes on after these. None for the first page.

        Raises `FieldErrors` for a cursor that is not one.
        """
        if not self.cursor:
            return None
        begin, _, its_id = self.cursor.partition("~")
        try:
            return read(begin), its_id
        except (ValueError, OverflowError):
            raise FieldErrors([("cursor", "must be a `next_cursor` that we gave")]) from None


def cursor_of(begin: date, its_id: str) -> str:
    """The cursor of a row in a list that goes by a day or a moment and then by id.

    The row itself is not needed for the next page: it may be gone by then, or stand elsewhere in the list.
    """
    return f"{begin.isoformat()}~{its_id}"


def moment(words: str) -> datetime:
    """A moment as a cursor has it; raises `ValueError`, or `OverflowError` for one outside the years of UTC."""
    found = datetime.fromisoformat(words)
    if found.tzinfo is None:
        raise ValueError("a moment has a time zone")
    return found.astimezone(UTC)


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
