"""Kilometres are the same wherever they are counted: in Python and in the database."""

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.distance import km_between, km_in_sql
from contracts.places import find_place

spots = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


def degrees_of(town):
    place = find_place(town)
    return place.latitude, place.longitude


@pytest.mark.parametrize(("one", "other", "km"), [("Utrecht", "Zeist", 7.6), ("Groningen", "Maastricht", 268)])
def test_towns_are_as_far_apart_as_on_a_map(one, other, km):
    assert km_between(*degrees_of(one), *degrees_of(other)) == pytest.approx(km, rel=0.02)


@given(one=spots, other=spots)
def test_it_is_as_far_back_and_nowhere_further_than_around_half_the_earth(one, other):
    assert km_between(*one, *other) == pytest.approx(km_between(*other, *one), abs=1e-6)
    assert 0 <= km_between(*one, *other) <= 20_015.1


async def test_the_database_counts_the_same(postgres):
    far = [(52.09, 5.12, 52.09, 5.23), (53.2, 6.6, 50.8, 5.7), (52.0, 5.0, 52.0, 5.0), (90.0, 0.0, -90.0, 0.0)]
    counts = km_in_sql(*(f"${number}::float8" for number in range(1, 5)))

    connection = await asyncpg.connect(postgres.url(driver="postgresql"), ssl=False)
    try:
        counted = [await connection.fetchval(f"SELECT {counts}", *one) for one in far]
    finally:
        await connection.close()

    assert counted == [pytest.approx(km_between(*one), abs=1e-6) for one in far]
