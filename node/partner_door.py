"""A node's door for partners, as a partner's own system uses it: with a token, and later when it is asked to wait.

With nothing but Python's own, for it is in the image too.
"""

import base64
import json
import time
from collections.abc import Iterator, Sequence
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from node.partner_files import Row

BATCH, BATCH_BYTES_MAX, CALL_SECONDS = 100, 60_000, 30.0

BATCH_TYPE = "application/cloudevents-batch+json"


class Refused(Exception):
    """The node did not take it, or did not answer."""


class Door:
    """Of one partner, at one node."""

    def __init__(self, node: str, key: dict[str, str]) -> None:
        at = urlsplit(node)
        kind = HTTPSConnection if at.scheme == "https" else HTTPConnection
        self._connection = kind(at.hostname or "", at.port, timeout=CALL_SECONDS)
        self._node, self._below, self._key, self._token = node, at.path.rstrip("/"), key, ""

    @classmethod
    def of_file(cls, node: str, key_file: Path) -> "Door":
        """With a key as `./odh partner add` shows it."""
        return cls(node, dict(line.split("=", 1) for line in key_file.read_text().splitlines() if "=" in line))

    def push(self, events: Sequence[Row]) -> list[Row]:
        """The receipt of each event."""
        return list(self._call("POST", "/partners/v1/events", events)["receipts"])

    def tried(self, events: Sequence[Row]) -> list[Row]:
        """What each event would do."""
        return list(self._call("POST", "/partners/v1/checks", events)["items"])

    def receipt(self, receipt_id: str) -> Row:
        """What became of an event."""
        return dict(self._call("GET", f"/partners/v1/receipts/{receipt_id}"))

    def _call(self, method: str, path: str, events: Sequence[Row] | None = None) -> Any:
        """Raises `Refused`; asks a new token when there is none that works, and waits when the minute is full."""
        body = json.dumps(events) if events is not None else None
        tokens = 0
        while True:
            told = {"Content-Type": BATCH_TYPE, "Authorization": f"Bearer {self._token}"}
            status, wait, answer = self._answer(method, path, body, told)
            if status == 429:
                time.sleep(wait)
            elif status == 401 and tokens < 2:
                tokens += 1
                self._token = self._new_token()
            elif status >= 300:
                raise Refused(f"{status} {answer}")
            else:
                return answer

    def _new_token(self) -> str:
        told = base64.b64encode(f"{self._key['client_id']}:{self._key['client_secret']}".encode()).decode()
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Basic {told}"}
        status, _, answer = self._answer("POST", "/partners/v1/token", "grant_type=client_credentials", kind)
        if status != 200:
            raise Refused(f"geen token (no token): {status} {answer}")
        return str(answer["access_token"])

    def _answer(self, method: str, path: str, body: str | None, told: dict[str, str]) -> tuple[int, float, Any]:
        """The status, how long to wait when that is 429, and what came."""
        try:
            self._connection.request(method, self._below + path, body, told)
            answer = self._connection.getresponse()
            return answer.status, float(answer.headers.get("Retry-After") or 1), json.loads(answer.read())
        except (OSError, HTTPException, ValueError) as away:
            self._connection.close()
            raise Refused(f"{self._node}: {away}") from None


def batches(events: Sequence[tuple[int, Row]]) -> Iterator[list[tuple[int, Row]]]:
    """Numbered events in groups that fit in a call."""
    batch: list[tuple[int, Row]] = []
    size = 0
    for number, event in events:
        own = len(json.dumps(event))
        if batch and (len(batch) == BATCH or size + own > BATCH_BYTES_MAX):
            yield batch
            batch, size = [], 0
        batch.append((number, event))
        size += own + 2
    if batch:
        yield batch
