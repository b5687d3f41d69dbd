"""Where a setting comes from: an argument, the environment, or a file that the environment names."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError
from pydantic_settings import SettingsError

from chassis.settings import Settings, faults_of
from node import ROOT, SERVICES
from services.gateway.settings import GatewaySettings
from services.matching.settings import MatchingSettings
from services.notify.settings import NotifySettings

URL = "postgresql+asyncpg://members:s3cret@postgres/members"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file as somebody writes it with an editor: it ends in a line feed."""
    made = tmp_path / "database_url"
    made.write_text(f"{URL}\n")
    return made


def test_a_setting_is_read_from_the_file_that_is_named(file, monkeypatch):
    monkeypatch.setenv("ODH_DATABASE_URL_FILE", str(file))

    assert Settings().database_url == URL


def test_an_argument_goes_before_the_file(file, monkeypatch):
    monkeypatch.setenv("ODH_DATABASE_URL_FILE", str(file))

    assert Settings(database_url="postgresql+asyncpg://elsewhere/members").database_url.endswith("//elsewhere/members")


@pytest.mark.parametrize("service", SERVICES)
def test_what_there_may_be_none_of_is_not_set_when_it_is_empty(service, monkeypatch):
    settings = getattr(importlib.import_module(f"services.{service}.settings"), f"{service.title()}Settings")
    none = [name for name, field in settings.model_fields.items() if field.default is None]
    for name in none:
        monkeypatch.setenv(f"ODH_{name.upper()}", "")
        monkeypatch.setenv(f"ODH_{name.upper()}_FILE", "")
    monkeypatch.setenv("ODH_IDENTITY_PRIVATE_KEY_FILE", "key")  # without which there is no gateway

    assert {name: getattr(settings(), name) for name in none} == dict.fromkeys(none)


def test_a_text_may_be_empty(monkeypatch):
    monkeypatch.setenv("ODH_EMBEDDING_QUERY_PREFIX", "")

    assert MatchingSettings().embedding_query_prefix == ""


def test_a_setting_of_one_service_can_be_in_a_file_too(tmp_path, monkeypatch):
    (tmp_path / "smtp_url").write_text("smtps://post:s3cret@mail.example")
    monkeypatch.setenv("ODH_SMTP_URL_FILE", str(tmp_path / "smtp_url"))

    assert NotifySettings().smtp_url.get_secret_value() == "smtps://post:s3cret@mail.example"


def test_a_list_in_a_file_is_read_as_a_list(tmp_path, monkeypatch):
    (tmp_path / "kinds").write_text('["tip"]')
    monkeypatch.setenv("ODH_KINDS_WITHOUT_AMBASSADOR_FILE", str(tmp_path / "kinds"))

    assert MatchingSettings().kinds_without_ambassador == {"tip"}


def test_a_file_that_is_not_there_is_no_reason_to_take_another_database(file, monkeypatch):
    monkeypatch.setenv("ODH_DATABASE_URL_FILE", str(file.with_name("gone")))

    with pytest.raises(SettingsError) as refused:
        Settings()
    assert isinstance(refused.value.__cause__, FileNotFoundError)


def test_who_says_it_twice_is_asked_which_one_is_meant(file, monkeypatch):
    monkeypatch.setenv("ODH_DATABASE_URL_FILE", str(file))
    monkeypatch.setenv("ODH_DATABASE_URL", "postgresql+asyncpg://elsewhere/members")

    with pytest.raises(SettingsError) as refused:
        Settings()
    assert str(refused.value.__cause__) == "ODH_DATABASE_URL and ODH_DATABASE_URL_FILE are both set"


def test_what_is_in_a_file_is_in_no_error(tmp_path, monkeypatch):
    (tmp_path / "smtp_url").write_text("ftp://post:s3cret@mail.example")
    monkeypatch.setenv("ODH_SMTP_URL_FILE", str(tmp_path / "smtp_url"))

    with pytest.raises(ValueError, match="must be smtp://") as refused:
        NotifySettings()
    assert "s3cret" not in str(refused.value)


def faults(settings: type[Settings]) -> list[str]:
    with pytest.raises((ValueError, SettingsError)) as refused:
        settings()
    assert isinstance(refused.value, ValidationError | SettingsError)
    return faults_of(refused.value)


def test_each_setting_that_cannot_be_used_is_told_with_its_variable(monkeypatch):
    monkeypatch.setenv("ODH_BATCH_SIZE_MAX", "0")
    monkeypatch.setenv("ODH_LOG_LEVEL", "loud")
    monkeypatch.setenv("ODH_KINDS_WITHOUT_AMBASSADOR", "tip")

    assert faults(MatchingSettings) == ["ODH_KINDS_WITHOUT_AMBASSADOR: Expecting value: line 1 column 1 (char 0)"]
    few, loud = faults(Settings)
    assert few.startswith("ODH_BATCH_SIZE_MAX: Input should be greater than or equal to 1")
    assert loud.startswith("ODH_LOG_LEVEL: ")


def test_settings_that_do_not_go_together_are_told_in_words(monkeypatch, tmp_path):
    monkeypatch.setenv("ODH_OIDC_ISSUER", "https://login.example")
    monkeypatch.setenv("ODH_IDENTITY_PRIVATE_KEY_FILE", str(tmp_path / "key"))

    assert faults(GatewaySettings) == ["oidc_client_id: say what the provider calls this node"]


def test_a_secret_that_cannot_be_used_is_told_by_its_file_alone(tmp_path, monkeypatch):
    (tmp_path / "smtp_url").write_text("ftp://post:s3cret@mail.example")
    monkeypatch.setenv("ODH_SMTP_URL_FILE", str(tmp_path / "smtp_url"))

    (told,) = faults(NotifySettings)

    assert told.startswith("ODH_SMTP_URL_FILE: ")
    assert "s3cret" not in told


def test_a_service_that_cannot_use_a_setting_says_which_in_its_log_and_ends():
    ended = subprocess.run(
        [sys.executable, "-m", "chassis", "services.requests"],
        cwd=ROOT,
        env=os.environ | {"ODH_OPEN_DAYS": "ninety", "ODH_NODE": "zeeland"},
        capture_output=True,
        text=True,
    )

    assert ended.returncode == 1
    (line,) = map(json.loads, ended.stderr.splitlines())
    assert (line["service"], line["node"], line["level"]) == ("requests", "zeeland", "error")
    assert line["message"].startswith("ODH_OPEN_DAYS: Input should be a valid integer")


@pytest.mark.parametrize("service", SERVICES)
def test_no_setting_has_the_name_of_anothers_file(service):
    """One variable would mean two things."""
    module = importlib.import_module(f"services.{service}.settings")
    (settings,) = [
        found for found in vars(module).values()
        if isinstance(found, type) and issubclass(found, Settings) and found is not Settings
    ]  # fmt: skip

    assert not {f"{name}_file" for name in settings.model_fields} & set(settings.model_fields)
