"""A mail address or a telephone number in a text is a link; all else is the text, escaped."""

import pytest

from services.gateway.pages.contact_links import with_links


@pytest.mark.parametrize(
    ("text", "html"),
    [
        (
            "Je bereikt Sem via sem.de.vries@zon.example of 030 234 5678.",
            'Je bereikt Sem via <a href="mailto:sem.de.vries@zon.example">sem.<wbr>de.<wbr>vries@<wbr>zon.<wbr>example'
            '</a> of <a href="tel:0302345678">030 234 5678</a>.',
        ),
        ("+32 2 555 12 34", '<a href="tel:+3225551234">+32 2 555 12 34</a>'),
        ("<b>Zon & wind</b>, op 12 maart 2026", "&lt;b&gt;Zon &amp; wind&lt;/b&gt;, op 12 maart 2026"),
        ('x"onclick=y@zon.example', None),
        ("", ""),
    ],
)
def test_who_can_be_written_to_or_called_is_a_link(text, html):
    made = str(with_links(text))

    assert made == html or (html is None and '"onclick' not in made)
