"""What must be true at the end of a day."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from contracts.envelope import decode
from contracts.vocabulary import Status
from services.matching.match import Match, State

if TYPE_CHECKING:
    from tests.simulation.day import Day


def matches_of(day: "Day") -> dict[str, Match]:
    """The matches, by request."""
    return rows_of(day, "matching", "match")


def rows_of(day: "Day", service: str, what: str) -> dict[Any, Any]:
    """The rows of a service whose key begins with what they are."""
    rows: dict[Any, Any] = day.databases[service].rows
    return {key: row for (kind, key), row in rows.items() if kind == what}


def broken(day: "Day") -> Iterator[str]:
    """What does not hold, by the numbers of the table of faults."""
    kept, heard = rows_of(day, "requests", "request"), rows_of(day, "matching", "request")
    versions_kept = {request_id: version for request_id, (version, _) in kept.items()}
    if versions_kept != day.acknowledged:  # everybody insists until it is done
        yield f"I1: {day.acknowledged} were acknowledged, and {kept} is kept"
    if heard != kept:
        yield f"I6: requests has {kept}, and matching heard {heard}"
    said: dict[tuple[str, str, int], set[str]] = {}
    stored = Counter[str]()
    for name, stream in day.broker.streams.items():
        if name.endswith("dead") and stream.messages:
            yield f"I7: {len(stream.messages)} dead letters: {stream.messages[0].headers}"
        for message in stream.messages if not name.endswith("dead") else ():
            envelope, event = decode(message.data)
            stored[envelope.id] += 1
            said.setdefault((event.wire_name, event.entity_id, event.version), set()).add(envelope.id)
    if more := [id for id, times in stored.items() if times > 1]:
        yield f"I1: stored twice: {more}"
    if twice := [what for what, ids in said.items() if len(ids) > 1]:
        yield f"I1: said as two events: {twice}"
    for request_id, (version, status) in kept.items():
        if missing := set(range(1, version + 1)) - {number for _, id, number in said if id == request_id}:
            yield f"I1: of {request_id} versions {missing} were not said"
        match = matches_of(day).get(request_id)
        if status is Status.OPEN and (match is None or match.state is not State.INTRODUCED):
            yield f"I2: the match of {request_id} is {match and match.state}"
        if match:
            versions = {number for _, id, number in said if id == match.match_id}
            if versions != set(range(1, match.version + 1)):
                yield f"I6: of {match.match_id} versions {versions} were said, and it is {match.version}"
    if again := {notice: count for notice, count in rows_of(day, "notify", "told").items() if count != 1}:
        yield f"I3: told more than once: {again}"
