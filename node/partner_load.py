"""The first load of a whole network, through the partners' own door: `./odh partner load FILE`.

A row is an event whose id is made of what is in it. So a load that broke off is gone on with by doing it again: what
was taken in has no second effect, and a row that was put right is a new event.
"""

import csv
import hashlib
import json
import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from chassis.problems import FieldErrors
from services.partners.inputs import DATA
from services.partners.profiles import Profile, profile_of
from services.partners.rules import TYPE_BEGIN, TYPE_END

BATCH = 50
BYTES_MAX = 60_000
QUIET_SECONDS = 10.0

Row = dict[str, Any]


def load(asked: Namespace) -> int:
    """Checks every row, and unless that is all that was asked, sends those that are right and tells what became."""
    profile, rejects = profile_of(asked.network), []
    good = []
    for number, row in enumerate(_rows(asked.file), 1):
        errors = _errors(profile, asked, row)
        if errors:
            rejects.append({"row": number, "errors": errors})
        else:
            good.append((number, row))
    print(f"{len(good)} rijen goed, {len(rejects)} niet ({len(good)} rows right, {len(rejects)} not)")
    if not asked.dry_run and good:
        try:
            rejects += _send(asked, good)
        except httpx.HTTPError as refused:
            print(f"Afgebroken; doe het nog eens (broken off, do it again): {refused}", file=sys.stderr)
            return 1
    report = asked.file.with_name(asked.file.name + ".rejects.jsonl")
    report.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in rejects))
    if rejects:
        print(f"Wat niet goed is, staat in {report} (what is not right is there)")
    return 1 if rejects else 0


def _rows(file: Path) -> Iterator[Row]:
    """The rows of a CSV file (with `;` or `,`, lists in a field with `|`) or of JSON lines."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        if file.suffix != ".csv":
            yield from (json.loads(line) for line in lines if line.strip())
            return
        delimiter = ";" if ";" in lines.readline() else ","
        lines.seek(0)
        for row in csv.DictReader(lines, delimiter=delimiter):
            yield {name: _value(text) for name, text in row.items() if name and text}


def _value(text: str) -> Any:
    return [part.strip() for part in text.split("|")] if "|" in text else text.strip()


def _data(asked: Namespace, row: Row) -> Row:
    """What is in a row, as its event tells it: a number where one is wanted, a list where one is."""
    names = {**profile_of(asked.network).fields.get("all", {}), **profile_of(asked.network).fields.get(asked.kind, {})}
    fields, data = DATA[asked.kind].model_fields, {}
    for name, value in row.items():
        field = fields.get(names.get(name, name))
        kind = str(field.annotation) if field else ""
        if "tuple" in kind and isinstance(value, str):
            value = [value]
        elif "int" in kind and isinstance(value, str) and value.isdecimal():
            value = int(value)
        if name != asked.subject:
            data[name] = value
    return data


def _errors(profile: Profile, asked: Namespace, row: Row) -> list[dict[str, str]]:
    if not row.get(asked.subject):
        return [{"field": asked.subject, "message": "is empty"}]
    try:
        profile.read(asked.kind, _data(asked, row))
    except FieldErrors as errors:
        return list(errors.facts["errors"])
    return []


def _event(asked: Namespace, row: Row) -> Row:
    subject, data = str(row[asked.subject]), _data(asked, row)
    told = json.dumps([asked.kind, subject, data], sort_keys=True)
    return {
        "specversion": "1.0",
        "id": f"load-{hashlib.sha256(told.encode()).hexdigest()[:40]}",
        "source": asked.source,
        "type": f"{TYPE_BEGIN}{asked.kind}{TYPE_END}",
        "subject": subject,
        "time": datetime.now(UTC).isoformat(),
        "data": data,
    }


def _send(asked: Namespace, good: list[tuple[int, Row]]) -> list[Row]:
    key = dict(line.split("=", 1) for line in asked.key_file.read_text().splitlines() if "=" in line)
    with httpx.Client(base_url=asked.node, timeout=30) as door:
        waiting: dict[str, int] = {}
        rejects: list[Row] = []

        def ended(receipt: Row, number: int) -> None:
            waiting.pop(receipt["receipt_id"], None)
            if receipt["status"] == "rejected":
                rejects.append({"row": number, "problem": receipt["problem"]})

        for batch in _batches([(number, _event(asked, row)) for number, row in good]):
            for (number, _), receipt in zip(batch, _push(door, key, [event for _, event in batch]), strict=True):
                waiting[receipt["receipt_id"]] = number
                if receipt["status"] != "pending":
                    ended(receipt, number)
            print(f"  {batch[-1][0]} / {good[-1][0]}", file=sys.stderr)
        since = time.monotonic()
        while waiting and time.monotonic() - since < QUIET_SECONDS:
            for receipt_id, number in list(waiting.items()):
                receipt = _call(door, key, "GET", f"/partners/v1/receipts/{receipt_id}").json()
                if receipt["status"] != "pending":
                    ended(receipt, number)
                    since = time.monotonic()
            time.sleep(0.2)
    print(f"{len(good) - len(waiting) - len(rejects)} aangenomen, {len(rejects)} afgewezen, {len(waiting)} wachten nog")
    print(f"({len(waiting)} still wait, for what they refer to)")
    return rejects


def _batches(events: list[tuple[int, Row]]) -> Iterator[list[tuple[int, Row]]]:
    batch: list[tuple[int, Row]] = []
    size = 0
    for number, event in events:
        own = len(json.dumps(event))
        if batch and (len(batch) == BATCH or size + own > BYTES_MAX):
            yield batch
            batch, size = [], 0
        batch.append((number, event))
        size += own + 1
    if batch:
        yield batch


def _push(door: httpx.Client, key: dict[str, str], events: list[Row]) -> list[Row]:
    kind = {"Content-Type": "application/cloudevents-batch+json"}
    return list(
        _call(door, key, "POST", "/partners/v1/events", content=json.dumps(events), headers=kind).json()["receipts"]
    )


def _call(door: httpx.Client, key: dict[str, str], method: str, path: str, **told: Any) -> httpx.Response:
    """A call with a token, again with a new one when that has expired, and later when the minute is full."""
    while True:
        answer = door.request(method, path, **told)
        if answer.status_code == 401 and "Authorization" in door.headers:
            del door.headers["Authorization"]
        elif answer.status_code == 429:
            time.sleep(float(answer.headers["Retry-After"]))
            continue
        elif answer.status_code != 401:
            answer.raise_for_status()
            return answer
        form = {"grant_type": "client_credentials"}
        token = door.post("/partners/v1/token", data=form, auth=(key["client_id"], key["client_secret"]))
        token.raise_for_status()
        door.headers["Authorization"] = f"Bearer {token.json()['access_token']}"
