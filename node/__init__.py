"""One whole node on one machine: its servers, its mail and its services, started, watched and stopped together."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
