"""How often, how much and how slowly: what is too much is refused, and the others do not notice."""

import asyncio
import time
from ipaddress import ip_network

import pytest
from structlog.testing import capture_logs

from chassis.http import HEAD_BYTES_MAX, CarefulHttp
from services.gateway.limiting import Counts, RateLimits
from services.gateway.rules import TooManyCalls, client_address, unknown_proxy
from services.gateway.settings import GatewaySettings
from tests.gateway.conftest import another_gateway, slug


async def test_an_address_may_not_try_links_or_ask_them_without_end(street, postgres, nats):
    async with another_gateway(street, postgres, nats, sign_in_limit="3/minute", join_limit="2/minute") as other:
        tried = [await other.visitor().post("/api/v1/sessions", json={"token": "x"}) for _ in range(4)]
        asked = [await other.visitor().post("/api/v1/sign-in-links", json={"email": "a@b.example"}) for _ in range(4)]
        joins = [await other.visitor().post("/api/v1/members", json={}) for _ in range(3)]

    assert [answer.status_code for answer in tried] == [422, 422, 422, 429]
    assert [answer.status_code for answer in asked] == [202, 202, 202, 429]
    assert [answer.status_code for answer in joins] == [422, 422, 429]
    assert slug(tried[-1]) == "too-many-calls"
    assert 1 <= int(tried[-1].headers["retry-after"]) <= 61


async def test_a_member_may_not_call_without_end_and_others_do_not_notice(street, postgres, nats):
    async with another_gateway(street, postgres, nats, member_limit="3/minute") as other:
        busy, calm = await other.team(), await other.member()

        answers = [await busy.get("/api/v1/members/me") for _ in range(4)]

        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert (await calm.get("/api/v1/members/me")).status_code == 200


async def test_who_is_not_signed_in_is_limited_by_address(street, postgres, nats):
    async with another_gateway(street, postgres, nats, address_limit="2/minute") as other:
        answers = [await other.visitor().get("/api/v1/places?q=zeist") for _ in range(3)]

        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert (await other.visitor().get("/api/v1/members/me")).status_code == 429


async def test_a_client_cannot_choose_its_address(street, postgres, nats):
    async with another_gateway(street, postgres, nats, address_limit="2/minute") as other:
        answers = [
            await other.visitor(**{"X-Forwarded-For": f"198.51.100.{n}"}).get("/api/v1/places?q=zeist")
            for n in range(3)
        ]

    assert [answer.status_code for answer in answers] == [200, 200, 429]


async def test_a_proxy_that_is_trusted_tells_the_address(street, postgres, nats):
    async with another_gateway(
        street, postgres, nats, address_limit="2/minute", trusted_proxies="127.0.0.0/8, 10.0.0.0/8"
    ) as other:

        async def ask(forwarded_for: str) -> int:
            visitor = other.visitor(**{"X-Forwarded-For": forwarded_for})
            return (await visitor.get("/api/v1/places?q=zeist")).status_code

        assert [await ask("198.51.100.1") for _ in range(3)] == [200, 200, 429]
        assert await ask("198.51.100.2") == 200
        assert await ask("203.0.113.9, 198.51.100.1, 10.0.0.7") == 429


@pytest.mark.parametrize(
    ("peer", "told", "found"),
    [
        ("192.0.2.1", None, "192.0.2.1"),
        ("192.0.2.1", "203.0.113.9", "192.0.2.1"),  # nobody whom we trust
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9, nonsense", "10.0.0.1"),
        ("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (None, "203.0.113.9", "unknown"),
    ],
)
def test_whose_address_it_is(peer, told, found):
    assert client_address(peer, told, [ip_network("10.0.0.0/8")]) == found


@pytest.mark.parametrize(("trusted", "told"), [("", ["127.0.0.1"]), ("10.0.0.1", ["127.0.0.1"]), ("127.0.0.1", [])])
async def test_a_proxy_that_nobody_named_is_told_to_the_operator_once(street, postgres, nats, trusted, told):
    with capture_logs() as logs:
        async with another_gateway(street, postgres, nats, trusted_proxies=trusted) as other:
            await other.visitor().get("/api/v1/places?q=zeist")
            for n in range(2):
                proxied = other.visitor(**{"X-Forwarded-For": f"198.51.100.{n}"})
                assert (await proxied.get("/api/v1/places?q=zeist")).status_code == 200

    assert [one["address"] for one in logs if one["event"].startswith("a proxy is not believed")] == told


@pytest.mark.parametrize(
    ("peer", "told", "found"),
    [
        ("10.0.0.1", "203.0.113.9", "10.0.0.1"),
        ("::ffff:10.0.0.1", "203.0.113.9", "10.0.0.1"),
        ("10.0.0.1", None, None),
        ("192.168.0.1", "203.0.113.9", None),  # whom we trust
        ("8.8.8.8", "203.0.113.9", None),  # a visitor who says so
        (None, "203.0.113.9", None),
    ],
)
def test_a_proxy_that_nobody_named_has_an_address_of_its_own_network(peer, told, found):
    assert unknown_proxy(peer, told, [ip_network("192.168.0.0/16")]) == found


async def test_the_defaults_let_thirty_people_sign_in_within_seconds(street):
    limits = RateLimits(GatewaySettings(identity_private_key_file=street.keys.private_file))
    for _ in range(60):
        await limits.count("sign-in", "127.0.0.1")
        await limits.count("sign-in-link", "127.0.0.1")
        await limits.count("join", "127.0.0.1")
    with pytest.raises(TooManyCalls):
        await limits.count("sign-in", "127.0.0.1")


async def test_a_window_ends_and_the_memory_stays_small(monkeypatch):
    counts, clock = Counts(), 1000.0
    monkeypatch.setattr("services.gateway.limiting.time.monotonic", lambda: clock)
    monkeypatch.setattr("services.gateway.limiting.COUNTED_MAX", 10)

    assert [await counts.incr("a", 60) for _ in range(2)] == [1, 2]
    clock += 61
    assert await counts.get("a") == 0
    assert await counts.incr("a", 60) == 1
    for n in range(100):
        await counts.incr(f"{n}", 60)
    assert await counts.reset() <= 10


async def test_a_clock_that_is_set_back_makes_no_window_longer(monkeypatch):
    counts, clock = Counts(), time.time()
    assert [await counts.incr("a", 60) for _ in range(2)] == [1, 2]

    monkeypatch.setattr("services.gateway.limiting.time.time", lambda: clock - 3600)
    until_it_ends = await counts.get_expiry("a") - time.monotonic()

    assert 0 < until_it_ends <= 60


async def test_a_large_body_is_refused_whether_its_size_is_told_or_not(street):
    async def parts():
        for _ in range(40):
            yield b"x" * 4096

    visitor = street.visitor(**{"Content-Type": "application/json"})

    told = await visitor.post("/api/v1/members", content=b"x" * 100_000)
    untold = await visitor.post("/api/v1/members", content=parts())

    assert (told.status_code, slug(told)) == (413, "body-too-large")
    assert (untold.status_code, slug(untold)) == (413, "body-too-large")


async def test_a_compressed_body_is_not_unpacked(street):
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}

    answer = await street.visitor(**headers).post("/api/v1/members", content=b"\x1f\x8b")

    assert answer.status_code == 415


@pytest.mark.parametrize("headers", [{"X-Long": "x" * 20_000}, {f"X-{n}": "x" for n in range(120)}])
async def test_too_many_headers_are_refused(street, headers):
    answer = await street.visitor(**headers).get("/api/v1/places?q=zeist")

    assert (answer.status_code, slug(answer)) == (431, "headers-too-large")


async def test_a_body_that_does_not_come_is_not_awaited(street, postgres, nats):
    async with another_gateway(street, postgres, nats, body_seconds_max=0.3) as other:
        head = (
            b"POST /api/v1/members HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"
        )
        answer = await raw(other.url, head)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"request-too-slow" in answer


async def test_a_head_without_end_is_cut_off(street):
    answer = await raw(street.url, b"GET / HTTP/1.1\r\nX-Endless: " + b"x" * (2 * HEAD_BYTES_MAX))

    assert answer.startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("beginning", [b"", b"\r\n", b"G", b"GET / HTTP/1.1\r\nHost: x\r\n"])
async def test_who_says_nothing_keeps_no_connection(street, monkeypatch, beginning):
    monkeypatch.setattr(CarefulHttp, "head_seconds_max", 0.2)

    answer = await raw(street.url, beginning)

    assert answer == b"" or answer.startswith(b"HTTP/1.1 408 ")


async def test_a_connection_serves_several_calls_one_after_the_other(street, monkeypatch):
    """Also when they are sent at once, and more slowly together than one head may be."""
    monkeypatch.setattr(CarefulHttp, "head_seconds_max", 0.3)
    call = b"GET /api/v1/places?q=zeist HTTP/1.1\r\nHost: x\r\n\r\n"
    host, port = street.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    began = time.monotonic()
    while time.monotonic() < began + 0.6:
        writer.write(call)
        assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
        await reader.readuntil(b"]")
    writer.write(call + call)
    await reader.readuntil(b"]")
    await reader.readuntil(b"]")
    writer.close()


async def raw(url: str, data: bytes) -> bytes:
    """Sends bytes as they are, and reads until the server closes the connection."""
    host, port = url.removeprefix("http://").split(":")
    async with asyncio.timeout(30):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(data)
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""
        finally:
            writer.close()
