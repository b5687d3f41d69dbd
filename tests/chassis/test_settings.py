"""Where a setting comes from: an argument, the environment, or a file that the environment names."""

import importlib
from pathlib import Path

import pytest
from pydantic_settings import SettingsError

from chassis.settings import Settings
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


@pytest.mark.parametrize("service", ["members", "requests", "matching", "notify", "partners", "gateway"])
def test_no_setting_has_the_name_of_anothers_file(service):
    """One variable would mean two things."""
    module = importlib.import_module(f"services.{service}.settings")
    (settings,) = [
        found for found in vars(module).values()
        if isinstance(found, type) and issubclass(found, Settings) and found is not Settings
    ]  # fmt: skip

    assert not {f"{name}_file" for name in settings.model_fields} & set(settings.model_fields)
