"""The alerts, by what Prometheus itself makes of them: with `promtool`, where it is (Debian: package `prometheus`)."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from node import ROOT
from tests.deploy.containers import run
from tests.operating.page import Page

FOLDER = ROOT / "deploy" / "observability"
PLAYED: list[dict[str, Any]] = yaml.safe_load((ROOT / "tests" / "deploy" / "alerts.yml").read_text())["tests"]

RULES: list[dict[str, Any]] = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"][0]["rules"]
PANELS: list[dict[str, Any]] = json.loads((FOLDER / "grafana" / "node.json").read_text())["panels"]

with_promtool = pytest.mark.skipif(not shutil.which("promtool"), reason="needs promtool")


def test_every_alert_is_played_before_it_comes_and_when_it_does():
    seen = [(one["alertname"], bool(one.get("exp_alerts"))) for played in PLAYED for one in played["alert_rule_test"]]

    assert {(rule["alert"], comes) for rule in RULES for comes in (False, True)} == set(seen)


def test_where_an_alert_leads_there_is_something_to_do():
    """And what only shows what is behind mends nothing."""
    page = Page("operating.md")
    tasks = {rule["annotations"]["task"] for rule in RULES}

    assert all(page.under(task) for task in tasks)
    assert "See what is behind" not in tasks


def test_a_dashboard_shows_what_wakes_somebody():
    shown = [one["expr"] for panel in PANELS for one in panel["targets"] if one["expr"].startswith("ALERTS{")]

    assert shown == ['ALERTS{alertstate="firing",odh_node=~"$node|"}']  # one that a figure is missing for has no node


@with_promtool
def test_alerts_come_when_they_should_and_not_before():
    run("promtool", "test", "rules", "tests/deploy/alerts.yml")


@with_promtool
def test_prometheus_can_read_what_a_panel_asks(tmp_path: Path):
    asked = [one["expr"].replace("$node", "utrecht") for panel in PANELS for one in panel["targets"]]
    rules = [{"record": f"panel:{number}", "expr": expr} for number, expr in enumerate(asked)]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))

    assert not [expr for expr in asked if "$" in expr]
    run("promtool", "check", "rules", str(tmp_path / "rules.yml"))


@with_promtool
def test_prometheus_takes_its_settings_with_whom_to_tell_of_an_alert(tmp_path: Path):
    shutil.copy(FOLDER / "alerts.yml", tmp_path)
    told = (FOLDER / "prometheus.yml").read_text().replace("/etc/prometheus/", f"{tmp_path}/")
    told = told.replace("\n#~", "\n")
    assert "alertmanagers" in told
    (tmp_path / "prometheus.yml").write_text(told)

    run("promtool", "check", "config", str(tmp_path / "prometheus.yml"))
