"""Reads the demo's hand-ins with nothing but the standard library, so that the figures are redone and not repeated."""

from __future__ import annotations

import csv
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import demo.generate

DEMO: Final = Path(demo.generate.__file__).parent
KEYS: Final = ("herne", "offenbach", "harz", "peine", "kekiz")
Row = dict[str, str]

BUSINESS_KEY: Final = {
    "programmes": ("Programm",),
    "measures": ("Maßnahme",),
    "plans": ("Maßnahme", "Position", "Haushaltsjahr"),
    "awards": ("Maßnahme", "Aktenzeichen", "Fassung"),
    "commitments": ("Maßnahme", "Mittelgeber", "Zusage", "Haushaltsjahr", "Fassung"),
    "receipts": ("Maßnahme", "Eingang"),
    "vouchers": ("Maßnahme", "Belegliste", "Belegnummer"),
    "decisions": ("Kommune", "Vorlage", "Mittelgeber", "Haushaltsjahr"),
    "participations": ("Programm", "Kommune"),
    "figures": ("Programm", "Bezug", "veröffentlicht am", "Quelle"),
    "size-bands": ("Programm", "Einwohner von"),
    "population": ("Programm", "Kommune", "Stichtag"),
    "staff": ("Maßnahme", "Person", "Monat"),
    "reports": ("Programm", "Bericht", "Zeitraum von", "Zeitraum bis", "unterzeichnet am"),
}


def cents(text: str) -> int:
    """``-1.234,56`` → -123456; the one way the demo writes amounts."""
    assert re.fullmatch(r"-?\d{1,3}(\.\d{3})*,\d\d", text), text
    return int(text.replace(".", "").replace(",", ""))


def day(text: str) -> date:
    found = re.fullmatch(r"(\d\d)\.(\d\d)\.(\d{4})", text)
    assert found, text
    return date(int(found[3]), int(found[2]), int(found[1]))


def table(content: bytes) -> tuple[str, list[Row]]:
    """Title line and rows of a CSV file in any of the encodings people save."""
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            lines = content.decode(encoding).splitlines()
            break
        except UnicodeDecodeError:
            continue
    return lines[0], list(csv.DictReader(lines[1:], delimiter=";"))


@dataclass(frozen=True)
class BankLine:
    """An entry of a statement, in cents, debits negative."""

    account: str
    statement: str
    entry: str
    cents: int
    valued: date
    iban: str
    reference: str
    text: str


@dataclass(frozen=True)
class BankStatement:
    """A statement with its balances."""

    account: str
    number: str
    opening: int
    closing: int
    lines: tuple[BankLine, ...]


def bank(content: bytes) -> Iterator[BankStatement]:
    """The statements of a camt.053 file."""
    root = ElementTree.fromstring(content)  # noqa: S314 - our own files
    space = {"c": root.tag[1:].partition("}")[0]}

    def text(node: ElementTree.Element, path: str) -> str:
        found = node.find("/".join(f"c:{part}" for part in path.split("/")), space)
        return found.text or "" if found is not None else ""

    def signed(node: ElementTree.Element) -> int:
        amount = int(text(node, "Amt").replace(".", ""))
        return -amount if text(node, "CdtDbtInd") == "DBIT" else amount

    for statement in root.iter(f"{{{space['c']}}}Stmt"):
        account, number = text(statement, "Acct/Id/IBAN"), text(statement, "Id")
        balances = {text(b, "Tp/CdOrPrtry/Cd"): signed(b) for b in statement.findall("c:Bal", space)}
        lines = tuple(
            BankLine(
                account=account,
                statement=number,
                entry=text(entry, "NtryRef"),
                cents=signed(entry),
                valued=date.fromisoformat(text(entry, "ValDt/Dt")),
                iban=text(entry, "NtryDtls/TxDtls/RltdPties/CdtrAcct/Id/IBAN")
                or text(entry, "NtryDtls/TxDtls/RltdPties/DbtrAcct/Id/IBAN"),
                reference=text(entry, "NtryDtls/TxDtls/Refs/EndToEndId"),
                text=text(entry, "NtryDtls/TxDtls/RmtInf/Ustrd"),
            )
            for entry in statement.findall("c:Ntry", space)
        )
        yield BankStatement(account, number, balances["OPBD"], balances["CLBD"], lines)


@dataclass
class Known:
    """What has been handed in up to an act, as of a day: the latest row of every business key."""

    as_of: date
    rows: dict[str, dict[tuple[str, ...], Row]] = field(default_factory=dict)
    statements: list[BankStatement] = field(default_factory=list)
    papers: dict[tuple[str, str], Any] = field(default_factory=dict)
    instructions: list[dict[str, Any]] = field(default_factory=list)

    def of(self, kind: str, **equal: str) -> list[Row]:
        """Rows of a kind that count; withdrawn vouchers do not."""
        found = self.rows.get(kind, {}).values()
        return [r for r in found if all(r.get(k) == v for k, v in equal.items()) and r.get("storniert") != "ja"]

    # ── what a measure's figures are ─────────────────────────────────────────────────────────────────────────────────

    def planned(self, measure: str) -> dict[int, int]:
        years: dict[int, int] = {}
        for row in self.of("plans", Maßnahme=measure):
            year = int(row["Haushaltsjahr"])
            years[year] = years.get(year, 0) + cents(row["Betrag"])
        return years

    def valid(self, measure: str) -> tuple[dict[int, int], int]:
        """Valid commitments and yearly awards by year, and what awards without years give to the whole term."""
        years: dict[int, int] = {}
        whole = 0
        for row in self.of("awards", Maßnahme=measure):
            if day(row["Bescheid vom"]) > self.as_of:
                continue
            yearly = {int(k[7:]): cents(v) for k, v in row.items() if k and k.startswith("Betrag ") and v}
            whole += 0 if yearly else cents(row["Höchstbetrag"])
            for year, amount in yearly.items():
                years[year] = years.get(year, 0) + amount
        latest: dict[tuple[str, ...], Row] = {}
        for row in self.of("commitments", Maßnahme=measure):
            if day(row["Datum"]) <= self.as_of:
                latest[(row["Mittelgeber"], row["Zusage"], row["Haushaltsjahr"])] = row
        municipality = self.of("measures", Maßnahme=measure)[0]["Kommune"]
        for row in latest.values():
            decided = [
                r
                for r in self.of("decisions", Kommune=municipality, Vorlage=row["Vorlage"], Haushaltsjahr=row["Haushaltsjahr"])
                if r["Betrag"]
            ]
            if row["Status"] in ("beschlossen", "bewilligt", "gekürzt") and (row["Art"] != "Kommune" or decided):
                year = int(row["Haushaltsjahr"])
                years[year] = years.get(year, 0) + cents(row["Betrag"])
        return years, whole

    def received(self, measure: str, kind: str | None = None) -> int:
        return sum(
            cents(r["Betrag"])
            for r in self.of("receipts", Maßnahme=measure)
            if day(r["Datum"]) <= self.as_of and (kind is None or (r["Art"] == "ESF") == (kind == "ESF"))
        )

    def vouchers(self, measure: str | None = None) -> list[Row]:
        return [
            r
            for r in self.of("vouchers")
            if (measure is None or r["Maßnahme"] == measure) and day(r["Rechnungsdatum"]) <= self.as_of
        ]

    def debits(self) -> list[BankLine]:
        return [line for s in self.statements for line in s.lines if line.cents < 0 and line.valued <= self.as_of]

    def proofs(self, voucher: Row) -> list[BankLine]:
        """Debits that pay the voucher: by its reference; without one by account, amount and days."""
        if voucher["Zahlungsreferenz"]:
            return [line for line in self.debits() if line.reference == voucher["Zahlungsreferenz"]]
        return [
            line
            for line in self.debits()
            if line.reference == "NOTPROVIDED"
            and (line.iban, -line.cents) == (voucher["IBAN"], payable(voucher))
            and -3 <= (line.valued - day(voucher["Rechnungsdatum"])).days <= 60
        ]

    def totals(self, measure: str) -> dict[str, int]:
        planned, (valid, whole) = self.planned(measure), self.valid(measure)
        short = sum(max(0, amount - valid.get(year, 0)) for year, amount in planned.items())
        return {
            "planned_cents": sum(planned.values()),
            "committed_cents": sum(valid.values()) + whole,
            "received_cents": self.received(measure),
            "spent_cents": sum(claimed(v) for v in self.vouchers(measure) if self.proofs(v)),
            "gap_cents": max(0, short - whole),
        }


def payable(voucher: Row) -> int:
    return cents(voucher["Brutto"]) - cents(voucher["Skonto"] or "0,00") - cents(voucher["Gutschrift"] or "0,00")


def claimed(voucher: Row) -> int:
    """What the voucher claims: as written, or the declared share of what was payable, commercially rounded."""
    if voucher["Förderfähig"]:
        return cents(voucher["Förderfähig"])
    percent = int(voucher["Anteil"].removesuffix("%"))
    return (payable(voucher) * percent * 2 + 100) // 200


@dataclass(frozen=True)
class Act:
    """An act: what it hands in, and what is known after it."""

    programme: str
    number: int
    folder: Path
    plan: dict[str, Any]
    known: Known


def acts(key: str) -> Iterator[Act]:
    """The acts of a programme in order, each with all that was handed in up to it."""
    known = Known(date.min)
    for number, folder in enumerate(sorted((DEMO / key).glob("act-*")), 1):
        plan = tomllib.loads((folder / "act.toml").read_text())
        rows = {kind: dict(held) for kind, held in known.rows.items()}
        known = Known(plan["as_of"], rows, [*known.statements], {**known.papers}, [*known.instructions])
        for file in plan["file"]:
            _hand_in(known, file, (folder / file["path"]).read_bytes())
        known.instructions += plan.get("instruction", [])
        yield Act(key, number, folder, plan, known)


def rows_of(file: dict[str, Any], content: bytes) -> list[Row]:
    """Rows of a CSV file or of a submission."""
    if file["path"].endswith(".json"):
        columns = {"vouchers": VOUCHERS, "commitments": COMMITMENTS}.get(file["kind"], ())
        return [dict.fromkeys(columns, "") | row for row in json.loads(content)["data"]["rows"]]
    return table(content)[1]


VOUCHERS: Final = (
    "USt-IdNr.", "IBAN", "Skonto", "Gutschrift", "Förderfähig", "Anteil", "Zahlungsreferenz", "Zahlungsdatum", "Baustein",
    "Quartier", "Berichtigt", "storniert",
)  # fmt: skip
COMMITMENTS: Final = ("gültig bis", "Vorlage")


def _hand_in(known: Known, file: dict[str, Any], content: bytes) -> None:
    if file["kind"] == "camt":
        known.statements += bank(content)
    elif file["kind"] == "oparl":
        export = json.loads(content)
        meetings = {item["id"]: (meeting, item) for meeting in export["meetings"] for item in meeting["agendaItem"]}
        for paper in export["papers"]:
            steps = [(step, *meetings.get(step.get("agendaItem"), (None, None))) for step in paper["consultation"]]
            known.papers[(file["municipality"], paper["reference"])] = (paper, steps)
    else:
        rows = known.rows.setdefault(file["kind"], {})
        for row in rows_of(file, content):
            key = tuple(row[name] for name in BUSINESS_KEY[file["kind"]])
            marked = row.get("Berichtigt") == "ja" or row.get("storniert") == "ja"
            ended = file["kind"] == "participations" and key in rows and bool(row["Ende"])
            assert (key in rows) == (marked or ended), f"{file['path']}: {key} handed in before and not marked, or the reverse"
            rows[key] = row
