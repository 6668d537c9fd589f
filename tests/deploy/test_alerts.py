"""Alerts: each leads to a chapter of the runbook, stands on numbers that are told, and is tried (promtool: tests/compose)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.makers import MAKERS
from shared.runtime.settings import Settings
from tests.docs.pages import anchors

FOLDER = Path(__file__).parents[2] / "deploy"
RULES = (FOLDER / "prometheus" / "alerts.yml").read_text("utf-8")
TESTS = (FOLDER / "prometheus" / "alerts_test.yml").read_text("utf-8")
ALERTS = re.findall(r"^ *- alert: (\w+)$", RULES, re.M)


def test_each_alert_leads_to_a_chapter_of_the_runbook() -> None:
    named = re.findall(r'runbook: "deploy/runbook\.md#([\w-]+)"', RULES)
    assert len(named) == len(ALERTS) > 10
    assert set(named) <= anchors(FOLDER / "runbook.md")


@pytest.mark.parametrize("alert", ALERTS)
def test_each_alert_is_seen_to_fire_and_seen_not_to(alert: str) -> None:
    tried = TESTS.count(f"alertname: {alert}}}"), TESTS.count(f"alertname: {alert}\n")
    assert all(tried), f"{alert}: {tried[0]} times silent, {tried[1]} times firing"


def test_each_number_an_alert_stands_on_is_a_metric_of_some_service() -> None:
    told = {source.name for make in MAKERS.values() for source in make(Settings()).telemetry._sources}
    assert set(re.findall(r"pruefpfad_\w+", RULES)) - {"pruefpfad_gauge_unreadable"} <= told
