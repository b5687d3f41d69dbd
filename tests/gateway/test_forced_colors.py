"""Who chose their own few colours, as Windows' contrast themes do, still sees which page they are on."""

import pytest

from node import screenshots

BORDERS = """() => [...document.querySelectorAll('.top nav li > a')].map(one => [
    one.hasAttribute('aria-current'), getComputedStyle(one).borderBottomColor])"""
CANVAS = "() => getComputedStyle(document.querySelector('header.top')).backgroundColor"


@pytest.mark.skipif(not screenshots.chromium(), reason="no Chromium here: apt-get install chromium")
async def test_of_the_menu_the_page_that_one_is_on_alone_is_underlined(neighbourhood):
    noor = await neighbourhood.member()
    html, css = (await noor.get("/matches")).text, (await noor.get("/style.css")).text

    async with screenshots.a_browser() as browser:
        page = await (await browser.new_context(forced_colors="active")).new_page()
        await page.set_content(html)
        await page.add_style_tag(content=css)
        borders, canvas = await page.evaluate(BORDERS), await page.evaluate(CANVAS)

    assert len(borders) > 3
    assert [is_current for is_current, colour in borders if colour != canvas] == [True]
