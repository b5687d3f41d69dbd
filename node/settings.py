"""`./odh settings`: what an operator can set, read from the settings classes.

`--write` renews the tables in docs/operating.md and the settings in deploy/.env.example.
"""

import argparse
import importlib
import re
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from chassis.settings import Settings
from node import ROOT, SERVICES

PAGE = ROOT / "docs" / "operating.md"
BEGIN, END = "<!-- settings: made by ./odh settings --write -->", "<!-- end of settings -->"
EXAMPLE = ROOT / "deploy" / ".env.example"
REST = "# --- What is seldom changed: made by ./odh settings --write, with the values that hold without it.\n"

#: What docker-compose.yml says itself, because it follows from where it puts things.
SAID_BY_COMPOSE = frozenset(
    {"host", "port", "database_url", "nats_url", "nats_credentials_file", "stream_replicas", "smtp_url"}
    | {"identity_public_keys_file", "identity_private_key_file", "erased_list_file"}
    | {"encryption_public_keys_file", "encryption_private_keys_file", "push_private_key_file"}
    | {"members_url", "requests_url", "matching_url", "notify_url", "partners_url", "insight_url", "networks_folder"}
)

#: What the commands and the tests read themselves.
NO_SETTINGS = frozenset({"CALLED_FROM", "CHROMIUM", "CRASHPOINT", "TEST_COMPOSE", "VENV"})


def main() -> int:
    """Prints the tables, or puts them in the page."""
    parser = argparse.ArgumentParser(prog="odh settings", description="Alles wat je kunt instellen (settings).")
    parser.add_argument("--write", action="store_true", help="vernieuw de bladzijde en het voorbeeld (renew the pages)")
    if not parser.parse_args().write:
        print(settings_tables())
        return 0
    PAGE.write_text(renewed(PAGE.read_text()))
    EXAMPLE.write_text(renewed_example(EXAMPLE.read_text()))
    for file in (PAGE, EXAMPLE):
        print(f"{file.relative_to(ROOT)} geschreven (written).")
    return 0


def renewed(page: str) -> str:
    """The page with its tables as the settings are now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{settings_tables()}\n{END}{after}"


def renewed_example(example: str) -> str:
    """The example with every setting that its first part, which is written by hand, does not explain already."""
    by_hand, _, _ = example.partition(REST)
    told = set(re.findall(r"^#ODH_([A-Z_]+)=", by_hand, flags=re.M)) | {name.upper() for name in SAID_BY_COMPOSE}
    lines: list[str] = []
    for service, settings in _services():
        rest = {name: field for name, field in settings.model_fields.items() if name.upper() not in told}
        lines += [f"# {service}", ""] if rest else []
        for name, field in rest.items():
            lines += [*textwrap.wrap(field.description or "", 118, initial_indent="# ", subsequent_indent="# ")]
            lines += [f"#ODH_{name.upper()}={_in_a_file(_as_text(field))}", ""]
            told.add(name.upper())  # one value in the file is the value of every service
    return "\n".join([by_hand + REST, *lines])


def unknown(variables: Iterable[str]) -> list[str]:
    """The ODH_ variables among these that nothing reads: neither a setting, nor the file that one is in."""
    known = NO_SETTINGS | {name.upper() for _, settings in _services() for name in settings.model_fields}
    named = {one: one.removeprefix("ODH_") for one in variables if one.startswith("ODH_")}
    return sorted(one for one, name in named.items() if not {name, name.removesuffix("_FILE")} & known)


def settings_tables() -> str:
    """A table of what every service has, and one of what each adds."""
    (_, shared), *own = _services()
    added = [_table(name, found, skipped=_the_same(found)) for name, found in own]
    return "\n".join([_table("Every service", shared, skipped=frozenset()), *added])


def _services() -> Iterator[tuple[str, type[Settings]]]:
    yield "every service", Settings
    for service in SERVICES:
        if found := _settings_of(service):
            yield service, found


def _settings_of(service: str) -> type[Settings] | None:
    file = ROOT / "services" / service / "settings.py"
    if not Path(file).exists():
        return None
    module = importlib.import_module(f"services.{service}.settings")
    return next((found for found in vars(module).values() if _is_own(found)), None)


def _is_own(found: Any) -> bool:
    return isinstance(found, type) and issubclass(found, Settings) and found is not Settings


def _the_same(settings: type[Settings]) -> frozenset[str]:
    """What a service has as every service has it; a default of its own is told with what it adds."""
    shared = Settings.model_fields
    return frozenset(name for name, field in shared.items() if settings.model_fields[name].default == field.default)


def _table(heading: str, settings: type[Settings], *, skipped: frozenset[str]) -> str:
    lines = [f"### {heading}", "", "| variable | default | what it does |", "| --- | --- | --- |"]
    return "\n".join([*lines, *_rows(settings, skipped)]) + "\n"


def _rows(settings: type[Settings], skipped: frozenset[str]) -> Iterator[str]:
    for name, field in settings.model_fields.items():
        if name not in skipped:
            yield f"| `ODH_{name.upper()}` | {_default(field)} | {field.description} |"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "(must be set)"
    return "(none)" if field.get_default() is None else f"`{_as_text(field)}`"


def _as_text(field: FieldInfo) -> str:
    """The default as somebody would set it; empty when there is none."""
    default = field.get_default(call_default_factory=True, validated_data={})
    if default is None or default is PydanticUndefined:
        return ""
    if hasattr(default, "get_secret_value"):
        default = default.get_secret_value()
    if isinstance(default, frozenset):
        default = "[" + ", ".join(f'"{value}"' for value in sorted(default)) + "]"
    return str(default)


def _in_a_file(text: str) -> str:
    return f"'{text}'" if re.search(r"[^\w@%+=:,./-]", text) else text
