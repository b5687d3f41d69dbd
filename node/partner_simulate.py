"""`./odh partner simulate`: a network's day, sent to a node, and whether every event ended as it should.

For a sandbox, a node that is tried out, and our own tests.
"""

import json
import sys
import time
from argparse import Namespace
from collections import Counter

from node.partner_day import Planned, day
from node.partner_door import Door, Refused, batches

PATIENCE_SECONDS, LOOK_SECONDS = 60.0, 0.2


def simulate(asked: Namespace) -> int:
    """Sends the day, or writes it when there is no key; 1 when an event ended otherwise than it should, or not."""
    planned = day(asked.network, asked.source, asked.events, asked.seed)
    if not asked.key_file:
        for one in planned:
            print(json.dumps(one.event, ensure_ascii=False))
        return 0
    try:
        otherwise = played(Door.of_file(asked.node, asked.key_file), planned)
    except Refused as why:
        print(why, file=sys.stderr)
        return 2
    for line in otherwise:
        print(line)
    counts = Counter(one.ends for one in planned)
    print(
        f"{len(planned)} events: {counts['accepted']} accepted, {counts['rejected']} rejected; {len(otherwise)} anders"
    )
    return 1 if otherwise else 0


def played(door: Door, planned: list[Planned]) -> list[str]:
    """Sends the events and waits until all have ended; says of which that was otherwise than planned."""
    receipts: dict[str, Planned] = {}
    for batch in batches([(number, one.event) for number, one in enumerate(planned)]):
        for (number, _), receipt in zip(batch, door.push([event for _, event in batch]), strict=True):
            receipts[receipt["receipt_id"]] = planned[number]
    ended: dict[str, str] = {}
    after, since = 0, time.monotonic()
    while len(ended) < len(receipts) and time.monotonic() - since < PATIENCE_SECONDS:
        items, after = door.ended(after)
        for seen in items:
            if (receipt_id := seen["receipt_id"]) in receipts:
                ended[receipt_id], since = seen["status"], time.monotonic()
                if seen["status"] != receipts[receipt_id].ends and seen["problem"]:
                    ended[receipt_id] += f" {seen['problem']}"
        time.sleep(0 if items else LOOK_SECONDS)
    return [
        f"{one.event['type']} {one.event['subject']}: {ended.get(receipt_id, 'pending')}"
        for receipt_id, one in receipts.items()
        if ended.get(receipt_id) != one.ends
    ]
