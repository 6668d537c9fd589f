"""The command line as people and scripts meet it: help, exit codes, JSON, and one small list from file to verified report."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any, Never

import httpx
import pytest
import typer
from typer.testing import CliRunner, Result

from services.__main__ import EXITS, app
from services.client import TOKEN_VARIABLE, token_for
from services.reporting.domain.documents.all import OF_MEASURE, TITLES
from services.reporting.renderers.canonical import canonical
from shared.runtime.access import Tokens, create_token
from shared.runtime.settings import Settings

MEASURES = (
    "Maßnahme;Bezeichnung;Kommune;Name der Kommune;Träger;Leistung;Zielgruppe;Beginn;Ende;Regelwerk;Demo\n"
    "CL-1;Werkstatt (Demo);90001;Modellkommune 01 (Demo);Stadt;Beratung;Jugendliche;01.01.2014;31.12.2016;2014-2020;ja\n"
)
HEADINGS = "Maßnahme;Belegliste;Belegnummer;Position;Zahlungsempfänger;Rechnungsdatum;Leistungsdatum;Brutto\n"
VOUCHERS = HEADINGS + (
    "CL-1;2015;001;1;Druckerei Muster GmbH (Demo);15.03.2015;14.03.2015;1.234,56\n"
    "CL-1;2015;002;1;Druckerei Muster GmbH (Demo);31.02.2015;14.03.2015;12,00\n"
    "CL-1;2015;003;1;Bürobedarf Muster GmbH (Demo);16.03.2015;14.03.2015;765,44\n"
)


def paths(command: typer.core.TyperGroup | Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command there is, by its words."""
    for name, below in command.commands.items():
        if hasattr(below, "commands"):
            yield from paths(below, (*above, name))
        else:
            yield (*above, name)


COMMANDS = sorted(paths(typer.main.get_command(app)))


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty installation where no server runs."""
    monkeypatch.setenv("PRUEFPFAD_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("PRUEFPFAD_HTTP", f"127.0.0.1:{free_port()}")
    monkeypatch.delenv("PRUEFPFAD_TOKEN", raising=False)
    return tmp_path


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def run(*words: object) -> Result:
    """One call in this process."""
    return CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200", "TERM": "dumb", "LC_ALL": "C"})


def written(path: Path, text: str) -> Path:
    """A file with this text."""
    path.write_text(text, "utf-8")
    return path


# ── help and exit codes ──────────────────────────────────────────────────────────────────────────────────────────────


def test_all_commands_people_were_promised_are_there() -> None:
    assert {
        "load", "decide", "suggestions", "findings", "report", "trail", "parked", "replay", "resume", "acknowledge", "verify",
        "token", "serve", "demo", "prepare",
    } == {words[0] for words in COMMANDS}


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_says_what_it_does_with_an_example(words: tuple[str, ...]) -> None:
    shown = run(*words, "--help")
    assert shown.exit_code == 0
    told = " ".join(shown.output.replace("`", "").split())
    assert f"Example: pruefpfad {' '.join(words)}" in told
    assert "Exit codes: 0 done · " in told and " 2 wrong call" in told


@pytest.mark.parametrize("group", sorted({words[0] for words in COMMANDS if len(words) > 1}))
def test_every_group_of_commands_says_how_it_is_called(group: str) -> None:
    told = " ".join(run(group, "--help").output.replace("`", "").split())
    assert f"Example: pruefpfad {group} " in told and "Exit codes: " in told


@pytest.mark.parametrize("words", [w for w in COMMANDS if w[0] not in ("serve", "prepare")], ids=" ".join)
def test_every_command_that_answers_can_answer_in_json(words: tuple[str, ...]) -> None:
    assert "--json" in run(*words, "--help").output


def test_the_exit_codes_are_in_the_help() -> None:
    shown = " ".join(run("--help").output.split())
    for part in EXITS.removeprefix("Exit codes: ").rstrip(".").split(" · "):
        assert part in shown


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("token", "create", "--name", "amt", "--role", "boss"), "submitter, clerk, auditor, operator"),
        (("token", "create", "--name", "kein Name!", "--role", "clerk"), "letters"),
        (("serve", "billing"), "intake, funding, reporting"),
        (("replay", "billing"), "intake, funding, reporting"),
        (("report", "M-1", "--format", "docx"), "pdf, csv, zip, json"),
        (("report", "M-1", "--document", "D99"), ", ".join(TITLES)),
        (("report", "M-1", "--as-of", "31.02.2015"), "such as 2015-12-31"),
        (("decide", "M-1", "close it"), "not JSON"),
        (("decide", "confrim", "3f2a9c1b", "77aa0c12"), "Did you mean 'confirm'"),
        (("decide", "close", "M-1", "Silvester"), "such as 2015-12-31"),
        (("demo", "atlantis"), "herne, offenbach, harz, peine, kekiz"),
        (("load", "there-is-no-such-file.csv"), "there-is-no-such-file.csv"),
    ],
)
def test_a_wrong_call_ends_with_2_and_names_what_was_expected(data: Path, words: tuple[str, ...], named: str) -> None:
    answer = run(*words)
    assert answer.exit_code == 2, answer.output
    assert named in answer.stderr


def test_the_demo_begins_with_nothing(data: Path) -> None:
    written(data / "there.txt", "something")
    answer = run("demo", "peine", "--keep", data)
    assert (answer.exit_code, "is not empty" in answer.stderr) == (2, True)


def test_a_demo_whose_files_are_elsewhere_says_how_to_name_their_folder(data: Path) -> None:
    answer = run("demo", "peine", "--from", data / "elsewhere")
    assert answer.exit_code == 2
    assert "elsewhere" in answer.stderr
    assert "--from" in answer.stderr


def test_a_misspelt_setting_is_refused_before_anything_starts(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRUEFPFAD_DATEN", "x")
    answer = run("token", "list")
    assert (answer.exit_code, "did you mean PRUEFPFAD_DATA" in answer.stderr) == (2, True)


def test_a_server_that_does_not_answer_ends_with_4(data: Path) -> None:
    answer = run("parked", "--url", f"http://127.0.0.1:{free_port()}")
    assert answer.exit_code == 4
    assert "cannot be used" in answer.stderr


# ── where data are ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "words",
    [
        ("load", "belege.csv"), ("report", "CL-1"), ("trail", "CL-1/1"), ("parked",), ("replay", "funding"), ("token", "list"),
        ("token", "create", "--name", "amt", "--role", "clerk"), ("token", "revoke", "amt"),
    ],
    ids=" ".join,
)
def test_from_a_folder_without_an_installation_it_says_what_to_do_and_leaves_nothing_behind(
    data: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(data)
    monkeypatch.delenv("PRUEFPFAD_DATA")
    written(data / "belege.csv", VOUCHERS)
    answer = run(*words)
    told = answer.stderr.replace("\n", "")
    assert answer.exit_code == 4, answer.output
    assert f"no installation in {data}/data" in told
    assert "PRUEFPFAD_DATA" in told and "pruefpfad serve" in told
    assert [file.name for file in data.iterdir()] == ["belege.csv"]


def test_a_mistyped_data_folder_is_no_new_installation(data: Path) -> None:
    answer = run("trail", "CL-1/1")
    assert (answer.exit_code, (data / "data").exists()) == (4, False)


def test_a_token_that_a_full_disk_did_not_take_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    settings = Settings(data=tmp_path)
    create_token(settings, "one", "auditor")

    def full(*_: object) -> Never:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as disk, pytest.raises(OSError, match="No space"):
        disk.setattr(Path, "write_text", full)
        token_for(settings)("clerk")
    assert Tokens(settings.tokens_file).actor(token_for(settings)("clerk")).role == "clerk"


def test_tokens_may_be_made_before_the_first_start_where_somebody_says_where(data: Path) -> None:
    assert run("token", "create", "--name", "amt", "--role", "clerk").exit_code == 0
    assert (data / "data" / "tokens.json").exists()


def test_somebody_elses_server_at_our_address_is_not_taken_for_ours(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with HTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        monkeypatch.setenv("PRUEFPFAD_HTTP", f"127.0.0.1:{other.server_port}")
        answer = run("parked")
        other.shutdown()
    assert answer.exit_code == 4
    assert "no installation in" in answer.stderr


@pytest.mark.parametrize("words", [("serve",), ("serve", "gateway")], ids=" ".join)
def test_where_somebody_else_listens_nothing_is_begun(
    data: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setenv("PRUEFPFAD_HTTP", f"127.0.0.1:{other.getsockname()[1]}")
        monkeypatch.setenv("PRUEFPFAD_SERVICES", "http://{service}:8000")
        answer = run(*words)
    assert (answer.exit_code, "PRUEFPFAD_HTTP" in answer.stderr, (data / "data").exists()) == (4, True, False)


def test_prepare_in_the_embedded_mode_says_that_there_is_nothing_to_prepare(data: Path) -> None:
    answer = run("prepare")
    assert (answer.exit_code, "PRUEFPFAD_OWNER_DATABASE" in answer.stderr, "pruefpfad serve" in answer.stderr) == (2, True, True)


# ── reading without storing ──────────────────────────────────────────────────────────────────────────────────────────


def test_trying_a_file_needs_no_server_stores_nothing_and_says_how_to_mend(data: Path) -> None:
    answer = run("load", "--try", written(data / "belege.csv", VOUCHERS))
    assert answer.exit_code == 1
    assert "belege.csv: vouchers, 3 rows, 2 new facts, 1 rejected (nothing stored)" in answer.stdout
    assert "no server was asked by what other names" in answer.stdout
    assert "row 3, column Rechnungsdatum: '31.02.2015' expected" in answer.stdout
    assert not (data / "data").exists()


def test_trying_a_file_shows_what_was_understood_in_the_words_of_its_headings(data: Path) -> None:
    file = written(data / "belege.csv", VOUCHERS)
    german, english = run("--lang", "de", "load", "--try", file).stdout, run("load", "--try", file).stdout
    assert "Zeile 2: Maßnahme CL-1, Belegliste 2015, Belegnummer 001," in german
    assert "Rechnungsdatum 15.03.2015" in german.replace("\n", " ") and "Brutto 1.234,56\u00a0€" in german.replace("\n", " ")
    assert "row 2: measure CL-1, list 2015, number 001," in english
    assert "P-" not in german and "_cents" not in german and "{" not in german


def test_rows_that_are_no_vouchers_are_passed_over_and_it_says_which_and_why(data: Path) -> None:
    file = written(data / "belege.csv", HEADINGS + ";;;;;;;\n" + VOUCHERS.splitlines()[1] + "\n;;;Summe;;;;1.234,56\n;;;;;;;\n")
    english, german = run("load", "--try", file), run("--lang", "de", "load", "--try", file)
    assert (english.exit_code, german.exit_code) == (0, 0)
    assert "vouchers, 4 rows, 1 new fact, 3 passed over" in english.stdout
    assert "· 2 rows passed over: empty row (2, 5)" in english.stdout
    assert "· 1 row passed over: total row: summe (4)" in english.stdout
    assert "· 2 Zeilen übergangen: leere Zeile (2, 5)" in german.stdout
    assert "· 1 Zeile übergangen: Summenzeile: summe (4)" in german.stdout


def test_trying_a_good_file_ends_with_0_and_answers_in_json(data: Path) -> None:
    answer = run("load", "--try", "--json", written(data / "massnahmen.csv", MEASURES))
    assert answer.exit_code == 0
    said = json.loads(answer.stdout)
    assert (said["kind"], said["facts"], said["rejected"], said["rejected_rows"]) == ("measures", 1, 0, [])


def test_several_files_are_tried_as_if_handed_in_one_after_the_other(data: Path) -> None:
    first, second = written(data / "belege-1.csv", VOUCHERS), written(data / "belege-2.csv", VOUCHERS)
    answer = run("load", "--try", "--json", first, second)
    assert answer.exit_code == 1
    assert [(one["name"], one["facts"], one["known"], one["rejected"]) for one in json.loads(answer.stdout)] == [
        ("belege-1.csv", 2, 0, 1),
        ("belege-2.csv", 0, 2, 1),
    ]


def test_a_file_that_cannot_be_read_at_all_is_refused_with_what_is_missing(data: Path) -> None:
    answer = run("load", "--try", written(data / "belege.csv", HEADINGS.replace("Brutto", "Sonstiges") + "1;2;3;4;5;6;7;8\n"))
    assert answer.exit_code == 3
    assert "FILE-03" in answer.stderr
    assert "Brutto" in answer.stderr


# ── language ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("locale", "option", "german"),
    [
        ("de_DE.UTF-8", (), True), ("C", (), False), ("", (), False), ("en_GB.UTF-8", ("--lang", "de"), True),
        ("de", ("--lang", "en"), False),
    ],
)
def test_it_speaks_the_language_of_the_locale_or_the_one_asked_for(
    data: Path, locale: str, option: tuple[str, ...], german: bool
) -> None:
    file = written(data / "belege.csv", VOUCHERS)
    shown = CliRunner().invoke(app, [*option, "load", "--try", str(file)], env={"LC_ALL": locale, "LANG": "", "TERM": "dumb"})
    wrong = CliRunner().invoke(app, [*option, "replay", "billing"], env={"LC_ALL": locale, "LANG": "", "TERM": "dumb"})
    words = ("3 Zeilen, 2 neue Fakten, 1 zurückgewiesen (nichts gespeichert)", "erwartet: Datum", "ist kein Dienst")
    english = ("3 rows, 2 new facts, 1 rejected (nothing stored)", "'31.02.2015' expected", "is not a service")
    assert [said in shown.stdout + wrong.stderr for said in words] == [german] * 3, shown.output
    assert [said in shown.stdout + wrong.stderr for said in english] == [not german] * 3


def test_another_language_is_refused() -> None:
    assert run("--lang", "fr", "token", "list").exit_code == 2


# ── tokens ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_token_is_made_listed_without_itself_and_revoked(data: Path) -> None:
    made = json.loads(run("token", "create", "--name", "jugendamt", "--role", "submitter", "--json").stdout)
    assert made["token"].startswith("pp_")
    assert made["token"] not in run("token", "list", "--json").stdout + (data / "data" / "tokens.json").read_text()
    assert run("token", "create", "--name", "jugendamt", "--role", "clerk").exit_code == 3
    assert run("token", "revoke", "jugendamt").exit_code == 0
    (listed,) = json.loads(run("token", "list", "--json").stdout)
    assert (listed["name"], listed["role"], bool(listed["revoked"])) == ("jugendamt", "submitter", True)
    again = run("token", "revoke", "jugendamt")
    assert again.exit_code == 3
    assert "no valid token named jugendamt" in again.stderr


# ── from a file to a verified report ─────────────────────────────────────────────────────────────────────────────────


@dataclass
class Served:
    """An installation that ``pruefpfad serve`` keeps running, in a folder where ``load`` has been before."""

    folder: Path
    environment: dict[str, str]
    first: dict[str, Any]
    """What the embedded ``load`` said, before any server ran."""
    announced: list[str] = field(default_factory=list)
    """What ``serve`` wrote until it was ready."""

    def run(self, *words: object) -> Result:
        """One call as a person on this machine."""
        return CliRunner().invoke(app, [str(word) for word in words], env={"TERM": "dumb", "LC_ALL": "C", **self.environment})

    def json(self, *words: object) -> Any:
        """One call that must succeed, with ``--json``."""
        answer = self.run(*words, "--json")
        assert answer.exit_code == 0, answer.output
        return json.loads(answer.stdout)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """A measure handed in without a server, then a server over the same data."""
    with tempfile.TemporaryDirectory(prefix="pruefpfad-command-line-") as folder:
        own = {"PRUEFPFAD_DATA": f"{folder}/data", "PRUEFPFAD_HTTP": f"127.0.0.1:{free_port()}"}
        environment = {**{k: v for k, v in os.environ.items() if not k.startswith("PRUEFPFAD_")}, **own}
        installed = Path(sys.executable).with_name("pruefpfad")      # as people call it, and not from our own folder
        command, here = ([str(installed)], folder) if installed.exists() else ([sys.executable, "-m", "services"], None)
        file = written(Path(folder) / "massnahmen.csv", MEASURES)
        loaded = subprocess.run(
            [*command, "load", file, "--json"], cwd=here, env=environment, capture_output=True, text=True, check=False
        )
        assert loaded.returncode == 0, loaded.stderr
        log = Path(folder) / "serve.log"
        with (
            log.open("w") as told,
            subprocess.Popen([*command, "serve"], cwd=here, env=environment, stderr=told, stdout=told) as server,
        ):
            try:
                deadline = time.monotonic() + 60
                while not is_ready(f"http://{own['PRUEFPFAD_HTTP']}"):
                    assert server.poll() is None and time.monotonic() < deadline, log.read_text()
                    time.sleep(0.1)
                yield Served(Path(folder), own, json.loads(loaded.stdout), log.read_text().splitlines())
            finally:
                server.send_signal(signal.SIGTERM)
                server.wait(60)


def is_ready(url: str) -> bool:
    """Does everything answer?"""
    try:
        return httpx.get(f"{url}/health/ready", timeout=5).is_success
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def list_handed_in(served: Served) -> dict[str, Any]:
    """A list of three vouchers of which one cannot be read: in, reconciled as of a day, and reported."""
    loaded = served.run("load", written(served.folder / "belege.csv", VOUCHERS), "--json")
    assert loaded.exit_code == 1, loaded.output                     # a row was rejected, the others are in
    issued = served.json("report", "CL-1", "--as-of", "2015-12-31", "--to", served.folder)
    return {"loaded": json.loads(loaded.stdout), "issued": issued}


def test_a_file_can_be_handed_in_where_no_server_runs(served: Served) -> None:
    assert (served.first["kind"], served.first["facts"], served.first["state"]) == ("measures", 1, "read")


def test_a_token_file_that_cannot_be_written_is_said_so(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way of a folder")
    monkeypatch.setenv("PRUEFPFAD_TOKENS", str(tmp_path / "file" / "tokens.json"))
    for words in (["create", "--name", "amt", "--role", "clerk"], ["revoke", "amt"]):
        answer = run("token", *words)
        assert answer.exit_code == 4
        assert "tokens.json cannot be written" in answer.stderr.replace("\n", "") and "Traceback" not in answer.stderr


def test_the_first_serve_shows_a_token_per_role_even_after_the_command_line_made_its_own(served: Served) -> None:
    shown = {line.split()[0]: line.split()[1] for line in served.announced if " pp_" in line}
    assert sorted(shown) == ["auditor", "clerk", "operator", "submitter"]
    call = httpx.get(
        f"http://{served.environment['PRUEFPFAD_HTTP']}/flow", headers={"Authorization": f"Bearer {shown['auditor']}"}, timeout=30
    )
    assert call.is_success


def test_good_rows_are_in_and_the_rejected_one_says_how_to_mend(list_handed_in: dict[str, Any]) -> None:
    loaded = list_handed_in["loaded"]
    (rejected,) = loaded["rejected"] if isinstance(loaded["rejected"], list) else loaded["rejected_rows"]
    assert (rejected["place"], rejected["column"], rejected["value"]) == ("3", "Rechnungsdatum", "31.02.2015")
    assert rejected["expected"] and rejected["mend"]


def test_a_figure_leads_to_the_row_it_came_from_and_back(served: Served, list_handed_in: dict[str, Any]) -> None:
    found = served.json("trail", "CL-1/1")
    assert found["row"]["as_handed_in"]["columns"]["Belegnummer"] == "001"
    assert found["row"]["digest"] == list_handed_in["loaded"]["digest"]
    back = served.json("trail", found["row"]["reference"])
    assert "CL-1/1" in back["entries"]
    assert list_handed_in["issued"]["number"] in [r["number"] for r in back["reports"]]
    shown = served.run("trail", "CL-1/1").stdout
    assert "1.234,56" in shown and "Zahlungsempfänger: Druckerei Muster GmbH (Demo)" in shown
    rejected = served.run("trail", f"{list_handed_in['loaded']['digest'][:12]}:3")
    assert rejected.exit_code == 0 and "rejected: " in rejected.stdout and "Rechnungsdatum" in rejected.stdout


def test_a_row_of_a_later_edition_leads_forward_over_the_row_it_repeats(served: Served, list_handed_in: dict[str, Any]) -> None:
    later = served.json("load", written(served.folder / "nachtrag.csv", "\n".join(VOUCHERS.splitlines()[:2]) + "\n"))
    (earlier,) = served.json("trail", f"{later['digest'][:12]}:2")["repeats"]
    assert earlier["entries"] == ["CL-1/1"]
    shown = served.run("trail", f"{later['digest'][:12]}:2").stdout
    assert "repeats an earlier row:" in shown and f"in report {list_handed_in['issued']['number']}" in shown


def test_an_auditor_is_told_which_days_are_stated_and_who_sets_another(served: Served, list_handed_in: dict[str, Any]) -> None:
    (token,) = re.findall(r"pp_[\w-]+", served.run("token", "create", "--name", "pruefung", "--role", "auditor").stdout)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PRUEFPFAD_TOKEN", token)
        refused = served.run("report", "CL-1", "--as-of", "2014-06-30")
    told = refused.stderr.replace("\n", " ")
    assert refused.exit_code == 3 and "2015-12-31" in told and "have a clerk set another" in told


def test_a_german_sees_trail_proof_and_refusal_in_german(served: Served, list_handed_in: dict[str, Any]) -> None:
    trail = served.run("--lang", "de", "trail", "CL-1/1").stdout
    for said in ("Buchung: Beleg, Wert vom", "Kosten:1", "Zeile ", "im Bericht "):
        assert said in trail
    proof = served.run("--lang", "de", "verify", list_handed_in["issued"]["path"]).stdout
    assert "✓ die PDF-Datei nennt die Prüfsumme der Daten, die sie enthält" in proof
    assert "✓ der Server hat ihn ausgestellt" in proof
    assert "✓ the" not in proof
    refused = served.run("--lang", "de", "trail", "CL-1/999").stderr
    assert "Zu 'CL-1/999' ist nichts bekannt" in refused


def test_a_report_verifies_with_and_without_the_server(served: Served, list_handed_in: dict[str, Any]) -> None:
    path = list_handed_in["issued"]["path"]
    assert served.json("verify", path)["server"]["known"] is True
    assert served.json("verify", path, "--offline")["holds"] is True


def test_a_report_with_one_cent_changed_does_not_verify(served: Served, list_handed_in: dict[str, Any]) -> None:
    issued = served.json("report", "CL-1", "--as-of", "2015-12-31", "--format", "json", "--to", served.folder)
    report = json.loads(Path(issued["path"]).read_bytes())
    report["entries"][0]["postings"][0]["cents"] += 1
    forged = served.folder / "forged.json"
    forged.write_bytes(canonical(report))
    answer = served.run("verify", forged, "--offline", "--json")
    assert answer.exit_code == 5
    assert json.loads(answer.stdout)["holds"] is False


def test_the_same_report_again_is_the_same_report(served: Served, list_handed_in: dict[str, Any]) -> None:
    again = served.json("report", "CL-1", "--as-of", "2015-12-31", "--to", served.folder)
    assert (again["number"], again["sha256"]) == (list_handed_in["issued"]["number"], list_handed_in["issued"]["sha256"])


def test_a_report_nobody_can_issue_is_refused_with_the_reason(served: Served) -> None:
    answer = served.run("report", "CL-1", "--document", "D9", "--as-of", "2015-12-31")
    assert answer.exit_code == 3
    assert ", ".join(OF_MEASURE) in answer.stderr


def test_an_instruction_is_noted_and_the_same_again_is_known(served: Served, list_handed_in: dict[str, Any]) -> None:
    given = ("decide", "CL-1", '{"kind": "set_cut_off", "as_of": "2016-06-30"}')
    assert served.json(*given)["new"] is True
    assert served.json(*given)["new"] is False
    assert served.run("decide", "CL-1", '{"kind": "dance"}').exit_code == 3


IBAN = "DE02120300000000202051"
DEBIT = (
    '<Ntry><NtryRef>{0}</NtryRef><Amt Ccy="EUR">119.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
    "<BookgDt><Dt>2015-03-{1}</Dt></BookgDt><ValDt><Dt>2015-03-{1}</Dt></ValDt></Ntry>"
)
STATEMENT = (
    '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt><Id>A-1</Id><Acct><Id><IBAN>'
    + IBAN + "</IBAN></Id></Acct>" + DEBIT.format("N-1", "20") + DEBIT.format("N-2", "23") + "</Stmt></BkToCstmrStmt></Document>"
)


@pytest.fixture(scope="module")
def two_debits(served: Served) -> None:
    """A voucher that either of two bank lines may pay: a person must say which."""
    columns, measure = MEASURES.replace("CL-1", "CL-2").splitlines()
    files = {
        "massnahme-2.csv": f"{columns};Konten\n{measure};{IBAN}\n",
        "belege-2.csv": HEADINGS + "CL-2;2015;001;1;Druckerei Muster GmbH (Demo);15.03.2015;14.03.2015;119,00\n"
        "CL-2;2013;001;1;Druckerei Muster GmbH (Demo);15.03.2013;14.03.2013;50,00\n",
        "auszug.xml": STATEMENT,
    }
    loaded = served.run("load", *(written(served.folder / name, text) for name, text in files.items()))
    assert loaded.exit_code == 0, loaded.output


def test_a_suggestion_says_what_it_is_and_how_it_is_decided(served: Served, two_debits: None) -> None:
    listed = served.json("suggestions", "CL-2")
    assert len(listed) == 2
    told = served.run("suggestions", "CL-2").stdout
    assert "voucher CL-2 2015 001, payable 119,00" in told and f"bank line {IBAN}/1 of 2015-03-20" in told
    (command,) = [line for line in told.splitlines() if "confirm" in line and listed[0]["payment"][:8] in line]
    words = command.replace('"…"', "Avis").split()[1:]
    assert served.run(*words).exit_code == 0                        # what is shown can be typed
    assert served.json("suggestions", "CL-2") == []
    unknown = served.run(*words)
    assert unknown.exit_code == 3 and "--about" in unknown.stderr


def test_a_finding_says_what_settles_it_and_is_waived_by_two_clerks(served: Served, two_debits: None) -> None:
    found = served.json("findings", "CL-2")
    assert found == served.json("findings", "measure/CL-2")
    code, id = found[0]["finding"]["code"], found[0]["finding"]["id"]
    told = served.run("findings", "CL-2", "--code", code).stdout
    assert told.startswith(f"{code} ") and id in told and "at risk" in told
    assert served.json("findings", "CL-2", "--code", "XXX") == []
    waits = served.json("decide", "waive", id[:8], "--because", "Bescheid vom 5.5.")
    number = str(waits["number"])
    assert (waits["subject"], waits["fact"]) == ("measure/CL-2", None)
    assert f"decide approve {number}" in served.run("decide", "waiting").stdout
    alone = served.run("decide", "approve", number)
    assert alone.exit_code == 3 and "another clerk" in alone.stderr.replace("\n", " ")
    assert "waived" not in served.run("findings", "CL-2", "--code", code).stdout
    made = served.run("token", "create", "--name", "amt-8", "--role", "clerk").stdout
    (second,) = re.findall(r"pp_[\w-]+", made)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PRUEFPFAD_TOKEN", second)
        assert "noted as fact" in served.run("decide", "approve", number).stdout
        assert served.run("decide", "waiting").stdout.startswith("nothing waits")
        back = served.json("decide", "reopen", id[:8], "--because", "aufgehoben")
    assert "waived: Bescheid vom 5.5." in served.run("findings", "CL-2", "--code", code).stdout
    assert served.run("decide", "approve", str(back["number"])).exit_code == 0
    assert "waived" not in served.run("findings", "CL-2", "--code", code).stdout
    declined = str(served.json("decide", "waive", id[:8], "--because", "doch nicht")["number"])
    assert "is declined" in served.run("decide", "decline", declined).stdout


def test_a_decision_of_each_kind_is_noted_about_its_measure(served: Served, list_handed_in: dict[str, Any]) -> None:
    for words in (
        ("cut-off", "CL-1", "2016-03-31"), ("close", "CL-1", "2016-12-31", "--year", "2015"),
        ("consent", "CL-1", "1", "--reference", "Schreiben vom 2.2.2015"),
    ):
        assert served.json("decide", *words)["subject"] == "measure/CL-1"


def test_a_parked_fact_that_is_not_there_cannot_be_released(served: Served) -> None:
    answer = served.run("decide", "release", "0c1277aa")
    assert (answer.exit_code, "pruefpfad parked" in answer.stderr.replace("\n", " ")) == (3, True)


def test_rows_of_a_mistyped_measure_are_dismissed_with_a_reason(served: Served, list_handed_in: dict[str, Any]) -> None:
    mistyped = HEADINGS + "CL-l;2015;001;1;Druckerei Muster GmbH (Demo);15.03.2015;14.03.2015;119,00\n"
    served.run("load", written(served.folder / "vertippt.csv", mistyped))
    listed = served.run("parked", "--json")
    (parked,) = json.loads(listed.stdout)
    assert (listed.exit_code, parked["subject"]) == (1, "measure/CL-l")
    assert served.run("decide", "dismiss", "--because", "vertippt").exit_code == 2
    dismissed = served.json("decide", "dismiss", "--about", "CL-l", "--because", "gemeint ist CL-1")
    assert dismissed["subject"] == "measure/CL-l" and served.json("parked") == []
    assert served.run("decide", "dismiss", parked["fact"], "--because", "noch einmal").exit_code == 3
    assert "dismissed: gemeint ist CL-1 (voucher.recorded.v1" in served.run("parked", "--dismissed").stdout
    assert served.run("decide", "release", "--about", "CL-l").exit_code == 3, "nothing waits, and what was dismissed is not meant"
    assert served.json("decide", "release", "--about", "CL-l", "--dismissed")["subject"] == "measure/CL-l"
    assert [row["fact"] for row in json.loads(served.run("parked", "--json").stdout)] == [parked["fact"]], "it waits again"
    assert served.json("decide", "dismiss", parked["fact"][:8], "--because", "doch nicht")["new"] is True


def test_of_several_files_what_is_in_is_shown_and_what_is_not_is_named(served: Served) -> None:
    nothing = written(served.folder / "leer.csv", "")
    answer = served.run("load", "--no-wait", served.folder / "massnahmen.csv", nothing, served.folder / "massnahmen.csv")
    assert (answer.exit_code, "massnahmen.csv: measures, 1 row, 1 known already" in answer.stdout) == (3, True)
    assert "leer.csv: The file is empty." in answer.stderr and "not handed in: massnahmen.csv" in answer.stderr


def test_a_row_nobody_knows_is_said_to_be_unknown_and_no_address_is_named(served: Served) -> None:
    answer = served.run("trail", "0123456789ab:3")
    assert (answer.exit_code, "no file whose digest begins so has this row" in answer.stderr) == (3, True)


def test_trying_a_file_asks_a_server_by_what_other_names_measures_are_known(served: Served) -> None:
    named = MEASURES.replace(";Demo\n", ";Aktenzeichen;Demo\n").replace("CL-1;", "CL-9;").replace(";ja\n", ";51.2-7/14;ja\n")
    served.run("load", "--no-wait", written(served.folder / "massnahmen-9.csv", named))
    called = written(served.folder / "belege-9.csv", VOUCHERS.replace("CL-1", "51.2-7/14"))
    answer = served.run("load", "--try", called)
    assert "row 2: measure CL-9, list 2015" in answer.stdout and "no server was asked" not in answer.stdout


def test_nothing_is_parked_and_asking_again_does_no_harm(served: Served, list_handed_in: dict[str, Any]) -> None:
    assert served.json("parked") == []
    assert isinstance(served.json("replay", "funding"), dict)
    assert served.json("acknowledge", "funding") == {"acknowledged": 0, "alarms": []}


def test_a_reports_number_leads_to_what_it_is(served: Served, list_handed_in: dict[str, Any]) -> None:
    shown = served.run("trail", list_handed_in["issued"]["number"]).stdout
    assert "Belegliste of measure/CL-1 as of 2015-12-31" in shown
    assert list_handed_in["issued"]["sha256"] in shown.replace("\n", "")


def test_an_unknown_reference_is_refused(served: Served) -> None:
    answer = served.run("trail", "CL-1/999")
    assert answer.exit_code == 3
    assert "CL-1/999" in answer.stderr
