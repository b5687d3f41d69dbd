"""A database, a broker or a service that is gone without a word: the other notices, and lets go of what it held."""

import asyncio
import socket
from signal import Signals

import nats
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chassis import streams
from chassis.database import engine_for
from tests.chassis.conftest import lending_on
from tests.faults.proxy import AtTheEndOf, Line
from tests.given import eventually

LOCK, TRY_LOCK = "pg_advisory_xact_lock(7)", "pg_try_advisory_xact_lock(7)"


@pytest.fixture
async def engine(postgres):
    made = engine_for(postgres.url(), 1)
    yield made
    await made.dispose()


async def test_a_database_that_vanishes_is_given_up_within_seconds(engine):
    """Only a kernel that drops what is sent can show it: then it took 10 s. This is what it was asked."""
    async with engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        found = driver._transport.get_extra_info("socket")

        assert found.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 10_000
        silence = [socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT]
        assert [found.getsockopt(socket.IPPROTO_TCP, option) for option in silence] == [5, 2, 3]


async def test_what_a_service_that_vanishes_had_locked_is_free_within_seconds(engine):
    """Here too only such a kernel can show it. The server answers what it really asked of its own end."""
    settings = ["tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout"]
    async with engine.connect() as connection:
        asked = [(await connection.execute(text(f"SHOW {setting}"))).scalar_one() for setting in settings]

    assert asked == ["5", "2", "3", "10000"]


async def test_a_statement_whose_service_is_gone_is_broken_off(engine, postgres):
    async with Line(postgres.port) as line:
        cut_off = engine_for(AtTheEndOf(postgres, line).url("postgres"), 1)
        working = asyncio.create_task(_run(cut_off, f"SELECT {LOCK}, pg_sleep(100)"))
        await eventually(lambda: _is_free(engine, False), saying="a statement that holds the lock")

        line.cut()

        with pytest.raises(DBAPIError):
            await working
        await eventually(lambda: _is_free(engine, True), saying="the lock of a statement that nobody waits for")
        await cut_off.dispose()


async def test_a_broker_that_stands_still_is_given_up_and_hears_all_once_when_it_goes_on(
    postgres, own_nats, monkeypatch
):
    """As soon as after two pings without an answer; they come fifteen times as often here."""
    asked, connects = [], nats.connect

    async def connect(*where, **options):
        asked.append((options["ping_interval"], options["max_outstanding_pings"]))
        return await connects(*where, **options | {"ping_interval": 0.2})

    monkeypatch.setattr(streams.nats, "connect", connect)
    async with lending_on(postgres, own_nats) as lending:
        own_nats.kill(Signals.SIGSTOP)
        try:
            await lending.lends("before")

            async def is_given_up():
                return (await lending.service.parts())["broker"] == "not ready"

            await eventually(is_given_up, saying="a broker that is given up")
            await lending.lends("after")
        finally:
            own_nats.kill(Signals.SIGCONT)

        await lending.outbox_empty()
        assert await lending.lent() == ["before", "after"]
    assert set(asked) == {(3, 2)}  # on a machine that is full, it dials more than once


async def _run(engine, statement):
    async with engine.begin() as connection:
        await connection.execute(text(statement))


async def _is_free(engine, wanted):
    async with engine.begin() as connection:
        return (await connection.execute(text(f"SELECT {TRY_LOCK}"))).scalar_one() is wanted
