"""The first load of a whole network, through the partners' own door: `./odh partner load FILE`.

The node says first what each row would do; what is new or changed is sent. So a load that broke off is gone on with by
doing it again, a row that was put right is sent, and one that is as it was is not.
"""

import json
import sys
import time
from argparse import Namespace
from collections import Counter

from node.partner_check import event_of_row, problems_of
from node.partner_door import Door, Refused, batches
from node.partner_files import NotReadable, Row, rows

#: Nothing of the load ended for so long: what is left is waiting for something else.
QUIET_SECONDS, LOOK_SECONDS = 10.0, 0.2

Numbered = list[tuple[int, Row]]


def load(asked: Namespace) -> int:
    """Checks every row, asks the node what each would do, and unless that is all, sends them and tells what became.

    0: everything is right; 1: some rows are not; 2: it could not be done.
    """
    try:
        good, rejects = _looked_at(asked)
        door = Door.of_file(asked.node, asked.key_file) if asked.key_file else None
        if door is None and not asked.dry_run:
            print("--key-file: met welke sleutel? (with which key?)", file=sys.stderr)
            return 2
        if door:
            good, refused = _to_send(asked, door, good)
            rejects += refused
            if not asked.dry_run:
                rejects += _send(door, good)
    except (NotReadable, Refused) as why:
        print(f"Afgebroken; doe het nog eens (broken off, do it again): {why}", file=sys.stderr)
        return 2
    report = asked.file.with_name(asked.file.name + ".rejects.jsonl")
    rejects.sort(key=lambda one: one["row"])
    report.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in rejects))
    if rejects:
        print(f"Wat niet goed is, staat in {report} (what is not right is there)")
    return 1 if rejects else 0


def _looked_at(asked: Namespace) -> tuple[Numbered, list[Row]]:
    """The rows that are right as far as can be seen here, and the others."""
    good, rejects = [], []
    for number, row in rows(asked.file, asked.sheet):
        if wrong := problems_of(asked, event_of_row(asked, row)):
            rejects.append({"row": number, "errors": [{"field": field, "message": said} for field, said in wrong]})
        else:
            good.append((number, row))
    print(f"{len(good)} rijen goed, {len(rejects)} niet ({len(good)} rows right, {len(rejects)} not)")
    return good, rejects


def _to_send(asked: Namespace, door: Door, good: Numbered) -> tuple[Numbered, list[Row]]:
    """The events of the rows that are new or changed, and those that the node would not take."""
    by_number, send, rejects = dict(good), [], []
    effects: Counter[str] = Counter()
    waits = 0
    for batch in batches([(number, event_of_row(asked, row)) for number, row in good]):
        for (number, _), tried in zip(batch, door.tried([event for _, event in batch]), strict=True):
            effects[tried["effect"]] += 1
            waits += bool(tried["unknown"])
            if tried["problem"]:
                rejects.append({"row": number, "problem": tried["problem"]})
            elif tried["effect"] in ("new", "changed"):
                send.append((number, event_of_row(asked, by_number[number], version=tried["version"])))
        print(f"  {batch[-1][0]} / {good[-1][0]} gevraagd (asked)", file=sys.stderr)
    print("nieuw {new}, gewijzigd {changed}, ongewijzigd {unchanged}, afgewezen {rejected}".format(**_all(effects)))
    print("(new {new}, changed {changed}, unchanged {unchanged}, rejected {rejected})".format(**_all(effects)))
    if waits:
        print(f"{waits} wachten op iets waarvan nog niets is verteld (wait for what was not told yet)")
    return send, rejects


def _all(effects: Counter[str]) -> dict[str, int]:
    return {name: effects[name] for name in ("new", "changed", "unchanged", "rejected")}


def _send(door: Door, events: Numbered) -> list[Row]:
    """Sends, and waits until nothing more ends; returns what was rejected."""
    pending: dict[str, int] = {}
    rejects: list[Row] = []

    def seen(receipt: Row, number: int) -> bool:
        """Whether it ended."""
        if receipt["status"] == "pending":
            pending[receipt["receipt_id"]] = number
            return False
        pending.pop(receipt["receipt_id"], None)
        if receipt["status"] == "rejected":
            rejects.append({"row": number, "problem": receipt["problem"]})
        return True

    for batch in batches(events):
        receipts = door.push([event for _, event in batch])
        for (number, _), receipt in zip(batch, receipts, strict=True):
            seen(receipt, number)
        print(f"  {batch[-1][0]} / {events[-1][0]} gestuurd (sent)", file=sys.stderr)
    since = time.monotonic()
    while pending and time.monotonic() - since < QUIET_SECONDS:
        for receipt_id, number in list(pending.items()):
            receipt = door.receipt(receipt_id)
            if seen(receipt, number):
                since = time.monotonic()
            elif not receipt["waiting"]:  # they end in the order in which they came
                break
        print(f"  {len(events) - len(pending)} / {len(events)} verwerkt (handled)", file=sys.stderr)
        time.sleep(LOOK_SECONDS if pending else 0)
    print(
        f"{len(events) - len(pending) - len(rejects)} aangenomen, {len(rejects)} afgewezen, {len(pending)} wachten nog"
    )
    print(f"({len(pending)} still wait, for what they refer to)")
    return rejects
