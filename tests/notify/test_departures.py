"""Who left is mailed nothing any more but the link that they ask for, until they come back."""

from datetime import timedelta

import pytest

from contracts.event import new_id
from contracts.matching import MatchEndorsed
from contracts.members import MemberErased, MemberJoined, MemberLeft
from contracts.notify import DigestDue
from contracts.requests import InitiativeNews, Reader
from contracts.vocabulary import InitiativeStatus
from services.notify.push import devices
from services.notify.tables import Departure
from tests.notify.conftest import a_match, a_person
from tests.notify.test_digests import digests_gathered, proposals
from tests.notify.test_telling import a_link


@pytest.fixture
async def noor(notify):
    """A member, whom the service knows."""
    person = a_person("Noor Jansen")
    await notify.given(person, MemberJoined(member_id=person.member_id))
    return person


def left(person, version=2):
    return MemberLeft(member_id=person.member_id, version=version)


def silence_of(person):
    """What they did with somebody is quiet."""
    reader = Reader(member_id=person.member_id, other_organisation="Warmtewerk BV", other_member_id=new_id())
    told = {"initiative_id": new_id(), "news": "quiet", "title": "Zon op school", "readers": (reader,)}
    return InitiativeNews(**told, status=InitiativeStatus.RUNNING)


async def test_who_left_is_mailed_neither_what_was_gathered_nor_what_is_told_later(notify, noor):
    await proposals(notify, noor, 3)
    ((digest_id, _),) = (await digests_gathered(notify, noor)).items()
    told = notify.subjects(noor)
    await notify.given(left(noor))

    await notify.when(DigestDue(digest_id=digest_id), silence_of(noor))

    assert notify.subjects(noor) == told
    assert {mail.status for mail in await notify.mails_kept(noor)} == {"sent", "unwanted"}


async def test_who_left_gets_the_link_that_they_ask_for(notify, noor):
    await notify.given(left(noor))

    await notify.when(a_link(noor, notify.clock()))

    assert len(notify.mails(noor)) == 1


@pytest.mark.parametrize("turned", [False, True], ids=["in order", "the later one first"])
async def test_who_came_back_is_mailed_again_in_whatever_order_that_is_heard(notify, noor, turned):
    heard = [left(noor), MemberJoined(member_id=noor.member_id, version=3)]
    for event in reversed(heard) if turned else heard:
        await notify.given(event)

    await notify.when(MatchEndorsed(**a_match(noor, a_person("Vera"))))

    assert len(notify.mails(noor)) == 1


async def test_a_device_that_was_added_since_the_return_is_told_also_when_the_leaving_is_heard_late(notify, noor):
    async with notify.session() as session:
        for device, minutes in (("before", -1), ("since", 1)):
            at = notify.clock() + timedelta(minutes=minutes)
            whose = [noor.member_id]
            device_id, endpoint = f"{device}-{noor.member_id}", f"https://push.example/{new_id()}"
            await devices.keep(session, device_id, whose, endpoint=endpoint, p256dh="", auth="", now=at)
        await session.commit()

    await notify.when(left(noor))

    async with notify.session() as session:
        assert await devices.devices_of(session, [noor.member_id]) == [f"since-{noor.member_id}"]


async def test_of_who_was_erased_is_not_noted_that_they_left(notify, noor):
    await notify.given(left(noor))
    await notify.when(MemberErased(member_id=noor.member_id, version=3))
    await notify.when(left(noor, version=4))

    async with notify.session() as session:
        assert await session.get(Departure, noor.member_id) is None
