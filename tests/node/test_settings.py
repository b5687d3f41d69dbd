"""Variables that are no setting."""

import signal

from node.part import free_port
from node.settings import unknown
from tests.node.commands import ENVIRONMENT, Up


def test_a_variable_that_nothing_reads_is_known_for_that():
    said = ["ODH_MAIL_FORM", "ODH_SMTP_URL_FILES", "ODH_NOTHING_FILE", "MAIL_FORM"]

    assert unknown(said) == ["ODH_MAIL_FORM", "ODH_NOTHING_FILE", "ODH_SMTP_URL_FILES"]


def test_a_setting_of_any_service_is_known_and_so_are_its_file_and_what_the_commands_read():
    said = ["ODH_PORT", "ODH_MAIL_FROM", "ODH_SMTP_URL_FILE", "ODH_IDENTITY_PUBLIC_KEYS_FILE", "ODH_VENV", "PATH"]

    assert unknown(said) == []


async def test_up_names_such_a_variable_before_it_starts(run_directory, monkeypatch):
    monkeypatch.setitem(ENVIRONMENT, "ODH_MAIL_FORM", "post@school.example")
    up = await Up.start(run_directory / "misspelled", free_port())

    await up.shows("ODH_MAIL_FORM is geen instelling")
    assert "✓" not in up.screen  # no step is done yet

    await up.end(signal.SIGTERM)
