"""D5 Belegliste: every voucher of a measure with its proof of payment, by position of the plan, and the income beside it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

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
    Reference,
    Row,
    RowKind,
    Section,
    Table,
    Text,
)
from services.reporting.domain.documents import common
from services.reporting.domain.lines import VoucherLine
from services.reporting.domain.snapshot import MeasureSnapshot
from shared.values.german import write_day, write_share

COLUMNS = (
    Column("Nr."),
    Column("Beleg", 3),
    Column("Empfänger", 4),
    Column("Leistung", 2),
    Column("Rechnung"),
    Column("Zahlung"),
    Column("Brutto €"),
    Column("gezahlt €"),
    Column("förderfähig €"),
    Column("Prüfpfad", 3),
)


def compose(snapshot: MeasureSnapshot, number: str) -> Document:
    """The voucher list of a measure as of its statement's day."""
    vouchers, totals = snapshot.vouchers, snapshot.statement.totals
    unpaid = sum(1 for v in vouchers if v.proof is None)
    return Document(
        kind="D5",
        number=number,
        title="Belegliste",
        subtitle=snapshot.measure.name,
        status=common.status(snapshot),
        facts=common.measure_facts(snapshot),
        notices=common.notices(snapshot),
        key_figures=(
            KeyFigure(
                "Belege", Count(len(vouchers)), f"{unpaid} ohne Zahlungsnachweis" if unpaid else "alle mit Zahlungsnachweis"
            ),
            KeyFigure("förderfähig beantragt", Cents(totals.claimed_cents)),
            KeyFigure("davon nachgewiesen bezahlt", Cents(totals.spent_cents), mark=Mark.FAULT if unpaid else None),
            KeyFigure("Eingänge", Cents(totals.received_cents)),
        ),
        sections=(
            Section("Belege nach Position", (Table(COLUMNS, tuple(_rows(vouchers))),), landscape=True),
            common.income_section(snapshot),
            *common.changes_section(snapshot),
            common.findings_section(snapshot.findings),
            common.checks_section(snapshot.statement.checks),
        ),
        basis=common.basis(snapshot),
    )


def _rows(vouchers: tuple[VoucherLine, ...]) -> Iterator[Row]:
    by_position = sorted(vouchers, key=lambda v: (v.voucher.position, v.voucher.invoice_date, v.line.entry.number))
    running = 0
    for position, group in groupby(by_position, key=lambda v: v.voucher.position):
        lines = list(group)
        yield Row((Text(f"Position {position}"), *[None] * 9), RowKind.HEADING)
        for line in lines:
            running += 1
            yield Row(_cells(running, line))
        yield _sum(f"Summe Position {position}", lines, RowKind.SUBTOTAL)
    if by_position:
        yield _sum("Summe aller Belege", by_position, RowKind.TOTAL)


def _cells(running: int, line: VoucherLine) -> tuple[Cell, ...]:
    voucher, match = line.voucher, line.match
    share = f"Anteil {write_share(voucher.allocation)}" if voucher.allocation is not None else None
    invoice = f"Rechnung {voucher.invoice_number}" if voucher.invoice_number else None
    start, end = write_day(voucher.service.start), write_day(voucher.service.end)
    bank = f" · {match.payment_source.reference}" if match else ""
    return (
        Count(running),
        Text(f"{voucher.list}/{voucher.number}", ", ".join(x for x in (invoice, share) if x) or None),
        Text(voucher.issuer.name or voucher.issuer.ref),
        Text(start if start == end else f"{start} – {end}"),
        Day(voucher.invoice_date),
        Day(match.value_date) if match else Chip(Mark.BLOCKING, "fehlt"),
        Cents(voucher.gross_cents),
        Cents(match.paid_cents) if match else Text("–"),
        Cents(voucher.eligible_cents),
        Reference(f"{line.line.reference} · {line.line.entry.source.reference}{bank}"),
    )


def _sum(label: str, lines: list[VoucherLine], kind: RowKind) -> Row:
    gross = sum(v.voucher.gross_cents for v in lines)
    paid = sum(v.match.paid_cents for v in lines if v.match)
    eligible = sum(v.voucher.eligible_cents for v in lines)
    return Row((Text(label), None, None, None, None, None, Cents(gross), Cents(paid), Cents(eligible), None), kind)
