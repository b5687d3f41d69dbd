"""Where the person stands who calls `./odh`."""

import os
from pathlib import Path


def from_where_called(path: str) -> Path:
    """`odh` moves to the root of the project; a path is meant from where the person stood."""
    return Path(os.environ.get("ODH_CALLED_FROM", os.getcwd()), path).resolve()


def text_in(path: str) -> str:
    """What a file says, without the space around it: an address with a password is no word of a command, which others
    on the machine can see.
    """
    return from_where_called(path).read_text().strip()


def folder_told(name: str) -> Path | None:
    """The folder that a variable of the person's names, from where they stood; none when it names none."""
    told = os.environ.get(name)
    return from_where_called(told) if told else None
