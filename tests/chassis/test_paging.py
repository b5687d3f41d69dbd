"""A list comes in pages, and a page is right while rows come in."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from chassis import FieldErrors
from chassis.paging import PageAsked, cursor_of, moment
from tests.chassis.lending import Tool


async def keep(lending, *numbers):
    async with lending.session() as session:
        session.add_all(Tool(tool_id=f"tool-{number}", lent_to="Noor", version=1) for number in numbers)
        await session.commit()


async def page(lending, cursor=None):
    """The numbers of the tools on a page of two, and where the next one begins."""
    params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
    answer = (await lending.http.get("/v1/tools", params=params)).json()
    return [int(item["tool_id"].removeprefix("tool-")) for item in answer["items"]], answer["next_cursor"]


async def test_every_row_is_on_one_page_and_the_last_page_has_no_next(lending):
    await keep(lending, 1, 2, 3, 4, 5)

    first, cursor = await page(lending)
    second, cursor = await page(lending, cursor)
    third, cursor = await page(lending, cursor)

    assert (first, second, third, cursor) == ([5, 4], [3, 2], [1], None)


async def test_a_full_last_page_has_no_next(lending):
    await keep(lending, 1, 2)

    assert await page(lending) == ([2, 1], None)


async def test_rows_that_come_in_meanwhile_move_nothing(lending):
    await keep(lending, 1, 2, 3)
    first, cursor = await page(lending)

    await keep(lending, 4, 5)

    assert (first, await page(lending, cursor)) == ([3, 2], ([1], None))


async def test_there_may_be_nothing(lending):
    assert await page(lending) == ([], None)


# A list that goes by a day or a moment.


def asked(cursor):
    return PageAsked(cursor=cursor, limit=2)


def test_a_page_goes_on_after_the_moment_or_the_day_of_its_cursor():
    at = datetime(2026, 11, 30, 14, 30, 0, 123456, timezone(timedelta(hours=1)))

    assert asked(cursor_of(at, "tool~1")).after(moment) == (at.astimezone(UTC), "tool~1")
    assert asked(cursor_of(date.max, "tool-1")).after(date.fromisoformat) == (date.max, "tool-1")
    assert asked(None).after(moment) is asked("").after(moment) is None


@pytest.mark.parametrize(
    "cursor", ["x", "~", "tool-1", "2026-11-30T14:30:00~x", "0001-01-01T00:00:00+14:00~x", "9999-12-31T23:59-01:00~x"]
)
def test_a_cursor_that_is_not_one_is_a_wrong_field(cursor):
    with pytest.raises(FieldErrors):
        asked(cursor).after(moment)
