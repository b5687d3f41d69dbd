"""What is in a backup: written last, with a checksum of all else, so that half a one is never taken for whole."""

import gzip
import hashlib
import json
import os
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

#: How a backup is laid out. A release reads this form and older ones.
FORM = 1

FILE = "manifest.json"
ERASED = "erased.jsonl"
READ_AT_ONCE = 1 << 20


class Unusable(Exception):
    """There is nothing there to put back, or not all of it, or it cannot be understood; it says which, in two words."""


class TableKept(BaseModel):
    """A table's rows, as COPY writes them."""

    name: str
    columns: tuple[str, ...]
    rows: int
    file: str


class DatabaseKept(BaseModel):
    """A service's database; `revision` is the migration that its tables are of."""

    revision: str
    tables: tuple[TableKept, ...]
    sequences: dict[str, int]


class ConsumerKept(BaseModel):
    """What has heard everything up to `heard`."""

    config: dict[str, Any]
    heard: int


class StreamKept(BaseModel):
    """A stream, as the broker's own snapshot. What is behind `last` was said after the databases were kept."""

    config: dict[str, Any]
    state: dict[str, Any]
    last: int
    consumers: tuple[ConsumerKept, ...]
    file: str


class LinesKept(BaseModel):
    """The national node, empty where there was none, and where regions found this one; whom it let in is `lines/`."""

    national: str
    leaf_port: int | None
    has_certificate: bool


class Manifest(BaseModel):
    """All of it."""

    form: int = FORM
    node: str
    made_at: str
    databases: dict[str, DatabaseKept]
    streams: dict[str, StreamKept]
    mails_waiting: int
    has_secrets: bool = False
    #: In compose they are with the secrets; older releases did not keep them.
    lines: LinesKept | None = None
    checksums: dict[str, str] = {}


def write(folder: Path, manifest: Manifest) -> None:
    """After everything else is on the disk."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    manifest.checksums = {str(file.relative_to(folder)): checksum(file) for file in files}
    new = folder / f"{FILE}.new"
    with new.open("w") as stream:
        stream.write(manifest.model_dump_json(indent=2))
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(folder / FILE)


def read(folder: Path) -> Manifest:
    """Raises `Unusable` when anything is missing, damaged or of a later release."""
    try:
        told = json.loads((folder / FILE).read_text())
    except (OSError, ValueError):
        raise Unusable(f"{folder} is geen reservekopie, of geen hele (no backup, or not a whole one)") from None
    if not isinstance(told, dict) or told.get("form", 0) > FORM:
        raise Unusable("gemaakt door een nieuwere uitgave (made by a newer release)")
    try:
        manifest = Manifest.model_validate(told)
    except ValidationError:
        raise Unusable(f"{FILE} is beschadigd (damaged)") from None
    for name, expected in manifest.checksums.items():
        if not (folder / name).is_file():
            raise Unusable(f"{name} ontbreekt (is missing)")
        if checksum(folder / name) != expected:
            raise Unusable(f"{name} is beschadigd (damaged)")
    return manifest


def size_of(folder: Path) -> int:
    """What everything in it takes, in bytes."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def checksum(file: Path) -> str:
    """SHA-256, in hexadecimals."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def written(file: Path) -> Iterator[Callable[[bytes], Coroutine[Any, Any, None]]]:
    """Takes bytes a part at a time, and keeps them compressed; on the disk at the end."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as raw:
        with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=1) as packed:

            async def take(part: bytes) -> None:
                packed.write(part)

            yield take
        raw.flush()
        os.fsync(raw.fileno())


def parts_of(file: Path, size: int = READ_AT_ONCE) -> Iterator[bytes]:
    """What was written, a part at a time."""
    with gzip.open(file) as packed:
        while part := packed.read(size):
            yield part
