"""What a node knows of the lines to other nodes, in a folder of its own: `regions.json` on the national node, which it
lets in, or `line.json` in a region, which is what the national node gave it. Neither: the node is alone. Which partner
networks may come in is beside it.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from node.files import write
from node.links.nkeys import new_user_key
from node.links.partners import PartnerKeys

#: What the national node is called; one of another name says so, or has let a region in.
NATIONAL = "national"

#: It says what kind of file it is, so that nobody is let in by another.
BUNDLE_FORMAT = "omdehoek-line-1"


class NotPossible(Exception):
    """What was asked of the lines cannot be done, and why, for who asked."""


def lines_of(data: Path) -> Path:
    """Where a node on a folder keeps its lines; in compose they are with the secrets of NATS."""
    return data / "keys" / "lines"


class Bundle(NamedTuple):
    """What a region needs to be let in: it is the key, so it is sent as one sends a password."""

    region: str
    national: str
    #: Of each server of the national node, with commas between them.
    url: str
    seed: str
    ca: str | None = None
    format: str = BUNDLE_FORMAT


class Register:
    """The lines of one node. Whoever reads it again sees what was changed meanwhile."""

    def __init__(self, folder: Path, node: str, *, national: str | None = None) -> None:
        """`national` is the national node as the operator says it; by that name alone the node is no region yet."""
        self.folder, self.node = folder, node
        self._can_be_national = node in (NATIONAL, national)
        self.partners = PartnerKeys(folder)
        self._regions_file, self._line_file = folder / "regions.json", folder / "line.json"

    @property
    def line(self) -> Bundle | None:
        """What this node was given as a region."""
        return read_bundle(self._line_file) if self._line_file.exists() else None

    @property
    def regions(self) -> Mapping[str, str]:
        """Who is let in: the public key of each region."""
        return {name: entry["key"] for name, entry in self._entries().items()}

    @property
    def national(self) -> str:
        """The national node's name; empty for a node that is alone."""
        if line := self.line:
            return line.national
        return self.node if self._can_be_national or self._regions_file.exists() else ""

    @property
    def is_national(self) -> bool:
        return self.national == self.node

    def add(self, region: str, url: str, ca: str | None) -> Bundle:
        """Lets a region in; raises `NotPossible` for one that is in already."""
        if region in self.regions:
            raise NotPossible(
                f"{region} is er al; 'rotate' geeft een nieuwe sleutel (is there; rotate makes a new key)"
            )
        return self._given(region, url, ca)

    def rotate(self, region: str, url: str, ca: str | None) -> Bundle:
        """A new key for a region; the one it had lets nobody in any more."""
        self.check_known(region)
        return self._given(region, url, ca)

    def remove(self, region: str) -> None:
        """The key of a region lets nobody in any more."""
        self.check_known(region)
        self._keep({name: entry for name, entry in self._entries().items() if name != region})

    def join(self, bundle: Bundle) -> None:
        """Becomes the region that the bundle is for."""
        if bundle.region != self.node:
            raise NotPossible(f"dit is voor {bundle.region}, en deze node heet {self.node} (for another node)")
        if self._regions_file.exists():
            raise NotPossible("de landelijke node kan geen regio zijn (the national node cannot be a region)")
        self.folder.mkdir(parents=True, exist_ok=True)
        write(self._line_file, json.dumps(bundle._asdict(), indent=2))

    def check_known(self, region: str) -> None:
        if region not in self.regions:
            raise NotPossible(f"{region} is hier niet bekend (not known here)")

    def _given(self, region: str, url: str, ca: str | None) -> Bundle:
        if self.line is not None:
            raise NotPossible("dit is een regio, niet de landelijke node (a region, not the national node)")
        if region == self.node:
            raise NotPossible("een regio heet anders dan de landelijke node (a region has another name)")
        key = new_user_key()
        entry = {"key": key.public, "since": datetime.now(UTC).isoformat(timespec="seconds")}
        self._keep({**self._entries(), region: entry})
        return Bundle(region, self.node, url, key.seed, ca)

    def _entries(self) -> dict[str, dict[str, str]]:
        return dict(json.loads(self._regions_file.read_text())) if self._regions_file.exists() else {}

    def _keep(self, entries: dict[str, dict[str, str]]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        write(self._regions_file, json.dumps(entries, indent=2))


def read_bundle(file: Path) -> Bundle:
    """Raises `NotPossible` for a file that is something else."""
    try:
        found = json.loads(file.read_text())
        if found["format"] != BUNDLE_FORMAT:
            raise ValueError
        return Bundle(**found)
    except (OSError, ValueError, TypeError, KeyError):
        raise NotPossible(f"{file} is geen toegang tot een landelijke node (lets nobody in)") from None
