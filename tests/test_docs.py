"""What the documentation says is so: links lead somewhere, commands exist, and generated pages are as the code is."""

import ast
import itertools
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from chassis.map import events_page
from chassis.settings import Settings
from node import SERVICES
from node import __main__ as odh
from node import settings as settings_page

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
#: The pages by the name that each has from where the project begins.
NAMED = {
    str(page.relative_to(ROOT)): page
    for page in [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
}
DECISIONS = [page for page in sorted((DOCS / "decisions").glob("*.md")) if page.name != "README.md"]
STORY = DOCS / "story.md"


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)


def links(page: Path) -> list[str]:
    """Where the links and pictures of a page lead."""
    text = prose(page)
    inline = re.findall(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)", text)
    return inline + re.findall(r"^\[[^\]]+\]:\s*(\S+)", text, flags=re.M)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as they are made from their text."""
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6}\s+(.+?)\s*#*$", prose(page), flags=re.M):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        anchor = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        number = 0
        while (numbered := f"{anchor}-{number}" if number else anchor) in found:
            number += 1
        found.add(numbered)
    return found | set(re.findall(r"<a (?:id|name)=\"([^\"]+)\"", page.read_text()))


def leads_somewhere(page: Path, link: str) -> bool:
    """Whether a link is to another site, or to a file and a heading that are there."""
    target, _, anchor = link.partition("#")
    if re.match(r"[a-z]+:", target):
        return target.startswith(("https://", "mailto:"))
    found = (page.parent / target).resolve() if target else page
    if not found.is_relative_to(ROOT) or not found.exists():
        return False
    return not anchor or found.suffix != ".md" or anchor in anchors(found)


def test_every_link_leads_somewhere():
    leading = [(name, link) for name, page in NAMED.items() for link in links(page)]

    assert not [(name, link) for name, link in leading if not leads_somewhere(NAMED[name], link)]


def test_no_page_points_at_one_machine():
    pointing = re.compile(r"/(home|root|Users|work)/\w|file://|localhost:\d{5}")

    assert not [name for name, page in NAMED.items() if pointing.search(page.read_text())]


def test_a_page_has_one_title_and_begins_with_it():
    headings = {name: re.findall(r"^(#{1,6}) ", prose(page), flags=re.M) for name, page in NAMED.items()}

    assert not [name for name, found in headings.items() if found[0] != "#" or found.count("#") > 1]


def commands(page: Path) -> set[str]:
    """The commands that a page names."""
    return set(re.findall(r"\./odh ([a-z][a-z-]*)", page.read_text()))


def test_every_command_that_is_named_exists():
    assert not [(name, command) for name, page in NAMED.items() for command in commands(page) - set(odh.COMMANDS)]


def test_every_command_has_its_program():
    """Without it `./odh` would not offer it."""
    assert not [name for name, command in odh.COMMANDS.items() if not odh.source(command.module).exists()]


def test_no_command_that_is_named_has_a_password_among_its_words():
    """Whoever is on the machine can read them; a file with the address of a database is named instead."""
    password = re.compile(r"--[a-z-]*database[ =]\S*(\$\(cat|://\w+:)")

    assert not [(name, found[0]) for name, page in NAMED.items() for found in password.finditer(page.read_text())]


def test_every_setting_that_is_named_exists():
    """Whatever is called ODH_... is a setting of a service, or read by `./odh` itself."""
    known = set(re.findall(r"`(ODH_[A-Z_]+)`", settings_page.settings_tables()))
    known |= {"ODH_" + name.upper() for name in Settings.model_fields}
    code = [(ROOT / folder).rglob("*.py") for folder in ("node", "chassis", "bench")]
    for file in [ROOT / "odh", *itertools.chain(*code)]:
        known |= set(re.findall(r"\bODH_[A-Z_]+\b", file.read_text()))
    known |= {f"ODH_{service.upper()}_URL" for service in SERVICES}
    known |= {f"{name}_FILE" for name in known}

    setting = re.compile(r"\bODH_[A-Z_]+[A-Z]\b")
    named = [(name, found) for name, page in NAMED.items() for found in setting.findall(page.read_text())]
    assert not [(name, found) for name, found in named if found not in known]


def test_the_page_of_events_is_as_the_code_is():
    assert (DOCS / "events.md").read_text() == events_page(), "run `./odh events --write`"


def test_the_tables_of_settings_are_as_the_code_is():
    text = settings_page.PAGE.read_text()

    assert settings_page.renewed(text) == text, "run `./odh settings --write`"


def defined_in(file: Path) -> set[str]:
    """The functions and classes of a file, and the files of a folder."""
    if file.is_dir():
        return {inner.name for inner in file.iterdir()}
    tree = ast.parse(file.read_text())
    return {
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }


def steps_of_the_story() -> list[tuple[str, str]]:
    """Each step of the tour: the file that it links to, and the function that it names beside it."""
    lines = STORY.read_text().splitlines()
    linked = [(re.search(r"\]\(\.\./([\w/.-]+\.py)\)", line), re.search(r"`([A-Za-z_]\w*)`", line)) for line in lines]
    return [(link[1], name[1]) for link, name in linked if link and name]


@pytest.mark.parametrize(("file", "name"), steps_of_the_story())
def test_a_step_of_the_story_is_where_the_tour_says(file, name):
    assert name in defined_in(ROOT / file)


def test_the_story_has_its_steps():
    """Should its form change, the test above would find nothing and say nothing."""
    table_lines = [line for line in STORY.read_text().splitlines() if re.match(r"\|\s*\d+\s*\|", line)]

    assert len(steps_of_the_story()) == len(table_lines) >= 8


def test_events_that_the_story_names_exist():
    known = {name for file in (ROOT / "contracts").glob("*.py") for name in defined_in(file)}
    events = set(re.findall(r"(?:hears|says|say|said|event) `([A-Z]\w+)`", STORY.read_text()))

    assert events <= known


def code_names(page: Path) -> set[str]:
    """The files and folders of the project that a page names in code."""
    return set(re.findall(r"`((?:contracts|chassis|services|node|tests|bench|docs)/[\w/.-]*\w)`", page.read_text()))


def test_every_file_that_is_named_exists():
    named = [(name, file) for name, page in NAMED.items() for file in code_names(page) if "events.md" not in file]

    assert not [(name, file) for name, file in named if not (ROOT / file).exists()]


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_every_decision_has_its_parts(page):
    """Context, decision and consequences, and which files do it."""
    for part in ("**Context.**", "**Decision.**", "**Consequences.**", "**Files.**"):
        assert part in page.read_text(), part
    number = page.name[:4]
    assert page.read_text().startswith(f"# {number} ")
    assert f"({page.name})" in (page.parent / "README.md").read_text(), "list it in the README of the decisions"


@pytest.mark.parametrize("picture", sorted(DOCS.rglob("*.svg")), ids=lambda picture: picture.name)
def test_a_picture_can_be_drawn_and_fetches_nothing(picture):
    text = picture.read_text()

    ElementTree.fromstring(text)
    assert not re.search(r"(href|src)=\"(https?:)?//|<script|@import|url\(http", text)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A command as `./odh` runs it, without its look at the environment first."""
    command = [sys.executable, "-m", "node", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_help_lists_every_command_with_its_line():
    told = run("help")

    assert told.returncode == 0
    for name, command in odh.COMMANDS.items():
        assert re.search(rf"^  \./odh {name} .*{re.escape(command.en)}", told.stdout, flags=re.M), name


def test_events_tells_who_says_and_who_hears():
    told = run("events")

    assert told.returncode == 0
    assert re.search(r"^requests\.request-placed .*\n(    said by .*\n)+(    heard by .*\n)*", told.stdout, flags=re.M)


def test_a_command_that_does_not_exist_is_told_with_those_that_do():
    told = run("nonsense")

    assert told.returncode == 2
    assert "./odh up" in told.stderr
