"""Logs and traces: structured, with the trace id, without personal data; exported only where it is configured."""

import logging
import os
import re
import socket
import sys
import traceback
import warnings
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO, cast

import structlog
from opentelemetry import context, trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from opentelemetry.trace import Link, Span, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.settings import Settings

#: Before the path of whatever is ours.
_OURS = f"{Path(__file__).resolve().parent.parent}/"

tracer = trace.get_tracer("om-de-hoek")
log = structlog.get_logger()
_propagator = TraceContextTextMapPropagator()

#: A trace context whose flags say that it is not recorded; ids of zeros alone are none.
_NOT_RECORDED = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f][02468ace]")


def configure(service: str, settings: Settings) -> None:
    """Sets up logs and traces for a process; called once, where a service is started."""
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        provider = TracerProvider(
            resource=resource_of(service, settings.node),
            sampler=ParentBasedTraceIdRatio(settings.trace_ratio),
        )
        if settings.otlp_endpoint:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

            provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{settings.otlp_endpoint}/v1/traces")))
        trace.set_tracer_provider(provider)

    def add_whose(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        entry["service"], entry["node"] = service, settings.node
        return entry

    shared: list[Any] = [
        add_whose,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace_id,
        structlog.processors.EventRenamer("message"),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.log_level]),
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, Unfailing())),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_without_values, *shared],
            use_get_message=False,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    warnings.showwarning = _log_warning  # type: ignore[assignment]  # it takes the other arguments as well
    sys.excepthook = _log_uncaught


class Unfailing:
    """Standard error, which may be a file on a disk that is full: a relay that could not log its trouble would end."""

    def write(self, text: str) -> None:
        with suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.flush()


def resource_of(service: str, node: str) -> Resource:
    """Who tells it; replicas of a service differ by their instance."""
    instance = f"{socket.gethostname()}-{os.getpid()}"
    return Resource.create({"service.name": f"odh-{service}", "service.instance.id": instance, "odh.node": node})


def _log_warning(_: Warning | str, kind: type[Warning], file: str, line: int, *_more: object) -> None:
    log.warning("Python warns", kind=kind.__name__, place=f"{file.rsplit('/', 1)[-1]}:{line}")


def _log_uncaught(kind: type[BaseException], error: BaseException, trace_back: TracebackType | None) -> None:
    if issubclass(kind, Exception):
        log.critical("ended by a fault", fault=describe(error))
    else:  # Ctrl-C
        sys.__excepthook__(kind, error, trace_back)


def _without_values(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """What a library logs, without what may be personal in it: values in the message, and the message of an error."""
    error = entry.pop("exc_info", None)
    entry["logger"] = entry["_record"].name
    entry["event"] = entry["event"].strip().split("\n")[0]
    if error:
        entry["fault"] = describe(error[1])
    return entry


def _add_trace_id(_logger: Any, _method: str, entry: dict[str, Any]) -> dict[str, Any]:
    current = trace.get_current_span().get_span_context()
    if current.is_valid:
        entry["trace_id"] = f"{current.trace_id:032x}"
    return entry


def describe(error: BaseException) -> str:
    """The kind of an error and where it arose; its message is left out, since it may quote personal data.

    Where is the last line of a service, with the last one of ours where that is another: the line of a library, such
    as the driver's that every answer of the database comes by, tells nothing.
    """
    places = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    ours = [one for one in places if one[0].startswith(_OURS) and "/site-packages/" not in one[0]]
    of_services = [one for one in ours if one[0].startswith(f"{_OURS}services/")]
    last = ours[-1:] or places[-1:]
    where = ", in ".join(f"{name.rsplit('/', 1)[-1]}:{line}" for name, line in dict.fromkeys(of_services[-1:] + last))
    told = ", ".join(dict.fromkeys(_told_by_database(error)))
    return f"{type(error).__name__}{f' ({told})' if told else ''} at {where or 'unknown place'}"


def _told_by_database(error: BaseException) -> Iterator[str]:
    """The kind of error by its SQLSTATE, and what it broke; SQLAlchemy wraps what the driver says, twice."""
    wrapped = getattr(error, "orig", None)
    for one in (error, wrapped, getattr(wrapped, "__cause__", None)):
        for name in ("sqlstate", "constraint_name"):
            if told := getattr(one, name, None):
                yield str(told)


def traceparent() -> str | None:
    """The W3C trace context of what is going on now, to be carried by an event."""
    now = trace.get_current_span().get_span_context()
    return f"00-{now.trace_id:032x}-{now.span_id:016x}-{now.trace_flags:02x}" if now.is_valid else None


def is_traced(parent: str | None) -> bool:
    """Whether what this caused is to be recorded too: not when its W3C trace context says that nothing is."""
    return parent is None or _NOT_RECORDED.fullmatch(parent) is None


@contextmanager
def span(name: str, kind: SpanKind, parent: str | None = None, **attributes: str | int) -> Iterator[Span]:
    """A span under the given W3C trace context, or under the current one; of what is not recorded, just that one."""
    above = _propagator.extract({"traceparent": parent}) if parent else context.get_current()
    current = trace.get_current_span(above)
    if (told := current.get_span_context()).trace_flags.sampled or not told.is_valid:
        current = tracer.start_span(name, context=above, kind=kind, attributes=attributes)
    token = context.attach(trace.set_span_in_context(current, above))
    try:
        yield current
    finally:
        context.detach(token)
        current.end()


@contextmanager
def under(parent: str | None) -> Iterator[None]:
    """Makes what is logged carry the trace that it is about."""
    token = context.attach(_propagator.extract({"traceparent": parent} if parent else {}))
    try:
        yield
    finally:
        context.detach(token)


def links(parents: list[str | None]) -> list[Link]:
    """Links to what caused a batch, where one parent would be untrue."""
    found = []
    for parent in parents:
        if parent:
            cause = trace.get_current_span(_propagator.extract({"traceparent": parent})).get_span_context()
            if cause.is_valid:
                found.append(Link(cause))
    return found


class TraceRequests:
    """ASGI middleware: one server span per HTTP request, named by its route so that it holds no ids."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/health"):
            await self.app(scope, receive, send)
            return
        parent = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"traceparent"), None)
        if not is_traced(parent):
            with under(parent):
                await self.app(scope, receive, send)
            return
        with span(scope["method"], SpanKind.SERVER, parent) as current:

            async def send_seen(message: Message) -> None:
                if message["type"] == "http.response.start" and current.is_recording():
                    route = scope.get("route")
                    current.update_name(f"{scope['method']} {getattr(route, 'path', 'unknown')}")
                    current.set_attribute("http.response.status_code", message["status"])
                await send(message)

            await self.app(scope, receive, send_seen)
