"""Devices and push services that do not answer: everybody else is told meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from contracts.matching import RequestUnanswered
from node.secrets import new_push_key
from services.notify.push import deliveries, sending
from tests.catching import catching
from tests.given import eventually, fresh_name
from tests.listening import listening
from tests.notify.conftest import Notify, a_notify, a_person
from tests.notify.pushing import Device, encoded


class Service:
    """A push service: what is posted to `/slow` it answers when the test is over."""

    def __init__(self) -> None:
        self.url = ""
        self.under_way, self.came = 0, list[str]()
        self.is_over = asyncio.Event()

    def a_device(self, path: str) -> Device:
        """A new one."""
        return Device(f"{self.url}/{path}/{encoded(fresh_name('device').encode())}")

    async def take(self, request: web.Request) -> web.Response:
        """Answers at once or, of a device that is slow, not."""
        self.came.append(str(request.url))
        if "/slow/" in request.path:
            self.under_way += 1
            await self.is_over.wait()
        return web.Response(status=201)


@pytest.fixture
async def services() -> AsyncIterator[tuple[Service, Service]]:
    """Two, at origins of their own."""
    one, other = Service(), Service()
    async with listening("/{how}/{device}", one.take) as one.url, listening("/{how}/{device}", other.take) as other.url:
        yield one, other
        for service in (one, other):
            service.is_over.set()


@pytest.fixture
async def notify(postgres: Any, nats: Any, tmp_path: Any, monkeypatch: Any) -> AsyncIterator[Notify]:
    """A service that waits for an answer for longer than a test does."""
    monkeypatch.setattr(sending, "SECONDS_MAX", 300.0)
    key = tmp_path / "key.json"
    key.write_text(new_push_key())
    settings = {"push_private_key_file": key, "push_to_private": True}
    async with catching() as catcher, a_notify(postgres, nats, catcher, **settings) as notify:
        yield notify


async def with_devices(notify: Notify, *devices: Device) -> str:
    """A member who is told on these."""
    person = a_person()
    await notify.running.given(person)
    for device in devices:
        client = notify.running.http_as(person.member_id)
        answer = await client.put(f"/v1/push-devices/{fresh_name('a-device-somewhere')}", json=device.given)
        assert answer.status_code == 204, answer.text
    return person.member_id


async def tell(notify: Notify, *member_ids: str) -> None:
    """Something new for each of them."""
    await notify.running.when(
        *(
            RequestUnanswered(member_id=member_id, title="Wie weet raad?", request_id=fresh_name("request"))
            for member_id in member_ids
        )
    )


async def came(service: Service, device: Device) -> None:
    """Returns when the device was told."""

    async def told() -> bool:
        return device.endpoint in service.came

    await eventually(told, within=30, saying="a message to who can be reached")


async def test_the_devices_of_one_member_that_hang_hold_up_nobody_else_at_their_push_service(notify, services):
    service, _ = services
    hanging = await with_devices(notify, *(service.a_device("slow") for _ in range(10)))
    phone = service.a_device("quick")
    other = await with_devices(notify, phone)
    await tell(notify, hanging, hanging, hanging)

    await tell(notify, other)

    await came(service, phone)
    assert service.under_way == deliveries.MEMBER_MAX


async def test_a_push_service_that_hangs_holds_up_no_other_one(notify, services):
    slow, good = services
    hanging = [await with_devices(notify, *(slow.a_device("slow") for _ in range(4))) for _ in range(7)]
    phone = good.a_device("quick")
    other = await with_devices(notify, phone)
    await tell(notify, *hanging)

    await tell(notify, other)

    await came(good, phone)
    assert slow.under_way == deliveries.SERVICE_MAX
