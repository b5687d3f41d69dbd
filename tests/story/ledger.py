"""What was asked of a node and what it acknowledged, written down before anything else is done with it."""

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any

import httpx

from contracts.event import new_id
from node.client import Person


class Ledger:
    """One line for what is sent, and one for what was acknowledged; on disk before the next step."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.refusals: list[str] = []
        self.acknowledged: list[dict[str, Any]] = []

    async def send(self, who: Person, path: str, body: Any = None, *, within: float = 30.0) -> dict[str, Any]:
        """What is asked and must be done: see `ask`."""
        answer = await self.ask(who, path, body, within=within)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found

    async def ask(self, who: Person, path: str, body: Any = None, *, within: float = 30.0) -> httpx.Response:
        """Asks again, under the same key, until there is an answer, a yes or a no.

        After a yes it asks once more, which must give the very same.
        """
        key = new_id()
        self._write(sent=path, key=key)
        answer = await self._answered(who, path, body, key, within)
        if answer.is_success:
            self._write(acknowledged=path, key=key, status=answer.status_code)
            again = await self._answered(who, path, body, key, within)
            assert (again.status_code, again.content) == (answer.status_code, answer.content)
            self.acknowledged.append({"path": path, "answer": answer.json() if answer.content else {}})
        return answer

    async def _answered(self, who: Person, path: str, body: Any, key: str, within: float) -> httpx.Response:
        deadline = time.monotonic() + within
        while True:
            try:
                answer = await who.http.post(f"/api/v1{path}", json=body, headers={"Idempotency-Key": key})
                if answer.status_code < 500:
                    return answer
                self.refusals.append(str(answer.status_code))
            except httpx.TransportError as lost:
                self.refusals.append(type(lost).__name__)
            assert time.monotonic() < deadline, f"{path} was not answered within {within} s: {self.refusals[-3:]}"
            await asyncio.sleep(0.1)

    def _write(self, **line: Any) -> None:
        with self._file.open("a") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())
