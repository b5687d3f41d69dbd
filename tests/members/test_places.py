"""Places by name, as members and requests look them up."""

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import places
from contracts.places import AmbiguousPlace, UnknownPlace, UnknownProvince, find_place, find_province, suggest


@pytest.mark.parametrize(
    ("typed", "name", "province"),
    [
        ("utrecht", "Utrecht", "Utrecht"),
        ("Den Haag", "Den Haag", "Zuid-Holland"),
        ("'s-Gravenhage", "Den Haag", "Zuid-Holland"),
        ("\u2019s Gravenhage", "Den Haag", "Zuid-Holland"),
        ("the hague", "Den Haag", "Zuid-Holland"),
        ("Den Bosch", "'s-Hertogenbosch", "Noord-Brabant"),
        ("S HERTOGENBOSCH", "'s-Hertogenbosch", "Noord-Brabant"),
        ("Ljouwert", "Leeuwarden", "Friesland"),
        ("Damwald", "Damwâld", "Friesland"),
        ("etten leur", "Etten-Leur", "Noord-Brabant"),
        ("Texel", "Den Burg", "Noord-Holland"),
    ],
)
def test_a_place_is_found_by_the_names_people_type(typed, name, province):
    place = find_place(typed)

    assert (place.name, place.province) == (name, province)


def test_a_name_that_two_provinces_share_needs_the_province():
    with pytest.raises(AmbiguousPlace) as refused:
        find_place("Hengelo")

    assert refused.value.provinces == ("Overijssel", "Gelderland")
    assert find_place("hengelo", "gelderland").province == "Gelderland"


def test_who_says_the_municipality_and_its_province_finds_its_main_town():
    """The municipality of Bergen in Limburg is run from Nieuw-Bergen."""
    assert find_place("Bergen", "Limburg").name == "Nieuw-Bergen"
    assert find_place("Bergen", "Noord-Holland").name == "Bergen"


def test_a_misspelled_place_is_answered_with_the_nearest_spelled():
    with pytest.raises(UnknownPlace) as refused:
        find_place("Amersfort")

    assert refused.value.candidates[0].name == "Amersfoort"
    assert "Amersfort" not in str(refused.value)


def test_a_place_in_the_wrong_province_is_answered_with_the_right_one():
    with pytest.raises(UnknownPlace) as refused:
        find_place("Zwolle", "Utrecht")

    assert (refused.value.candidates[0].name, refused.value.candidates[0].province) == ("Zwolle", "Overijssel")


@pytest.mark.parametrize("nothing", ["", "   ", "'", "東京"])
def test_what_is_no_name_is_an_unknown_place(nothing):
    with pytest.raises(UnknownPlace):
        find_place(nothing)


def test_provinces_are_found_by_the_names_people_type():
    assert find_province("fryslân") == "Friesland"
    assert find_province("noord brabant") == "Noord-Brabant"
    with pytest.raises(UnknownProvince):
        find_province("Holland")


def test_suggestions_begin_with_what_was_typed_and_the_largest_comes_first():
    assert [place.name for place in suggest("am", 3)] == ["Amsterdam", "Amersfoort", "Amsterdam-Zuidoost"]
    assert [place.name for place in suggest("'s gravenh")] == ["Den Haag"]
    assert suggest("  ") == ()


def test_every_place_of_the_table_is_found_by_its_own_name_and_province():
    entries = {id(entry): entry for found in places._index().values() for entry in found}.values()

    assert len(entries) > 1_900
    for entry in entries:
        assert find_place(entry.place.name, entry.place.province) == entry.place
        assert 50.7 < entry.place.latitude < 53.6
        assert 3.3 < entry.place.longitude < 7.3
        assert entry.place.province in places.PROVINCES


@pytest.mark.parametrize("added", ["Etten-Leur", "Deurne", "Landgraaf", "Leidschendam", "Holten", "Rosmalen"])
def test_a_town_added_by_hand_lies_among_places_of_its_own_province(added):
    """Its coordinates were typed: a swapped digit would put it in another province."""
    town = find_place(added)
    others = {entry.place for found in places._index().values() for entry in found} - {town}
    near = sorted(
        others, key=lambda other: math.dist((town.latitude, town.longitude), (other.latitude, other.longitude))
    )

    assert [place.province for place in near[:3]].count(town.province) >= 2


@given(st.text(max_size=300))
def test_any_text_is_a_place_or_a_plain_refusal(text):
    with contextlib.suppress(UnknownPlace, AmbiguousPlace):
        assert find_place(text).province in places.PROVINCES


@given(st.sampled_from(["Utrecht", "Den Haag", "Wâlterswâld", "Etten-Leur"]), st.randoms(use_true_random=False))
def test_capitals_never_matter(name, random):
    typed = "".join(random.choice((letter.upper(), letter.lower())) for letter in name)

    assert find_place(typed).name == name
