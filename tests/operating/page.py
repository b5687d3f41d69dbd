"""The commands of a page, as somebody types them who follows it."""

import re
from collections.abc import Mapping
from pathlib import Path

from node import ROOT


class Page:
    """A page of docs/, and which of its commands were run: one that nobody ran may be untrue."""

    def __init__(self, name: str) -> None:
        self._text = (ROOT / "docs" / name).read_text()
        self._run: set[str] = set()

    def under(self, heading: str) -> list[str]:
        """What is typed for the task of that heading, in its order; from now on it counts as run."""
        found = commands(self._task(heading))
        assert found, f"nothing is typed under {heading}"
        self._run.update(found)
        return found

    def table(self, heading: str) -> list[str]:
        """What the table under that heading says to type; from now on it counts as run."""
        found = _in_table(self._task(heading))
        assert found, f"no table under {heading}"
        self._run.update(found)
        return found

    def left(self) -> list[str]:
        """What the page says to type and nobody did."""
        return [one for one in commands(self._text) + _in_table(self._text) if one not in self._run]

    def _task(self, heading: str) -> str:
        """From its heading to the next."""
        found = re.search(rf"^(#+) {re.escape(heading)}$(.*?)(?=^##|\Z)", self._text, flags=re.M | re.S)
        assert found, f"no heading {heading}"
        return found[2]


def commands(text: str) -> list[str]:
    """Of each block that is typed in a shell: a line is a command, with the lines that go on with it."""
    blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```", text, flags=re.M | re.S)
    return [line for block in blocks for line in re.sub(r"\\\n *", "", block).splitlines() if line.strip()]


def _in_table(text: str) -> list[str]:
    return re.findall(r"^\| [^|`]+ \| `([^`]+)`", text, flags=re.M)


def in_containers(command: str) -> bool:
    return "docker" in command or "--gateway" in command or command.endswith(" .env")  # which compose alone reads


def with_words(command: str, words: Mapping[str, str]) -> str:
    """The command where it is run: the page has names, addresses and ports that are not from here."""
    for said, here in words.items():
        command = command.replace(said, here)
    return command


def folder_of_its_own(parent: Path, name: str) -> Path:
    """As somebody has the project: its files, in a folder that is called so."""
    folder = parent / name
    folder.mkdir()
    folder.chmod(0o755)  # PostgreSQL may run as another user, and so do the parts in containers
    return folder
