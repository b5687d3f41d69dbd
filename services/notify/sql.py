"""Statements of SQL, where those say best what happens."""

from chassis.sql import run

__all__ = ["run"]
