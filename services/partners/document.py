"""What the document of partners adds for who makes a client of it: where it is served, the way in, what is refused."""

from typing import Any

from services.partners import assertions

Document = dict[str, Any]

#: What everybody can ask; the rest of the partners' door asks a token.
_OPEN = ("/v1/token", "/v1/schemas", "/v1/schemas/{name}")

#: The page of a partner is of people who are signed in at the node, and not behind the partners' door.
_PAGE = "/v1/partners"

#: What other services may answer to what was told: it stands in a receipt.
ANSWERED = (
    (
        "address-of-another",
        409,
        "Somebody with another name takes part with this address: give each person an address of their own",
    ),
    ("member-not-found", 404, "This member does not exist"),
    ("organisation-exists", 409, "An organisation with this number takes part already"),
    ("organisation-not-found", 404, "This organisation does not exist"),
    ("person-left", 409, "This person stopped taking part themselves"),
    ("too-many-affiliations", 409, "Nobody belongs to more than 50 organisations: end an affiliation first"),
)

_TEXT = {"type": "string"}
_REFUSED: Document = {
    "description": "As OAuth2 has it (RFC 6749), and no problem document.",
    "content": {
        "application/json": {"schema": {"type": "object", "required": ["error"], "properties": {"error": _TEXT}}}
    },
}

#: How a token is asked, and what is answered (RFC 6749, RFC 7523).
TOKEN: Document = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": ["grant_type"],
                    "properties": {
                        "grant_type": {"const": "client_credentials"},
                        "client_id": _TEXT | {"description": "With `client_secret`, unless both come as HTTP Basic."},
                        "client_secret": _TEXT,
                        "client_assertion_type": {"const": assertions.TYPE},
                        "client_assertion": _TEXT | {"description": "A signed JWT, instead of a secret."},
                    },
                }
            }
        },
    },
    "responses": {
        "200": {
            "description": "A token.",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["access_token", "token_type", "expires_in"],
                        "properties": {
                            "access_token": _TEXT,
                            "token_type": {"const": "Bearer"},
                            "expires_in": {"type": "integer", "description": "In seconds."},
                        },
                    }
                }
            },
        },
        "400": _REFUSED,
        "401": _REFUSED,
    },
}


def complete(document: Document, public_url: str) -> None:
    """Adds to the document that FastAPI makes; `public_url` is where the node is reached."""
    document["servers"] = [{"url": f"{public_url}/partners"}]
    document["security"] = [{"partner": []}]
    flow = {"tokenUrl": f"{public_url}/partners/v1/token", "scopes": {}}
    document["components"]["securitySchemes"] = {
        "partner": {"type": "oauth2", "flows": {"clientCredentials": flow}},
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "__Host-odh-session" if public_url.startswith("https://") else "odh-session",
            "description": "Of who is signed in at the node.",
        },
    }
    for path, operations in document["paths"].items():
        on_page = path.startswith(_PAGE)
        for operation in operations.values():
            if on_page or path in _OPEN:
                operation["security"] = [{"session": []}] if on_page else []
        if on_page:
            operations["servers"] = [{"url": f"{public_url}/api"}]
    known = {problem["slug"]: problem for problem in document["x-problems"]}
    known |= {slug: {"slug": slug, "status": status, "title": title, "meaning": ""} for slug, status, title in ANSWERED}
    document["x-problems"] = [known[slug] for slug in sorted(known)]
