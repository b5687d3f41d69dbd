"""A place as people type it: with its province where several have the name, and never slow to read."""

import time

import pytest

from contracts.vocabulary import Language
from services.gateway.pages.forms import Form, place_in


def read(typed):
    return place_in(Form({"place": [typed]}), "place", Language.DUTCH)


@pytest.mark.parametrize("typed", ["Bergen (Limburg)", "Bergen(Limburg)", " bergen  ( limburg ) "])
def test_a_place_with_its_province_is_that_one(typed):
    assert read(typed) == {"name": "Nieuw-Bergen", "province": "Limburg"}


@pytest.mark.parametrize("typed", ["Bergen", "Bergen ()", "Bergen (Limburg", "Bergen (Limburg) (Limburg)", "()", ""])
def test_what_names_no_one_place_is_none(typed):
    assert read(typed) is None


@pytest.mark.parametrize("filling", ["(", ")", "()", " ", " (", "a (b) "])
def test_a_place_as_long_as_a_body_holds_nobody_up(filling):
    """A page is read by the process that serves everybody."""
    typed = f"a{filling * (60_000 // len(filling))}b"

    began = time.process_time()
    assert read(typed) is None

    assert time.process_time() - began < 0.5
