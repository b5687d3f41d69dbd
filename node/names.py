"""What a node is called, which is in the name of each of its streams: `<data>/name`, written when it first starts."""

from pathlib import Path

from node.files import write
from node.links.register import NotPossible, Register, lines_of


def of(data: Path, asked: str | None = None) -> str | None:
    """The name of the node on a folder; where there is none yet, the name that is asked for, if one is.

    Raises `NotPossible` when the node there is called otherwise.
    """
    found = _found(data)
    if not found or asked in found:
        return asked
    if asked is None and len(found) == 1:
        return found[0]
    called, but = " of ".join(found), f"niet {asked}" if asked else "zeg welke met --node"
    raise NotPossible(f"de node op {data} heet {called}, {but} (what the node there is called)")


def keep(data: Path, name: str) -> None:
    """From now on it is the name of the node on the folder."""
    if _kept(data) != name:
        write(data / "name", name)


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


def _kept(data: Path) -> str | None:
    try:
        return (data / "name").read_text().strip()
    except FileNotFoundError:
        return None
