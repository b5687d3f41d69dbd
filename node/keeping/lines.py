"""What a backup has of a node's lines: whom it lets in, which are public halves of keys, and where they find it.

Never a key of its own: a region that is put back without its keys is let in anew.
"""

import shutil
from pathlib import Path

from node import ports
from node.keeping.manifest import LinesKept, Manifest
from node.links.register import Register, lines_of
from node.links.server import Tls

#: In a backup, and in the folder of the lines.
LET_IN = ("regions.json", "partners.json")


def keep(data: Path, node: str, target: Path) -> LinesKept:
    """What the folder of a node has of it."""
    folder, kept = lines_of(data), target / "lines"
    kept.mkdir()
    for name in LET_IN:
        if (folder / name).exists():
            shutil.copyfile(folder / name, kept / name)
    return LinesKept(
        national=Register(folder, node).national,
        leaf_port=ports.read(data / "ports.json").get("nats-leaf"),
        has_certificate=Tls(folder).is_there,
    )


def put_back(kept: Manifest, source: Path, data: Path) -> list[str]:
    """Lets in who was let in, as far as the folder does not say who is; returns what is left for the operator to do."""
    if kept.lines is None:
        return []
    folder = lines_of(data)
    folder.mkdir(parents=True, exist_ok=True)
    new = [name for name in LET_IN if (source / "lines" / name).exists() and not (folder / name).exists()]
    for name in new:
        shutil.copyfile(source / "lines" / name, folder / name)
        (folder / name).chmod(0o600)
    if "regions.json" in new and kept.lines.leaf_port:
        ports.keep(data / "ports.json", ports.read(data / "ports.json") | {"nats-leaf": kept.lines.leaf_port})
    left = []
    if kept.lines.national not in ("", kept.node) and Register(folder, kept.node).line is None:
        left.append(
            f"Deze node was een regio van {kept.lines.national}: vraag daar een nieuw bestand (nodes rotate) en doe "
            f"hiermee nodes join, voor je start (was a region of it: ask for a new file, and join before you start)."
        )
    if kept.lines.has_certificate and not Tls(folder).is_there:
        left.append(
            "Het certificaat van de lijnen zit er niet bij: maak er een met nodes certificate, en geef elke regio een "
            "nieuw bestand met nodes rotate (the certificate did not come along: make one, and rotate each region)."
        )
    return left
