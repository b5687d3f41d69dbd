"""The four networks as they are: what each keeps, in its own words, becomes what we know. No node is needed."""

import pytest

from chassis.problems import FieldErrors
from contracts.vocabulary import Kind, Network, OrganisationKind
from node.partner_day import day
from node.partner_events import wrong_with
from services.partners.profiles import profile_of

PLACE = {"name": "Zwolle", "province": None}

#: What a row of each network's own system holds, and what we make of it.
AS_THEY_ARE = [
    (
        Network.KATAPULT,
        "nl.katapult.centrum",
        {"centrumnaam": "CoE Water", "stad": "Zwolle", "vorm": "CoE", "startjaar": 2013, "partners": ["p-1", "p-2"]},
        {"name": "CoE Water"},
    ),
    (
        Network.KATAPULT,
        "nl.katapult.partner",
        {"naam": "Vechtstroom BV", "stad": "Zwolle", "partnertype": "Bedrijfsleven", "centrum": "c-1"},
        {"name": "Vechtstroom BV", "kind": OrganisationKind.COMPANY},
    ),
    (
        Network.KATAPULT,
        "nl.katapult.contact",
        {
            "voornaam": "Noor",
            "tussenvoegsel": "van der",
            "achternaam": "Meer",
            "e_mail": "noor@vecht.example",
            "partner": "p-1",
            "toestemming": "2026-11-01T09:00:00Z",
        },
        {"name": "Noor van der Meer", "organisation": "p-1"},
    ),
    (
        Network.ROOTS,
        "nl.roots.ambassadeur",
        {"contactpersoon": "n-1", "organisaties": ["o-1", "o-2"], "provincies": ["Overijssel"]},
        {"person": "n-1", "organisations": ("o-1", "o-2"), "provinces": ("Overijssel",)},
    ),
    (
        Network.LEREN_VOOR_MORGEN,
        "nl.lerenvoormorgen.lid",
        {"naam": "Basisschool De Regge", "plaats": "Zwolle", "sector": "PO", "lidnummer": 12},
        {"name": "Basisschool De Regge", "kind": OrganisationKind.SCHOOL},
    ),
    (
        Network.LEREN_VOOR_MORGEN,
        "nl.lerenvoormorgen.lid",
        {"naam": "Stichting Oever", "plaats": "Zwolle", "sector": "stichting"},
        {"name": "Stichting Oever", "kind": OrganisationKind.PARTNER},
    ),
    (
        Network.DUURZAAM_MBO,
        "nl.duurzaammbo.keuzedeel",
        {
            "docent": "d-1",
            "titel": "Verdieping duurzaamheid",
            "tekst": "Zes lessen.",
            "themas": ["Energie"],
            "plaats": "Zwolle",
            "niveau": 3,
            "crebo": "K0165",
        },
        {"kind": Kind.LESSON_MATERIAL, "mbo_level": 3, "person": "d-1"},
    ),
    (
        Network.DUURZAAM_MBO,
        "nl.duurzaammbo.bijeenkomst",
        {
            "docent": "d-1",
            "titel": "Netwerkdag",
            "tekst": "Met elkaar.",
            "themas": ["klimaat"],
            "plaats": "Zwolle",
            "datum": "2026-12-10",
            "deelnemers": 40,
        },
        {"participants": 40, "person": "d-1"},
    ),
]


@pytest.mark.parametrize(("network", "event_type", "told", "ours"), AS_THEY_ARE, ids=lambda one: str(one)[:32])
def test_what_a_network_keeps_becomes_what_we_know(network, event_type, told, ours):
    profile = profile_of(network)
    kind, withdrawn = profile.kind_of(event_type)

    read = profile.read(kind, told, event_type)

    assert not withdrawn
    assert {name: getattr(read, name) for name in ours} == ours


def test_an_ambassador_of_everything_everywhere_is_refused_in_the_words_of_the_network():
    with pytest.raises(FieldErrors) as refused:
        profile_of(Network.ROOTS).read("ambassador", {"contactpersoon": "a-1", "provincies": []})

    (error,) = refused.value.facts["errors"]
    assert error == {"field": "thema", "message": "must be filled when no organisation and no province is given"}


@pytest.mark.parametrize("network", Network)
def test_a_day_of_a_network_is_the_same_again_in_its_own_words_and_ends_as_is_foreseen(network):
    planned = day(network, "https://netwerk.example", 120, seed=7)

    assert planned == day(network, "https://netwerk.example", 120, seed=7)
    assert len(planned) >= 120
    own = [one for one in planned if not one.event["type"].startswith("nl.omdehoek.")]
    assert len(own) > len(planned) * 0.9
    for one in planned:
        wrong = wrong_with(network, one.event)
        assert bool(wrong) == (one.ends == "rejected"), (one.event, wrong)
    assert {"accepted", "rejected"} == {one.ends for one in planned}
    assert len({one.event["id"] for one in planned}) < len(planned), "something comes twice"
