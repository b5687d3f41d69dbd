"""A storm is the same for the same seed, and a line breaks as it says. The storms are `./odh test faults`."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.faults import nemesis
from tests.faults.invariants import different
from tests.faults.proxy import Line
from tests.given import PATIENCE_SECONDS

REGIONS = ("zeeland", "drenthe", "limburg")


def test_a_seed_is_a_storm():
    storms = [nemesis.drawn(seed, list(nemesis.ROWS), REGIONS, 60) for seed in ("7", "7", "8")]

    assert storms[0] == storms[1] != storms[2]
    assert len(storms[0]) > 15


@pytest.mark.parametrize("row", nemesis.ROWS)
def test_nothing_breaks_that_is_broken_and_all_is_mended(row):
    breaks = nemesis.drawn("1", [row], REGIONS, 60)

    ends: dict[tuple[str, str], float] = {}
    for one in sorted(breaks):
        assert one.at > ends.get((one.site, one.part), 0)
        ends[one.site, one.part] = one.at + one.lasts
    assert 60 / 2 < max(ends.values()) < 60 + 5


def test_lines_come_back_in_another_order():
    by_region = {one.site: one for one in nemesis.drawn("3", ["F11"], REGIONS, 12)[:3]}

    cut = sorted(by_region, key=lambda name: by_region[name].at)
    back = sorted(by_region, key=lambda name: by_region[name].at + by_region[name].lasts)
    assert set(cut) == set(REGIONS)
    assert cut != back


def test_what_differs_is_told_by_how_many():
    assert different("x", [1, 2, 2], [2, 2, 1]) == []
    assert different("x", [1, 2, 2], [2, 3]) == ["x: 2 of 3 missing: 1, 2", "x: 1 of 3 too many: 3"]


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    """To somebody who says back what they hear."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server, Line(server.sockets[0].getsockname()[1]) as line:
        yield line


async def says(line: Line, connection=None, *, within=PATIENCE_SECONDS):
    """What comes back; nothing when the line is cut, None when there is no answer within so many seconds."""
    reader, writer = connection or await asyncio.open_connection("127.0.0.1", line.port)
    writer.write(b"hello")
    try:
        return await asyncio.wait_for(reader.read(100), within)
    except ConnectionError:
        return b""
    except TimeoutError:
        return None
    finally:
        if connection is None:
            writer.close()


async def test_a_line_carries_is_cut_and_is_mended(line):
    kept = await asyncio.open_connection("127.0.0.1", line.port)
    assert await says(line, kept) == b"hello"

    line.cut()
    assert await says(line, kept) == await says(line) == b""

    line.mend()
    assert await says(line) == b"hello"


@pytest.mark.parametrize("ways", [(), ("there",), ("back",)])
async def test_a_line_that_is_half_open_tells_nobody_and_is_only_good_to_who_calls_anew(line, ways):
    kept = await asyncio.open_connection("127.0.0.1", line.port)
    assert await says(line, kept) == b"hello"

    line.half_open(*ways)
    assert await says(line, kept, within=0.2) is await says(line, within=0.2) is None

    line.mend()
    assert await says(line, kept, within=0.2) is None
    assert await says(line) == b"hello"
