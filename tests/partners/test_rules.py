"""What partners decides, and the words of the networks. Pure."""

import tomllib

import pytest

from chassis.inputs import checked
from chassis.problems import FieldErrors
from contracts.partners import Thing
from contracts.vocabulary import Kind, Network, OrganisationKind, Theme
from services.partners import rules
from services.partners.inputs import DATA, PersonData
from services.partners.profiles import FOLDER, profile_of
from services.partners.rules import UnknownType
from tests.partners.conftest import PERSON

AGREED = "https://docenten.example"


@pytest.mark.parametrize(
    ("source", "is_own"),
    [
        (AGREED, True),
        (f"{AGREED}/crm", True),
        (f"{AGREED}:8443/x", True),
        (f"{AGREED}.evil", False),
        ("https://docenten.exampl", False),
        ("", False),
    ],
)
def test_a_source_is_the_partners_own_or_a_part_of_it(source, is_own):
    assert rules.is_own_source(source, AGREED) is is_own


@pytest.mark.parametrize(
    "event_type",
    [
        "nl.omdehoek.partner.person.v2",
        "nl.omdehoek.partner.planet.v1",
        "person",
        "nl.omdehoek.partner.-withdrawn.v1",
        "",
    ],
)
def test_what_is_no_type_of_ours_is_not_known(event_type):
    with pytest.raises(UnknownType):
        rules.kind_of_event(event_type)


def test_a_record_is_the_same_whatever_the_event_and_another_for_another_partner():
    own = rules.record_id("docenten", Thing.OFFER, "tip-1")

    assert own == rules.record_id("docenten", Thing.OFFER, "tip-1")
    assert (
        len({own, rules.record_id("centra", Thing.OFFER, "tip-1"), rules.record_id("docenten", Thing.REQUEST, "tip-1")})
        == 3
    )


@pytest.mark.parametrize("network", Network)
def test_a_profile_leads_to_words_that_we_know(network):
    profile = profile_of(network)
    ours = {"kind": {*Kind, *OrganisationKind}, "themes": set(Theme)}

    assert tomllib.loads((FOLDER / f"{network}.toml").read_text())
    for event_type in profile.types:
        assert profile.kind_of(event_type)[0] in rules.THINGS
    for kind, names in profile.fields.items():
        known = (
            set().union(*(data.model_fields for data in DATA.values())) if kind == "all" else DATA[kind].model_fields
        )
        assert set(names.values()) <= set(known), kind
    for field, words in profile.values.items():
        assert set(words.values()) <= ours[field], field
        assert all(word == word.casefold() for word in words), "words are looked up in small letters"


def test_a_centre_is_told_in_the_words_of_its_network():
    profile = profile_of(Network.KATAPULT)

    read = profile.read("centre", {"centrumnaam": "CIV Water", "stad": "Hengelo (Overijssel)"})
    assert (read.name, read.place.found().province) == ("CIV Water", "Overijssel")
    with pytest.raises(FieldErrors) as refused:
        profile.read("centre", {"centrumnaam": "", "stad": "Zwolle", "kleur": "groen"})
    assert [error["field"] for error in refused.value.facts["errors"]] == ["centrumnaam", "kleur"]


@pytest.mark.parametrize("length", [101, 201])
def test_how_long_a_persons_name_may_be_is_told_as_members_has_it(length):
    with pytest.raises(FieldErrors) as wrong:
        checked(PersonData, PERSON | {"name": "a" * length})

    assert wrong.value.facts["errors"] == [{"field": "name", "message": "must have at most 100 characters"}]
