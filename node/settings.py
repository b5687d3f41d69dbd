"""`./odh settings`: what an operator can set, read from the settings classes; `--write` renews docs/operating.md."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from chassis.settings import Settings
from node import ROOT
from node.node import SERVICES

PAGE = ROOT / "docs" / "operating.md"
BEGIN, END = "<!-- settings: made by ./odh settings --write -->", "<!-- end of settings -->"


def main() -> int:
    """Prints the tables, or puts them in the page."""
    if "--write" not in sys.argv[1:]:
        print(settings_tables())
        return 0
    PAGE.write_text(renewed(PAGE.read_text()))
    print(f"{PAGE.relative_to(ROOT)} geschreven (written).")
    return 0


def renewed(page: str) -> str:
    """The page with its tables as the settings are now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{settings_tables()}\n{END}{after}"


def settings_tables() -> str:
    """A table of what every service has, and one of what each adds."""
    shared = _table("Every service", Settings, skipped=frozenset())
    own = {service: found for service in SERVICES if (found := _settings_of(service))}
    added = [_table(name, found, skipped=_the_same(found)) for name, found in own.items()]
    return "\n".join([shared, *added])


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
    default = field.get_default(call_default_factory=True, validated_data={})
    if default is PydanticUndefined:
        return "(must be set)"
    if default is None:
        return "(none)"
    if hasattr(default, "get_secret_value"):
        default = default.get_secret_value()
    if isinstance(default, frozenset):
        default = "[" + ", ".join(f'"{value}"' for value in sorted(default)) + "]"
    return f"`{default}`"
