"""What `./odh` can do: one line per command, and the function behind it (imported only when it is called)."""

import sys
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, TextIO

from node import ROOT


class Command(NamedTuple):
    module: str
    nl: str
    en: str


COMMANDS = {
    "up": Command("node.up", "start een hele node en blijf erbij", "start a whole node and watch over it"),
    "story": Command("node.story", "speel het hoofdverhaal na", "play the main story on the running node"),
    "test": Command("node.test", "alle tests, of die je noemt", "all tests, or the ones you name"),
    "status": Command("node.status", "wat loopt achter, en hoeveel", "what is behind, and by how much"),
    "backup": Command("node.backup", "bewaar een node, ook als hij draait", "keep a node, also while it runs"),
    "restore": Command("node.restore", "zet een bewaarde node terug", "put a node back that was kept"),
    "nodes": Command("node.nodes", "lijnen tussen nodes", "lines between nodes: regions and the nation"),
    "events": Command("chassis.map", "wie zegt wat, en wie hoort het", "who says what, and who hears it"),
    "dead-letters": Command("node.dead_letters", "wat niet verwerkt kon worden", "what was not handled; replay it"),
    "matching": Command("node.matching", "hoe vraag en aanbod elkaar vinden", "models, and learning from answers"),
    "partner": Command("node.partner", "netwerken die zelf gegevens sturen", "networks that push: keys, and a check"),
    "insight": Command("node.insight", "tellingen opnieuw uit de streams", "counts made anew from the streams"),
    "bench": Command("bench.__main__", "meet hoe ver deze machine komt", "measure, next to the machine's own ceiling"),
    "secrets": Command("node.hand_out", "maak de geheimen van een node", "make the secrets of a node, for compose"),
    "settings": Command("node.settings", "alles wat je kunt instellen", "everything that can be set"),
    "design": Command("node.design", "wat de pagina's laden, uit npm", "what the pages load, from their packages"),
    "screenshots": Command("node.screenshots", "een plaatje van elke pagina", "a picture of every page"),
    "lint": Command("node.lint", "stijl en typen", "style and types"),
    "schemas": Command("contracts.export", "schrijf de JSON-schema's opnieuw", "export the JSON Schemas again"),
    "lock": Command("node.lock", "pin de afhankelijkheden opnieuw", "pin the dependencies again"),
    "sbom": Command("node.sbom", "waaruit dit bestaat (CycloneDX)", "what this is made of (CycloneDX)"),
    "audit": Command("node.audit", "wat is bekend van deze versies", "what is known of these versions"),
    "help": Command("node.__main__", "dit overzicht", "this list"),
}


def main() -> None:
    """Hands the rest of the line to the command as its own sys.argv."""
    for stream in (sys.stdout, sys.stderr):  # a terminal that knows fewer letters shows a question mark
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    name = sys.argv[1] if len(sys.argv) > 1 else "help"
    if name in ("help", "-h", "--help"):
        print_help()
    elif name not in offered():
        print(f"Onbekend: '{name}'. Dit kan wel:\n", file=sys.stderr)
        print_help(file=sys.stderr)
        sys.exit(2)
    else:
        sys.argv = [f"odh {name}", *sys.argv[2:]]
        sys.exit(run(COMMANDS[name]))


def run(command: Command) -> int:
    """Nobody need be shown where in the code they were when they pressed Ctrl-C, or a file could not be used."""
    try:
        return int(import_module(command.module).main() or 0)
    except KeyboardInterrupt:
        return 130
    except PermissionError as refused:
        print(f"Geen toegang tot {refused.filename} (no access).", file=sys.stderr)
        return 1
    except OSError as trouble:
        place = f": {trouble.filename}" if trouble.filename else ""
        print(f"Dat ging niet (not possible): {trouble.strerror or trouble}{place}", file=sys.stderr)
        return 1


def print_help(file: TextIO | None = None) -> None:
    print("Om de Hoek: antwoorden liggen om de hoek\n", file=file)
    for name, command in offered().items():
        print(f"  ./odh {name:<13} {command.nl:<36} {command.en}", file=file)


def offered() -> dict[str, Command]:
    """A command whose file is not there (an image without tests or benchmarks) is not offered."""
    return {name: command for name, command in COMMANDS.items() if source(command.module).exists()}


def source(module: str) -> Path:
    return ROOT.joinpath(*module.split(".")).with_suffix(".py")


if __name__ == "__main__":
    main()
