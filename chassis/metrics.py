"""What dashboards and alerts are made of: how many events and how old, and the figures of `chassis.figures`.

Nothing is counted for nobody: without `ODH_OTLP_ENDPOINT` the instruments of OpenTelemetry do nothing. Names are as
OpenTelemetry has them; Prometheus shows `odh.event.age` as `odh_event_age_seconds`.
"""

import asyncio
from typing import TYPE_CHECKING

from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, View

from chassis.figures import Figures, figures_of
from chassis.settings import Settings
from chassis.telemetry import resource_of

if TYPE_CHECKING:
    from chassis.service import Service

_meter = metrics.get_meter("om-de-hoek")

published = _meter.create_counter("odh.events.published", description="Events that the broker stored.")
handled = _meter.create_counter("odh.events.handled", description="Events whose effect was committed.")
rejected = _meter.create_counter("odh.events.rejected", description="Events that broke a rule.")
retried = _meter.create_counter("odh.events.retried", description="Attempts that failed and are made again.")
lost = _meter.create_counter("odh.events.lost", description="Events that the broker lost and that are said again.")
buried = _meter.create_counter("odh.events.buried", description="Events that became a dead letter.")
age = _meter.create_histogram(
    "odh.event.age", unit="s", description="How old an event was when its effect was committed: wait and work."
)

_unsent = _meter.create_gauge("odh.outbox.unsent", description="Events that are said and not yet published.")
_oldest = _meter.create_gauge("odh.outbox.oldest", unit="s", description="How long the first of those waits.")
_pending = _meter.create_gauge("odh.consumer.pending", description="Events that a consumer still has to be given.")
_unacked = _meter.create_gauge("odh.consumer.unacked", description="Events under way at a consumer.")
_redelivered = _meter.create_gauge("odh.consumer.redelivered", description="Those of them that came before.")
_dead = _meter.create_gauge("odh.dead.letters", description="Dead letters that wait for somebody.")
_stream_messages = _meter.create_gauge("odh.stream.messages", description="Messages in a stream.")
_stream_bytes = _meter.create_gauge("odh.stream.size", unit="By", description="What a stream takes on disk.")
_source_lag = _meter.create_gauge("odh.source.lag", description="What another node told and has not come yet.")
_source_silent = _meter.create_gauge("odh.source.silent", unit="s", description="Since a source was heard of.")
_part_ready = _meter.create_gauge("odh.part.ready", description="1 when a part of the service is ready, otherwise 0.")
_own = _meter.create_gauge("odh.waiting", description="What else waits, or failed: mails, texts; by `what`.")

#: Seconds: from what a person does not notice to what has waited for a broker that was away.
AGE_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)


def configure(service: str, settings: Settings) -> None:
    """Sends what is counted to the collector that the settings name; called once, where a service is started."""
    if settings.otlp_endpoint:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

        exporter = OTLPMetricExporter(f"{settings.otlp_endpoint}/v1/metrics")
        reader = PeriodicExportingMetricReader(exporter, export_interval_millis=settings.metrics_seconds * 1000)
        by_age = View(
            instrument_name="odh.event.age", aggregation=ExplicitBucketHistogramAggregation(boundaries=AGE_BUCKETS)
        )
        metrics.set_meter_provider(
            MeterProvider([reader], resource=resource_of(service, settings.node), views=[by_age])
        )


async def keep_telling(service: "Service") -> None:
    """In the background, where somebody collects: the figures, every so many seconds."""
    while service.settings.otlp_endpoint:
        tell(await figures_of(service))
        await asyncio.sleep(service.settings.metrics_seconds)


def tell(figures: Figures) -> None:
    """What could not be asked is not told: a dashboard then shows a gap, and not nothing."""
    for part, state in figures.parts.items():
        _part_ready.set(int(state == "ready"), {"part": part})
    if figures.unsent is not None:
        _unsent.set(figures.unsent)
        _oldest.set(figures.oldest_unsent_seconds or 0.0)
    for consumer in figures.consumers:
        whose = {"consumer": consumer.name}
        _pending.set(consumer.pending, whose)
        _unacked.set(consumer.unacked, whose)
        _redelivered.set(consumer.redelivered, whose)
    if figures.dead_letters is not None:
        _dead.set(figures.dead_letters)
    for stream in figures.streams:
        _stream_messages.set(stream.messages, {"stream": stream.name})
        _stream_bytes.set(stream.bytes, {"stream": stream.name})
        for source in stream.sources:
            from_where = {"stream": stream.name, "source": source.name}
            _source_lag.set(source.lag, from_where)
            if source.silent_seconds is not None:
                _source_silent.set(source.silent_seconds, from_where)
    for what, count in figures.own.items():
        _own.set(count, {"what": what})
