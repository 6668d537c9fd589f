"""What all documents have in common: head, notices, findings, checks, changes, basis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from services.reporting.domain.document import (
    Block,
    Cell,
    Cents,
    CheckItem,
    CheckList,
    Chip,
    Column,
    Count,
    Day,
    Fact,
    Mark,
    Missing,
    Notice,
    Paragraph,
    Reference,
    Row,
    RowKind,
    Section,
    Table,
    Text,
    text_or_missing,
)
from services.reporting.domain.lines import Line
from services.reporting.domain.snapshot import Changes, MeasureSnapshot, ProgrammeSnapshot, changes_since
from shared.contracts import catalogue
from shared.contracts.funding import CheckResult, Finding, Outcome, Severity
from shared.values.funders import GERMAN
from shared.values.german import write_cents, write_day

Snapshot = MeasureSnapshot | ProgrammeSnapshot

MARK: Final = {
    Severity.BLOCKING: Mark.BLOCKING,
    Severity.ERROR: Mark.FAULT,
    Severity.WARNING: Mark.WARNING,
    Severity.NOTE: Mark.HINT,
}


def status(snapshot: Snapshot) -> tuple[Chip, ...]:
    """Chips of the head of every page."""
    statement = snapshot.statement
    chips = []
    if snapshot.basis.missing or statement.parked:
        chips.append(Chip(Mark.BLOCKING, "unvollständig"))
    if statement.provisional:
        chips.append(Chip(Mark.WARNING, "vorläufig"))
    if is_demo(snapshot):
        chips.append(Chip(Mark.HINT, "Demodaten"))
    return tuple(chips)


def is_demo(snapshot: Snapshot) -> bool:
    """Is anything of it made for demonstration?"""
    if isinstance(snapshot, ProgrammeSnapshot):
        return snapshot.programme.demo or any(m.demo for m in snapshot.measures.values())
    return snapshot.measure.demo or bool(snapshot.programme and snapshot.programme.demo)


def notices(snapshot: Snapshot) -> tuple[Notice, ...]:
    """Boxes below the title."""
    statement, boxes = snapshot.statement, []
    if snapshot.basis.missing:
        boxes.append(
            Notice(Mark.BLOCKING, "Unvollständig, auf Wunsch ausgestellt", "Es fehlt noch: " + "; ".join(snapshot.basis.missing))
        )
    if statement.parked:
        text = f"{statement.parked} geparkte Tatsache(n) konnten nicht verbucht werden und sind in keiner Zahl enthalten."
        boxes.append(Notice(Mark.BLOCKING, "Unvollständig", text))
    if statement.rejected:
        text = f"{statement.rejected} abgewiesene Zeile(n) warten auf Berichtigung und sind in keiner Zahl enthalten."
        boxes.append(Notice(Mark.WARNING, "Abgewiesene Zeilen", text))
    if statement.provisional:
        cut_off, end = write_day(statement.provisional.cut_off), write_day(statement.provisional.period_end)
        text = f"Der Bericht über den Zeitraum bis {end} wurde vor dessen Ende gezeichnet; die Zahlen sind nicht endgültig."
        boxes.append(Notice(Mark.WARNING, f"Stichtag {cut_off} (vorläufig)", text))
    if is_demo(snapshot):
        boxes.append(
            Notice(Mark.HINT, "Demodaten", "Belege, Buchungen und nicht veröffentlichte Zahlen sind zur Vorführung erfunden.")
        )
    return tuple(boxes)


def cut_off(snapshot: Snapshot) -> Fact:
    """Stichtag, with „(vorläufig)“ where the figures are provisional (ZEI-07)."""
    provisional = snapshot.statement.provisional
    if provisional:
        return Fact("Stichtag", Text(f"{write_day(provisional.cut_off)} (vorläufig)"))
    return Fact("Stichtag", Day(snapshot.as_of))


def measure_facts(snapshot: MeasureSnapshot) -> tuple[Fact, ...]:
    """Who, where, when."""
    measure, period = snapshot.measure, snapshot.measure.implementation
    return (
        Fact("Maßnahme", Text(measure.key)),
        Fact("Programm", Text(snapshot.programme.name if snapshot.programme else "ohne Programm")),
        Fact("Träger", Text(measure.carrier)),
        Fact("Kommune", Text(measure.municipality.name)),
        Fact("Durchführungszeitraum", Text(f"{write_day(period.start)} – {write_day(period.end)}")),
        Fact("Förderkennzeichen", text_or_missing(measure.grant_reference, "Förderkennzeichen")),
        cut_off(snapshot),
        Fact("Regelwerk", Text(snapshot.statement.rule_set)),
    )


def basis(snapshot: Snapshot) -> tuple[Fact, ...]:
    """What the report stands on, so that it can be made again."""
    statement = snapshot.statement
    facts = [
        Fact("Stand (UTC)", Text(f"{snapshot.basis.stated_at:%d.%m.%Y %H:%M:%S}")),
        Fact("Regelwerk SHA-256", Reference(statement.rules)),
        Fact("Tatsachen bis", Count(statement.facts_upto)),
    ]
    if isinstance(snapshot, MeasureSnapshot):
        facts += [
            Fact(
                "Journal", Reference(f"{snapshot.measure.key}/{snapshot.statement.head.number} · {snapshot.statement.head.seal}")
            ),
            Fact(
                "Ausgleich",
                Reference(
                    f"{snapshot.measure.key}/S-{snapshot.statement.settlement.number} · {snapshot.statement.settlement.seal}"
                ),
            ),
        ]
    if snapshot.predecessor:
        facts.append(Fact("Ersetzt", Reference(f"{snapshot.predecessor.number} · {snapshot.predecessor.data_sha256}")))
    return tuple(facts)


def trail(line: Line) -> Reference:
    """``M-1/123 · 3f2a9c1be07d:17``: entry and row, what a reader needs to walk back."""
    return Reference(f"{line.reference} · {line.entry.source.reference}")


def findings_section(findings: Sequence[Finding], title: str = "Feststellungen") -> Section:
    """Findings by severity, with amount at risk, arithmetic and legal basis."""
    order = list(Severity)
    rows = [
        Row(
            (
                Chip(MARK[f.severity], f.severity.value),
                Text(f.code, catalogue.title(f.code, "de")),
                Text(f.object + (f" ({f.budget_year})" if f.budget_year else ""), f.arithmetic or None),
                Text(f.legal_basis, "angenommen: " + f.waived if f.waived else None),
                Reference(" ".join(r for r in f.references if r) or "–"),
                Cents(f.at_risk_cents),
            )
        )
        for f in sorted(findings, key=lambda f: (order.index(f.severity), f.code, f.object))
    ]
    if rows:
        total = sum(f.at_risk_cents for f in findings)
        rows.append(Row((Text("Summe gefährdet"), None, None, None, None, Cents(total)), RowKind.TOTAL))
    columns = (
        Column("Art"),
        Column("Prüfung", 2),
        Column("Gegenstand und Rechnung", 4),
        Column("Grundlage", 2),
        Column("Prüfpfad", 2),
        Column("gefährdet €"),
    )
    return Section(title, (Table(columns, tuple(rows)),), landscape=True)


def checks_section(checks: Iterable[CheckResult]) -> Section:
    """Every check with its outcome; what is missing is said, never passed."""
    items, silent = [], []
    for result in checks:
        title = catalogue.title(result.code, "de")
        match result.outcome:
            case Outcome.NOT_APPLICABLE:
                silent.append(result.code)
            case Outcome.HOLDS:
                items.append(CheckItem(Mark.HOLDS, title, code=result.code))
            case Outcome.FINDING:
                text = f"{result.findings} Feststellung" + ("en" if result.findings > 1 else "")
                items.append(CheckItem(Mark.FAULT, title, detail=text, code=result.code))
            case Outcome.MISSING:
                what = ", ".join(sorted({m.what for m in result.missing}))
                items.append(CheckItem(Mark.MISSING, title, detail=f"fehlt: {what}", code=result.code))
    blocks: list[Block] = [CheckList(tuple(items))] if items else []
    if silent:
        blocks.append(Paragraph("Nicht anwendbar: " + ", ".join(silent) + "."))
    return Section("Prüfungen", tuple(blocks))


def changes_section(snapshot: MeasureSnapshot) -> tuple[Section, ...]:
    """„Änderungen seit …“: both entries of each correction, with their sources; nothing for a first report."""
    if snapshot.predecessor is None:
        return ()
    changes: Changes = changes_since(snapshot.predecessor, snapshot)
    rows = tuple(
        Row(
            (
                trail(x),
                Text(
                    KIND.get(x.entry.kind, x.entry.kind),
                    f"hebt {snapshot.measure.key}/{x.entry.reverses} auf" if x.entry.reverses else None,
                ),
                Day(x.entry.booked_on),
                Day(x.entry.valued_on),
                Cents(x.cents("cost") or -x.cents("drawn") or x.cents("suppliers")),
            )
        )
        for x in changes.entries
    )
    columns = (Column("Prüfpfad", 3), Column("Buchung", 3), Column("gebucht am"), Column("Wert vom"), Column("Betrag €"))
    blocks: list[Block] = [
        Paragraph(f"Dieser Bericht ersetzt {snapshot.predecessor.number}, der unverändert aufbewahrt wird."),
        Table(columns, rows),
    ]
    for word, findings in (("Neu festgestellt", changes.raised), ("Ausgeräumt", changes.settled)):
        if findings:
            blocks.append(Paragraph(f"{word}: " + "; ".join(f"{f.code} {f.object}" for f in findings) + "."))
    return (Section(f"Änderungen seit {snapshot.predecessor.number}", tuple(blocks)),)


KIND: Final = {
    "voucher": "Beleg",
    "receipt": "Eingang",
    "award": "Bescheid",
    "commitment": "Zusage",
    "payment": "Kontobewegung",
    "match": "Zahlungsnachweis",
    "reversal": "Storno",
}
"""Kinds of entry as Germans call them."""


def cents_or(cents: int | None, what: str) -> Cell:
    """The amount, or what is missing."""
    return Missing(what) if cents is None else Cents(cents)


def euro(cents: int) -> str:
    """An amount inside running text."""
    return write_cents(cents, unit=True)


def income_section(snapshot: MeasureSnapshot) -> Section:
    """Receipts less repayments, each with its row."""
    receipts = sorted(snapshot.receipts, key=lambda r: (r.receipt.received_on, r.receipt.number))
    rows = [
        Row(
            (
                Text(r.receipt.number),
                Text(r.receipt.funder.name, GERMAN[r.receipt.funder.kind]),
                Day(r.receipt.received_on),
                Text(str(r.receipt.award_year)),
                Reference(r.source.reference),
                Cents(r.receipt.amount_cents),
            )
        )
        for r in receipts
    ]
    if rows:
        total = sum(r.receipt.amount_cents for r in receipts)
        rows.append(Row((Text("Summe der Eingänge"), None, None, None, None, Cents(total)), RowKind.TOTAL))
    columns = (
        Column("Eingang", 2),
        Column("Mittelgeber", 3),
        Column("Datum"),
        Column("Jahr"),
        Column("Prüfpfad", 2),
        Column("Betrag €"),
    )
    return Section("Eingänge", (Table(columns, tuple(rows)),))
