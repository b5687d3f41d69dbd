"""The partner networks: the four that every release knows, and those that a node's operator adds, a file each.

The file is the network's profile (`services.partners.profiles`): what it is called in events is the file's name, what
people call it stands in it as `name`. A node that has no such file shows the name of the events.
"""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints

from contracts.vocabulary import Network

CODE = re.compile(r"[a-z][a-z0-9-]{1,39}")

#: What a network is called in events.
NetworkCode = Annotated[str, StringConstraints(pattern=f"^{CODE.pattern}$")]

#: The same in both languages: they are names.
_OF_EVERY_RELEASE: dict[str, str] = {
    Network.DUURZAAM_MBO: "Duurzaam MBO",
    Network.ROOTS: "Het Groene Brein Roots",
    Network.KATAPULT: "Katapult",
    Network.LEREN_VOOR_MORGEN: "Leren voor Morgen",
}

_added: dict[str, tuple[str, Path]] = {}


class NetworkNotRight(ValueError):
    """A file of a network cannot be used; the message says which and why."""


def learn(folder: Path | None) -> None:
    """From now on this process knows the networks of a folder too, in place of those that it learned before.

    Without a folder there are none. Raises `NetworkNotRight`, also for a folder that is not there.
    """
    _added.clear()
    if folder and not folder.is_dir():
        raise NetworkNotRight(f"{folder}: there is no such folder of networks")
    for file in sorted(folder.glob("*.toml")) if folder else ():
        _added[file.stem] = _name_in(file), file


def known() -> dict[str, str]:
    """What every network that is known here is called, by its code."""
    return _OF_EVERY_RELEASE | {code: name for code, (name, _) in _added.items()}


def file_of(network: str) -> Path | None:
    """The file of a network that was added; none of those of every release."""
    return _added[network][1] if network in _added else None


def apart(networks: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Networks as the events tell them: a reader of before there were others knows four, and refuses any other word."""
    named = tuple(dict.fromkeys(networks))
    is_old = set(Network)
    return {
        "networks": tuple(one for one in named if one in is_old),
        "other_networks": tuple(one for one in named if one not in is_old),
    }


def _name_in(file: Path) -> str:
    if not CODE.fullmatch(file.stem):
        raise NetworkNotRight(f"{file}: a network is called with 2 to 40 small letters, digits and dashes")
    if file.stem in set(Network):
        raise NetworkNotRight(f"{file}: every release has this network already")
    try:
        name = tomllib.loads(file.read_text()).get("name")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as why:
        raise NetworkNotRight(f"{file}: {why}") from None
    if not isinstance(name, str) or not 0 < len(name.strip()) <= 60:
        raise NetworkNotRight(f'{file}: say what people call it, such as name = "Onze Groene School"')
    return name.strip()
