"""`./odh`: what it lists, and the environment that it makes and keeps."""

import importlib.util
import os
import re
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

from node import ROOT
from node.__main__ import COMMANDS, offered
from node.part import free_port
from tests.node.commands import odh


async def test_without_a_word_it_lists_every_command_with_what_it_does():
    listed = await odh()

    assert listed.code == 0
    for name, command in offered().items():
        assert f"./odh {name:<13} {command.nl}" in listed.out
        assert command.en in listed.out
    assert {"up", "story", "test", "events", "dead-letters", "bench", "help"} <= set(offered())


async def test_an_unknown_word_lists_them_too_and_fails():
    answered = await odh("uq")

    assert answered.code == 2
    assert "Onbekend: 'uq'" in answered.err
    assert "./odh up" in answered.err


def test_a_command_that_is_not_in_this_installation_is_not_offered(monkeypatch):
    monkeypatch.setitem(COMMANDS, "bench", COMMANDS["bench"]._replace(module="bench.not_here"))

    assert "bench" not in offered()


@pytest.mark.parametrize("wrong", [["--port=0"], ["--port=70000"], ["--port=acht"], ["--node=Mijn Node"]])
async def test_up_says_what_is_wrong_with_an_option(wrong, tmp_path):
    refused = await odh("up", f"--data={tmp_path / 'nothing'}", *wrong)

    assert refused.code == 2
    assert "(a number from 1 to 65535)" in refused.err or "(small letters, digits, dashes)" in refused.err
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("command", ["events", "settings", "audit"])
async def test_a_command_explains_itself_and_does_nothing_of_what_it_does_not_know(command):
    explained, unknown = await odh(command, "--help"), await odh(command, "--wirte")

    assert (explained.code, unknown.code) == (0, 2)
    assert f"usage: odh {command}" in explained.out
    assert "--wirte" in unknown.err


@pytest.mark.parametrize("command", [["insight", "rebuild"], ["matching", "models"]])
async def test_what_is_to_work_on_the_node_of_a_folder_works_on_no_other(command, tmp_path, monkeypatch):
    monkeypatch.setenv("ODH_DATABASE_URL", "postgresql+asyncpg://elsewhere.example/odh")

    refused = await odh(*command, f"--data={tmp_path}")

    assert refused.code == 1
    assert f"Er draait geen node op {tmp_path}" in refused.err


@pytest.mark.parametrize("data", ["file", "file/x"])
@pytest.mark.parametrize("command", [["up"], ["nodes", "add-region", "zeeland"]])
async def test_a_folder_that_cannot_be_one_is_told_in_a_line(command, data, tmp_path):
    (tmp_path / "file").touch()

    refused = await odh(*command, f"--data={tmp_path / data}")

    assert refused.code == 1
    assert re.fullmatch(rf"Dat ging niet \(not possible\): .+: {tmp_path}/file.*\n", refused.err)
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


async def test_a_database_that_is_away_is_told_in_a_line():
    away = f"postgresql+asyncpg://postgres@127.0.0.1:{free_port()}/partners"

    refused = await odh("partner", "list", "--database", away)

    assert (refused.code, refused.out) == (1, "")
    assert refused.err == "De database van partners is niet te bereiken (its database is away).\n"


def test_an_older_python_is_told_so_before_it_meets_what_it_does_not_know():
    lines = (ROOT / "odh").read_text().splitlines()
    (checked,) = [number for number, line in enumerate(lines) if line.startswith("if sys.version_info")]

    first = next(number for number, line in enumerate(lines) if line.startswith(("def ", "from ")))
    assert lines.index("import sys") < checked < first


@pytest.fixture
def the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The file `odh` itself, with an environment that is not there yet; what it would run is noted."""
    monkeypatch.setenv("ODH_VENV", str(tmp_path / "venv"))
    loader = SourceFileLoader("odh_itself", str(ROOT / "odh"))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    monkeypatch.setattr(module, "commands", [], raising=False)

    def run(_progress: object, command: list[str]) -> None:
        module.commands.append(command)
        if "venv" in command:
            module.PYTHON.parent.mkdir(parents=True, exist_ok=True)
            module.PYTHON.touch()

    monkeypatch.setattr(module, "run", run)
    return module


def test_the_environment_is_made_once_from_the_lock_with_hashes(the_file):
    assert not the_file.is_installed("lock of today")

    the_file.install("lock of today")

    made, installed, warmed = the_file.commands
    assert made[:3] == [sys.executable, "-m", "venv"]
    assert installed[-3:] == ["--require-hashes", "-r", str(ROOT / "requirements.lock")]
    assert warmed[-1] == "node.warm"
    assert the_file.is_installed("lock of today")
    assert not the_file.is_installed("lock of tomorrow")


def test_an_install_that_was_broken_off_is_done_again(the_file, monkeypatch):
    the_file.install("lock of today")

    def fail(_progress: object, command: list[str]) -> None:
        sys.exit("no network")

    monkeypatch.setattr(the_file, "run", fail)
    with pytest.raises(SystemExit):
        the_file.install("lock of tomorrow")

    assert not the_file.is_installed("lock of today")
    assert not the_file.is_installed("lock of tomorrow")


def test_an_environment_of_which_the_making_was_broken_off_is_made_anew(the_file):
    """Its Python comes first and pip after that; without `python3-venv` on Debian, pip never comes."""
    the_file.PYTHON.parent.mkdir(parents=True)
    the_file.PYTHON.symlink_to(sys.executable)
    about = {"home": Path(sys.executable).parent, "include-system-site-packages": "false"}
    (the_file.VENV / "pyvenv.cfg").write_text("".join(f"{name} = {value}\n" for name, value in about.items()))

    the_file.install("lock of today")

    assert the_file.commands[0] == [sys.executable, "-m", "venv", "--clear", str(the_file.VENV)]


def test_a_folder_that_is_no_environment_is_never_cleared(the_file):
    the_file.VENV.mkdir()
    (the_file.VENV / "letter.txt").touch()

    the_file.install("lock of today")

    assert "--clear" not in the_file.commands[0]


def test_a_python_that_became_another_one_has_nothing_installed(the_file):
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    the_file.install("lock of today")
    the_file.PYTHON.unlink()
    the_file.PYTHON.symlink_to(sys.executable)
    (the_file.VENV / "lib" / "python3.9").mkdir(parents=True)

    assert not the_file.is_installed("lock of today")

    (the_file.VENV / "lib" / version).mkdir()
    assert the_file.is_installed("lock of today")


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (KeyboardInterrupt(), 130),
        (PermissionError(13, "Permission denied", "/venv"), "\nDat ging niet (not possible): Permission denied: /venv"),
    ],
)
def test_who_presses_ctrl_c_or_may_not_write_is_not_shown_where_in_the_code_that_was(
    the_file, monkeypatch, trouble, code
):
    def fail(_wanted: str) -> None:
        raise trouble

    monkeypatch.setattr(the_file, "install", fail)

    with pytest.raises(SystemExit) as ended:
        the_file.main()

    assert ended.value.code == code


def test_what_python_compiled_is_kept_whatever_the_shell_says(the_file, monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.delenv("PYTHONPYCACHEPREFIX", raising=False)

    own = the_file.own_environment()

    assert "PYTHONDONTWRITEBYTECODE" not in own
    assert own["PYTHONPYCACHEPREFIX"] == str(the_file.VENV / "bytecode")
    assert own["PYTHONPATH"] == os.pathsep.join([str(ROOT), "/somewhere"])
