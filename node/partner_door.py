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

BATCH, BATCH_BYTES_MAX, CALL_SECONDS, AWAY_SECONDS_MAX = 100, 60_000, 30.0, 60.0

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
        """With a key as `./odh partner add` shows it; raises `Refused` when the file holds none with a secret."""
        key = dict(line.split("=", 1) for line in key_file.read_text().splitlines() if "=" in line)
        if not {"client_id", "client_secret"} <= key.keys():
            raise Refused(
                f"{key_file}: geen client_id en client_secret; een eigen sleutel kan dit niet "
                "(no client_id and client_secret; this cannot sign with a key of your own)"
            )
        return cls(node, key)

    def push(self, events: Sequence[Row]) -> list[Row]:
        """The receipt of each event."""
        return list(self._call("POST", "/partners/v1/events", events)["receipts"])

    def tried(self, events: Sequence[Row]) -> list[Row]:
        """What each event would do."""
        return list(self._call("POST", "/partners/v1/checks", events)["items"])

    def ended(self, after: int) -> tuple[list[Row], int]:
        """What ended after a number of the feed, and where to go on."""
        page = self._call("GET", f"/partners/v1/events?after={after}&limit=1000")
        return list(page["items"]), int(page["after"])

    def receipt(self, receipt_id: str) -> Row:
        """What became of an event."""
        return dict(self._call("GET", f"/partners/v1/receipts/{receipt_id}"))

    def _call(self, method: str, path: str, events: Sequence[Row] | None = None) -> Any:
        """Raises `Refused`; asks a new token when there is none that works."""
        body = json.dumps(events) if events is not None else None
        for is_last in (False, True):
            told = {"Content-Type": BATCH_TYPE, "Authorization": f"Bearer {self._token}"}
            status, answer = self._asked(method, path, body, told)
            if status < 300:
                return answer
            if status != 401 or is_last:
                break
            self._token = self._new_token()
        raise Refused(f"{status} {answer}")

    def _new_token(self) -> str:
        told = base64.b64encode(f"{self._key['client_id']}:{self._key['client_secret']}".encode()).decode()
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Basic {told}"}
        status, answer = self._asked("POST", "/partners/v1/token", "grant_type=client_credentials", kind)
        if status != 200:
            raise Refused(f"geen token (no token): {status} {answer}")
        return str(answer["access_token"])

    def _asked(self, method: str, path: str, body: str | None, told: dict[str, str]) -> tuple[int, Any]:
        """The status and what came; asked again while the minute is full, and for a while when a service is away."""
        since = time.monotonic()
        while True:
            status, wait, answer = self._answer(method, path, body, told)
            if status != 429 and (status != 503 or time.monotonic() - since > AWAY_SECONDS_MAX):
                return status, answer
            time.sleep(wait)

    def _answer(self, method: str, path: str, body: str | None, told: dict[str, str]) -> tuple[int, float, Any]:
        """The status, how long to wait before it is asked again, and what came."""
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
