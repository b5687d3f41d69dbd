"""A service that makes trouble: slow, huge, broken, chatty. It stands in for requests and notify, to see what the
gateway does then; what a service does right is tried with members, the real one."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

HUGE_BYTES = 3_000_000


class Trouble:
    """The service, and what it was told."""

    def __init__(self) -> None:
        self.app = FastAPI()
        self.heard: list[Request] = []
        self.streams_open = 0
        self.of_an_event = "{}"
        self.released = asyncio.Event()
        self._add_routes()

    @property
    def last(self) -> Request:
        """The request that came in last."""
        return self.heard[-1]

    def _add_routes(self) -> None:
        app = self.app

        @app.get("/v1/requests")
        async def list_requests(request: Request) -> Any:
            self.heard.append(request)
            return {"raw": request.scope["raw_path"].decode(), "query": request.scope["query_string"].decode()}

        @app.post("/v1/requests", status_code=201)
        async def place_request(request: Request) -> Response:
            self.heard.append(request)
            headers = {
                "Location": "/v1/requests/1",
                "Set-Cookie": "odh-session=forged; Path=/",
                "Connection": "x-for-the-gateway",
                "X-For-The-Gateway": "secret",
                "Server": "trouble/1.0",
                "Keep-Alive": "timeout=99",
                "ETag": '"1"',
                "X-Seen": "yes",
            }
            return Response(await request.body(), 201, headers, "application/json")

        @app.get("/v1/requests/{request_id}")
        async def show_request(request_id: str, request: Request) -> Response:
            self.heard.append(request)
            if request_id == "slow":
                await self.released.wait()
            if request_id == "huge":
                return StreamingResponse(_many(b"x" * 100_000, HUGE_BYTES // 100_000))
            if request_id == "broken":
                return StreamingResponse(_broken(), headers={"Content-Length": "1000"})
            if request_id == "fault":
                raise RuntimeError("a fault of the service")
            return JSONResponse({"id": request_id, "raw": request.scope["raw_path"].decode()})

        @app.get("/v1/requests/me/of-mine")
        async def exact(request: Request) -> Any:
            return {"exact": True}

        @app.get("/v1/inbox/stream", response_class=Response, responses={200: {"content": {"text/event-stream": {}}}})
        async def stream_inbox(request: Request) -> Response:
            self.heard.append(request)
            return StreamingResponse(self._events(), media_type="text/event-stream")

        @app.get("/v1/hidden")  # of no service, by the table
        async def hidden() -> Response:
            return PlainTextResponse("hidden")

        @app.get("/v1/members/{member_id}")  # members' to answer, not ours
        async def not_ours() -> Response:
            return PlainTextResponse("hidden")

        @app.get("/internal/secrets")
        async def internal() -> Response:
            return PlainTextResponse("hidden")

        @app.get("/v1/requests/{request_id}/private", include_in_schema=False)
        async def private() -> Response:
            return PlainTextResponse("hidden")

    async def _events(self) -> AsyncIterator[bytes]:
        self.streams_open += 1
        try:
            for number in range(10_000):
                yield f"id: {number}\nevent: inbox-item\ndata: {self.of_an_event}\n\n".encode()
                await asyncio.sleep(0.03)
        finally:
            self.streams_open -= 1


async def _many(part: bytes, times: int) -> AsyncIterator[bytes]:
    for _ in range(times):
        yield part


async def _broken() -> AsyncIterator[bytes]:
    yield b"the beginning"
    raise ConnectionError


class BreaksOff:
    """A server that takes each call and closes the connection instead of answering."""

    def __init__(self, document: bytes) -> None:
        self.document, self.calls = document, 0
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aexit__(self, *_: object) -> None:
        assert self._server
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if b"/openapi.json" in head:
            told = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(self.document)}\r\n\r\n"
            writer.write(told.encode() + self.document)
        else:
            self.calls += 1
        await writer.drain()
        writer.close()


class HalfAnAnswer(BreaksOff):
    """A server that closes the connection in the middle of each answer."""

    def __init__(self) -> None:
        super().__init__(b"")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 1000\r\n\r\nthe beginning")
        await writer.drain()
        writer.close()
