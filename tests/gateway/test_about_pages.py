"""What the pages for everybody promise is so."""

import pytest

from tests.gateway.test_pages import shown, well_made


@pytest.mark.parametrize(
    ("language", "promised", "told"),
    [
        ("nl", "niemand krijgt je naam", ("De ambassadeurs", "team", "telefoonnummer", "netwerk")),
        ("en", "nobody gets your name", ("The ambassadors", "team", "telephone number", "network")),
    ],
)
async def test_who_sees_a_name_before_two_times_yes_is_told_where_consent_is_asked(
    neighbourhood, language, promised, told
):
    page = well_made(await neighbourhood.visitor().get("/privacy", params={"taal": language}), language)

    answers = [shown(one) for one in page.iter("p") if one.get("class") == "text"]
    assert promised not in shown(page)
    assert [words for words in told if words not in answers[1]] == []
