"""How far apart two places are, in kilometres in a straight line: by the haversine formula, here and in SQL. Pure."""

from math import asin, cos, radians, sin, sqrt

EARTH_DIAMETER_KM = 12742.0


def km_between(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """From degrees; right to half a percent, since the earth is no sphere."""
    here, there = radians(latitude), radians(other_latitude)
    half_chord = (
        sin((there - here) / 2) ** 2 + cos(here) * cos(there) * sin(radians(other_longitude - longitude) / 2) ** 2
    )
    return EARTH_DIAMETER_KM * asin(min(1.0, sqrt(half_chord)))


def km_in_sql(latitude: str, longitude: str, other_latitude: str, other_longitude: str) -> str:
    """The same as an expression of PostgreSQL, of the names of columns and values."""
    return (
        f"{EARTH_DIAMETER_KM} * asin(sqrt(least(1, sin(radians({other_latitude} - {latitude}) / 2) ^ 2"
        f" + cos(radians({latitude})) * cos(radians({other_latitude}))"
        f" * sin(radians({other_longitude} - {longitude}) / 2) ^ 2)))"
    )
