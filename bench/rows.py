"""The rows of the table: what is measured, beside which ceiling, and the bar that we hold ourselves to."""

from dataclasses import dataclass
from typing import Literal

from bench import accepting, ceilings, draining, end_to_end, flooding, growing, handlers, peers, relay, tracing
from bench.measuring import Trial

Figure = tuple[str, str]  # the name of a trial, and of a figure that it gives

#: Trials that are done in turn with each other; a row's figure and its ceiling are always of one subject.
SUBJECTS: dict[str, dict[str, Trial]] = {
    "accepting": {
        "requests": accepting.accepted,
        "trivial route": accepting.accepted_by_nothing,
        "textbook": accepting.accepted_by_the_textbook,
        "raw inserts": ceilings.inserted,
    },
    "relay": {
        "relay": relay.relayed,
        "256 in flight": relay.published_one_by_one,
    },
    "delay": {"relay's delay": relay.delayed},
    "handlers": {
        "handlers": handlers.handled,
        "fetch and ack": handlers.fetched,
        "a transaction each": handlers.handled_one_by_one,
    },
    "end to end": {"a whole node": end_to_end.posted_to_mailed},
    "flood": {"flood": flooding.flooded},
    "telemetry": {"told": tracing.accepted_and_told, "untold": tracing.accepted_untold},
    "broker away": {"drain": draining.drained, "relay alone": relay.relayed},
    "stored": {"among many": growing.accepted_among_many, "among few": growing.accepted_among_few},
}

#: What others do for the same work, and what lies between, without a bar: with all rows, or when it is asked for.
PEERS: dict[str, dict[str, Trial]] = {
    "stored": {"among some": growing.accepted_among_some},
    "relay": {
        "one publish at a time": peers.published_naively,
        "faststream-outbox": peers.relayed_by_faststream_outbox,
    },
    "handlers": {"FastStream subscriber": peers.handled_by_faststream},
}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table. A ratio must reach its bar, milliseconds must stay under it."""

    id: str
    what: str
    subject: str
    measured: Figure
    ceiling: Figure | None
    bar: float
    stretch: float
    unit: Literal["%", "x", "ms"]

    def reached(self, value: float, bar: float) -> bool:
        """Whether a value is as good as a bar."""
        return value <= bar if self.unit == "ms" else value >= bar

    @property
    def trials(self) -> set[str]:
        """What must be done for this row."""
        return {self.measured[0]} | ({self.ceiling[0]} if self.ceiling else set())


_REQUESTS = ("requests", "accepted/s")
_NODE = "a whole node"

ROWS = (
    Row(
        "P1",
        "accepted POST/s, 32 in flight, all checks on, beside a trivial FastAPI route",
        "accepting", _REQUESTS, ("trivial route", "accepted/s"), 0.40, 0.60, "%",
    ),
    Row(
        "P2",
        "the same, beside raw asyncpg on 8 connections: two inserts and a commit",
        "accepting", _REQUESTS, ("raw inserts", "commits/s"), 0.45, 0.65, "%",
    ),
    Row(
        "P3",
        "the same, beside a SQLModel session for each request",
        "accepting", _REQUESTS, ("textbook", "accepted/s"), 2.5, 4.0, "x",
    ),
    Row(
        "P4",
        "events/s from outbox to stream, beside single publishes, 256 in flight",
        "relay", ("relay", "events/s"), ("256 in flight", "events/s"), 4.0, 6.0, "x",
    ),
    Row("P5", "from commit to stream, half of the events", "delay", ("relay's delay", "p50 ms"), None, 3, 1.5, "ms"),
    Row("P5", "from commit to stream, 99 %", "delay", ("relay's delay", "p99 ms"), None, 10, 4, "ms"),
    Row(
        "P6",
        "events/s heard, each with inbox row, one write and one event out, beside fetch and ack",
        "handlers", ("handlers", "events/s"), ("fetch and ack", "events/s"), 0.30, 0.50, "%",
    ),
    Row(
        "P7",
        "the same, beside a transaction for each event",
        "handlers", ("handlers", "events/s"), ("a transaction each", "events/s"), 6.0, 10.0, "x",
    ),
    Row("P8", "from POST to mail at 20/s, half", "end to end", (_NODE, "20/s p50 ms"), None, 15, 8, "ms"),
    Row("P8", "from POST to mail at 20/s, 99 %", "end to end", (_NODE, "20/s p99 ms"), None, 50, 20, "ms"),
    Row("P9", "the same at 70 % of saturation, half", "end to end", (_NODE, "70 % p50 ms"), None, 40, 15, "ms"),
    Row("P9", "the same at 70 % of saturation, 99 %", "end to end", (_NODE, "70 % p99 ms"), None, 250, 60, "ms"),
    Row(
        "P10",
        "mails/s beside POST/s accepted, at saturation",
        "end to end", (_NODE, "mailed/s"), (_NODE, "accepted/s"), 0.85, 0.98, "%",
    ),
    Row(
        "P11",
        "accepted POST/s while ten times as many come for ten seconds, beside at saturation",
        "flood", ("flood", "accepted/s"), ("flood", "at saturation/s"), 0.80, 0.95, "%",
    ),
    Row("P11", "the same: 99 % of the others are refused", "flood", ("flood", "refused p99 ms"), None, 50, 25, "ms"),
    Row(
        "P12",
        "accepted POST/s with OpenTelemetry at its default sampling, beside without",
        "telemetry", ("told", "accepted/s"), ("untold", "accepted/s"), 0.85, 0.92, "%",
    ),
    Row(
        "P13",
        "events/s published after the broker was away for a minute, while POSTs go on, beside the relay alone",
        "broker away", ("drain", "events/s"), ("relay alone", "events/s"), 0.80, 0.90, "%",
    ),
    Row(
        "P14",
        "accepted POST/s with 1,000,000 requests stored, beside 10,000",
        "stored", ("among many", "accepted/s"), ("among few", "accepted/s"), 0.90, 0.98, "%",
    ),
)  # fmt: skip

ROW_IDS = tuple(dict.fromkeys(row.id for row in ROWS))


def trials_for(wanted: set[str], *, peers: bool) -> dict[str, dict[str, Trial]]:
    """The trials that these rows need, by subject."""
    chosen: dict[str, dict[str, Trial]] = {}
    for row in ROWS:
        if row.id in wanted:
            trials = chosen.setdefault(row.subject, {})
            trials.update({name: trial for name, trial in SUBJECTS[row.subject].items() if name in row.trials})
            trials.update(PEERS.get(row.subject, {}) if peers else {})
    return chosen
