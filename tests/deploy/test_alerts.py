"""The alerts, by what Prometheus itself makes of them: with `promtool`, where it is (Debian: package `prometheus`)."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from node import ROOT
from tests.deploy.containers import run

FOLDER = ROOT / "deploy" / "observability"
PLAYED: list[dict[str, Any]] = yaml.safe_load((ROOT / "tests" / "deploy" / "alerts.yml").read_text())["tests"]

with_promtool = pytest.mark.skipif(not shutil.which("promtool"), reason="needs promtool")


def test_every_alert_is_played_before_it_comes_and_when_it_does():
    (group,) = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    seen = [(one["alertname"], bool(one.get("exp_alerts"))) for played in PLAYED for one in played["alert_rule_test"]]

    assert {(rule["alert"], comes) for rule in group["rules"] for comes in (False, True)} == set(seen)


@with_promtool
def test_alerts_come_when_they_should_and_not_before():
    run("promtool", "test", "rules", "tests/deploy/alerts.yml")


@with_promtool
def test_prometheus_can_read_what_a_panel_asks(tmp_path: Path):
    panels = json.loads((FOLDER / "grafana" / "node.json").read_text())["panels"]
    asked = [one["expr"].replace("$node", "utrecht") for panel in panels for one in panel["targets"]]
    rules = [{"record": f"panel:{number}", "expr": expr} for number, expr in enumerate(asked)]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))

    assert not [expr for expr in asked if "$" in expr]
    run("promtool", "check", "rules", str(tmp_path / "rules.yml"))


@with_promtool
def test_prometheus_takes_its_settings(tmp_path: Path):
    shutil.copy(FOLDER / "alerts.yml", tmp_path)
    told = (FOLDER / "prometheus.yml").read_text().replace("/etc/prometheus/", f"{tmp_path}/")
    (tmp_path / "prometheus.yml").write_text(told)

    run("promtool", "check", "config", str(tmp_path / "prometheus.yml"))
