"""What is an email address or a phone number in a text, and what only looks like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.requests.contact_details import contact_detail_in, without_contact_details


@pytest.mark.parametrize(
    "text",
    [
        "Mail naar noor.jansen@vechtdal.example graag",
        "noor+stage@mail.vechtdal.example",
        "NOOR@VECHTDAL.EXAMPLE",
        "noor @ vechtdal . nl",
        "noor apenstaartje vechtdal.nl",
        "noor (apenstaartje) vechtdal",
        "noor apestaart vechtdal punt nl",
        "noor (at) vechtdal.nl",
        "noor[at]vechtdal[punt]nl",
        "noor{at}vechtdal(dot)nl",
        "noor at vechtdal dot nl",
        "noor at vechtdal.nl",
        "noor\uff20vechtdal.nl",
        "n\u200boor@vecht\u200bdal.nl",
        "noor\n@\nvechtdal.nl",
    ],
)
def test_an_email_address_is_seen_however_it_is_written(text):
    assert contact_detail_in(text) == "an email address"


@pytest.mark.parametrize(
    "text",
    [
        "Bel 06 12345678",
        "bel 06-12 34 56 78 na vieren",
        "06.12.34.56.78",
        "0612345678",
        "app me op 06/12345678",
        "06 1 2 3 4 5 6 7 8",
        "+31 6 1234 5678",
        "+31(0)6 12345678",
        "0031 6 12345678",
        "(030) 1234567",
        "030 123 45 67",
        "tel. +32 470 12 34 56",
        "+31 6 12345678, 4 studenten",
        "wa.me/31612345678",
        "nul zes een twee drie vier vijf zes zeven acht",
        "o6-12345678",
        "\uff10\uff16\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18",
        "06\u201112345678",
        "vanaf 01-02-2026 op 06 12345678",
        "06.12 34 56 78",
        "06 12.34 56 78",
    ],
)
def test_a_phone_number_is_seen_however_it_is_written(text):
    assert contact_detail_in(text) == "a phone number"


@pytest.mark.parametrize(
    "text",
    [
        "Wij zoeken 25 studenten voor 2026-2027, niveau 4",
        "Van 01-02-2026 tot en met 05-03-2026, 09.00-12.30 uur",
        "Op 01-02-2026 12 studenten, op 02-02-2026 14",
        "van 01-02-2026 - 05-03-2026",
        "van 09.00-12.30 en 13.00-15.30 en 16.00-17.30",
        "01.02.2026 09:30 02.02.2026 10:30",
        "tussen 2026-11-02 en 2027-02-01 om 09:00",
        "Budget 1.250.000 euro, 10.000 kg plastic, 0,75 m2",
        "KVK 30123456, BRIN 25PJ, 3511 AB Utrecht",
        "IBAN NL91 ABNA 0417 1643 00",
        "ISBN 978-90-1234-567-8",
        "artikel 0123456789012",
        "+10.000.000.000 kWh",
        "schaal 0 1 2 3 4 5 6 7 8 9 10",
        "zes weken, twee studenten, een docent, nul budget",
        "gemiddeld 0,1 0,2 0,3 0,4 0,5 0,6 0,7 0,8 0,9",
        "zie www.vechtdal.example of https://vechtdal.example/lessen?id=12345",
        "volg ons via @vechtdal",
        "20 appels @ 2.50",
        "Kom @ home. Daarna verder",
        "meet us at school in May",
        "have a look at www.vechtdal.example",
        "(a) een stage (b) een opdracht",
        "een les over het apenstaartje",
        "",
    ],
)
def test_dates_amounts_numbers_and_websites_are_no_contact_details(text):
    assert contact_detail_in(text) is None


def test_the_refusal_says_why_and_does_not_repeat_what_was_written():
    with pytest.raises(ValueError, match="must not hold an email address: contact details are exchanged") as refused:
        without_contact_details("Mail noor@vechtdal.example")

    assert "vechtdal" not in str(refused.value)


WORDS = st.lists(st.sampled_from(["wij", "zoeken", "een", "stage", "voor", "vier", "studenten", "in", "2026", "25"]))
BETWEEN = st.sampled_from(["", " ", "-", ".", "/", " - ", "_", "\u2011"])


@given(WORDS, st.text("23458", min_size=8, max_size=8), st.lists(BETWEEN, min_size=9, max_size=9), WORDS)
def test_a_mobile_number_hides_behind_no_separators(before, digits, between, after):
    written = "".join(digit + gap for digit, gap in zip(f"06{digits}", ["", *between[:8], ""], strict=True))

    assert contact_detail_in(f"{' '.join(before)} bel {written} graag {' '.join(after)}") == "a phone number"


@given(WORDS, st.from_regex(r"[a-z][a-z0-9]{0,10}\.?[a-z0-9]{1,10}@[a-z]{2,10}\.(nl|com|example)", fullmatch=True))
def test_an_address_is_seen_anywhere_in_a_text(words, address):
    half = len(words) // 2
    text = " ".join([*words[:half], address.title(), *words[half:]])

    assert contact_detail_in(text) == "an email address"


@given(WORDS, WORDS)
def test_plain_words_hold_no_contact_details(some, more):
    assert contact_detail_in(f"{' '.join(some)}. {' '.join(more)}!") is None


@given(st.text(max_size=400))
def test_any_text_is_judged_without_failing(text):
    assert contact_detail_in(text) in (None, "an email address", "a phone number")
