"""The meetings to come that somebody signed up for: those alone, whatever else they signed up for since."""

import pytest

from tests.requests.test_listings import a_meeting


@pytest.fixture
def requests(region):
    """In a region, which has meetings of the nation too."""
    return region


async def signed_up(requests, *titles_and_days, **changes) -> dict[str, str]:
    """Noor signs up for meetings of Sem's, each so many days ahead; returns their addresses by their titles."""
    found = {}
    for title, days in titles_and_days:
        placed = await requests.placed("offer", "sem", **a_meeting(requests, days, title=title, **changes))
        found[title] = f"/v1/meetings/{placed['id']}/sign-up"
    await requests.quiet()
    for at in found.values():
        assert (await requests.noor.put(at, json={})).status_code == 200
    return found


async def to_come(requests, **asked) -> tuple[list[str], str | None]:
    """The titles of a page of them, and where the next begins."""
    answer = await requests.noor.get("/v1/meetings/mine", params={"to_come": True} | asked)
    assert answer.status_code == 200, answer.text
    return [one["meeting"]["title"] for one in answer.json()["items"]], answer.json()["next_cursor"]


async def test_what_is_far_away_is_not_pushed_off_by_what_is_over(requests):
    """Each of a page of meetings that she signed up for later has been."""
    await signed_up(requests, ("Congres", 300), *((f"Werkbezoek {day}", day) for day in range(20, 40)))

    requests.clock.move(days=60)

    assert await to_come(requests) == (["Congres"], None)


async def test_what_is_to_come_is_in_the_order_of_the_days_without_what_was_cancelled_or_called_off(requests):
    at = await signed_up(
        requests, ("Later", 30), ("Eerst", 10), ("Afgezegd", 12), ("Daarna", 20), ("Gaat niet door", 9)
    )
    assert (await requests.noor.delete(at["Afgezegd"])).status_code == 200
    off = at["Gaat niet door"].replace("meetings", "offers").replace("sign-up", "withdraw")
    assert (await requests.sem.post(off, headers={"If-Match": '"1"'})).status_code == 200
    await requests.quiet()

    first, cursor = await to_come(requests, limit=2)
    rest, end = await to_come(requests, limit=2, cursor=cursor)

    assert (first, rest, end) == (["Eerst", "Daarna"], ["Later"], None)


async def test_a_meeting_of_some_days_is_to_come_until_its_last(requests):
    day = a_meeting(requests, 12)["starts_on"]
    await signed_up(requests, ("Driedaagse", 10), ends_on=day, until_time=None)

    requests.clock.move(days=12)
    assert (await to_come(requests))[0] == ["Driedaagse"]
    requests.clock.move(days=1)
    assert (await to_come(requests))[0] == []
