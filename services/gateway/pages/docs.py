"""The API's document, for programs; and a page made from it, for people: without scripts or anything from elsewhere."""

import re
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from markupsafe import Markup, escape
from starlette.responses import Response

from services.gateway.document import REF
from services.gateway.gateway import Gateway
from services.gateway.pages.reading import AnyReader

router = APIRouter(prefix="/api/v1", tags=["document"])


async def _counted(request: Request) -> Gateway:
    gateway: Gateway = request.app.state.gateway
    await gateway.limits.count("address", gateway.callers.address(request))
    return gateway


@router.get("/openapi.json", response_class=Response, responses={200: {"content": {"application/json": {}}}})
async def show_document(request: Request, gateway: Annotated[Gateway, Depends(_counted)]) -> Response:
    """This document: everything that the API can do."""
    return Response(gateway.document_bytes(request.app.openapi()), media_type="application/json")


@router.get("/docs", include_in_schema=False)
async def show_page(reader: AnyReader) -> Response:
    """The document as a page, in English as the API itself."""
    document = reader.gateway.document(reader.request.app.openapi())
    return reader.page(
        "docs.html",
        document=document,
        groups=_groups(document),
        schemas=document["components"]["schemas"],
        shape=_shape,
        rich=_rich,
        fields=_fields,
    )


def _groups(document: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    """The operations by tag, each with its method and path."""
    found: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in document["tags"]}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for tag in operation["tags"][:1]:
                found[tag].append(operation | {"method": method.upper(), "path": path})
    return list(found.items())


def _fields(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """The fields of an object: name, schema, and whether it has to be there."""
    for name, own in schema.get("properties", {}).items():
        yield name, own, name in schema.get("required", ())


def _rich(text: str) -> Markup:
    """Bold words and code, as the document's own description has them."""
    shown = str(escape(text))
    shown = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", shown)
    return Markup(re.sub(r"`(.+?)`", r"<code>\1</code>", shown))  # noqa: S704  escaped above


def _shape(schema: dict[str, Any]) -> Markup:
    """What a value is, in a few words; a type of its own is a link to its fields."""
    if "$ref" in schema:
        name = str(schema["$ref"]).removeprefix(REF)
        return Markup('<a href="#type-{0}">{0}</a>').format(name)
    if "anyOf" in schema:
        return Markup(" or ").join(_shape(part) for part in schema["anyOf"])
    if "enum" in schema:
        return Markup(", ").join(Markup("<code>{}</code>").format(value) for value in schema["enum"])
    if "const" in schema:
        return Markup("<code>{}</code>").format(schema["const"])
    if schema.get("type") == "array":
        return Markup("list of ") + _shape(schema.get("items", {}))
    if schema.get("type") == "null":
        return Markup("nothing")
    limits = [
        f"{word} {schema[key]}"
        for key, word in (
            ("minLength", "at least"), ("maxLength", "at most"), ("minimum", "from"), ("maximum", "to"),
        )
        if key in schema
    ]  # fmt: skip
    kind = schema.get("format") or schema.get("type") or "anything"
    return escape(f"{kind} ({', '.join(limits)})" if limits else str(kind))
