"""The project's compose file on a real engine: comes up, does its work, and keeps everything when its parts are killed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.compose.journey import MEASURE, Journey, until, voucher_list
from tests.tools import compose
from tests.tools.compose import Compose, inspect
from tests.tools.missing import skip_or_fail

pytestmark = pytest.mark.timeout(900)

SERVICES = ("intake", "funding", "reporting")
SECRETS = compose.ROOT / "deploy" / "secrets"


@pytest.fixture(scope="module")
def stack() -> Iterator[Compose]:
    if lacking := compose.missing():
        skip_or_fail(f"the compose file cannot run here: {lacking}")
    with Compose(f"pruefpfad-test-{os.getpid()}") as running:
        yield running


@pytest.fixture(scope="module")
def journey(stack: Compose) -> Journey:
    travelled = Journey(stack)
    travelled.open_measure()
    return travelled


@pytest.mark.parametrize("service", ["kafka", "postgres", *SERVICES, "gateway", "prometheus"])
def test_a_container_has_no_more_rights_than_it_needs(stack: Compose, service: str) -> None:
    for container in stack.containers(service):
        said = inspect(container)
        host = said["HostConfig"]
        assert host["ReadonlyRootfs"]
        assert host["CapDrop"] == ["ALL"]
        assert "no-new-privileges:true" in host["SecurityOpt"]
        assert 0 < host["Memory"] <= 2**30
        bound = [binding["HostIp"] for ports in host["PortBindings"].values() for binding in ports]
        assert set(bound) <= {"127.0.0.1"}
        secrets = [file for file in SECRETS.iterdir() if file.suffix != ".env"]
        assert not [secret.name for secret in secrets if secret.read_text() in "\n".join(said["Config"]["Env"])]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_nobody_in_particular_and_knows_one_secret(stack: Compose, service: str) -> None:
    assert inspect(stack.containers(service)[0])["Config"]["User"] == "10001:10001"
    assert stack("exec", "--no-TTY", service, "ls", "/run/secrets").split() == [f"{service}_database"]


def test_a_service_cannot_enter_another_ones_database(stack: Compose) -> None:
    enter = (
        "import pathlib, psycopg, sys; url = pathlib.Path('/run/secrets/intake_database').read_text();"
        "psycopg.connect(url.replace('{service}', 'intake'), dbname=sys.argv[1]).close()"
    )
    stack("exec", "--no-TTY", "intake", "python3", "-c", enter, "intake")
    with pytest.raises(compose.ComposeFailed, match="permission denied for database"):
        stack("exec", "--no-TTY", "intake", "python3", "-c", enter, "funding")


def test_every_alert_fires_when_it_should_and_only_then(stack: Compose) -> None:
    assert "SUCCESS" in stack("exec", "--no-TTY", "prometheus", "promtool", "test", "rules", "/etc/prometheus/alerts_test.yml")


def test_every_number_that_an_alert_stands_on_is_told_by_some_service(stack: Compose) -> None:
    pages = "".join(httpx.get(f"{stack.url(service)}/metrics").raise_for_status().text for service in SERVICES)
    told = set(re.findall(r"^# TYPE (\S+)", pages, re.MULTILINE))
    asked = set(re.findall(r"pruefpfad_\w+", (compose.ROOT / "deploy/prometheus/alerts.yml").read_text("utf-8")))
    assert asked
    assert asked <= told


def test_the_command_line_needs_one_address_and_a_token(stack: Compose, journey: Journey, tmp_path: Path) -> None:
    def called(role: str, *words: str) -> dict[str, Any]:
        given = {"PRUEFPFAD_HTTP": f"127.0.0.1:{stack.ports['gateway']}", "PRUEFPFAD_TOKEN": journey.token(role)}
        command = [sys.executable, "-m", "services", *words, "--json"]
        done = subprocess.run(command, env={**os.environ, **given}, cwd=compose.ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr + done.stdout
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    list_ = tmp_path / "belege.csv"
    list_.write_text(voucher_list(900, "77,00"), "utf-8")
    digest = called("submitter", "load", str(list_))["digest"]
    issued = called("clerk", "report", MEASURE, "--as-of", "2013-12-31", "--to", str(tmp_path))
    assert called("auditor", "verify", issued["path"])["server"]["known"]
    assert called("auditor", "trail", f"{digest}:2")["row"]["as_handed_in"]["columns"]["Belegnummer"] == "900"


@pytest.mark.parametrize("victim", ["kafka", "postgres", *SERVICES])
def test_nothing_is_lost_when_a_part_is_killed(stack: Compose, journey: Journey, victim: str) -> None:
    number = 100 + [*SERVICES, "kafka", "postgres"].index(victim)
    before = journey.hand_in_voucher(number, "1.234,56")
    stack.kill(victim)                                       # at once: what was handed in is still on its way
    stack.back(victim)
    for service in SERVICES:
        stack.until_ready(service)
    after = journey.hand_in_voucher(number + 50, "65,44")
    until(lambda: journey.is_found(before) and journey.is_found(after), f"{before} and {after} have arrived in reporting")


def test_a_report_is_the_same_after_everything_was_killed(stack: Compose, journey: Journey) -> None:
    reference = journey.hand_in_voucher(300, "300,00")
    until(lambda: journey.is_found(reference), f"{reference} has arrived in reporting")
    issued = journey.report()
    for victim in (*SERVICES, "kafka", "postgres"):
        stack.kill(victim)
    for victim in ("postgres", "kafka", *SERVICES):
        stack.back(victim)
    assert journey.report() == issued


def test_the_engine_starts_a_crashed_service_again(stack: Compose) -> None:
    container = stack.containers("funding")[0]
    before = inspect(container)["RestartCount"]
    stack.crash("funding")
    until(lambda: inspect(container)["RestartCount"] > before, "the engine has started funding again")
    stack.until_ready("funding")
