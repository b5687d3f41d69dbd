"""`./odh partner check FILE`: is what a partner means to send right? Row by row, in its own words; nothing is sent.

A node that runs can be asked as well: it knows what a row refers to, and what it would change.
"""

import sys
from argparse import Namespace
from collections import Counter

from node.partner_door import Door, Refused, batches
from node.partner_events import data_of, event_of, wrong_with
from node.partner_files import NotReadable, Row, rows


def check(asked: Namespace) -> int:
    """Says what is wrong of each row, and what each would do; 1 when something is wrong, 2 when it cannot be read."""
    try:
        events = list(events_in(asked))
    except NotReadable as why:
        print(why, file=sys.stderr)
        return 2
    wrong = [(number, field, said) for number, event in events for field, said in problems_of(asked, event)]
    for number, field, said in wrong:
        print(f"{number}: {field}: {said}")
    bad = {number for number, _, _ in wrong}
    print(f"{len(events)} nagekeken, {len(bad)} niet goed ({len(events)} checked, {len(bad)} wrong).")
    right = [(number, event) for number, event in events if number not in bad]
    if asked.key_file and right:
        try:
            bad |= show_effects(Door.of_file(asked.node, asked.key_file), right)
        except Refused as why:
            print(why, file=sys.stderr)
            return 2
    return 1 if bad else 0


def events_in(asked: Namespace) -> list[tuple[int, Row]]:
    """The events of a file, or of its rows when it was said what these are."""
    if not asked.kind:
        return list(rows(asked.file, asked.sheet))
    if not asked.subject:
        raise NotReadable("--subject: welke kolom heeft uw eigen nummer? (which column has your own id?)")
    return [(number, event_of_row(asked, row)) for number, row in rows(asked.file, asked.sheet)]


def event_of_row(asked: Namespace, row: Row, *, version: int = 0) -> Row:
    """A row, as it is sent."""
    data = data_of(asked.network, asked.kind, asked.subject, row)
    own_id = row.get(asked.subject, "")
    return event_of(asked.kind, asked.source or "urn:check", str(own_id), data, version=version)


def problems_of(asked: Namespace, event: Row) -> list[tuple[str, str]]:
    """What is wrong with an event; what a row calls its own number is called so."""
    named = {"subject": asked.subject} if asked.kind else {}
    return [(named.get(field, field), said) for field, said in wrong_with(asked.network, event)]


def show_effects(door: Door, events: list[tuple[int, Row]]) -> set[int]:
    """Says what the node would make of these events; returns which it would not take."""
    told_here = {event["subject"] for _, event in events}
    effects: Counter[str] = Counter()
    refused = set()
    for batch in batches(events):
        for (number, _), tried in zip(batch, door.tried([event for _, event in batch]), strict=True):
            effects[tried["effect"]] += 1
            if tried["problem"]:
                refused.add(number)
                print(f"{number}: {tried['problem']['title']}")
            for own_id in tried["unknown"]:
                if own_id not in told_here:
                    print(f"{number}: {own_id}: hiervan is nog niets verteld (nothing was told of it yet)")
    print(", ".join(f"{count} {effect}" for effect, count in sorted(effects.items())))
    return refused
