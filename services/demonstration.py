"""The demo: five programmes handed in act by act the way users would, and everything that comes out compared with what must."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from services.client import TOKEN_VARIABLE, Client
from services.language import said
from shared.values.german import write_cents

if TYPE_CHECKING:
    from shared.runtime.telemetry import Progress

PROGRAMMES: Final = ("herne", "offenbach", "harz", "peine", "kekiz")
"""Keys of the programmes, in the order they are shown."""
TOTALS: Final = ("planned_cents", "committed_cents", "received_cents", "spent_cents", "gap_cents")
FORMATS: Final = ("pdf", "csv", "json")
Found = tuple[str, str, int | None, str, int, str]
"""Code, object, year, severity, cents at risk, arithmetic."""
Lacking = tuple[str, str, str]
"""Code, object, what is missing of it."""


@dataclass(frozen=True)
class Act:
    """One act of a programme: its files in hand-in order, the instructions, the day it is stated as of, the reports."""

    number: int
    folder: Path
    as_of: date
    files: tuple[dict[str, Any], ...]
    instructions: tuple[dict[str, Any], ...]
    reports: tuple[dict[str, Any], ...]
    expected: dict[str, Any]


@dataclass(frozen=True)
class Programme:
    """One programme of the demo."""

    key: str
    title: str
    subject: str
    acts: tuple[Act, ...]


@dataclass
class Shown:
    """What came out of an act."""

    as_of: date
    findings: dict[str, int]
    missing: dict[str, int]
    totals: dict[str, int]
    vouchers: int
    measures: dict[str, dict[str, int]]
    """Totals of each measure, by its key."""
    lacks: set[Lacking] = field(default_factory=set)
    """The missing facts one by one."""
    unplanned: int = 0
    """How many of its measures have no plan: what they plan and lack is missing, not zero."""
    reports: list[dict[str, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """How it differs from what was expected."""


def load(folder: Path, only: tuple[str, ...] = ()) -> list[Programme]:
    """The programmes of a demo folder, in the order they are shown."""
    return [_programme(folder / key) for key in PROGRAMMES if not only or key in only]


def _programme(folder: Path) -> Programme:
    about = tomllib.loads((folder / "programme.toml").read_text("utf-8"))
    expected = {act["number"]: act for act in tomllib.loads((folder / "expected.toml").read_text("utf-8"))["act"]}
    acts = []
    for number in sorted(expected):
        place = folder / f"act-{number}"
        act = tomllib.loads((place / "act.toml").read_text("utf-8"))
        reports = tuple(r for r in about.get("report", ()) if r["act"] == number)
        files, instructions = tuple(act.get("file", ())), tuple(act.get("instruction", ()))
        acts.append(Act(number, place, act["as_of"], files, instructions, reports, expected[number]))
    return Programme(about["key"], about["title"], about["subject"], tuple(acts))


def play(client: Client, programmes: list[Programme], out: Path, progress: Progress) -> dict[str, list[Shown]]:
    """Hand everything in, act by act, and write the reports to ``out``."""
    shown: dict[str, list[Shown]] = {}
    for programme in programmes:
        for act in programme.acts:

            counted = said(f"act {act.number} of {len(programme.acts)}", f"Akt {act.number} von {len(programme.acts)}")

            def tell(step: str, label: str = f"{programme.key}, {counted}") -> None:
                progress.tell(f"{label}: {step}")

            _hand_in(client, programme, act, tell)
            client.settle(tell=tell)
            shown.setdefault(programme.key, []).append(_look(client, programme, act))
            for report in act.reports:
                tell(said("reports", "Berichte"))
                shown[programme.key][-1].reports += _issue(client, act, report, out / programme.key / f"act-{act.number}", out)
    progress.end()
    return shown


def _hand_in(client: Client, programme: Programme, act: Act, tell: Callable[[str], None]) -> None:
    for file in act.files:
        path = act.folder / file["path"]
        tell(f"{file['path']} {said('by', 'über')} {file['channel']}")
        given: dict[str, str] = {name: str(file[name]) for name in ("kind", "measure", "list", "municipality") if name in file}
        if file["channel"] == "command":
            answer = _by_command(client, path, given)
        elif file["channel"] == "submission":
            answer = client.submit(json.loads(path.read_text("utf-8")))
        else:
            answer = client.upload(path, **given)
        if answer.get("rejected"):
            raise SystemExit(f"{path}: {json.dumps(answer['rejected'], ensure_ascii=False, indent=1)[:2000]}")
    client.settle()
    for instruction in act.instructions:
        body = {
            name: value.isoformat() if isinstance(value, date) else value for name, value in instruction["instruction"].items()
        }
        client.instruct(instruction["subject"], body)
    client.instruct(programme.subject, {"kind": "set_cut_off", "as_of": act.as_of.isoformat()})


def _by_command(client: Client, path: Path, given: dict[str, str]) -> dict[str, Any]:
    """As a person at a terminal would: ``pruefpfad load FILE``."""
    options = [part for name, value in given.items() for part in (f"--{name}", value)]
    command = [sys.executable, "-m", "services", "load", str(path), "--url", client.url, "--json", "--no-wait", *options]
    token = client.token("submitter")
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, TOKEN_VARIABLE: token}, check=False)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr or done.stdout}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _look(client: Client, programme: Programme, act: Act) -> Shown:
    answer = client.statement(programme.subject, act.as_of)
    statement = answer["statement"]
    if statement is None:
        return Shown(act.as_of, {}, {}, dict.fromkeys(TOTALS, 0), 0, {}, faults=["no statement"])
    keys = [key for line in statement["lines"] for key in line["measures"]]
    of_measures = {key: client.statement(f"measure/{key}", act.as_of) for key in keys}
    statements = [statement, *(of["statement"] for of in of_measures.values())]
    shown = Shown(
        as_of=act.as_of,
        findings=dict(sorted(statement["counts"].items())),
        missing=dict(sorted(statement["missing"].items())),
        totals=_totals(statement),
        vouchers=sum(of["vouchers"] for of in of_measures.values()),
        measures={key: _totals(of["statement"]) for key, of in of_measures.items()},
        unplanned=statement["unplanned"],
        lacks={(m["code"], m["object"], m["what"]) for of in statements for check in of["checks"] for m in check["missing"]},
    )
    shown.faults = list(differences(act.expected, shown, answer["findings"]))
    return shown


def _totals(statement: dict[str, Any]) -> dict[str, int]:
    return {name: statement["totals"][name] for name in TOTALS}


def differences(expected: dict[str, Any], shown: Shown, findings: list[dict[str, Any]]) -> Iterator[str]:
    """How an act differs from its ``expected.toml``: findings and missing facts one by one, totals to the cent, all measures."""
    if expected["as_of"] != shown.as_of:
        yield f"as of: expected {expected['as_of']}, is {shown.as_of}"
    have = [(f["code"], f["object"], f["budget_year"], f["severity"], f["at_risk_cents"], f["arithmetic"]) for f in findings]
    for f in expected.get("finding", ()):
        want = (f["code"], f["object"], f.get("year"), f["severity"], f["at_risk_cents"], f["arithmetic"])
        found = next((h for h in have if _is(h, want)), None)
        if found is None:
            yield f"expected and not there: {_words(want)}"
        else:
            have.remove(found)
    for rest in have:
        yield f"there and not expected: {_words(rest)}"
    missing = {(m["code"], m["object"], m["what"]) for m in expected.get("missing", ())}
    for code, name, what in sorted(missing ^ shown.lacks):
        there = "expected to be missing" if (code, name, what) in missing else "missing and not expected"
        yield f"{there}: {code} {name}, {what}"
    if Counter(code for code, _, _ in missing) != shown.missing:
        yield f"missing facts: expected {sorted(missing) or 'none'}, there are {shown.missing or 'none'}"
    yield from _other_totals("", expected["totals"], shown.totals)
    measures = {of["key"]: of for of in expected["measure"]}
    for key in sorted(measures.keys() | shown.measures.keys()):
        if key not in measures or key not in shown.measures:
            yield f"measure {key}: {'expected and not there' if key in measures else 'there and not expected'}"
        else:
            yield from _other_totals(f"measure {key}, ", measures[key], shown.measures[key])


def _other_totals(whose: str, expected: dict[str, Any], totals: dict[str, int]) -> Iterator[str]:
    for name in TOTALS:
        if expected[name] != totals[name]:
            yield f"{whose}{name}: expected {write_cents(expected[name])}, is {write_cents(totals[name])}"


def _is(found: Found, want: Found) -> bool:
    """The same finding; ``*`` in the expected object stands for a pseudonym, which differs with every installation."""
    return fnmatchcase(found[1], want[1].replace("[", "[[]")) and (found[0], *found[2:]) == (want[0], *want[2:])


def _words(finding: Found) -> str:
    code, subject, year, severity, cents, arithmetic = finding
    return f"{code} {severity} {subject}{f' {year}' if year else ''}, {write_cents(cents)} at risk: {arithmetic}"


def _issue(client: Client, act: Act, report: dict[str, Any], folder: Path, out: Path) -> list[dict[str, str]]:
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for kind in report["kinds"]:
        issued = client.issue(report["subject"], kind, act.as_of)
        for format in FORMATS:
            content = client.fetch(issued["number"], format)
            path = folder / f"{issued['number']}.{format}"
            path.write_bytes(content)
            written.append(
                {
                    "path": path.relative_to(out).as_posix(),
                    "kind": kind,
                    "format": format,
                    "sha256": hashlib.sha256(content).hexdigest(),
                    "number": issued["number"],
                    "data_sha256": issued["sha256"],
                }
            )
    return written


def summary(shown: dict[str, list[Shown]]) -> dict[str, Any]:
    """What ``summary.json`` holds."""
    return {
        "programmes": [
            {
                "key": key,
                "acts": [
                    {
                        "as_of": act.as_of.isoformat(),
                        "findings": act.findings,
                        "missing": act.missing,
                        **act.totals,
                        "reports": act.reports,
                        "as_expected": not act.faults,
                    }
                    for act in acts
                ],
            }
            for key, acts in shown.items()
        ]
    }


def table(shown: dict[str, list[Shown]]) -> list[tuple[str, ...]]:
    """The table on the terminal: a heading, then a row per act."""
    heading = (
        said("programme", "Programm"),
        said("act", "Akt"),
        said("as of", "Stichtag"),
        said("measures", "Maßnahmen"),
        said("vouchers", "Belege"),
        said("planned", "geplant"),
        said("committed", "zugesagt"),
        said("received", "erhalten"),
        said("spent", "ausgegeben"),
        said("gap", "Lücke"),
        said("findings", "Feststellungen"),
        said("reports", "Berichte"),
    )
    rows = [
        (
            key,
            str(number),
            act.as_of.isoformat(),
            str(len(act.measures)),
            str(act.vouchers),
            *(_amount(act, name) for name in TOTALS),
            " ".join(f"{code}×{count}" if count > 1 else code for code, count in act.findings.items())
            + "".join(f" ({code} {said('missing', 'fehlt')})" for code in act.missing)
            or said("none", "keine"),
            str(len({r["number"] for r in act.reports})),
        )
        for key, acts in shown.items()
        for number, act in enumerate(acts, 1)
    ]
    return [heading, *rows]


def _amount(act: Shown, name: str) -> str:
    """A total; what follows from plans is missing where no measure has one, and says of how many it is where some have none."""
    if name not in ("planned_cents", "gap_cents") or not act.unplanned:
        return write_cents(act.totals[name])
    missing = said("missing", "fehlt")
    return missing if act.unplanned >= len(act.measures) else f"{write_cents(act.totals[name])} ({act.unplanned} {missing})"
