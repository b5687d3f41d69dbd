"""What a text is about: base forms, the parts of compounds, words of a kin, and what was meant by a wrong spelling."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import Language
from services.matching.compounds import parts_of
from services.matching.kin import ideas, themes_of_ideas
from services.matching.lexicon import base_form, frequency
from services.matching.spelling import meant
from services.matching.suggesting import language_of
from services.matching.terms import WORD_LETTERS_MAX, as_written, terms_of, words_in

NL, EN = Language.DUTCH, Language.ENGLISH


def terms(text: str, language: Language = NL) -> set[str]:
    """The terms of a text without a title."""
    return set(terms_of("", text, language).wanted)


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("zonnepaneleninstallateur", ("zonnepanelen", "installateur")),
        ("groendakaanleg", ("groendak", "aanleg")),
        ("kledinginzamelingsketen", ("kleding", "inzameling", "keten")),
        ("elektrische-bussenmonteur", ("elektrische", "bussen", "monteur")),
        ("fietsenmaker", ("fiets", "maker")),
        ("verwarming", ("verwarming",)),
        ("leerling", ("leerling",)),
        ("xqzxqzxqz", ("xqzxqzxqz",)),
        ("", ("",)),
    ],
)
def test_a_compound_is_taken_apart(word, parts):
    assert parts_of(word) == parts


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz-", max_size=40))
def test_parts_come_from_the_word_and_in_its_order(word):
    place = 0
    for part in parts_of(word):
        assert part in word[place:]
        place = word.index(part, place) + len(part)


@pytest.mark.parametrize(
    ("word", "base"),
    [("warmtepompen", "warmtepomp"), ("geïnstalleerd", "installeren"), ("monteurs", "monteur"), ("huizen", "huis")],
)
def test_a_word_has_its_base_form(word, base):
    assert base_form(word, NL) == base


@pytest.mark.parametrize(
    ("word", "alike"),
    [
        ("toegepaste", "toegepast"),
        ("gebouwde", "gebouwd"),
        ("grensoverschrijdende", "grensoverschrijdend"),
        ("sanitaire", "sanitair"),
    ],
)
def test_an_adjective_is_the_same_with_and_without_its_ending(word, alike):
    assert base_form(word, NL) == base_form(alike, NL)


@pytest.mark.parametrize("noun", ["legende", "hoogte", "gedachte", "verpleegkundige", "affaire", "bende", "gemeente"])
def test_a_noun_that_looks_like_an_adjective_stays(noun):
    assert base_form(noun, NL) == noun


def test_common_words_are_used_more_than_rare_ones():
    assert frequency("de") > frequency("warmte") > frequency("warmtepomp") > frequency("xqz") == 0
    assert frequency("heat", EN) > 0


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("isolasie", "isolatie"),
        ("statgiair", "stagiair"),
        ("gezogt", "gezocht"),
        ("begelijding", "begeleiding"),
        ("praktijklookaal", "praktijklokaal"),
        ("schoolldak", "schooldak"),
        ("zonepanele", "zonnepanelen"),
    ],
)
def test_a_wrong_spelling_is_read_as_what_was_meant(written, word):
    assert meant(written) == word


@pytest.mark.parametrize(
    "known", ["isolatie", "warmtepomp", "zonnepaneleninstallateur", "solar", "nen9140", "ab", "stadshub"]
)
def test_a_word_that_is_known_means_itself(known):
    assert meant(known) is None


@given(st.text(max_size=60))
def test_any_text_has_terms_with_weights_within_bounds(text):
    for language in Language:
        found = terms_of(text, text, language)
        assert all(0 <= term.weight <= 1.5 for term in found.wanted.values())
        assert not found.unwanted & found.wanted.keys()


def test_who_asks_and_who_offers_use_other_words_for_the_same():
    assert terms("Wie zoekt er een zonnepaneleninstallateur?") & terms("Wij leggen pv aan") == {"zonnepaneel"}
    assert "bij" in terms("Een imker in de klas") & terms("our beekeeper tells", EN)
    assert "warmtepomp" in terms("a heat pump in every house", EN)


def test_a_word_that_is_written_with_a_number_is_one_word():
    assert words_in("CO2-reductie, CO₂-meter, CO2 en de P1-poort") == [
        "co2-reductie", "co2-meter", "co2", "en", "de", "p1", "poort",
    ]  # fmt: skip
    assert words_in("COP12 van co-vergisters, 3D-print, 21 m2") == ["cop", "van", "co-vergisters", "3d-print", "m"]


@pytest.mark.parametrize(
    ("one", "other", "idea"),
    [
        ("Gastles circulaire economie", "Circulair ontwerpen", "circulair"),
        ("Meer circulariteit", "circular design", "circulair"),
        ("Gastles circulaire bouw", "Biobased bouwen", "bouw"),
        ("Hybride warmtepompen", "Hybrid cars", "hybride"),
    ],
)
def test_forms_of_a_word_are_one_idea(one, other, idea):
    assert idea in terms(one) & terms(other)


def test_who_writes_co2_speaks_of_emissions():
    assert "co2" in terms("CO2 berekenen") & terms("CO₂-reductie") & terms("Uitstoot van broeikasgas en emissies")
    assert "co" not in terms("CO2 berekenen")
    assert "slimme_meter" in terms("De P1-poort uitlezen")


@pytest.mark.parametrize("written", ["auto’s", "auto‘s", "AUTO’S"])
def test_an_apostrophe_may_be_a_curly_one(written):
    assert terms_of("", written, NL).wanted.keys() == terms_of("", "auto's", NL).wanted.keys() == {"auto"}
    assert words_in("‘Oogsten’ uit ’t pand") == ["oogsten", "uit", "t", "pand"]


def test_a_compound_with_hyphens_is_taken_apart():
    assert {"zonnepaneel", "monteur"} <= terms("Wie leidt pv-monteurs op?")
    assert "up" not in terms("Een start-up")


def test_what_everybody_writes_is_no_term():
    assert terms("Wij zoeken stagiairs voor ons bedrijf, welke school heeft studenten?") == set()


@pytest.mark.parametrize(
    "text",
    [
        "BPV-plek voor mbo-studenten",
        "Stageplaatsen voor BBL'ers en bol-leerlingen van ons roc",
        "Leerwerkplekken bij stagebedrijven voor mbo'ers",
    ],
)
def test_what_every_school_writes_is_no_term(text):
    assert terms(text) == set()


def test_a_word_that_is_also_an_everyday_one_keeps_its_own_meaning():
    assert "bol" in terms("Een kweker van bollen")


def test_places_to_learn_in_two_trades_have_nothing_in_common():
    childcare = terms("BPV-plek kinderopvang: wie neemt onze mbo-studenten aan?")

    assert not childcare & terms("BPV-plek koeltechniek voor mbo-studenten van niveau 3")
    assert "kinderopvang" in childcare


def test_a_compound_of_everyday_words_that_is_of_a_kin_is_a_term():
    assert "werkplaats" in terms("Een dag in onze werkplaatsen")


def test_a_word_of_a_kin_that_is_used_for_anything_else_is_not_taken_for_it():
    assert "bij" in terms("Bijen op het dak")
    assert not {"bij", "zeewier", "oudere"} & terms("Wie komt bij ons in een oud huis kijken?")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Keuzedeel installatietechniek", "Ruilwinkel: spullen delen"),
        ("Bedrijfscultuur", "Ramadan op het werk"),
        ("Bijenhotel timmeren", "Vergroening van ons hotel, voor de horeca"),
        ("Onderdelen en een examenonderdeel", "Een deelplatform"),
        ("Fossiele brandstoffen", "De brandweer"),
        ("Zestig meter kabel", "Meetinstrumenten"),
    ],
)
def test_words_for_other_things_have_no_idea_in_common(one, other):
    assert not terms(one) & terms(other)


def test_a_compound_has_the_ideas_of_the_form_that_its_part_has_in_it():
    assert "bij" in terms("Bijenhotel timmeren") & terms("Imker in de klas") & terms("Bijenteelt in de stad")


@pytest.mark.parametrize(
    ("english", "dutch"),
    [("What kind of bike?", "Kinderen in de basisschool"), ("A new brand", "Brandweer"), ("What mode?", "Kleermaker")],
)
def test_a_word_that_both_languages_have_stands_for_an_idea_only_in_its_own(english, dutch):
    assert not terms(english, EN) & terms(dutch)
    assert terms("kind, brand, mode") & terms(dutch)


def test_a_base_form_is_not_that_of_another_verb():
    assert base_form("rijden", NL) == base_form("rijdt", NL) == "rijden"
    assert terms("verwarmd") == {"verwarming"}


@pytest.mark.parametrize(
    ("word", "idea"), [("bijstand", "bij"), ("weggegooid", "asfalt"), ("simpelweg", "asfalt"), ("waterstof", "textiel")]
)
def test_a_part_that_is_a_prefix_or_anything_stands_for_no_idea(word, idea):
    assert idea not in terms(word)


def test_a_title_tells_more_than_a_text_and_a_rare_word_more_than_a_common_one():
    in_title = terms_of("Vergisting", "", NL).wanted["biogas"].weight
    in_text = terms_of("", "Vergisting", NL).wanted["biogas"].weight

    assert in_title > in_text > terms_of("", "avond", NL).wanted["avond"].weight > 0


def test_what_is_not_wanted_is_kept_apart():
    found = terms_of("Excursie vrachtwagens op waterstof, niet op accu's", "", NL)

    assert {"waterstof", "vrachtwagen"} <= found.wanted.keys()
    assert found.unwanted == {"accu"}


def test_what_is_done_without_is_what_it_is_about():
    found = terms_of("Bouwen zonder afval", "", NL)

    assert "afval" in found.wanted.keys() & terms("Afval voorkomen op de bouwplaats")
    assert not found.unwanted


def test_what_somebody_lacks_is_what_they_ask_for():
    found = terms_of("", "We kunnen geen stageplekken vinden voor onze warmtepompmonteurs.", NL)

    assert {"warmtepomp", "monteur"} <= found.wanted.keys()
    assert not found.unwanted


def test_who_wants_it_without_asks_for_what_is_free_of_it():
    assert "plantaardig" in terms("Koken zonder vlees")


def test_terms_are_shown_as_the_words_that_were_written():
    title, text = "Zonnepaneleninstallateurs", "Wij bouwen in oude huizen en cafés."

    assert as_written(["zonnepaneel", "huis", "onbekend"], title, text, NL) == ("zonnepaneleninstallateurs", "huizen")


def test_every_idea_stands_for_itself_and_its_words_are_small():
    assert len(ideas()) > 1000
    assert set(themes_of_ideas()) <= {idea for its in ideas().values() for idea in its}
    assert all(word == word.lower() for word in ideas())


def test_what_is_too_long_to_be_a_word_is_left_out():
    longest = "w" * WORD_LETTERS_MAX

    assert words_in(f"{longest} {longest}w co2-{longest} 3d-{longest} dak") == [longest, "dak"]


@pytest.mark.parametrize(
    "text", ["student" * 714, "a" * 5000, "abcdefghijklm" * 384, "0" * 5000, "liever " * 713 + "geen"]
)
def test_a_text_that_is_hard_to_read_is_read_quickly(text):
    begun = time.process_time()
    for language in Language:
        terms_of("", text, language)
    language_of("", text)

    assert time.process_time() - begun < 0.2
