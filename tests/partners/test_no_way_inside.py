"""No webhook reaches an address inside: whatever it is called, and whenever its name leads there."""

import asyncio
import socket
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from chassis import outward
from chassis.outward import Caller, check_url, is_public

INSIDE = (
    *("127.0.0.1", "127.8.9.1", "0.0.0.0", "10.0.0.7", "172.16.0.1", "172.31.255.254", "192.168.1.1", "100.64.0.1"),
    *(
        "169.254.169.254",
        "192.0.0.8",
        "192.88.99.1",
        "192.0.2.1",
        "198.18.0.1",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
    ),
    *("239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%lo", "fc00::1", "fd12::5"),
    *(
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "2001:db8::1",
        "3fff::1",
        "2001::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
    ),
    *("::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1"),
)
OUTSIDE = ("93.184.215.14", "1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101", "2002:101:101::")


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_not_on_the_internet_is_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_what_is_on_the_internet_is_public(address):
    assert is_public(address)


@asynccontextmanager
async def a_canary(host="127.0.0.1"):
    """A listener inside, which notes every connection: the list of them, and its port."""
    sung = []

    async def sing(_, writer):
        sung.append(writer.get_extra_info("peername"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        writer.close()

    server = await asyncio.start_server(sing, host)
    async with server:
        yield sung, server.sockets[0].getsockname()[1]


@asynccontextmanager
async def a_caller(*, to_private=False):
    caller = Caller(to_private=to_private, seconds_max=2)
    try:
        yield lambda url: caller.call(url, {}, b"{}", datetime.now(UTC))
    finally:
        await caller.close()


#: Ways to write, or to be led to, the machine itself; `{port}` is where the canary listens.
WAYS = (
    *("https://127.0.0.1:{port}/", "https://2130706433:{port}/", "https://0x7f000001:{port}/", "https://0:{port}/"),
    *("https://017700000001:{port}/", "https://127.1:{port}/", "https://127.0.0.1.:{port}/", "https://0x7f.1:{port}/"),
    *("https://[::1]:{port}/", "https://[::ffff:127.0.0.1]:{port}/", "https://[::ffff:7f00:1]:{port}/"),
    *("https://localhost:{port}/", "https://LOCALHOST.:{port}/", "https://①②⑦.⓪.⓪.①:{port}/"),
    *("http://127.0.0.1:{port}/", "file:///etc/passwd", "gopher://127.0.0.1:{port}/", "https://[fe80::1%25lo]:{port}/"),
    *("https://127.0.0.1:{port}@network.invalid/", "https://network.invalid#@127.0.0.1:{port}/"),
)


async def test_however_it_is_written_nothing_inside_is_called(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # whoever set it meant it for something else
    async with a_canary() as (sung, port), a_canary("::1") as (sung_6, port_6), a_caller() as call:
        for way in WAYS:
            for where in (port, port_6):
                answer = await call(way.format(port=where))
                assert answer.status is None, way
                assert answer.problem in ("not-public", "bad-address", "name-unknown"), way

        assert sung == sung_6 == []


def leading_to(*turns):
    """Look-ups of names that give these addresses, one list a turn; the last goes on."""
    left = list(turns)

    def look_up(host, port, family=0, kind=0, *_):
        addresses = left.pop(0) if len(left) > 1 else left[0]
        return [
            (socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port))
            for one in addresses
        ]

    return look_up


@pytest.mark.parametrize(
    "turns",
    [
        [["127.0.0.1"]],
        [["::ffff:127.0.0.1"]],
        [["192.0.2.1", "127.0.0.1"]],
        [["1.1.1.1", "127.0.0.1"]],  # one of two is enough
        [["1.1.1.1"], ["127.0.0.1"]],  # rebinding: another answer a moment later
    ],
)
async def test_wherever_a_name_leads_and_whenever_nothing_inside_is_called(monkeypatch, turns):
    looked_up = leading_to(*turns)
    async with a_canary() as (sung, port), a_caller() as call:
        monkeypatch.setattr(outward.socket, "getaddrinfo", looked_up)
        if len(turns) == 2:  # the first look-up is of who would look before the call, and is not believed
            outward.socket.getaddrinfo("network.example", port)
        assert (await call(f"https://network.example:{port}/")).problem == "not-public"

        assert sung == []


async def test_a_socket_is_only_made_for_a_public_address(monkeypatch):
    """The last look, at the moment of connecting, also when whatever looked before was wrong."""

    async def resolve(self, host, port=0, family=0):
        found = {"hostname": host, "host": "127.0.0.1", "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}
        return [found]

    async with a_canary() as (sung, port), a_caller() as call:
        monkeypatch.setattr(outward._Names, "resolve", resolve)
        assert (await call(f"https://network.example:{port}/")).problem == "not-public"

        assert sung == []


async def test_who_tries_it_out_can_let_it_go_inside():
    async with a_canary() as (sung, port), a_caller(to_private=True) as call:
        answer = await call(f"http://127.0.0.1:{port}/")

        assert (answer.status, answer.text, len(sung)) == (200, "ok", 1)


@pytest.mark.parametrize(
    "url",
    [
        *("", "https://", "https:///x", "//network.example", "network.example/hook", "https://u:p@network.example/"),
        *("http://network.example/", "ftp://network.example/", "https://network.example/#x", "https://net work/"),
        *("https://network.example:99999/", "https://[::1/", "https://network.example/\r\nX: y", "https://nétwerk/"),
        "https://network.example/" + "x" * 2000,
    ],
)
def test_what_is_no_endpoint_is_refused_when_it_is_added(url):
    with pytest.raises(ValueError, match="endpoint"):
        check_url(url, to_private=False)
