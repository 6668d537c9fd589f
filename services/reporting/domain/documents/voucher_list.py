"""D5 Belegliste: every voucher of a measure with its proof of payment, by position of the plan, and the income beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from services.reporting.domain.document import (
    Cell,
    Cents,
    Chip,
    Column,
    Count,
    Day,
    Document,
    KeyFigure,
    Mark,
    Missing,
    Paragraph,
    Reference,
    Row,
    RowKind,
    Section,
    Table,
    Text,
)
from services.reporting.domain.documents import common
from services.reporting.domain.lines import VoucherLine
from services.reporting.domain.recognition import Recognition, recognise
from services.reporting.domain.snapshot import MeasureSnapshot
from shared.contracts.funding import Finding
from shared.contracts.intake import Voucher
from shared.values.german import write_day, write_share

NONE: Final = Text("–")
"""Not handed in, or not there."""


def compose(snapshot: MeasureSnapshot, number: str) -> Document:
    """The voucher list of a measure as of its statement's day."""
    vouchers, totals = snapshot.vouchers, snapshot.statement.totals
    unpaid = sum(1 for v in vouchers if v.proof is None)
    paid = f"{unpaid} ohne Zahlungsnachweis" if unpaid else "alle mit Zahlungsnachweis" if vouchers else None
    recognition = recognise(snapshot)
    fields = _fields(vouchers, recognition)
    columns, rows = tuple(field.column for field in fields), tuple(_rows(snapshot, recognition, fields))
    return Document(
        kind="D5",
        number=number,
        title="Belegliste",
        subtitle=snapshot.measure.name,
        status=common.status(snapshot),
        facts=common.measure_facts(snapshot, number),
        notices=common.notices(snapshot),
        key_figures=(
            KeyFigure("Belege", Count(len(vouchers)), paid),
            KeyFigure("förderfähig beantragt", Cents(totals.claimed_cents)),
            KeyFigure("davon nachgewiesen bezahlt", Cents(totals.spent_cents), mark=Mark.FAULT if unpaid else None),
            KeyFigure("Eingänge", Cents(totals.received_cents)),
        ),
        sections=(
            Section("Belege nach Position", (Table(columns, rows), Paragraph(_how(vouchers))), landscape=True)
            if rows
            else Section("Belege", (Paragraph("Bis zum Stichtag sind keine Belege eingereicht."),), landscape=True),
            common.positions_section(snapshot),
            _totals(snapshot, recognition),
            common.income_section(snapshot),
            *common.tail(snapshot),
        ),
        basis=common.basis(snapshot),
        releases=common.RELEASES,
    )


def _how(vouchers: Sequence[VoucherLine]) -> str:
    """How to read the columns; what of them is handed in and what is reckoned."""
    told = any(v.voucher.vat_cents is not None for v in vouchers)
    vat = "" if told else " Umsatzsteuer weisen die eingereichten Listen nicht aus."
    deducted = any(v.voucher.discount_cents or v.voucher.credit_cents for v in vouchers)
    taken = " Abzüge sind Skonto, Rabatt und Gutschrift." if deducted else ""
    return (
        "Brutto ist der ganze Rechnungsbetrag, gezahlt der Anteil dieses Belegs an der Abbuchung, beantragt der als förderfähig"
        f" beantragte Teil.{taken}{vat} Vorläufig anerkannt ist, was vom Beantragten nach den offenen Feststellungen B und F zum"
        " Beleg bleibt; über die Anerkennung entscheidet die Bewilligungsbehörde. Unter „Prüfpfad“ stehen Eintrag und Zeile des"
        " Belegs, darunter Zahlungsnachweis und Zeile des Kontoauszugs. Die beigefügte Tabelle (CSV) hat weitere Spalten."
    )


@dataclass(frozen=True, slots=True)
class _Entry:
    """A voucher as its row shows it."""

    number: int
    line: VoucherLine
    findings: Sequence[Finding]
    recognised_cents: int | None

    @property
    def voucher(self) -> Voucher:
        return self.line.voucher


@dataclass(frozen=True, slots=True)
class _Field:
    """A column of the list and what a voucher shows in it; where it holds amounts, they are added up."""

    column: Column
    cell: Callable[[_Entry], Cell]
    cents: Callable[[_Entry], int | None] | None = None


def _amount(title: str, of: Callable[[_Entry], int | None], *, none: Cell = NONE, printed: bool = True) -> _Field:
    """A column of amounts; ``none`` stands where one is not known."""

    def cell(entry: _Entry) -> Cell:
        cents = of(entry)
        return none if cents is None else Cents(cents)

    return _Field(Column(title, printed=printed), cell, of)


def _fields(vouchers: Sequence[VoucherLine], recognition: Recognition) -> tuple[_Field, ...]:
    """Columns of the list: those every list has, and those of which at least one voucher says something."""
    data = [v.voucher for v in vouchers]
    deducted = any(v.discount_cents or v.credit_cents for v in data)
    fields = [
        _Field(Column("Nr."), lambda e: Count(e.number)),
        _Field(Column("Beleg", 3), _name),
        _Field(Column("Empfänger", 9), lambda e: Text(e.voucher.issuer.name or e.voucher.issuer.ref, _where(e.voucher))),
        _Field(Column("Leistung", 2), _service),
        _Field(Column("Rechnung"), lambda e: Day(e.voucher.invoice_date)),
        _Field(Column("Zahlung"), lambda e: Day(e.line.match.value_date) if e.line.match else Chip(Mark.BLOCKING, "fehlt")),
        _amount("Brutto €", lambda e: e.voucher.gross_cents),
        _amount("gezahlt €", lambda e: e.line.paid_cents if e.line.proofs else None),
        _amount("nicht förderfähig €", lambda e: e.line.ineligible_cents),
        _amount("beantragt €", lambda e: e.voucher.eligible_cents),
        _amount("vorläufig anerkannt €", lambda e: e.recognised_cents, none=Missing("Zahlung")),
        _Field(Column("Feststellung"), lambda e: _codes(e.findings)),
        _Field(Column("Prüfpfad", 3), _trail),
        _Field(Column("Haushaltsjahr", printed=False), lambda e: Text(str(e.voucher.budget_year))),
    ]
    if deducted:
        taken = _amount("Abzüge €", lambda e: e.voucher.discount_cents + e.voucher.credit_cents)
        fields.insert(_at(fields, "gezahlt €"), taken)
    if any(v.ineligible_vat_cents is not None for v in data):
        lost = _amount("davon USt €", lambda e: e.voucher.ineligible_vat_cents)
        fields.insert(_at(fields, "beantragt €"), lost)
    if any(v.vat_cents is not None for v in data):
        fields.append(_amount("Netto €", lambda e: _net(e.voucher), printed=False))
        fields.append(_amount("Umsatzsteuer €", lambda e: e.voucher.vat_cents, printed=False))
    return tuple(fields)


def _at(fields: Sequence[_Field], title: str) -> int:
    return next(index for index, field in enumerate(fields) if field.column.title == title)


def _net(voucher: Voucher) -> int | None:
    return None if voucher.vat_cents is None else voucher.gross_cents - voucher.vat_cents


def _rows(snapshot: MeasureSnapshot, recognition: Recognition, fields: Sequence[_Field]) -> Iterator[Row]:
    names = common.position_names(snapshot)
    by_position = sorted(
        snapshot.vouchers,
        key=lambda v: (common.in_order(v.voucher.position), v.voucher.invoice_date, v.line.entry.number),
    )
    noticed = _noticed(snapshot.findings)
    entries = [
        _Entry(
            number,
            line,
            noticed.get(line.line.reference, []) + noticed.get(line.line.entry.source.reference, []),
            recognition.of(line),
        )
        for number, line in enumerate(by_position, 1)
    ]
    for position, group in groupby(entries, key=lambda e: e.voucher.position):
        shown = list(group)
        yield Row((Text(common.position_title(position, names)), *[None] * (len(fields) - 1)), RowKind.HEADING)
        for entry in shown:
            yield Row(tuple(field.cell(entry) for field in fields))
        yield _sum(f"Summe Position {position}", shown, fields, RowKind.SUBTOTAL)
    if entries:
        yield _sum("Summe aller Belege", entries, fields, RowKind.TOTAL)


def _sum(label: str, entries: Sequence[_Entry], fields: Sequence[_Field], kind: RowKind) -> Row:
    """Amounts added up; what is not known adds nothing, and its cell has said so."""
    sums = [Cents(sum(field.cents(e) or 0 for e in entries)) if field.cents else None for field in fields[1:]]
    return Row((Text(label), *sums), kind)


def _noticed(findings: tuple[Finding, ...]) -> dict[str, list[Finding]]:
    """Findings by the references they name: a voucher's entry, or its row."""
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        for reference in finding.references:
            found.setdefault(reference, []).append(finding)
    return found


def _name(entry: _Entry) -> Cell:
    """List and number, below it the number of the invoice and the share of it."""
    voucher = entry.voucher
    share = f"Anteil {write_share(voucher.allocation)}" if voucher.allocation is not None and voucher.allocation != 1 else None
    return Text(f"{voucher.list}/{voucher.number}", ", ".join(x for x in (voucher.invoice_number, share) if x) or None)


def _where(voucher: Voucher) -> str | None:
    return ", ".join(x for x in (voucher.module, voucher.district) if x) or None


def _service(entry: _Entry) -> Cell:
    start, end = write_day(entry.voucher.service.start), write_day(entry.voucher.service.end)
    return Text(start if start == end else f"{start} – {end}")


def _trail(entry: _Entry) -> Cell:
    """Entry and row of the voucher, and of the bank line that proves its payment."""
    line = entry.line
    own = f"{line.line.reference} · {line.line.entry.source.reference}"
    proof = " · ".join(f"{x.reference} · {x.match.payment_source.reference}" for x in line.proofs if x.match)
    return Reference(f"{own} · {proof}" if proof else own)


def _codes(findings: Sequence[Finding]) -> Cell:
    """Codes of the findings about a voucher, marked by the gravest."""
    if not findings:
        return Text("–")
    codes = sorted({f.code for f in findings})
    return Chip(common.gravest(findings), " ".join(codes))


def _totals(snapshot: MeasureSnapshot, recognition: Recognition) -> Section:
    """The totals block: from what was invoiced to what is left of the money that came in."""
    vouchers, totals = snapshot.vouchers, snapshot.statement.totals
    ineligible = sum(v.ineligible_cents for v in vouchers)
    unproven = totals.claimed_cents - totals.spent_cents
    stands = [(v, recognition.of(v)) for v in vouchers]
    off = sum(v.voucher.eligible_cents - cents for v, cents in stands if cents is not None)
    unknown = sum(v.voucher.eligible_cents for v, cents in stands if cents is None)
    rows = (
        ("Förderfähig beantragt", "Summe der Belege", totals.claimed_cents),
        ("davon nachgewiesen bezahlt", "Belege mit Zahlungsnachweis bis zum Stichtag", totals.spent_cents),
        ("davon ohne Zahlungsnachweis", "beantragt − nachgewiesen bezahlt", unproven),
        ("Im Risiko auf einzelnen Belegen", "offene Feststellungen B und F, je Beleg höchstens der beantragte Betrag", off),
        ("Zahlung weder nachgewiesen noch beanstandet", "es fehlt der Zahlungsnachweis", unknown),
        (
            "Vorläufig anerkannt",
            "beantragt − im Risiko − weder nachgewiesen noch beanstandet",
            totals.claimed_cents - off - unknown,
        ),
        ("Weiter im Risiko", "Feststellungen, die keinen einzelnen Beleg betreffen; nicht abgezogen", recognition.beyond_cents),
        ("Nicht förderfähiger Teil der Belege", "zu zahlen − beantragt", ineligible),
        ("Eingänge", "Eingänge − Erstattungen", totals.received_cents),
        ("Bestand", "Eingänge − nachgewiesen bezahlt; negativ heißt vorfinanziert", totals.received_cents - totals.spent_cents),
    )
    return Section("Summen", (common.reckoned(rows),), landscape=True)
