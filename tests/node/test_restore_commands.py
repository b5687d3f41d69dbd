"""`./odh restore` as a command: what is given again when it broke off, and what it says when it cannot be done."""

import asyncio
import shutil
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from chassis.database import DatabaseAway, engine_for
from node import restore
from node.keeping import manifest
from node.keeping.manifest import Manifest
from node.keeping.servers import Servers

KEYS = {"postgres": "a password", "lines/line.json": "{}"}


def written(folder: Path, files: dict[str, str]) -> None:
    for name, said in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(said)


def what_is_in(folder: Path) -> dict[str, str]:
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


async def nothing_goes_wrong(*_: object) -> None:
    """A restore that comes to its end."""


async def breaks_off(*_: object) -> None:
    raise ConnectionError


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A backup with keys."""
    kept = tmp_path / "kept"
    written(kept / "secrets", KEYS)
    about = {"node": "utrecht", "made_at": "2026-11-02T10:00:00+00:00", "databases": {}, "streams": {}}
    manifest.write(kept, Manifest(**about, mails_waiting=0, has_secrets=True))  # type: ignore[arg-type]
    return kept


@pytest.fixture
def given(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """The command on a new folder, with what its work on the servers does; its exit code."""
    monkeypatch.setattr(restore, "started", lambda *_: nullcontext(Servers("utrecht", {}, "")))

    def give(*options: str, doing: Any = nothing_goes_wrong) -> int:
        monkeypatch.setattr(restore, "put_back", doing)
        monkeypatch.setattr(sys, "argv", ["odh restore", str(source), f"--data={tmp_path / 'data'}", *options])
        return restore.main()

    return give


def test_a_restore_with_its_keys_that_broke_off_is_given_again(given, tmp_path):
    assert given("--with-secrets", doing=breaks_off) == 1
    written(tmp_path / "data" / "keys", {"nats-lines": "made by the servers that were started"})

    assert given("--with-secrets", "--overwrite") == 0

    assert what_is_in(tmp_path / "data" / "keys").items() >= KEYS.items()


def test_keys_of_which_the_copy_broke_off_are_put_back_whole_by_the_next(given, tmp_path, monkeypatch):
    def one_file_only(_: Path, target: Path) -> None:
        written(target, {"postgres": "a pass"})
        raise OSError("no space left")

    with monkeypatch.context() as full:
        full.setattr(shutil, "copytree", one_file_only)
        assert given("--with-secrets") == 1

    assert given("--with-secrets", "--overwrite") == 0

    assert what_is_in(tmp_path / "data" / "keys") == KEYS
    assert (tmp_path / "data" / "keys").stat().st_mode & 0o077 == 0


def test_other_keys_that_are_there_stay(given, tmp_path, capsys):
    written(tmp_path / "data" / "keys", KEYS | {"postgres": "another password"})

    assert given("--with-secrets", "--overwrite") == 1

    assert "with other keys" in capsys.readouterr().err
    assert what_is_in(tmp_path / "data" / "keys")["postgres"] == "another password"


async def a_statement_fails(url: str) -> None:
    engine = engine_for(url, 1)
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1 / 0"))
    finally:
        await engine.dispose()


@pytest.mark.parametrize("fault", ["its database is away", "a statement of a migration fails"])
async def test_a_fault_of_a_database_is_told_in_a_line(given, capsys, postgres, fault):
    async def fails(*_: object) -> None:
        if fault == "its database is away":
            raise DatabaseAway
        await a_statement_fails(postgres.url("postgres"))

    assert await asyncio.to_thread(given, doing=fails) == 1

    told = capsys.readouterr().err
    assert told in (f"Niet teruggezet (not restored): {why}\n" for why in ("DatabaseAway", "division by zero"))
