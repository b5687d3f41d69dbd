"""What is measured, and that dashboards and alerts ask for nothing else."""

import asyncio
import importlib
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from opentelemetry import metrics as api
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader

from chassis import metrics
from chassis.figures import Figures, SourceFigures, StreamFigures, figures_of
from chassis.tasks import ended
from node import ROOT, SERVICES, nodes
from node.links import certificates
from node.links.register import Register
from tests.chassis.conftest import wanted
from tests.given import eventually

FOLDER = ROOT / "deploy" / "observability"
ALERTS: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"] for rule in group["rules"]
]
PANELS: list[dict[str, Any]] = json.loads((FOLDER / "grafana" / "node.json").read_text())["panels"]
COUNTERS = (metrics.published, metrics.handled, metrics.rejected, metrics.retried, metrics.lost, metrics.buried)
ASKED = [rule["expr"] for rule in ALERTS] + [one["expr"] for panel in PANELS for one in panel["targets"]]


@pytest.fixture(scope="module")
def shared_reader() -> InMemoryMetricReader:
    """Tells each time what was measured since the time before."""
    since_the_last = dict.fromkeys((Counter, Histogram), AggregationTemporality.DELTA)
    reader = InMemoryMetricReader(preferred_temporality=since_the_last)
    api.set_meter_provider(MeterProvider([reader]))  # once in a process
    return reader


@pytest.fixture
def reader(shared_reader: InMemoryMetricReader) -> InMemoryMetricReader:
    """Whatever is measured from now on."""
    measured(shared_reader)
    return shared_reader


def measured(reader: InMemoryMetricReader) -> dict[str, Any]:
    """What was measured, by the name that Prometheus has for it."""
    found = {}
    data = reader.get_metrics_data()
    for resource in data.resource_metrics if data else ():
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                found[in_prometheus(metric.name, metric.unit, type(metric.data).__name__)] = metric.data
    return found


def in_prometheus(name: str, unit: str | None, kind: str) -> str:
    """As the collector's exporter names it (OpenTelemetry's compatibility with Prometheus)."""
    unit = {"s": "_seconds", "By": "_bytes"}.get(unit or "", "")
    return name.replace(".", "_") + unit + ("_total" if kind == "Sum" else "")


async def test_an_event_is_counted_when_its_effect_is_committed_and_when_it_failed(lending, trouble, tool_id, reader):
    async def fail_once(*_: Any) -> None:
        trouble.clear()
        raise RuntimeError

    trouble[tool_id] = fail_once
    await lending.when(wanted(tool_id))

    found = measured(reader)
    of_us = [point for point in found["odh_events_handled_total"].data_points if point.value]
    assert [point.attributes["consumer"] for point in of_us] == ["lending-borrowers-tool-wanted"]
    assert found["odh_events_retried_total"].data_points[0].value == 1
    assert found["odh_events_published_total"].data_points[0].value >= 1
    (ages,) = [p for p in found["odh_event_age_seconds"].data_points if p.attributes == of_us[0].attributes]
    assert ages.count == 1
    assert 0 < ages.sum < 20


async def test_the_figures_tell_what_is_left_to_say_to_hear_and_to_mend(lending, trouble, tool_id):
    async def fail(*_: Any) -> None:
        raise RuntimeError

    trouble[tool_id] = fail
    await lending.when(wanted(tool_id))
    await lending.a_dead_letter()

    figures = await figures_of(lending.service)

    assert (figures.service, figures.unsent, figures.dead_letters) == ("lending", 0, 1)
    assert {consumer.name for consumer in figures.consumers} == {one.name for one in lending.service.consumers}
    assert sum(consumer.pending for consumer in figures.consumers) == 0
    assert [stream.name.rpartition("-")[2] for stream in figures.streams] == ["shared", "local", "elsewhere", "dead"]


async def test_only_the_gateway_is_told(lending):
    assert (await lending.http.get("/internal/figures")).status_code == 401
    async with lending.http_as("somebody", roles=("node-team",)) as member:
        assert (await member.get("/internal/figures")).status_code == 401
    async with lending.http_as("gateway", roles=("gateway",)) as gateway:
        assert (await gateway.get("/internal/figures")).json()["service"] == "lending"


async def test_who_keeps_the_lines_in_compose_tells_how_long_each_certificate_is_good_for(reader, tmp_path):
    certificates.make(tmp_path / "lines", ["hub.example.org"])
    (tmp_path / "operator").mkdir()
    (tmp_path / "operator" / "system_url").write_text("nats://nowhere")
    keeping = asyncio.create_task(
        nodes._keep(nodes.Place(Register(tmp_path / "lines", "national"), None, None), tmp_path)
    )

    async def told() -> dict[str, float]:
        found = measured(reader).get("odh_certificate_left_seconds")
        return {point.attributes["file"]: point.value / 86_400 for point in found.data_points} if found else {}

    left = await eventually(told, saying="how long they are good for")
    await ended(keeping)
    assert {file: round(days) for file, days in left.items()} == {"server.pem": 825, "ca.pem": 30 * 365}
    for file in ("national.yml", "regional.yml"):
        lines = yaml.safe_load((ROOT / "deploy" / file).read_text())["services"]["lines"]
        assert lines["environment"]["ODH_OTLP_ENDPOINT"] == "${ODH_OTLP_ENDPOINT:-}"


async def test_dashboards_and_alerts_ask_only_for_what_is_told(lending, reader, tmp_path):
    """A figure that was given another name leaves an empty panel, and an alert that never comes."""
    here = await figures_of(lending.service)
    source = SourceFigures(name="odh-zeeland-shared", lag=3, silent_seconds=0.5)
    elsewhere = StreamFigures(name="odh-x-elsewhere", messages=1, bytes=1, sources=(source,))
    metrics.tell(here.model_copy(update={"streams": (*here.streams, elsewhere), "own": {"mails-waiting": 1.0}}))
    certificates.make(tmp_path, ["hub.example.org"])
    certificates.measure(tmp_path, datetime.now(UTC))
    for counter in COUNTERS:  # nothing was, here
        counter.add(0, {"consumer": "x"})
    metrics.age.record(0, {"consumer": "x"})

    told = measured(reader)
    asked = {name for text in ASKED for name in re.findall(r"\bodh_[a-z_]+", text)} - {"odh_node"}
    assert {name.removesuffix("_bucket") for name in asked} <= told.keys()
    assert told.keys() <= {name.removesuffix("_bucket") for name in asked}, "told to nobody"


def test_labels_that_are_asked_for_are_there():
    text = " ".join(ASKED)
    whats = {what for told in re.findall(r'what=~?"([^"]+)"', text) for what in told.split("|")}
    telling = ("members", "notify", "matching", "partners")
    code = "".join((ROOT / "services" / name / "figures.py").read_text() for name in telling)
    matching = importlib.import_module("services.matching.handlers").router
    consumers = {f"matching-{hearing.event_type.wire_name.replace('.', '-')}" for hearing in matching.hearings}

    assert whats <= set(re.findall(r'"([a-z-]+)":', code))
    assert set(re.findall(r'consumer="([^"]+)"', text)) <= consumers
    assert set(re.findall(r'job="odh-([^"]+)"', text)) == set(SERVICES)


def test_an_alert_says_how_bad_it_is_and_which_task_mends_it():
    headings = set(re.findall(r"^## (.+)$", (ROOT / "docs" / "operating.md").read_text(), flags=re.M))

    for rule in ALERTS:
        assert rule["labels"]["severity"] in ("page", "morning"), rule["alert"]
        assert rule["annotations"]["task"] in headings, rule["alert"]


def test_what_is_mounted_is_there_and_fits_together():
    collector = yaml.safe_load((FOLDER / "collector.yml").read_text())
    for pipeline in collector["service"]["pipelines"].values():
        for kind in ("receivers", "processors", "exporters"):
            assert set(pipeline[kind]) <= collector[kind].keys()
    (job,) = yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]
    assert job["static_configs"][0]["targets"][0].endswith(collector["exporters"]["prometheus"]["endpoint"][-5:])
    (source,) = yaml.safe_load((FOLDER / "grafana" / "datasources.yml").read_text())["datasources"]
    assert {panel["datasource"]["uid"] for panel in PANELS} == {source["uid"]}
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    for part in ("collector", "prometheus", "grafana"):
        for volume in compose[part]["volumes"]:
            if volume.startswith("./"):
                assert (ROOT / volume.split(":")[0]).is_file(), volume


def test_figures_that_could_not_be_asked_are_not_told_as_nothing(reader):
    metrics.tell(Figures(service="lending", node="x", parts={"broker": "ready"}, unsent=3, dead_letters=2))
    metrics.tell(Figures(service="lending", node="x", parts={"broker": "not ready"}))

    told = [
        point.value
        for name in ("odh_outbox_unsent", "odh_dead_letters")
        for point in measured(reader)[name].data_points
    ]
    assert told == [3, 2]
