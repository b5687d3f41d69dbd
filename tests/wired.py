"""Every service, wired as it is in its process with nothing started: for who looks at its routes and its tables."""

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastapi.routing import APIRoute

from chassis.service import Service
from tests.given import _settings_type, make_identity_keys

SERVICES = ("members", "requests", "matching", "notify", "partners", "insight", "gateway")


def every_service_wired(folder: Path) -> dict[str, Service]:
    """By name. `folder` gets the keys that the gateway must have to be wired at all."""
    key, _ = make_identity_keys(folder)
    private = folder / "private.json"
    private.write_text(json.dumps(key.as_dict(private=True)))
    found = {}
    for name in SERVICES:
        make = importlib.import_module(f"services.{name}.app").service
        settings = _settings_type(make)
        needs = {"identity_private_key_file": private} if "identity_private_key_file" in settings.model_fields else {}
        found[name] = make(settings(**needs))
    return found


def routes(router: Any, prefix: str = "") -> Iterator[tuple[str, APIRoute]]:
    """Every route of an app, whatever router it is in, as `METHOD /path`."""
    for route in router.routes:
        if isinstance(route, APIRoute):
            for method in sorted(route.methods):
                yield f"{method} {prefix}{route.path}", route
        elif (inner := getattr(route, "original_router", None)) is not None:
            yield from routes(inner, prefix + route.include_context.prefix)
