"""Messages to devices: sealed so that the device alone reads them, when its member wants them, and once."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import text

from chassis.outward import Answer
from chassis.sql import run
from contracts.event import new_id
from contracts.gateway import SignedOutOfDevice
from contracts.matching import MatchAnswered, MatchEndorsed, RequestUnanswered
from contracts.members import MemberErased, MemberLeft, MemberMerged, MemberParted
from node.secrets import new_push_key
from services.notify.moments import Wishes
from services.notify.push import rules
from services.notify.templates import Category
from tests.catching import catching
from tests.counting import counted
from tests.given import eventually, fresh_name
from tests.notify.conftest import Notify, a_match, a_notify, a_person
from tests.notify.pushing import Device, PushService, a_push_service, decoded, opened

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def test_the_device_of_these_tests_reads_the_example_of_the_rfc():
    """RFC 8291, appendix A: what these tests read with is right, so what it reads is sealed rightly."""
    private = ec.derive_private_key(
        int.from_bytes(decoded("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94")), ec.SECP256R1()
    )
    sealed = decoded(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A"
        "_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )

    assert opened(sealed, private, decoded("BTBZMqHH6r4Tts7J_aSIgg")) == b"When I grow up, I want to be a watermelon"


def test_when_a_message_goes():
    """Quiet hours hold it back; what was read, left out or is a day old is not told any more."""
    at_night = NOW.replace(hour=22)
    quiet = Wishes(quiet_from=22, quiet_until=7)

    def when(wishes: Wishes, *, was_read: bool = False, since: datetime = at_night, now: datetime = at_night) -> Any:
        return rules.when(wishes, Category.PROPOSALS, was_read=was_read, since=since, now=now)

    assert when(Wishes()) == at_night
    assert when(quiet) == datetime(2026, 11, 27, 6, 0, tzinfo=UTC)
    assert when(Wishes(muted=["proposals"])) == at_night  # how it is mailed is another choice
    assert when(Wishes(not_pushed=["proposals"])) is None
    assert when(Wishes(), was_read=True) is None
    assert when(Wishes(), since=at_night - timedelta(days=1, seconds=1)) is None


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (Answer(1, 201), "taken"),
        *((Answer(1, status), "gone") for status in (401, 403, 404, 410)),
        *((Answer(1, status), "refused") for status in (301, 400, 413)),
        *((Answer(1, status), "away") for status in (408, 429, 500, 503)),
        (Answer(1, problem="too-slow"), "away"),
    ],
)
def test_what_an_answer_of_a_push_service_means(answer, verdict):
    assert rules.verdict(answer) == verdict


def test_who_asks_for_patience_gets_it():
    assert rules.next_try(1, NOW, Answer(1, 503), 0.5) == NOW + timedelta(seconds=5)
    assert rules.next_try(9, NOW, Answer(1, 503), 0.5) == NOW + timedelta(hours=1)
    assert rules.next_try(1, NOW, Answer(1, 429, retry_after=timedelta(hours=3)), 0.5) == NOW + timedelta(hours=3)


@pytest.fixture(scope="module")
async def push_service() -> AsyncIterator[PushService]:
    """The push service of all browsers here."""
    async with a_push_service() as made:
        yield made


@pytest.fixture(scope="module")
async def notify(postgres: Any, nats: Any, tmp_path_factory: Any) -> AsyncIterator[Notify]:
    """A service that tells devices, on addresses inside too: the push service of these tests is there."""
    key = tmp_path_factory.mktemp("push") / "key.json"
    key.write_text(new_push_key())
    settings = {"push_private_key_file": key, "push_to_private": True}
    async with catching() as catcher, a_notify(postgres, nats, catcher, **settings) as notify:
        yield notify


async def test_who_is_told_on_no_device_costs_no_look_for_what_devices_are_to_be_told(
    postgres, nats, own_catcher, push_service, tmp_path
):
    """The next look would come a minute later; who has a device is told at once all the same."""
    key = tmp_path / "key.json"
    key.write_text(new_push_key())
    settings = {"push_private_key_file": key, "push_to_private": True, "mail_poll_seconds": 60}
    async with counted(postgres) as ways, a_notify(ways, nats, own_catcher, **settings) as notify:
        (asker, offerer), others = await a_pair(notify), await a_pair(notify)
        phone = push_service.a_device()
        await turned_on(notify, offerer.member_id, phone)
        a_look = {"BEGIN;", "BEGIN ISOLATION LEVEL READ COMMITTED;"}  # how it begins, for the driver's first and others
        ways.asked.clear()

        await notify.publish(MatchEndorsed(**a_match(*others)))
        for other in others:
            await own_catcher.mail(other.email)

        assert not a_look.intersection(ways.asked)

        await notify.publish(MatchEndorsed(**a_match(asker, offerer)))
        await shown(push_service, phone)

        assert a_look.intersection(ways.asked)


async def turned_on(notify: Notify, member_id: str, device: Device, device_id: str | None = None, **also: Any) -> str:
    """A member is told on a device from now on; how it is called."""
    device_id = device_id or fresh_name("a-device-somewhere")
    client = notify.running.http_as(member_id, **also)
    answer = await client.put(f"/v1/push-devices/{device_id}", json=device.given)
    assert answer.status_code == 204, answer.text
    return device_id


async def shown(push_service: PushService, device: Device, count: int = 1) -> list[dict[str, str]]:
    """What a device shows, as soon as it is so much."""

    async def came() -> bool:
        return len(push_service.calls_for(device)) >= count

    await eventually(came, within=60, saying=f"{count} messages")
    return push_service.shown(device)


async def nothing_waits(notify: Notify, *device_ids: str) -> None:
    """Returns when no message to a device is on its way or waits for another try."""
    asked = text("SELECT count(*) FROM push WHERE device_id = ANY(:device_ids)")

    async def empty() -> bool:
        async with notify.running.session() as session:
            values = {"device_ids": list(device_ids)}
            return not (await (await session.connection()).execute(asked, values)).scalar_one()

    await eventually(empty, within=60, saying="no message that waits")


async def waiting(notify: Notify, device_id: str, least_seconds: int = 300, most_seconds: int = 10**6) -> datetime:
    """When the message to a device is due that is put off, as soon as it is."""

    async def put_off() -> datetime | None:
        asked = text("SELECT due_at FROM push WHERE device_id = :device_id")
        async with notify.running.session() as session:
            due = (await (await session.connection()).execute(asked, {"device_id": device_id})).scalar()
        return due if due and least_seconds < (due - notify.running.clock()).total_seconds() < most_seconds else None

    found = await eventually(put_off, within=60, saying="a message that is put off")
    assert isinstance(found, datetime)
    return found


async def a_pair(notify: Notify) -> tuple[Any, Any]:
    """Who asks and who offers, known here."""
    asker, offerer = a_person("Noor Jansen"), a_person("Sem de Vries")
    await notify.running.given(asker, offerer)
    return asker, offerer


async def test_a_member_is_told_on_each_of_their_devices_once_and_names_nobody(notify, push_service):
    asker, offerer = await a_pair(notify)
    phone, laptop = push_service.a_device(), push_service.a_device()
    both = [await turned_on(notify, asker.member_id, device) for device in (phone, laptop)]
    match = MatchEndorsed(**a_match(asker, offerer))

    await notify.when(match, delivered_times=2)
    await notify.when(match)

    for device in (phone, laptop):
        (told,) = await shown(push_service, device)
    mail = await notify.kept(asker)
    assert told == {
        "title": "Om de Hoek Utrecht",
        "body": "Om de hoek gevonden: Stageplek in de werkplaats",
        "path": f"/matches/{match.match_id}",
        "tag": mail.notification_id,
        "lang": "nl",
    }
    assert notify.subjects(asker) == [told["body"]]
    await nothing_waits(notify, *both)
    assert [len(push_service.calls_for(one)) for one in (phone, laptop)] == [1, 1]
    headers, body = push_service.calls_for(phone)[0]
    assert (headers["topic"], headers["content-encoding"]) == (told["tag"].replace("-", ""), "aes128gcm")
    assert (headers["scheme"], headers["sub"]) == ("vapid", "mailto:noreply@utrecht.omdehoek.example")
    assert 0 < int(headers["ttl"]) <= 86_400
    assert b"Stage" not in body
    known = await notify.running.http_as(asker.member_id).get("/v1/push-devices")
    assert known.json()["public_key"] == headers["key"]


async def test_what_is_left_out_is_not_told_and_quiet_hours_hold_the_rest_until_they_are_turned_off(
    notify, push_service
):
    asker, offerer = await a_pair(notify)
    device = push_service.a_device()
    device_id = await turned_on(notify, asker.member_id, device)
    client, hour = notify.running.http_as(asker.member_id), notify.running.clock().hour
    chosen = (await client.get("/v1/preferences")).json()
    names = ("desk", "proposals", "reminders", "unanswered", "outcomes", "initiatives")
    chosen = {name: chosen[name] for name in names} | {"pushed": ["unanswered"]}

    async def choose(version: int, **more: Any) -> None:
        answer = await client.put("/v1/preferences", json=chosen | more, headers={"If-Match": f'"{version}"'})
        assert answer.status_code == 200, answer.text

    await choose(1)

    await notify.when(MatchEndorsed(**a_match(asker, offerer)))
    await nothing_waits(notify, device_id)
    await choose(2, quiet_from=hour, quiet_until=(hour + 6) % 24)  # now, whatever the hour is in Amsterdam
    member = {"member_id": asker.member_id, "title": "Wie weet raad?", "request_id": fresh_name("request")}
    await notify.when(an_unanswered_request(**member))

    assert await waiting(notify, device_id) > notify.running.clock()
    assert push_service.calls_for(device) == []

    await choose(3)
    await nothing_waits(notify, device_id)
    assert len(push_service.calls_for(device)) == 1


async def test_what_is_answered_in_quiet_hours_is_not_asked_after_them(notify, push_service):
    asker, offerer = await a_pair(notify)
    device = push_service.a_device()
    device_id = await turned_on(notify, asker.member_id, device)
    client, hour = notify.running.http_as(asker.member_id), notify.running.clock().hour
    chosen = (await client.get("/v1/preferences")).json()
    names = ("desk", "proposals", "reminders", "unanswered", "outcomes", "initiatives")
    quiet = {name: chosen[name] for name in names} | {"pushed": ["proposals"]}
    quiet |= {"quiet_from": hour, "quiet_until": (hour + 6) % 24}
    assert (await client.put("/v1/preferences", json=quiet, headers={"If-Match": '"1"'})).status_code == 200
    match = a_match(asker, offerer)
    await notify.running.when(MatchEndorsed(**match | {"version": 2}))
    await waiting(notify, device_id)

    await notify.running.when(MatchAnswered(**match | {"version": 3}, side="request", accepted=True))
    notify.running.clock.move(hours=7)

    await nothing_waits(notify, device_id)
    assert push_service.calls_for(device) == []


def test_what_is_over_when_quiet_hours_end_is_never_pushed():
    night = Wishes(quiet_from=22, quiet_until=7)
    at = datetime(2026, 11, 26, 22, 0, tzinfo=UTC)
    over = {hours: at + timedelta(hours=hours) for hours in (1, 8, 9)}  # quiet hours end at seven in Amsterdam

    goes = {
        hours: rules.when(night, None, was_read=False, since=at, now=at, expires_at=moment)
        for hours, moment in over.items()
    }

    assert goes == {1: None, 8: None, 9: at + timedelta(hours=8)}


def an_unanswered_request(**about: Any) -> RequestUnanswered:
    """That no answer was found yet."""
    return RequestUnanswered(**about)


async def test_the_device_of_somebody_else_is_not_taken_over_by_its_name(notify, push_service):
    asker, offerer = await a_pair(notify)
    device_id = await turned_on(notify, asker.member_id, push_service.a_device())

    await turned_on(notify, offerer.member_id, push_service.a_device(), device_id)

    clients = [notify.running.http_as(one.member_id) for one in (asker, offerer)]
    told = [(await client.get("/v1/push-devices")).json()["device_ids"] for client in clients]
    assert told == [[device_id], []]


async def test_a_push_service_that_is_away_is_asked_again_and_a_device_that_is_gone_is_not(notify, push_service):
    asker, offerer = await a_pair(notify)
    device = push_service.a_device()
    device_id = await turned_on(notify, asker.member_id, device)
    push_service.answers.append(web.Response(status=503))
    await notify.when(MatchEndorsed(**a_match(asker, offerer)))
    await waiting(notify, device_id, 0, 10)  # it is claimed for longer
    notify.running.clock.move(seconds=10)
    first, again = await shown(push_service, device, 2)
    assert first == again  # the same tag: it takes the place of the first
    await nothing_waits(notify, device_id)

    push_service.answers.append(web.Response(status=410))
    await notify.when(MatchEndorsed(**a_match(asker, offerer)))
    await shown(push_service, device, 3)

    async def gone() -> bool:
        return (await notify.running.http_as(asker.member_id).get("/v1/push-devices")).json()["device_ids"] == []

    await eventually(gone, within=60, saying="a device that is told no more")


async def test_what_only_a_later_release_tells_waits_for_it_and_the_rest_goes(notify, push_service):
    noor, offerer = await a_pair(notify)
    device = push_service.a_device()
    device_id = await turned_on(notify, noor.member_id, device)
    item_id = new_id()
    item = """
        INSERT INTO inbox_item (item_id, member_id, template, matter_id, occurrence, facts, about, created_at)
        VALUES (:item_id, :member_id, 'of-a-later-release', 'x', '', '{}', '{}', now())
    """
    push = """
        INSERT INTO push (item_id, device_id, notification_id, since, due_at, tries)
        VALUES (:item_id, :device_id, :item_id, :now, :now, 0)
    """
    values = {"item_id": item_id, "member_id": noor.member_id, "device_id": device_id, "now": notify.running.clock()}
    async with notify.running.session() as session:
        for statement in (item, push):
            await run(session, text(statement), values)
        await session.commit()

    await notify.when(MatchEndorsed(**a_match(noor, offerer)))

    assert len(await shown(push_service, device)) == 1
    async with notify.running.session() as session:
        kept = await run(session, text("SELECT tries FROM push WHERE item_id = :item_id"), {"item_id": item_id})
        assert [row.tries for row in kept] == [0]


async def test_who_signs_out_leaves_or_is_erased_is_told_there_no_more(notify, push_service):
    for end in (
        lambda who, device_id: SignedOutOfDevice(device_id=device_id),
        lambda who, device_id: MemberLeft(member_id=who),
        lambda who, device_id: MemberErased(member_id=who),
    ):
        person = a_person()
        await notify.running.given(person)
        device_id = await turned_on(notify, person.member_id, push_service.a_device())
        kept = notify.running.http_as("gateway", roles=("gateway",))
        asked = {"member_id": person.member_id}
        told = (await kept.get("/internal/kept", params=asked)).json()["push-devices"]
        assert [one["push_service"] for one in told] == [push_service.url.split("/")[2]]

        await notify.when(end(person.member_id, device_id))

        assert (await kept.get("/internal/kept", params=asked)).json()["push-devices"] == []


async def test_a_browser_tells_who_asked_last_and_one_person_all_that_they_are_known_as(notify, push_service):
    asker, offerer = await a_pair(notify)
    device = push_service.a_device()
    await turned_on(notify, offerer.member_id, device)
    await turned_on(notify, asker.member_id, device)
    other = a_person("Noor Jansen", email="noor@elders.example")
    await notify.running.given(other, MemberMerged(member_id=other.member_id, into=asker.member_id, version=2))
    await notify.when(MatchEndorsed(**a_match(other, offerer)))

    bodies = [one["body"] for one in await shown(push_service, device)]
    assert bodies == ["Om de hoek gevonden: Stageplek in de werkplaats"]


async def test_who_are_parted_are_told_on_no_device_that_may_be_of_the_other(notify, push_service):
    noor, nora = a_person("Noor Jansen"), a_person("Nora Jansen")
    await notify.running.given(noor, nora, MemberMerged(member_id=nora.member_id, into=noor.member_id, version=2))
    await turned_on(notify, noor.member_id, push_service.a_device(), also=(nora.member_id,))  # in whose hands?

    await notify.when(MemberParted(member_id=nora.member_id, from_id=noor.member_id, version=3))

    for person in (noor, nora):
        told = await notify.running.http_as(person.member_id).get("/v1/push-devices")
        assert told.json()["device_ids"] == []


async def test_what_is_no_device_is_refused(notify, push_service):
    device, client = push_service.a_device().given, notify.running.http_as(a_person().member_id)
    wrong = (
        {"p256dh": device["p256dh"][:-4]},
        {"p256dh": "AAAA"},
        {"p256dh": "ø"},
        {"auth": "AAAA"},
        {"endpoint": "ftp://push.example/1"},
        {"endpoint": "https://noor:geheim@push.example/1"},
    )

    for one in wrong:
        answer = await client.put("/v1/push-devices/a-device-somewhere", json=device | one)
        assert answer.status_code == 422, one


async def test_nothing_inside_the_network_is_reached_by_a_device(postgres, nats, tmp_path, push_service):
    """Whoever gives an address inside as their push service: the call is not made, whatever the address is called."""
    key = tmp_path / "key.json"
    key.write_text(new_push_key())
    async with catching() as catcher, a_notify(postgres, nats, catcher, push_private_key_file=key) as notify:
        asker, offerer = await a_pair(notify)
        inside = push_service.a_device()
        client = notify.running.http_as(asker.member_id)
        plain = await client.put("/v1/push-devices/a-device-somewhere", json=inside.given)
        assert plain.status_code == 422
        over_tls = Device(inside.endpoint.replace("http://127.0.0.1", "https://localhost"))
        await turned_on(notify, asker.member_id, over_tls)

        await notify.when(MatchEndorsed(**a_match(asker, offerer)))

        async def was_tried() -> bool:
            async with notify.running.session() as session:
                tries = (await (await session.connection()).execute(text("SELECT tries FROM push"))).scalar()
            return bool(tries)

        await eventually(was_tried, within=60, saying="a try")
        assert push_service.calls_for(inside) == push_service.calls_for(over_tls) == []
