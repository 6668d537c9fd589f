"""The code of our pages runs: rows are sent, streams are read, a report is verified with nothing but Python."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.__main__ import MAKERS
from services.client import Client, token_for
from services.reporting.renderers.canonical import canonical
from shared.runtime.settings import read_settings
from shared.runtime.stack import Stack
from tests.docs.pages import PAGES, ROOT, runnable, text_of

MEASURE = (
    "Maßnahme;Bezeichnung;Kommune;Name der Kommune;Träger;Leistung;Zielgruppe;Beginn;Ende;Regelwerk;Demo\n"
    "M-1;Werkstatt (Demo);90001;Modellkommune 01 (Demo);Stadt;Beratung;Jugendliche;01.01.2014;31.12.2016;2014-2020;ja\n"
)
DAY = date(2015, 12, 31)
TYPE = "de.pruefpfad.submission.rows.v1"
ADDRESS = re.compile(r"(?:(?:GET|POST|DELETE) |`|:800\d|\s…)(/(?:intake|funding|reporting)/[a-z]+)")


@dataclass
class Tried:
    """A running installation, and what the example of a submission said."""

    stack: Stack
    client: Client
    folder: Path
    said: str

    def run(self, page: str, name: str, *words: object, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a page's example as its reader would."""
        return run(self.folder, page, name, *words, **environment)

    def report(self) -> bytes:
        """The voucher list of the measure, as JSON."""
        return self.client.fetch(self.client.issue("measure/M-1", "D5", DAY)["number"], "json")


def run(folder: Path, page: str, name: str, *words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a page's example in a process of its own, knowing nothing of this project."""
    script = folder / f"{name}.py"
    script.write_text(runnable(ROOT / "docs" / page, name), "utf-8")
    known = {"PATH": os.environ["PATH"], "PYTHONUTF8": "1", **environment}
    command = [sys.executable, script.name, *map(str, words)]
    return subprocess.run(command, cwd=folder, env=known, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def tried() -> Iterator[Tried]:
    """An embedded installation where a measure is known and the example was submitted."""
    with tempfile.TemporaryDirectory(prefix="pruefpfad-docs-") as name:
        folder = Path(name)
        settings = read_settings({}).model_copy(update={"data": folder / "data", "http": "127.0.0.1:0"})
        with Stack(settings, list(MAKERS.values())) as stack, Client(stack.url, token_for(settings)) as client:
            (folder / "massnahmen.csv").write_text(MEASURE, "utf-8")
            client.upload(folder / "massnahmen.csv")
            done = run(folder, "producer.md", "submit", PRUEFPFAD=stack.url, PRUEFPFAD_TOKEN=client.token("submitter"))
            assert done.returncode == 0, done.stderr
            client.instruct("measure/M-1", {"kind": "set_cut_off", "as_of": DAY.isoformat()})
            client.settle()
            yield Tried(stack, client, folder, done.stdout)


def test_a_submission_says_what_was_new_and_what_to_mend(tried: Tried) -> None:
    assert tried.said.startswith("1 new, ")
    assert tried.client.statement("measure/M-1", DAY)["statement"]["totals"]["claimed_cents"] == 123_456


def test_a_submission_sent_over_kafka_arrives_once(tried: Tried) -> None:
    row = {"Maßnahme": "M-1", "Belegliste": "2016", "Belegnummer": "001", "Position": "1", "Zahlungsempfänger": "Muster GmbH",
           "Rechnungsdatum": "15.03.2016", "Leistungsdatum": "14.03.2016", "Brutto": "10,00"}
    data = {"kind": "vouchers", "series": "M-1 2016", "rows": [row]}
    submission = {"specversion": "1.0", "type": TYPE, "source": "urn:example:kasse", "id": "belege-2016-1", "data": data}
    for _ in range(2):
        done = tried.run("producer.md", "send", KAFKA=str(tried.stack.settings.kafka), SUBMISSION=json.dumps(submission))
        assert done.returncode == 0, done.stderr
    deadline = time.monotonic() + 30
    while not (found := [h for h in handed_in(tried) if h.get("submission") == "urn:example:kasse belege-2016-1"]):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert [(h["facts"], h["actor"]) for h in found] == [(1, "submission:urn:example:kasse")]


def handed_in(tried: Tried) -> list[dict[str, Any]]:
    """What intake has read to its end."""
    found: list[dict[str, Any]] = tried.client.call("auditor", "GET", "/intake/files", params={"state": "read"}).json()
    return found


def test_a_consumer_sees_every_event_once_and_no_heads(tried: Tried) -> None:
    tried.client.settle()
    wanted = sum(tried.client.flow()["intake"]["told"])
    done = tried.run("producer.md", "consume", KAFKA=str(tried.stack.settings.kafka), WANTED=str(wanted))
    assert done.returncode == 0, done.stderr
    told = [tuple(line.split()[:3]) for line in done.stdout.splitlines()]
    assert len(set(told)) == len(told) == wanted
    assert "de.pruefpfad.row.rejected.v1" in {kind for kind, _, _ in told}


def test_a_voucher_list_is_verified_with_nothing_but_python(tried: Tried) -> None:
    path = tried.folder / "report.json"
    path.write_bytes(tried.report())
    done = tried.run("auditor.md", "verify", path)
    assert done.returncode == 0, done.stderr
    assert "123456 Cent" in done.stdout


@pytest.mark.parametrize("what", ["cents", "row", "last entry"])
def test_the_script_finds_what_was_forged(tried: Tried, what: str) -> None:
    report = json.loads(tried.report())
    if what == "cents":
        report["entries"][0]["postings"][0]["cents"] += 1
    elif what == "row":
        report["entries"][0]["source"]["place"] = "99"
    else:
        report["entries"].pop()
    path = tried.folder / "forged.json"
    path.write_bytes(canonical(report))
    done = tried.run("auditor.md", "verify", path)
    assert done.returncode != 0
    assert "AssertionError" in done.stderr


@pytest.mark.parametrize("page", [p for p in PAGES if "pruefpfad_" in text_of(p)], ids=lambda page: page.name)
def test_every_metric_a_page_names_is_published(tried: Tried, page: Path) -> None:
    published = set(re.findall(r"^# TYPE (pruefpfad_\w+)", httpx.get(f"{tried.stack.url}/metrics", timeout=30).text, re.M))
    volumes = {"pruefpfad_kafka"}
    assert set(re.findall(r"\bpruefpfad_[a-z_]+", text_of(page))) - volumes <= published


@pytest.mark.parametrize("page", [p for p in PAGES if ADDRESS.search(text_of(p))], ids=lambda page: page.name)
def test_every_address_a_page_names_is_answered(tried: Tried, page: Path) -> None:
    known = {f"/{service}/{each}" for service in MAKERS for each in ("health", "metrics", "docs", "asyncapi")}
    for service in MAKERS:
        paths = httpx.get(f"{tried.stack.url}/{service}/openapi.json", timeout=30).json()["paths"]
        known |= {f"/{service}/{path.split('/')[1]}" for path in paths}
    assert set(ADDRESS.findall(text_of(page))) <= known
