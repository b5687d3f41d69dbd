"""One OpenAPI document of the whole public API, made from those of the services and the gateway's own. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from chassis.api import PROBLEM, REFUSAL
from services.gateway.catalogue import METHODS, OPEN_TO_ALL, SERVICE_OF

Document = dict[str, Any]

REF = "#/components/schemas/"

#: The gateway's own calls that need no session.
OWN_OPEN = frozenset({("POST", "/api/v1/sign-in-links"), ("POST", "/api/v1/sessions"), ("GET", "/api/v1/openapi.json")})

INTRODUCTION = """\
Schools and companies find each other: what one asks, another can deliver, and usually nearby.

**Signing in.** Ask for a link (`POST /api/v1/sign-in-links`); it is mailed, and works once. Show its token
(`POST /api/v1/sessions`); the answer sets a cookie, which is the session.

**Refusals** are problem documents (RFC 9457, `application/problem+json`) with a stable `type`; `x-problems` lists them,
and each has a page. Every wrong field is named in one answer, and a field that is not known is refused.

**Once.** A call with an `Idempotency-Key` has one effect, however often it is sent, and the same answer.

**Nobody's change is lost.** What can be changed carries an `ETag`; `PUT` and `PATCH` say by `If-Match` which version
they change, unless nobody else can have changed it. A step (endorse, answer, withdraw) may say so.

**Lists** come in pages: ask the next with the `next_cursor` of the one before.

**Limits.** Too many calls of one caller are refused with status 429, too many of all together with 503; `Retry-After`
says how many seconds to wait.
"""


def one_document(
    own: Document, services: Mapping[str, Document], *, public_url: str, known: frozenset[str]
) -> Document:
    """The document. `known` are the services that the node has: those not seen yet are named as lacking."""
    documents = {"gateway": own, **{name: services[name] for name in sorted(services)}}
    renamed = _renamed({name: _schemas(document) for name, document in documents.items()})
    paths: Document = {}
    schemas: Document = {"Problem": PROBLEM}
    tags: dict[str, None] = {}
    for name, document in documents.items():
        for path, operations in _public_paths(name, document):
            paths[path] = {method: _operation(name, path, method, told) for method, told in operations.items()}
            paths[path] = _with_names(paths[path], renamed[name])
            tags |= dict.fromkeys(tag for told in operations.values() for tag in told.get("tags", ()))
        for schema, told in _schemas(document).items():
            schemas[renamed[name][schema]] = _with_names(told, renamed[name])
    _shorten_ids(paths)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Om de Hoek", "version": "1", "description": INTRODUCTION},
        "servers": [{"url": public_url}],
        "security": [{"session": []}],
        "tags": [{"name": tag} for tag in tags],
        "paths": paths,
        "components": {
            "schemas": {name: schemas[name] for name in sorted(_used(paths, schemas))},
            "responses": {"Problem": REFUSAL},
            "securitySchemes": {
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "__Host-odh-session" if public_url.startswith("https://") else "odh-session",
                    "description": "Set by `POST /api/v1/sessions`.",
                }
            },
        },
        "x-problems": problems_of(documents),
        "x-lacking": sorted(known - services.keys()),
    }


def problems_of(documents: Mapping[str, Document]) -> list[Document]:
    """Every problem type that somebody can meet, with what it means and who answers with it."""
    found: dict[str, Document] = {}
    for name, document in documents.items():
        for problem in document.get("x-problems", ()):
            entry = found.setdefault(problem["slug"], problem | {"services": []})
            entry["services"] = [*entry["services"], name]
            entry["meaning"] = entry["meaning"] or problem["meaning"]
    return [found[slug] for slug in sorted(found)]


def _public_paths(name: str, document: Document) -> Iterator[tuple[str, Document]]:
    for path, operations in document.get("paths", {}).items():
        served = {method: operations[method] for method in METHODS if method in operations}
        if name == "gateway":
            yield path, served
        elif path.startswith("/v1/") and SERVICE_OF.get(path.split("/")[2]) == name:
            yield "/api" + path, served


def _operation(service: str, path: str, method: str, told: Document) -> Document:
    operation = told | {"x-service": service}
    key = method.upper(), path
    if key in OWN_OPEN or (method.upper(), path.removeprefix("/api")) in OPEN_TO_ALL:
        operation["security"] = []
    return operation


def _schemas(document: Document) -> Document:
    schemas: Document = document.get("components", {}).get("schemas", {})
    return schemas


def _renamed(schemas: Mapping[str, Document]) -> dict[str, dict[str, str]]:
    """For each service the name that each of its schemas gets: its own, unless two mean different things by it.

    Two mean the same when they are written the same and what they refer to is the same as well.
    """
    owners: dict[str, list[str]] = {}
    for service, own in schemas.items():
        for name in own:
            owners.setdefault(name, []).append(service)
    shared = {name for name, services in owners.items() if len(services) > 1}
    differing = {n for n in shared if any(schemas[s][n] != schemas[owners[n][0]][n] for s in owners[n])}
    while more := {
        name
        for name in shared - differing
        if any(referred in differing for service in owners[name] for referred in _refs(schemas[service][name]))
    }:
        differing |= more
    return {
        service: {name: f"{service.capitalize()}{name}" if name in differing else name for name in own}
        for service, own in schemas.items()
    }


def _refs(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            if key == "$ref" and isinstance(part, str):
                yield part.removeprefix(REF)
            else:
                yield from _refs(part)
    elif isinstance(value, list):
        for part in value:
            yield from _refs(part)


def _with_names(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            key: REF + names.get(part.removeprefix(REF), part.removeprefix(REF))
            if key == "$ref" and isinstance(part, str) and part.startswith(REF)
            else _with_names(part, names)
            for key, part in value.items()
        }
    if isinstance(value, list):
        return [_with_names(part, names) for part in value]
    return value


def _used(paths: Document, schemas: Document) -> set[str]:
    """The schemas that something public refers to."""
    found = {"Problem"}
    waiting = {name for name in _refs(paths) if name in schemas}
    while waiting:
        found |= waiting
        waiting = {ref for name in waiting for ref in _refs(schemas[name]) if ref in schemas} - found
    return found


def _shorten_ids(paths: Document) -> None:
    """`list_matches` instead of `list_matches_v1_matches_get`, where no other operation is called so."""
    operations = [(path, method, told) for path, own in paths.items() for method, told in own.items()]
    short = [_function(path, method, told) for path, method, told in operations]
    for name, (_, _, told) in zip(short, operations, strict=True):
        if short.count(name) == 1:
            told["operationId"] = name


def _function(path: str, method: str, told: Document) -> str:
    own_path = path if told["x-service"] == "gateway" else path.removeprefix("/api")
    return str(told["operationId"]).removesuffix(re.sub(r"\W", "_", own_path) + f"_{method}")
