"""What a node is called, which is in the name of each of its streams: `<data>/name`, written when it first starts.

In compose, where each part has a folder of its own, it is `operator/name` among the secrets.
"""

import re
from pathlib import Path

from node.files import write
from node.links.register import NotPossible, Register, lines_of


def of(data: Path, asked: str | None = None) -> str | None:
    """The name of the node on a folder; where there is none yet, the name that is asked for, if one is.

    Raises `NotPossible` when the node there is called otherwise.
    """
    return _agreed(_found(data), asked, f"de node op {data}", "--node")


def of_secrets(folder: Path, asked: str) -> str:
    """The same where its secrets were handed out."""
    return _agreed(_found_in_secrets(folder), asked, "deze node", "ODH_NODE") or asked


def keep(data: Path, name: str) -> None:
    """From now on it is the name of the node on the folder."""
    if _kept(data) != name:
        write(data / "name", name)


def keep_in_secrets(folder: Path, name: str) -> None:
    """The same where its secrets are handed out."""
    keep(folder / "operator", name)


def _agreed(found: list[str], asked: str | None, which: str, said_by: str) -> str | None:
    if not found or asked in found:
        return asked
    if asked is None and len(found) == 1:
        return found[0]
    called, but = " of ".join(found), f"niet {asked}" if asked else f"zeg welke met {said_by}"
    raise NotPossible(f"{which} heet {called}, {but} ({said_by}: what the node there is called)")


def _found(data: Path) -> list[str]:
    """Its name, once. A folder of a release that kept none shows it by its line, or else by its streams, which are of
    two names where such a node was started under another.
    """
    if kept := _kept(data):
        return [kept]
    if line := Register(lines_of(data), "").line:
        return [line.region]
    streams = (data / "nats" / "store" / "jetstream").glob("*/streams/odh-*-shared")
    return sorted({stream.name.removeprefix("odh-").removesuffix("-shared") for stream in streams})


def _found_in_secrets(folder: Path) -> list[str]:
    """Where a release before did not write it down, it is in the rights that its services have in NATS."""
    if kept := _kept(folder / "operator"):
        return [kept]
    accounts = folder / "nats" / "accounts.conf"
    found = re.search(r'"odh\.([a-z0-9-]+)\.', accounts.read_text()) if accounts.exists() else None
    return [found[1]] if found else []


def _kept(data: Path) -> str | None:
    try:
        return (data / "name").read_text().strip()
    except FileNotFoundError:
        return None
