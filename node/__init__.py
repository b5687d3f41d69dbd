"""One whole node on one machine: its servers, its mail and its services, started, watched and stopped together."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

#: What runs in a node beside its servers, each a process with a database and users of its own.
SERVICES = ("members", "requests", "matching", "notify", "partners", "insight", "gateway")
