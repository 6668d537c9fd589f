"""Client of Prüfpfad's HTTP interface: what the command line and the demo are made of."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from itertools import count as counting
from pathlib import Path
from typing import Any, Final

import httpx

from services.language import chosen, count, said
from shared.runtime.access import COMMAND_LINE, Role, TokenExists, create_token, revoke_token
from shared.runtime.settings import Settings
from shared.values.source import SHORT

TOKEN_VARIABLE: Final = "PRUEFPFAD_TOKEN"  # noqa: S105 - the name of a variable, not a token
LONGEST_READING: Final = 600.0
"""Seconds after which nobody waits any longer for a file to be read; it is read all the same."""
PART: Final = 5_000
"""Of a list that may be long, as much is asked for at a time."""
ROW: Final = re.compile(rf"(?P<digest>[0-9a-f]{{{SHORT},64}}):(?P<place>[^\s–/]+).*")
"""A printed row: ``3f2a9c1be07d:17``; of several, ``…:3–18``, the first."""
_NO_TOKEN: Final = {
    "detail": "This installation does not know the token.",
    "mend": f"Set {TOKEN_VARIABLE} to one that an operator made there with `pruefpfad token create`. On the machine it runs on, "
    "call from the folder it was started in, or name its data folder with PRUEFPFAD_DATA.",
    "de": {
        "detail": "Diese Installation kennt den Token nicht.",
        "mend": f"{TOKEN_VARIABLE} auf einen setzen, den der Betrieb dort mit `pruefpfad token create` ausgestellt hat. Auf "
        "demselben Rechner: aus dem Ordner aufrufen, in dem gestartet wurde, oder dessen Datenordner mit PRUEFPFAD_DATA nennen.",
    },
}


class Refused(Exception):
    """The service said no; the text says why and what would help."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status, self.problem = status, dict(problem)
        words = problem.get("de") if chosen() == "de" else None
        told = words if isinstance(words, Mapping) else problem
        parts = [str(told.get(name)) for name in ("detail", "mend") if told.get(name)]
        super().__init__(" ".join(parts) or said(f"refused with status {status}", f"abgelehnt mit Status {status}"))


class NotSettled(Exception):
    """Not everything has arrived everywhere in time; the text says what is still on its way."""


class Client:
    """Calls a running installation. ``token`` gives the token for what a role may do."""

    def __init__(self, url: str, token: Callable[[Role], str], *, timeout: float = 120.0) -> None:
        self.url, self.token = url.rstrip("/"), token
        self.http = httpx.Client(base_url=self.url, timeout=timeout)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def call(self, role: Role, method: str, path: str, **more: Any) -> httpx.Response:
        """One call as somebody with that role; raises ``Refused`` with the service's own words."""
        answer = self.http.request(method, path, headers={"Authorization": f"Bearer {self.token(role)}"}, **more)
        if answer.is_error:
            try:
                problem = answer.json()
            except ValueError:
                problem = {"detail": answer.text[:500] or answer.reason_phrase}
            if answer.status_code == 401:
                problem |= _NO_TOKEN
            raise Refused(answer.status_code, problem)
        return answer

    # ── handing in ───────────────────────────────────────────────────────────────────────────────────────────────

    def upload(self, path: Path, **given: str | None) -> dict[str, Any]:
        """Hand in a file; ``given``: kind, measure, list, municipality. Returns digest, counts and rejected rows."""
        data = {name: value for name, value in given.items() if value}
        with path.open("rb") as file:
            answer = self.call("submitter", "POST", "/intake/files", files={"file": (path.name, file)}, data=data)
        return self._read(answer.json())

    def submit(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Hand in a CloudEvent as another service would."""
        answer = self.call("submitter", "POST", "/intake/submissions", json=event)
        return self._read(answer.json())

    def instruct(self, subject: str, instruction: Mapping[str, Any]) -> dict[str, Any]:
        """A person's decision about a measure or programme. Without ``fact`` it waits under its ``number`` for a second clerk."""
        body = {"subject": subject, "instruction": dict(instruction)}
        found: dict[str, Any] = self.call("clerk", "POST", "/intake/instructions", json=body).json()
        return found

    def names(self) -> dict[str, str]:
        """By what other names measures are known, and their keys."""
        found: dict[str, str] = self.call("auditor", "GET", "/intake/names").json()
        return found

    def approvals(self) -> list[dict[str, Any]]:
        """Instructions that wait for a second clerk."""
        found: list[dict[str, Any]] = self.call("clerk", "GET", "/intake/approvals").json()
        return found

    def approve(self, number: int) -> dict[str, Any]:
        """The second clerk's word; raises ``Refused`` for one's own."""
        found: dict[str, Any] = self.call("clerk", "POST", f"/intake/approvals/{number}").json()
        return found

    def decline(self, number: int) -> dict[str, Any]:
        """An instruction that waits is not approved, or taken back."""
        found: dict[str, Any] = self.call("clerk", "DELETE", f"/intake/approvals/{number}").json()
        return found

    def _read(self, file: dict[str, Any]) -> dict[str, Any]:
        """Wait until a file has been read; raises ``Refused`` if it cannot be, ``NotSettled`` if that takes too long."""
        deadline, pause = time.monotonic() + LONGEST_READING, 0.02
        while file.get("state") == "waiting":
            if time.monotonic() > deadline:
                name, rows = file.get("name", ""), count(file.get("rows", 0))
                raise NotSettled(
                    said(f"{name} is still being read, {rows} rows so far", f"{name} wird noch gelesen, bisher {rows} Zeilen")
                )
            time.sleep(pause)
            pause = min(pause * 1.5, 0.5)
            file = self.call("submitter", "GET", f"/intake/files/{file['digest']}").json()
        if file.get("state") in ("refused", "failed"):
            problem = file.get("problem") or {}
            raise Refused(422, problem if "detail" in problem else {"detail": "; ".join(map(str, problem.values()))})
        return file

    # ── waiting ──────────────────────────────────────────────────────────────────────────────────────────────────

    def settle(self, *, timeout: float = 300.0, tell: Callable[[str], None] = lambda _: None) -> None:
        """Wait until everything that was handed in has been posted, reconciled and projected.

        Nothing may wait in two looks that are alike: a service is asked after another, so one look misses what moves between.
        """
        deadline, pause, before = time.monotonic() + timeout, 0.02, None
        while True:
            flow = self.flow()
            waiting, now = on_its_way(flow), _counts(flow)
            if not waiting and now == before:
                return
            if time.monotonic() > deadline:
                raise NotSettled("; ".join(waiting) or said("it does not come to rest", "es kommt nicht zur Ruhe"))
            if waiting:
                tell(waiting[0])
            time.sleep(pause)
            before, pause = now, min(pause * 1.5, 0.25)

    def flow(self) -> dict[str, dict[str, Any]]:
        """Where everything is, by service: what was told, applied, and is still to do."""
        found: dict[str, dict[str, Any]] = self.call("operator", "GET", "/flow").json()
        return found

    def parked(self, subject: str | None = None, *, dismissed: bool = False, most: int | None = None) -> list[dict[str, Any]]:
        """Facts that funding could not post: why, and what they wait for; or those that a person dismissed; all of them, or the
        ``most`` oldest."""
        params: dict[str, Any] = {"subject": subject} if subject else {}
        return self._all("operator", "/funding/parked", {**params, "dismissed": dismissed}, most)

    def _all(self, role: Role, path: str, params: Mapping[str, Any], most: int | None = None) -> list[dict[str, Any]]:
        """A list that is answered in parts: all of it, or its first part of ``most``."""
        found: list[dict[str, Any]] = []
        limit = most or PART
        for offset in counting(0, limit):
            answer = self.call(role, "GET", path, params={**params, "limit": limit, "offset": offset})
            found += answer.json()
            if most or answer.headers["X-More"] == "0":
                break
        return found

    def suggestions(self, measure: str | None = None) -> list[dict[str, Any]]:
        """Bank lines that may pay a voucher and wait for a person."""
        params = {"measure": measure} if measure else {}
        found: list[dict[str, Any]] = self.call("auditor", "GET", "/funding/suggestions", params=params).json()
        return found

    def findings(
        self, as_of: date | str | None = None, subject: str | None = None, begins: str | None = None
    ) -> list[dict[str, Any]]:
        """All findings as of a day, today without one; of a programme, those of its measures, too."""
        asked = {"as_of": as_of and str(as_of), "subject": subject, "begins": begins and begins.lower()}
        return self._all("auditor", "/funding/findings", {name: value for name, value in asked.items() if value})

    def findings_of_all_days(self, begins: str) -> list[dict[str, Any]]:
        """Findings whose id begins so, on the latest of the days on which there are any."""
        measures = self.call("auditor", "GET", "/funding/measures").json()
        for day in sorted({day for measure in measures for day in measure["days"]}, reverse=True):
            if found := self.findings(day, begins=begins):
                return found
        return []

    def checks(self) -> list[dict[str, str]]:
        """What each check asks and how its finding is settled, in both languages."""
        found: list[dict[str, str]] = self.call("auditor", "GET", "/funding/checks").json()
        return found

    def knows(self, subject: str) -> bool:
        """Whether a measure is registered."""
        return any(measure["subject"] == subject for measure in self.call("auditor", "GET", "/funding/measures").json())

    # ── reports ──────────────────────────────────────────────────────────────────────────────────────────────────

    def statement(self, subject: str, as_of: date | None = None) -> dict[str, Any]:
        """The statement about a subject, with findings and what is missing."""
        params = {"subject": subject} | ({"as_of": as_of.isoformat()} if as_of else {})
        found: dict[str, Any] = self.call("auditor", "GET", "/reporting/statements", params=params).json()
        return found

    def issue(self, subject: str, document: str, as_of: date | None = None, *, incomplete: bool = False) -> dict[str, Any]:
        """Issue a report, or get the last version if nothing has changed."""
        params = {"subject": subject, "document": document, "incomplete": str(incomplete).lower()}
        if as_of:
            params["as_of"] = as_of.isoformat()
        found: dict[str, Any] = self.call("auditor", "POST", "/reporting/reports", params=params).json()
        return found

    def fetch(self, number: str, format: str) -> bytes:
        """A report's bytes as issued."""
        return self.call("auditor", "GET", f"/reporting/reports/{number}/{format}").content

    def trail(self, reference: str) -> dict[str, Any]:
        """Walk a printed reference back, or a row forward; the row itself as it was handed in, where it is kept."""
        try:
            found: dict[str, Any] = self.call("auditor", "GET", "/reporting/trail", params={"reference": reference}).json()
        except Refused as unknown:
            named = ROW.fullmatch(reference.partition(" · ")[0].strip())
            if unknown.status != 404 or named is None:
                raise
            return self._forward(reference, self._row(reference, named))
        for row in _rows(found):
            with suppress(Refused):
                row["as_handed_in"] = self.call("auditor", "GET", row["href"]).json()
        return found

    def _row(self, reference: str, named: re.Match[str]) -> dict[str, Any]:
        """A row of a file by its printed reference; raises ``Refused`` if intake knows none."""
        try:
            found: dict[str, Any] = self.call("auditor", "GET", f"/intake/files/{named['digest']}/rows/{named['place']}").json()
        except Refused as unknown:
            raise (Refused(404, _no_row(reference)) if unknown.status == 404 else unknown) from None
        return found

    def _forward(self, reference: str, row: dict[str, Any]) -> dict[str, Any]:
        """A row nothing was posted from: why, or the rows it repeats, each with its own way forward."""
        return {
            "reference": reference,
            "kind": "row",
            "row": {"reference": f"{row['digest'][:SHORT]}:{row['place']}", "digest": row["digest"], "as_handed_in": row},
            "repeats": [self.trail(f"{of['digest']}:{of['place']}") for of in (one["row"] for one in row.get("repeats", ()))],
        }


def _no_row(reference: str) -> dict[str, Any]:
    """What is said of a row that neither reporting nor intake knows."""
    return {
        "detail": f"Nothing is known of {reference}: no file whose digest begins so has this row.",
        "mend": "Compare it with the printed reference.",
        "de": {
            "detail": f"Zu {reference} ist nichts bekannt: Keine Datei, deren Prüfsumme so beginnt, hat diese Zeile.",
            "mend": "Mit der gedruckten Fundstelle vergleichen.",
        },
    }


def _rows(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        own = [value] if "href" in value and "place" in value else []
        return own + [row for inner in value.values() for row in _rows(inner)]
    return [row for inner in value for row in _rows(inner)] if isinstance(value, list) else []


def on_its_way(flow: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What the services' flow says has not arrived yet: sums of sequences per lane, on both sides of each stream."""
    told = {str(of["stream"]): sum(of["told"]) for of in flow.values()}
    waiting = []
    for service, of in flow.items():
        for consumer, inbox in of["inboxes"].items():
            applied, there = sum(inbox["applied"]), told.get(str(inbox["stream"]), 0)
            if applied < there:
                waiting.append(said(
                    f"{consumer} has applied {count(applied)} of {count(there)} events",
                    f"{consumer} hat {count(applied)} von {count(there)} Ereignissen angewandt",
                ))
        if work := of.get("work"):
            waiting.append(said(f"{service} still has to do {count(work)}", f"{service} hat noch {count(work)} zu tun"))
    return waiting


def _counts(flow: Mapping[str, Mapping[str, Any]]) -> list[Any]:
    """What moves while something is on its way."""
    return [
        (service, of["told"], [inbox["applied"] for inbox in of["inboxes"].values()], of.get("work"))
        for service, of in flow.items()
    ]


def is_installed(settings: Settings) -> bool:
    """Is there an installation where the settings say: a database of its own, or one it is told to use, or tokens?"""
    return settings.database is not None or settings.tokens_file.exists() or (settings.data / "postgres").exists()


def token_for(settings: Settings) -> Callable[[Role], str]:
    """Tokens of the command line: ``PRUEFPFAD_TOKEN`` if it is set, else one per role in the installation's own data folder.

    Who may write the data folder may make tokens anyway; so on the machine itself nobody has to handle any. Where there is no
    installation none is made, since no server would know it: ``Refused``.
    """
    given = os.environ.get(TOKEN_VARIABLE)
    found: dict[Role, str] = {}

    def token(role: Role) -> str:
        if given:
            return given
        if role not in found:
            found[role] = _own_token(settings, role)
        return found[role]

    return token


def _own_token(settings: Settings, role: Role) -> str:
    if not is_installed(settings):
        raise Refused(401, _NO_TOKEN)
    file = settings.data / "command-line" / f"{role}.token"
    if file.exists() and (kept := file.read_text("ascii").strip()):
        return kept
    name = f"{COMMAND_LINE}{role}"
    try:
        token = create_token(settings, name, role)
    except TokenExists:  # its file was lost, or a full disk did not take it
        revoke_token(settings, name)
        token = create_token(settings, name, role)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.parent.chmod(0o700)
    file.touch(mode=0o600)
    file.write_text(token + "\n", "ascii")
    return token
