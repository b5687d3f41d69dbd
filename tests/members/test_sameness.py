"""Who is the same as whom: what merges by itself, what waits for a person, and what is left apart."""

from datetime import UTC, datetime

import pytest

from bench.identity.__main__ import figures, judge
from bench.identity.making import made
from contracts.vocabulary import OrganisationKind
from services.members.names import person_name
from services.members.sameness import (
    OrganisationFacts,
    PersonFacts,
    judge_organisations,
    judge_persons,
)
from services.members.saying import HERE, Said, state

SCHOOL, COMPANY, CENTRE = OrganisationKind.SCHOOL, OrganisationKind.COMPANY, OrganisationKind.CENTRE


def organisation(name, kind=SCHOOL, place="Zwolle", **numbers):
    at = {"Zwolle": (52.5, 6.1), "Deventer": (52.25, 6.16), "Breda": (51.6, 4.8)}[place]
    return OrganisationFacts(kind, name, place, *at, **numbers)


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        (organisation("ROC Ravelveld"), organisation("Regionaal Opleidingencentrum Ravelveld"), "certain"),
        (organisation("ROC Ravelveld"), organisation("Stichting R.O.C. Ravelveld, vestiging Zwolle"), "certain"),
        (organisation("ROC Ravelveld", brin="25AB"), organisation("Ravelveld College", brin="25AB"), "certain"),
        (organisation("ROC Ravelveld"), organisation("AOC Ravelveld"), "different"),
        (organisation("ROC Ravelveld"), organisation("Ravelveld College"), "doubtful"),
        (organisation("ROC Ravelveld", brin="25AB"), organisation("ROC Ravelveld", brin="26CD"), "different"),
        (organisation("ROC Ravelveld", brin="25AB"), organisation("ROC Ravelveld", brin="25AC"), "doubtful"),
        (organisation("MBO Kraanoord", kvk="30123456"), organisation("MBO Elzenbeek", kvk="30123456"), "doubtful"),
        (organisation("ROC Ravelveld", kvk="30123456"), organisation("CIV Ravelveld", CENTRE, kvk="30123456"),
         "doubtful"),
        (organisation("Zonnevonk BV", COMPANY), organisation("Zonnevonk B.V.", COMPANY), "certain"),
        (organisation("Zonnevonk BV", COMPANY), organisation("Zonnevonk BV", COMPANY, "Deventer"), "doubtful"),
        (organisation("Zonnevonk BV", COMPANY), organisation("Zonnevonk BV", COMPANY, "Breda"), "different"),
        (organisation("Bouw Jansen", COMPANY), organisation("Jansen Bouw BV", COMPANY), "doubtful"),
        (organisation("Zonnevonk", COMPANY, website="zonnevonk.example"),
         organisation("Zonevonk", COMPANY, "Breda", website="https://www.zonnevonk.example/"), "certain"),
        (organisation("Zonnevonk", COMPANY, website="zonnevonk.example"),
         organisation("Kringloop Academie", COMPANY, website="zonnevonk.example"), "doubtful"),
    ],
)  # fmt: skip
def test_organisations(one, other, verdict):
    assert judge_organisations(one, other).verdict == judge_organisations(other, one).verdict == verdict


def person(name, email, at="a-school", phone=None):
    return PersonFacts(name, email, phone, frozenset({at}))


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        (person("Noor Westersma", "n@roc.example"), person("N. Westersma", "N+om@ROC.example"), "certain"),
        (person("Sam Westersma", "sam@roc.example"), person("Sam Westersma", "\u017fam@roc.example"), "doubtful"),
        (person("Noor Westersma", "n@roc.example"), person("Noor Hagekamp-Westersma", "n@roc.example"), "certain"),
        (person("Noor Westersma", "n@roc.example"), person("Noor Hagekamp", "n@roc.example"), "certain"),
        (person("Noor Westersma", "n@roc.example"), person("Bram Westersma", "n@roc.example"), "doubtful"),
        (person("Noor Westersma", "stage@roc.example"), person("Bram Hof", "stage@roc.example"), "different"),
        (person("Noor Westersma", "stage@roc.example"), person("N. Westersma", "STAGE@roc.example"), "doubtful"),
        (person("Noor Westersma", "n@roc.example"), person("Westersma, Noor", "noor@thuis.example"), "doubtful"),
        (person("Noor Westersma", "n@roc.example"), person("Noor Westersma", "n2@roc.example"), "doubtful"),
        (person("Jan de Vries", "j@roc.example"), person("Jan de Vries", "jan@thuis.example"), "doubtful"),
        (person("Noor Westersma", "n@roc.example"), person("Noor Westersma", "n@mbo.example", "other"), "doubtful"),
        (person("Jan de Vries", "j@roc.example"), person("Jan de Vries", "j@mbo.example", "other"), "different"),
    ],
)
def test_persons(one, other, verdict):
    assert judge_persons(one, other).verdict == judge_persons(other, one).verdict == verdict


@pytest.mark.parametrize(
    "text", ["Noor van der Meer", "drs. Noor v.d. Meer", "Meer, Noor van der", "Noor van  de Meer MSc"]
)
def test_a_name_is_read_however_it_is_written(text):
    assert person_name(text) == (("noor",), ("meer",))


def test_of_the_made_set_hardly_anything_merges_wrongly_or_is_missed():
    records = made("test")

    found = figures(records, judge(records))
    everything, persons = found["all"], found["persons"]

    assert len(records) >= 2000
    assert (persons["precision"], persons["pairs"] > 900) == (1.0, True)
    assert persons["recall"] >= 0.75
    assert persons["recall with doubtful"] >= 0.98
    assert everything["precision"] >= 0.999
    assert everything["recall"] >= 0.85
    assert everything["recall with doubtful"] >= 0.97


def test_what_is_said_here_wins_then_who_knows_best_then_the_latest_and_nothing_never_does():
    def said(network, field, value, day):
        return Said("one", network, field, value, datetime(2026, 11, day, tzinfo=UTC))

    told = [
        said("katapult", "name", "ROC R.", 9),
        said("duurzaam-mbo", "name", "ROC Ravelveld", 1),
        said("katapult", "website", "old.example", 1),
        said("het-groene-brein-roots", "website", "new.example", 2),
        said("duurzaam-mbo", "kvk", "30111111", 9),
        said(HERE, "kvk", "30123456", 1),
        said(HERE, "brin", None, 9),
        said("leren-voor-morgen", "brin", "25AB", 1),
    ]

    found = state(told)

    assert found == state(reversed(told))
    assert (found["name"], found["website"]) == ("ROC Ravelveld", "new.example")
    assert (found["kvk"], found["brin"]) == ("30123456", "25AB")
