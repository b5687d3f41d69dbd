"""The stylesheet, the scripts and the icon: the only files that a page loads, each from ourselves."""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import Response

router = APIRouter(include_in_schema=False)

HERE = Path(__file__).parent

#: The address of a file changes with its content, so a browser asks for it once.
KEPT = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}


@dataclass(frozen=True, slots=True)
class File:
    """What a page loads, as it is and packed."""

    content: bytes
    packed: bytes
    version: str
    media_type: str

    @classmethod
    def of(cls, media_type: str, content: bytes) -> "File":
        """A file that is packed once, when the service starts."""
        version = hashlib.sha256(content).hexdigest()[:12]
        return cls(content, gzip.compress(content, 9, mtime=0), version, media_type)

    def for_(self, request: Request) -> Response:
        """The file as the browser takes it."""
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(self.packed, media_type=self.media_type, headers=KEPT | {"Content-Encoding": "gzip"})
        return Response(self.content, media_type=self.media_type, headers=KEPT)


def _style() -> bytes:
    """The components in a layer below ours: what we say of an element counts, however exact they are."""
    names = ("design/components.css", "theme.css", "style.css", "pictures.css")
    components, theme, own, pictures = ((HERE / name).read_text() for name in names)
    return f"{theme}\n@layer components {{\n{components}}}\n{own}{pictures}".encode()


STYLE = File.of("text/css", _style())
SCRIPT = File.of("text/javascript", (HERE / "design/htmx.js").read_bytes())
PUSH = File.of("text/javascript", (HERE / "push.js").read_bytes())
WORKER = (HERE / "push-worker.js").read_bytes()
ICON = (HERE / "icon.svg").read_bytes()


@router.get("/style.css")
async def style(request: Request) -> Response:
    """How the pages look."""
    return STYLE.for_(request)


@router.get("/htmx.js")
async def script(request: Request) -> Response:
    """What makes some pages quicker; each works without."""
    return SCRIPT.for_(request)


@router.get("/push.js")
async def push_script(request: Request) -> Response:
    """What asks the browser whether it may tell things."""
    return PUSH.for_(request)


@router.get("/push-worker.js")
async def push_worker() -> Response:
    """What a browser keeps, to show what we tell when no page of ours is open; it looks for a newer one itself."""
    return Response(WORKER, media_type="text/javascript", headers={"Cache-Control": "no-cache"})


@router.get("/icon.svg")
async def icon() -> Response:
    """A corner."""
    return Response(ICON, media_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"})
