"""What grows without an end is told from what levels out, and from what is kept of each request."""

from xml.etree import ElementTree

import pytest

from bench import levels
from bench.drawing import HEIGHT, WIDTH, Panel, picture
from tests.faults import soak


def watched(count=60, *, every=10.0, **grows):
    """Samples in which each figure is what its function makes of the number of seconds; ten requests a second."""
    made = []
    for number in range(count):
        at = number * every
        sample = {kind: {} for kind in ("memory MB", "open files", "disk MB", "waits")}
        sample |= {"at": at, "placed": {"zeeland": at * 10}}
        for name, figure in grows.items():
            kind, _, what = name.partition("__")
            sample[{"memory": "memory MB", "files": "open files", "disk": "disk MB", "waits": "waits"}[kind]][what] = (
                figure(at)
            )
        made.append(sample)
    return made


def judged(**grows):
    """Of the second half, as the calm part."""
    found = levels.judged(watched(**grows), 300.0, 600.0)
    return {one.name: one.is_level for one in found}


@pytest.mark.parametrize(
    ("figure", "is_level"),
    [
        ({"memory__requests": lambda at: 120.0}, True),
        ({"memory__requests": lambda at: 120 + 40 * (at < 150)}, True),
        ({"memory__requests": lambda at: 120 + at / 600}, True),
        ({"memory__requests": lambda at: 120 + at / 10}, False),
        ({"memory__zeeland/nats": lambda at: 120 + at / 10}, True),
        ({"memory__zeeland/nats": lambda at: 120 + at * at / 50}, False),
        ({"memory__zeeland/mail": lambda at: 50 + at / 60}, True),
        ({"memory__zeeland/mail": lambda at: 50 + at * at / 50}, False),
        ({"memory__zeeland/postgres": lambda at: 120 + at % 400 / 10}, True),
        ({"memory__zeeland/postgres": lambda at: 120 + at / 60}, True),
        ({"memory__zeeland/postgres": lambda at: 120 + at / 10}, False),
        ({"files__gateway": lambda at: 30 + at % 20}, True),
        ({"files__gateway": lambda at: 30 + at / 20}, False),
        ({"waits__matching": lambda at: 90 * (at % 100 < 50)}, True),
        ({"waits__matching": lambda at: at}, False),
        ({"disk__streams": lambda at: 50 + at}, True),
        ({"disk__streams": lambda at: 50 + at * at / 50}, False),
    ],
)
def test_what_grows_without_an_end_is_found(figure, is_level):
    assert list(judged(**figure).values()) == [is_level]


def test_what_postgresql_writes_ahead_has_a_limit_of_its_own():
    assert levels.judged(watched(**{"disk__zeeland/written ahead": lambda at: at}), 300, 600)[0].is_level
    assert not levels.judged(watched(**{"disk__zeeland/written ahead": lambda at: 3 * at}), 300, 600)[0].is_level


def test_what_was_seen_too_seldom_is_not_judged():
    assert levels.judged(watched(5, memory__requests=lambda at: at), 0.0, 600.0) == []


def test_at_the_end_of_a_soak_nobody_is_killed_and_lines_are_still_cut():
    breaks = soak.drawn("7", 1800.0, 20.0)

    at_the_end = [one for one in breaks if one.at >= 1800 * soak.CALM_FROM]
    assert 45 < len(breaks) < 200
    assert at_the_end
    assert not {one.how for one in at_the_end} & soak.DEADLY
    assert {one.how for one in breaks} & soak.DEADLY
    assert breaks == soak.drawn("7", 1800.0, 20.0)


@pytest.mark.parametrize("is_log", [False, True])
def test_a_picture_has_every_line_and_its_name_within_its_panel(is_log):
    lines = {f"line <{number}>": [(10_000, 1 + number), (100_000, 2.0), (1_000_000, 3.0)] for number in range(9)}

    drawn = ElementTree.fromstring(picture("<title>", "told", [Panel("a & b", lines, "offers", is_log=is_log)]))

    namespace = "{http://www.w3.org/2000/svg}"
    names = [text for text in drawn.iter(f"{namespace}text") if (text.text or "").startswith("line <")]
    assert {text.text for text in names} == set(lines)
    assert all(0 < float(text.get("x")) < WIDTH and 0 < float(text.get("y")) < HEIGHT for text in names)
    assert len({text.get("y") for text in names}) == len(names)
    assert drawn.find(f"{namespace}title").text == "<title>"


def test_nothing_to_draw_is_no_trouble():
    assert "nothing yet" in picture("empty", "", [Panel("nothing yet", {"a": []}, "minutes")])
