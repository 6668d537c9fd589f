"""What a user of the installation does, over HTTP and nothing else: hand in a file, look where it went, get a report."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx

from tests.tools.compose import Compose

MEASURE = "COMPOSE-1"


@dataclass
class Journey:
    """One installation and its users, one per role."""

    stack: Compose
    _tokens: dict[str, str] = field(default_factory=dict)

    def call(self, service: str, role: str, method: str, path: str, **more: Any) -> httpx.Response:
        """One request to a service as somebody with that role."""
        headers = {"Authorization": f"Bearer {self.token(role)}"}
        return httpx.request(method, f"{self.stack.url(service)}/{service}{path}", headers=headers, timeout=60, **more)

    def token(self, role: str) -> str:
        """The token of whoever has that role here."""
        if role not in self._tokens:
            command = ("pruefpfad", "token", "create", "--name", role, "--role", role, "--json")
            self._tokens[role] = json.loads(self.stack("exec", "--no-TTY", "intake", *command))["token"]
        return self._tokens[role]

    def hand_in(self, kind: str, name: str, text: str) -> dict[str, Any]:
        """Upload a file and return when intake has read it to its end, with no row rejected."""
        answer = self.call("intake", "submitter", "POST", "/files", files={"file": (name, text.encode())}, data={"kind": kind})
        assert answer.is_success, answer.text
        digest = answer.json()["digest"]
        read: dict[str, Any] = until(lambda: self._read(digest), f"{name} has been read")
        assert not read["rejected"], read
        return read

    def _read(self, digest: str) -> dict[str, Any] | None:
        """What became of a file, once it has been read to its end."""
        file: dict[str, Any] = self.call("intake", "submitter", "GET", f"/files/{digest}").json()
        return file if file["state"] == "read" else None

    def open_measure(self) -> None:
        """Make the measure known that the vouchers belong to."""
        text = (
            "Maßnahme;Bezeichnung;Kommune;Name der Kommune;Träger;Leistung;Zielgruppe;Beginn;Ende;Regelwerk;Demo\n"
            f"{MEASURE};Kompetenzagentur (Demo);90001;Modellkommune 01 (Demo);Stadt;Beratung;Jugendliche;"
            "01.01.2011;31.12.2013;2007-2013;ja\n"
        )
        self.hand_in("measures", "massnahmen.csv", text)

    def hand_in_voucher(self, number: int, euros: str) -> str:
        """One voucher of a list; returns the reference under which its row is found."""
        file = self.hand_in("vouchers", f"belege-{number}.csv", voucher_list(number, euros))
        return f"{file['digest'][:12]}:2"

    def is_found(self, reference: str) -> bool:
        """Whether reporting leads from the reference to an entry."""
        answer = self.call("reporting", "auditor", "GET", "/trail", params={"reference": reference})
        assert answer.status_code in (200, 404), answer.text
        return answer.status_code == 200

    def report(self) -> dict[str, Any]:
        """Issue the list of vouchers as soon as everything has arrived; identical as long as nothing has changed."""
        issued: dict[str, Any] = until(self._issued, "the list of vouchers can be issued")
        return issued

    def _issued(self) -> dict[str, Any] | None:
        """The report; ``None`` while reporting refuses it because something is still on its way."""
        params = {"subject": f"measure/{MEASURE}", "document": "D5"}
        answer = self.call("reporting", "auditor", "POST", "/reports", params=params)
        if answer.status_code in (404, 409):
            return None
        assert answer.is_success, answer.text
        issued: dict[str, Any] = answer.json()
        return issued


def voucher_list(number: int, euros: str) -> str:
    """A list of one voucher."""
    return (
        "Maßnahme;Belegliste;Belegnummer;Position;Zahlungsempfänger;Rechnungsdatum;Leistungsdatum;Brutto\n"
        f"{MEASURE};L1;{number};Sachkosten;Bürobedarf Muster GmbH (Demo);15.03.2012;14.03.2012;{euros}\n"
    )


T = TypeVar("T")


def until(state: Callable[[], T | None], what: str, patience: float = 120.0) -> T:
    """Wait until ``state`` gives something, and return it."""
    deadline = time.monotonic() + patience
    while not (found := state()):
        assert time.monotonic() < deadline, f"not within {patience:.0f} s: {what}"
        time.sleep(0.2)
    return found
