"""Who says what and who hears it, read from the code itself: `./odh events`, and docs/events.md.

Hearing is read from the routers. Saying is read from the source: an event is made only to be said.
"""

import argparse
import ast
import importlib
import importlib.util
from collections import defaultdict
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from contracts.event import Event, ToOneNode
from contracts.export import contract_types

ROOT = Path(__file__).parent.parent
SERVICES = ("members", "requests", "matching", "notify", "partners", "insight", "gateway")
SAYERS = (*(f"services/{service}" for service in SERVICES), "chassis", "node")


def says() -> dict[str, set[str]]:
    """For each event class, the `service/file.py:function` places that say it."""
    names = {event_type.__name__ for event_type in contract_types()}
    found: dict[str, set[str]] = defaultdict(set)
    for folder in SAYERS:
        for file in sorted((ROOT / folder).rglob("*.py")):
            if "from contracts" not in (source := file.read_text()):
                continue
            tree = ast.parse(source)
            imported = {
                alias.asname or alias.name: f"{node.module}.{alias.name}"
                for node in ast.walk(tree)
                if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("contracts")
                for alias in node.names
                if alias.name in names
            }
            if not imported:
                continue
            for function in ast.walk(tree):
                if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                    continue
                place = f"{file.relative_to(ROOT).as_posix().removeprefix('services/')}:{function.name}"
                for call in (call for line in function.body for call in ast.walk(line) if isinstance(call, ast.Call)):
                    for name in _made_by(call) & imported.keys():
                        found[imported[name]].add(place)
    return found


def _made_by(call: ast.Call) -> set[str]:
    """Names that may be an event made here: `Kind(...)`, `Kind.model_validate(...)` or `tell(session, Kind, ...)`."""
    match call.func:
        case ast.Name("isinstance"):
            return set()
        case ast.Name(name) | ast.Attribute(ast.Name(name), "model_validate"):
            made = {name}
        case _:
            made = set()
    return made | {argument.id for argument in call.args if isinstance(argument, ast.Name)}


def hears() -> dict[type[Event], list[tuple[str, str, str]]]:
    """For each event type, the (service, handler, first line of what it does) that hear it.

    A handler of what other nodes say is told with `, from elsewhere`.
    """
    found: dict[type[Event], list[tuple[str, str, str]]] = defaultdict(list)
    for service in SERVICES:
        module = f"services.{service}.handlers"
        if importlib.util.find_spec(module) is None:
            continue
        for hearing in importlib.import_module(module).router.hearings:
            what = (hearing.handler.__doc__ or "").strip().split("\n")[0]
            where = ", from elsewhere" if hearing.elsewhere else ""
            found[hearing.event_type].append((service + where, hearing.handler.__name__, what))
    return found


def events_page() -> str:
    """docs/events.md: every event with its meaning, who says and who hears it, and its fields."""
    said, heard = says(), hears()
    lines = [
        "# Events",
        "",
        "Made by `./odh events --write`; do not edit. Every event is a CloudEvents 1.0 envelope in JSON; its",
        "subject is `odh.<node>.<reach>.<service>.<event>.<entity id>`, or for a partner network",
        "`odh.<node>.to-partner.<partner>.<service>.<event>.<entity id>`. What is said to one other node has",
        "`odh.<node>.to.<other node>.<service>.<event>.<entity id>`; so has a request or an offer that one node hears",
        "again. A timer waits at `odh.<node>.timer.<service>.<event>.<entity id>` until its moment, and then is said",
        "as any other. The schemas are in `contracts/schemas/`.",
        "",
        "| event | reach | meaning | heard by |",
        "| --- | --- | --- | --- |",
    ]
    types = sorted(
        contract_types(), key=lambda event_type: event_type.speaker() == "chassis"
    )  # every service's at last
    for event_type in types:
        listeners = ", ".join(sorted({f"{service}: `{handler}`" for service, handler, _ in heard[event_type]})) or "-"
        lines.append(
            f"| [`{event_type.wire_name}`](#{_anchor(event_type)}) | {_reach(event_type)} "
            f"| {_meaning(event_type)} | {listeners} |"
        )
    for event_type in types:
        places = said.get(f"{event_type.__module__}.{event_type.__name__}", set())
        lines += ["", f"## {event_type.wire_name}", "", _meaning(event_type), ""]
        lines += [f"- type `{event_type.type_name()}`, about `{event_type.about}`, reach {_reach(event_type, '`')}"]
        if event_type.kept_seconds:
            lines.append(f"- removed from the stream after {event_type.kept_seconds} seconds")
        lines.append("- said by " + (", ".join(f"`{place}`" for place in sorted(places)) or "nobody"))
        for service, handler, what in sorted(heard[event_type]):
            lines.append(f"- heard by {service}: `{handler}`: {what}")
        lines += ["", "| field | type | note |", "| --- | --- | --- |"]
        personal = event_type.personal_fields()
        for name, field in event_type.model_fields.items():
            note = " ".join(filter(None, [field.description, "**Personal data.**" if name in personal else ""]))
            lines.append(f"| `{name}` | {_kind(field.annotation)} | {note} |")
    return "\n".join(lines) + "\n"


_PLAIN = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "yes or no",
    datetime: "moment",
    date: "day",
    time: "time of day",
}


def _kind(annotation: Any) -> str:
    """A type as people say it."""
    origin, parts = get_origin(annotation), [part for part in get_args(annotation) if part not in (type(None), ...)]
    if origin is Literal:
        return ("one of " if len(parts) > 1 else "") + ", ".join(f"`{part}`" for part in parts)
    if origin is Annotated:
        return _kind(parts[0])
    if origin is tuple:
        return f"list of {_kind(parts[0])}"
    if origin is dict:
        return f"{_kind(parts[1])} by name"
    if parts:
        nothing = ", or nothing" if type(None) in get_args(annotation) else ""
        return " or ".join(_kind(part) for part in parts) + nothing
    return _PLAIN.get(annotation) or f"`{annotation.__name__}`"


def _anchor(event_type: type[Event]) -> str:
    return event_type.wire_name.replace(".", "")


def _reach(event_type: type[Event], mark: str = "") -> str:
    return f"{mark}{event_type.reach}{mark}" + (", to one node" if issubclass(event_type, ToOneNode) else "")


def _meaning(event_type: type[Event]) -> str:
    return " ".join((event_type.__doc__ or "").split())


def main(arguments: list[str] | None = None) -> int:
    """Prints the map, or writes docs/events.md with `--write`."""
    parser = argparse.ArgumentParser(prog="odh events", description="Wie zegt wat, en wie hoort het (who says what).")
    parser.add_argument("--write", action="store_true", help="vernieuw docs/events.md (renew the page)")
    if parser.parse_args(arguments).write:
        (ROOT / "docs" / "events.md").write_text(events_page())
        print("docs/events.md written.")
        return 0
    said, heard = says(), hears()
    for event_type in contract_types():
        places = said.get(f"{event_type.__module__}.{event_type.__name__}", set())
        print(f"{event_type.wire_name}  ({event_type.reach})")
        for place in sorted(places):
            print(f"    said by   {place}")
        for service, handler, _ in sorted(heard[event_type]):
            print(f"    heard by  {service}/handlers.py:{handler}")
    return 0
