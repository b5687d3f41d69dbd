"""A country of a hub and two regions, shared by the tests of a file."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from contracts.event import new_id
from tests.lines.country import Country


@pytest.fixture(scope="module")
async def country(run_directory: Path) -> AsyncIterator[Country]:
    """Drenthe and Zeeland joined; a test that hurts something mends it."""
    country = Country(run_directory / f"country-{new_id()}")
    await country.hub.start()
    for name in ("drenthe", "zeeland"):
        await country.region(name)
    yield country
    await country.stop()


@pytest.fixture
async def another_country(tmp_path: Path) -> AsyncIterator[Country]:
    """A hub that nobody has joined."""
    country = Country(tmp_path)
    yield country
    await country.stop()
