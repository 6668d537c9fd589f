"""The command line against services that run apart, as containers do: three processes on three ports, one address before them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from pypdf import PdfReader
from typer.testing import CliRunner, Result

from services.__main__ import app
from services.makers import MAKERS
from shared.runtime.access import Role, create_token
from shared.runtime.embedded import MockBroker, Postgres
from shared.runtime.settings import SERVICES, Settings
from shared.runtime.stack import prepare
from tests.test_command_line import HEADINGS, MEASURES, free_port, is_ready, written

GOOD = HEADINGS + "CL-1;2015;001;1;Druckerei Muster GmbH (Demo);15.03.2015;14.03.2015;1.234,56\n"


@dataclass
class Apart:
    """The installation as people meet it: one address, and tokens that an operator made."""

    folder: Path
    settings: Settings
    url: str

    def run(self, role: Role, *words: object) -> Result:
        """One call with a token of that role, on a machine that shares nothing with the services but the address."""
        environment = {
            "PRUEFPFAD_HTTP": self.url.removeprefix("http://"), "PRUEFPFAD_DATA": str(self.folder / "elsewhere"),
            "PRUEFPFAD_TOKEN": self.token(role), "TERM": "dumb",
        }
        return CliRunner().invoke(app, [str(word) for word in words], env=environment)

    def json(self, role: Role, *words: object) -> Any:
        """One call that must succeed, with ``--json``."""
        return self.json_of(self.run(role, *words, "--json"), exit_code=0)

    def json_of(self, answer: Result, *, exit_code: int) -> Any:
        """What a call said that ended so."""
        assert answer.exit_code == exit_code, f"{answer.output}\n{self.logs()}"
        return json.loads(answer.stdout)

    def logs(self) -> str:
        """How the logs of all processes end."""
        return "\n".join(log.read_text()[-3000:] for log in sorted(self.folder.glob("*.log")))

    def token(self, role: Role) -> str:
        """A token of that role."""
        file = self.folder / role
        if not file.exists():
            file.write_text(create_token(self.settings, role, role))
        return file.read_text()


@pytest.fixture(scope="module")
def apart(postgres: Postgres) -> Iterator[Apart]:
    """Three services and the gateway, each a process of its own."""
    with tempfile.TemporaryDirectory(prefix="pruefpfad-apart-") as name, MockBroker() as broker, ExitStack() as stack:
        folder, ports = Path(name), {service: free_port() for service in (*SERVICES, "gateway")}
        settings = Settings(
            data=folder / "data", tokens=folder / "tokens.json", kafka=broker.address, heads_seconds=2, session_timeout_ms=1_500,
            database=postgres.url("{service}"), owner_database=postgres.url("{service}_owner"), admin_database=postgres.admin_url,
        )
        prepare(settings, list(MAKERS.values()))
        services = ",".join(f"http://127.0.0.1:{ports[service]}" for service in SERVICES)
        given = settings.model_copy(update={"admin_database": None, "owner_database": None}).model_dump(exclude_none=True)
        common = {f"PRUEFPFAD_{name.upper()}": str(value) for name, value in given.items()} | {"PRUEFPFAD_LOG": "json"}
        for service, port in ports.items():
            own = {"PRUEFPFAD_HTTP": f"127.0.0.1:{port}"} | ({"PRUEFPFAD_SERVICES": services} if service == "gateway" else {})
            log = stack.enter_context((folder / f"{service}.log").open("w"))
            command = [sys.executable, "-m", "services", "serve", service]
            process = subprocess.Popen(command, env={**os.environ, **common, **own}, stdout=log, stderr=log)
            stack.callback(process.wait, 60)
            stack.callback(process.send_signal, signal.SIGTERM)
        installation, deadline = Apart(folder, settings, f"http://127.0.0.1:{ports['gateway']}"), time.monotonic() + 90
        while not is_ready(installation.url):
            assert time.monotonic() < deadline, installation.logs()
            time.sleep(0.2)
        yield installation


@pytest.fixture(scope="module")
def issued(apart: Apart) -> dict[str, Any]:
    """A measure and its list handed in by an office, reported by a clerk, by the command line alone."""
    for file, text in (("massnahmen.csv", MEASURES), ("belege.csv", GOOD)):
        assert apart.json("submitter", "load", written(apart.folder / file, text))["state"] == "read"
    report: dict[str, Any] = apart.json("clerk", "report", "CL-1", "--as-of", "2015-12-31", "--to", apart.folder)
    return report


def test_what_was_handed_in_is_waited_for_across_services_and_reported(apart: Apart, issued: dict[str, Any]) -> None:
    statement = apart.json("auditor", "report", "CL-1", "--format", "json", "--to", apart.folder)
    said = json.loads(Path(statement["path"]).read_bytes())
    assert [e["postings"][0]["cents"] for e in said["entries"] if e["kind"] == "voucher"] == [123456]


def test_a_hand_in_can_be_followed_through_the_logs_of_all_three_services(apart: Apart, issued: dict[str, Any]) -> None:
    def lines(service: str) -> list[dict[str, Any]]:
        told = (apart.folder / f"{service}.log").read_text().splitlines()
        return [line for line in map(json.loads, filter(lambda text: text.startswith("{"), told)) if "use_case" in line]

    taken = next(line for line in lines("intake") if line["use_case"] == "receive_file")
    assert taken["actor"] == "submitter"
    same = [(s, line) for s in SERVICES for line in lines(s) if line.get("correlation") == taken["correlation"]]
    followed = [(service, line["use_case"], line.get("subjects")) for service, line in same]
    assert {service for service, _, _ in followed} == set(SERVICES)
    assert ("funding", "post_facts", 2) in followed          # the measure, and the file
    logs = apart.logs()
    for personal in ("Druckerei", "Werkstatt", "1.234,56"):
        assert personal not in logs


def test_a_figure_leads_to_the_row_which_another_service_keeps(apart: Apart, issued: dict[str, Any]) -> None:
    assert apart.json("auditor", "trail", "CL-1/1")["row"]["as_handed_in"]["columns"]["Belegnummer"] == "001"


def test_decide_parked_replay_and_verify_reach_their_service(apart: Apart, issued: dict[str, Any]) -> None:
    assert apart.json("clerk", "decide", "CL-1", '{"kind": "set_cut_off", "as_of": "2016-06-30"}')["new"] is True
    assert apart.json("operator", "parked") == []
    assert isinstance(apart.json("operator", "replay", "reporting"), dict)
    assert apart.json("auditor", "verify", issued["path"])["server"]["known"] is True


def test_a_token_the_installation_does_not_know_says_which_setting_to_make(apart: Apart, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRUEFPFAD_DATA", str(apart.folder / "stranger"))
    monkeypatch.delenv("PRUEFPFAD_TOKEN", raising=False)
    answer = CliRunner().invoke(app, ["parked", "--url", apart.url], env={"TERM": "dumb"})
    assert answer.exit_code == 3
    assert "PRUEFPFAD_TOKEN" in answer.stderr


def test_a_list_before_its_measure_says_what_it_waits_for_and_is_posted_by_itself_once_that_comes(apart: Apart) -> None:
    early = written(apart.folder / "frueh.csv", GOOD.replace("CL-1;", "CL-2;"))
    loaded = apart.run("submitter", "load", early)
    assert "frueh.csv: vouchers, 1 row, 1 new fact" in loaded.stdout
    assert "! 1 fact not posted yet, waiting for measure/CL-2" in loaded.stdout
    [parked] = apart.json_of(apart.run("operator", "parked", "--json"), exit_code=1)
    told = apart.run("operator", "parked").stdout
    assert told.startswith("measure/CL-2#1  waits for measure/CL-2: ") and parked["fact"] in told and "Unpostable" not in told
    loaded = apart.run("submitter", "load", written(apart.folder / "spaet.csv", MEASURES.replace("CL-1", "CL-2")))
    assert loaded.exit_code == 0 and "waiting for" not in loaded.stdout
    assert apart.json("operator", "parked") == []
    assert "funding: 0 parked facts applied" in apart.run("operator", "replay", "funding").stdout


def test_a_mistyped_measure_is_refused_and_leaves_nothing_behind(apart: Apart) -> None:
    answer = apart.run("clerk", "report", "CL-l", "--as-of", "2015-12-31")
    assert (answer.exit_code, "measure/CL-l is not registered" in answer.stderr) == (3, True)
    assert apart.json("operator", "parked") == []


def test_a_report_of_nothing_says_to_compare_the_key_and_of_another_day_which_days_there_are(
    apart: Apart, issued: dict[str, Any]
) -> None:
    token = {"Authorization": f"Bearer {apart.token('auditor')}"}
    wrong = httpx.post(f"{apart.url}/reporting/reports?subject=programme/herne&document=D5", headers=token)
    assert (wrong.status_code, wrong.json()["mend"]) == (409, "Ask for one of D9.")
    unknown = httpx.post(f"{apart.url}/reporting/reports?subject=measure/NOWHERE&document=D5", headers=token)
    assert (unknown.status_code, unknown.json()["detail"]) == (404, "Nothing has been stated about measure/NOWHERE yet.")
    assert "GET /funding/measures" in unknown.json()["mend"] and "gleich noch einmal" in unknown.json()["de"]["mend"]
    other = httpx.post(f"{apart.url}/reporting/reports?subject=measure/CL-1&document=D5&as_of=1999-12-31", headers=token)
    assert (other.status_code, "set_cut_off" in other.json()["mend"]) == (404, True)


@pytest.mark.parametrize(
    ("call", "status", "told"),
    [
        ("reporting/reports?subject=CL-1", 422, "measure/CL-1 is meant"),
        ("reporting/statements?subject=CL-1", 422, "measure/CL-1 is meant"),
        ("funding/findings?subject=CL-1", 422, "measure/CL-1 is meant"),
        ("funding/findings?asof=2015-12-31", 422, "Write as_of."),
        ("funding/findings?subject=measure/CL-l", 404, "Compare the key"),
        ("funding/findings?as_of=1999-12-31", 404, "It was as of: "),
        ("funding/suggestions?measure=CL-l", 404, "Check the reference"),
        ("funding/verify?measure=CL-l", 404, "Check the reference"),
        ("reporting/trail?refrence=CL-1/1", 422, "reference"),
        ("intake/files?state=gelesen", 422, "faults"),
    ],
)
def test_a_call_that_asks_for_what_is_not_there_is_refused_instead_of_answered_with_nothing(
    apart: Apart, issued: dict[str, Any], call: str, status: int, told: str
) -> None:
    answer = httpx.get(f"{apart.url}/{call}", headers={"Authorization": f"Bearer {apart.token('auditor')}"})
    assert (answer.status_code, told in answer.json()["mend"]) == (status, True), answer.text


def test_a_measure_may_be_named_by_its_key_or_as_a_subject(apart: Apart, issued: dict[str, Any]) -> None:
    token = {"Authorization": f"Bearer {apart.token('auditor')}"}
    for named in ("CL-1", "measure/CL-1"):
        assert httpx.get(f"{apart.url}/funding/verify?measure={named}", headers=token).json()["journals"] == 1
    assert httpx.get(f"{apart.url}/funding/findings?subject=measure/CL-1&as_of=2015-12-31", headers=token).is_success


def test_a_mistyped_field_of_an_upload_is_refused(apart: Apart) -> None:
    given = {"Authorization": f"Bearer {apart.token('submitter')}"}
    answer = httpx.post(f"{apart.url}/intake/files", files={"file": ("m.csv", b"x")}, data={"mesure": "CL-1"}, headers=given)
    assert (answer.status_code, answer.json()["mend"]) == (422, "Write measure.")


def test_what_each_check_asks_is_told_in_both_languages(apart: Apart) -> None:
    token = {"Authorization": f"Bearer {apart.token('auditor')}"}
    checks = {check["code"]: check for check in httpx.get(f"{apart.url}/funding/checks", headers=token).json()}
    assert (checks["BEL-05"]["title"], checks["BEL-05"]["title_en"]) == ("Zahlungsnachweis fehlt", "Proof of payment missing")
    assert all(check["settle"] and check["settle_en"] and check["explanation"] for check in checks.values())


def test_the_start_page_and_the_pages_of_each_service_are_at_the_one_address(apart: Apart) -> None:
    page = httpx.get(f"{apart.url}/").text
    assert 'data-services="intake funding reporting"' in page
    calls = set()
    for service in SERVICES:
        assert httpx.get(f"{apart.url}/{service}/docs").is_success
        document = httpx.get(f"{apart.url}/{service}/openapi.json").json()
        assert document["servers"] == [{"url": f"/{service}"}]
        calls |= {f"{service}{path}" for path in document["paths"]}
    called = set(re.findall(r"""["`]((?:intake|funding|reporting)/[a-z]+)(?=["`?/$])""", page)) - {"intake/docs"}
    assert len(called) >= 7
    assert called <= calls


@pytest.mark.parametrize("service", SERVICES)
def test_every_call_is_described_with_its_part_its_purpose_and_its_errors(apart: Apart, service: str) -> None:
    document = httpx.get(f"{apart.url}/{service}/openapi.json").json()
    parts = {tag["name"] for tag in document["tags"] if tag["description"]}
    for path, calls in document["paths"].items():
        for method, call in calls.items():
            where = f"{method} /{service}{path}"
            assert len(call["tags"]) == 1 and set(call["tags"]) <= parts, where
            assert call["summary"] and len(call["description"]) > 20, where
            assert "422" in call["responses"] and "503" in call["responses"], where
            assert {"401", "403"} <= set(call["responses"]) or path == "/verify/{number}", where
            for status, answer in call["responses"].items():
                if status >= "4":
                    assert answer["content"]["application/problem+json"]["schema"]["$ref"].endswith("/Problem"), where
            for parameter in call.get("parameters", ()):
                plain = parameter["name"] in ("digest", "place", "number", "format", "kind", "limit", "state")
                assert plain or parameter.get("description"), f"{where}: {parameter['name']}"
    assert set(document["components"]["schemas"]["Problem"]["required"]) > {"detail", "mend", "de"}


def test_a_large_file_of_the_wrong_role_is_refused_through_the_gateway_too(apart: Apart) -> None:
    given = {"Authorization": f"Bearer {apart.token('auditor')}"}
    answer = httpx.post(f"{apart.url}/intake/files", files={"file": ("m.csv", bytes(20_000_000))}, headers=given, timeout=60)
    assert (answer.status_code, answer.json()["roles"]) == (403, ["submitter", "clerk"])


def test_a_report_in_hand_is_known_without_a_token_and_nothing_more_is_told(apart: Apart, issued: dict[str, Any]) -> None:
    address = f"{apart.url}/reporting/verify/{issued['number']}"
    page = httpx.get(address, params={"sha256": issued["sha256"]})
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert issued["sha256"] in page.text
    for hidden in ("1.234,56", "123456", "Druckerei", "clerk", "Werkstatt"):
        assert hidden not in page.text
    for given in ("0" * 64, issued["number"], ""):
        other = httpx.get(address, params={"sha256": given})
        assert other.status_code == 404
        assert issued["sha256"] not in other.text
    assert httpx.get(address, params={"sha256": issued["sha256"]}, headers={"Authorization": "Bearer pp_no"}).status_code == 401
    known = {"Authorization": f"Bearer {apart.token('auditor')}"}
    assert httpx.get(address, params={"sha256": issued["sha256"]}, headers=known).json()["report"]["issued_by"] == "clerk"
    assert httpx.get(address, params={"sha256": issued["number"]}, headers=known).json()["known"] is False
    assert httpx.get(f"{apart.url}/reporting/reports/{issued['number']}/pdf").status_code == 401


def test_the_qr_code_leads_to_that_page(apart: Apart, issued: dict[str, Any]) -> None:
    xmp = PdfReader(issued["path"]).trailer["/Root"].get_object()["/Metadata"].get_object().get_data().decode()    # type: ignore[index]
    printed = unescape(xmp.partition("<pp:verifyUrl>")[2].partition("<")[0])
    path = printed.removeprefix(apart.settings.url)
    assert path != printed
    assert httpx.get(f"{apart.url}{path}").status_code == 200
