"""One trace from the call to what it causes, and logs that tell what happened without telling about whom."""

import asyncio
import json
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from chassis import telemetry
from chassis.settings import Settings
from node.part import free_port
from services.matching import store
from tests.chassis.conftest import wanted
from tests.chassis.lending import ReturnDue, ToolLent
from tests.chassis.noisy import TRACE
from tests.given import fresh_name

TRACE_ID = TRACE.split("-")[1]


@pytest.fixture
def spans():
    """What is recorded of every trace while a test runs."""
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        trace.set_tracer_provider(TracerProvider())
    exporter = InMemorySpanExporter()
    processor = SimpleSpanProcessor(exporter)
    trace.get_tracer_provider().add_span_processor(processor)
    yield exporter
    processor.shutdown()


def named(spans, name):
    return [span for span in spans.get_finished_spans() if span.name == name]


async def test_one_trace_goes_from_the_call_through_the_stream_to_the_handler(lending, spans, tool_id):
    answer = await lending.http.post(
        "/v1/tools",
        json={"tool_id": tool_id, "lent_to": "Noor", "returned_after_seconds": 0},
        headers={"traceparent": TRACE},
    )
    assert answer.status_code == 201
    await lending.handled(tool_id)
    await lending.quiet()

    (call,) = named(spans, "POST /v1/tools")
    (heard,) = named(spans, "hear lending.return-due")
    assert f"{call.context.trace_id:032x}" == TRACE_ID
    assert f"{call.parent.span_id:016x}" == TRACE.split("-")[2]
    assert heard.context.trace_id == call.context.trace_id
    assert heard.parent.span_id == call.context.span_id
    said = {type(event): envelope.traceparent for envelope, event in await lending.envelopes()}
    assert {event_type: parent.split("-")[1] for event_type, parent in said.items()} == {
        ToolLent: TRACE_ID,
        ReturnDue: TRACE_ID,
    }


async def test_what_a_handler_says_is_caused_by_what_it_heard(lending, spans, tool_id):
    await lending.when(wanted(tool_id))

    (heard,) = named(spans, "hear borrowers.tool-wanted")
    ((envelope, _),) = await lending.envelopes()
    assert envelope.traceparent.split("-")[1:3] == [f"{heard.context.trace_id:032x}", f"{heard.context.span_id:016x}"]


async def test_commands_that_share_a_transaction_keep_their_own_traces(lending, spans):
    await asyncio.gather(*(lending.lends(f"tool-{number}") for number in range(20)))
    await lending.quiet()

    traces = [envelope.traceparent.split("-")[1] for envelope, _ in await lending.envelopes()]
    assert len(set(traces)) == 20


async def test_a_span_tells_the_route_and_the_status_and_nothing_of_whom(lending, spans):
    await lending.http.get("/v1/tools/canary?says=canary")
    await lending.http.get("/v1/broken?says=canary")
    await lending.http.get("/health/ready")

    assert {span.name: span.attributes["http.response.status_code"] for span in spans.get_finished_spans()} == {
        "GET /v1/tools/{tool_id}": 404,
        "GET /v1/broken": 500,
    }
    assert "canary" not in "".join(span.to_json() for span in spans.get_finished_spans())


@pytest.mark.parametrize("traceparent", ["", "canary", "00-0-0-00", "00-" + "0" * 32 + "-" + "0" * 16 + "-01"])
async def test_a_trace_context_that_is_none_begins_a_new_trace(lending, spans, tool_id, traceparent):
    body = {"tool_id": tool_id, "lent_to": "Noor"}
    await lending.http.post("/v1/tools", json=body, headers={"traceparent": traceparent})
    await lending.quiet()

    (call,) = named(spans, "POST /v1/tools")
    assert call.parent is None
    ((envelope, _),) = await lending.envelopes()
    assert envelope.traceparent.split("-")[1] == f"{call.context.trace_id:032x}"


@pytest.fixture(scope="module")
async def logged(postgres, nats):
    """What a process logs in which everything goes wrong."""
    database = fresh_name("test").replace("-", "_")
    await postgres.create_database(database)
    settings = {
        "node": fresh_name("node"),
        "database_url": postgres.url(database),
        "nats_url": nats.url,
        "port": free_port(),
        "attempts_max": 2,
        "retry_delay_seconds_first": 0.05,
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.chassis.noisy", json.dumps(settings)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 1, output.decode()  # the last thing that goes wrong is the process itself
    await postgres.drop_database(database)
    return output.decode()


def test_every_line_is_json_and_tells_when_where_and_how_bad(logged):
    for line in logged.splitlines():
        entry = json.loads(line)
        assert {"message", "level", "timestamp", "service", "node"} <= set(entry), line


def test_nothing_personal_is_logged_whatever_goes_wrong(logged):
    assert "canary" not in logged


def test_what_went_wrong_is_logged_with_the_trace_that_it_belongs_to(logged):
    entries = [json.loads(line) for line in logged.splitlines()]
    ours = {"fault", "will try again", "dead letter"}

    assert {entry["message"] for entry in entries} >= ours
    for entry in entries:
        if entry["message"] in ours and "not understood" not in entry.get("reason", ""):
            assert entry["trace_id"] == TRACE_ID, entry


def test_what_a_library_logs_is_told_without_values(logged):
    entries = [json.loads(line) for line in logged.splitlines()]
    foreign = [(e["logger"], e["message"], e.get("fault", "").split(" at ")[0]) for e in entries if "logger" in e]

    assert foreign == [
        ("some.library", "could not send to %s", ""),
        ("some.library", "Something happened", "ValueError"),
        ("asyncio", "Task exception was never retrieved", "RuntimeError"),
    ]
    assert "Python warns" in {entry["message"] for entry in entries}
    assert entries[-1]["message"] == "ended by a fault"


class Collector:
    """Where an operator collects traces."""

    def __init__(self):
        self.asked = []

    async def __call__(self, reader, writer):
        self.asked.append((await reader.readline()).decode())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()


EXPORT = """
import sys
from opentelemetry.trace import SpanKind
from opentelemetry import trace
from chassis import telemetry
from chassis.settings import Settings
telemetry.configure("lending", Settings(trace_ratio=1.0, otlp_endpoint=sys.argv[1] or None))
with telemetry.span("a span", SpanKind.INTERNAL):
    pass
trace.get_tracer_provider().force_flush()
"""


@pytest.mark.parametrize("configured", [True, False])
async def test_traces_are_exported_only_where_an_operator_says_so(configured):
    collector, port = Collector(), free_port()
    server = await asyncio.start_server(collector, "127.0.0.1", port)
    address = f"http://127.0.0.1:{port}"
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": address, "OTEL_TRACES_EXPORTER": "otlp"}

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", EXPORT, address if configured else ""), env=environment
    )
    assert await asyncio.wait_for(process.wait(), 60) == 0
    server.close()

    assert collector.asked == (["POST /v1/traces HTTP/1.1\r\n"] if configured else [])


def test_settings_that_are_wrong_are_told_without_their_value():
    with pytest.raises(ValueError, match="port") as told:
        Settings(port="canary")

    assert "canary" not in str(told.value)


def test_a_batch_is_linked_to_what_caused_it():
    other = TRACE.replace("0af7", "0af8")

    links = telemetry.links([TRACE, None, "nonsense", other])

    assert [f"{link.context.trace_id:032x}" for link in links] == [TRACE_ID, other.split("-")[1]]


async def test_a_fault_inside_a_library_is_told_by_the_line_of_ours_that_asked_it(lending, tool_id):
    with pytest.raises(json.JSONDecodeError) as inside:
        json.loads("{")
    with pytest.raises(IntegrityError) as twice:
        await lending.execute(f"INSERT INTO tool VALUES ('{tool_id}', 1, 'Noor'), ('{tool_id}', 1, 'Noor')")
    async with lending.session() as session:
        with pytest.raises(asyncpg.DivisionByZeroError) as asked:
            await store.ask(session, text("SELECT 1 / 0"), {})
        of_service = telemetry.describe(asked.value)
    found = [telemetry.describe(one.value) for one in (inside, twice)]

    assert re.fullmatch(r"JSONDecodeError at test_telemetry\.py:\d+", found[0])
    assert re.fullmatch(r"IntegrityError \(23505, pk_tool\) at conftest\.py:\d+", found[1])
    assert re.fullmatch(r"DivisionByZeroError \(22012\) at store\.py:\d+, in sql\.py:\d+", of_service)


def test_what_cannot_be_logged_ends_nothing(monkeypatch):
    """As where the log is on a disk that is full."""
    with Path("/dev/full").open("w", buffering=1) as full:
        monkeypatch.setattr(sys, "stderr", full)
        error = telemetry.Unfailing()

        error.write("trouble\n" * 10_000)
        error.flush()

        monkeypatch.undo()
        with suppress(OSError):
            full.close()
