"""Partners share the turns: a burst of one is told on a few at a time, and another's event is not behind it."""

from collections import Counter

import pytest
from sqlmodel import select

from contracts.members import RecordAccepted
from contracts.partners import EventAccepted, OrganisationTold
from services.partners.rules import TURN_SECONDS_MAX
from services.partners.tables import Receipt
from tests.given import eventually
from tests.partners.conftest import SCHOOL, SOURCE, an_event

BURST, IN_TURN = 30, 10


@pytest.fixture(scope="module")
def partners_settings():
    return {"partner_in_turn_max": IN_TURN}


async def a_burst(partners) -> list[dict]:
    events = [an_event("organisation", f"school-{n:03}", SCHOOL) for n in range(BURST)]
    return await partners.pushed(*events)


def of_the_centres(name: str) -> dict:
    data = {"name": name, "place": {"name": "Zwolle"}}
    return an_event("centre", name, data, source=SOURCE["centra"])


async def statuses(partners) -> Counter:
    async with partners.session() as session:
        return Counter((await session.exec(select(Receipt.status))).all())


async def test_of_a_burst_a_few_are_told_at_a_time_and_another_partner_is_told_at_once(partners):
    await a_burst(partners)
    await partners.pushed(of_the_centres("CIV Water"), partner="centra")

    told = await partners.said(OrganisationTold)

    assert Counter(one.partner_id for one in told) == {"docenten": IN_TURN, "centra": 1}


async def test_each_end_gives_the_next_its_turn_until_all_have_ended_once(partners):
    await a_burst(partners)
    answered: set[str] = set()

    while left := [told for told in await partners.said(OrganisationTold) if told.record_id not in answered]:
        assert len(left) <= IN_TURN
        answered |= {told.record_id for told in left}
        await partners.when(
            *(RecordAccepted(record_id=told.record_id, version=told.version, known_as=told.record_id) for told in left)
        )

    assert len(answered) == BURST
    assert len(await partners.heard_by(EventAccepted)) == BURST
    assert await statuses(partners) == {"accepted": BURST}


async def test_an_answer_that_never_comes_does_not_hold_up_the_rest_for_ever(partners):
    await a_burst(partners)
    assert len(await partners.said(OrganisationTold)) == IN_TURN

    partners.clock.move(seconds=TURN_SECONDS_MAX + 1)

    async def more_are_told() -> bool:
        return (await statuses(partners))["told"] == 2 * IN_TURN

    await eventually(more_are_told, saying="the look of every second")
