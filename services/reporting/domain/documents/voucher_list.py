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
from services.reporting.domain.snapshot import MeasureSnapshot
from shared.contracts.funding import Finding, Severity
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
    Column("nicht förderfähig €"),
    Column("beantragt €"),
    Column("Feststellung"),
    Column("Prüfpfad", 3),
)


def compose(snapshot: MeasureSnapshot, number: str) -> Document:
    """The voucher list of a measure as of its statement's day."""
    vouchers, totals = snapshot.vouchers, snapshot.statement.totals
    unpaid = sum(1 for v in vouchers if v.proof is None)
    paid = f"{unpaid} ohne Zahlungsnachweis" if unpaid else "alle mit Zahlungsnachweis" if vouchers else None
    rows = tuple(_rows(snapshot))
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
            Section("Belege nach Position", (Table(COLUMNS, rows), Paragraph(HOW)), landscape=True)
            if rows
            else Section("Belege", (Paragraph("Bis zum Stichtag sind keine Belege eingereicht."),), landscape=True),
            common.positions_section(snapshot),
            _totals(snapshot),
            common.income_section(snapshot),
            *common.tail(snapshot),
        ),
        basis=common.basis(snapshot),
        releases=common.RELEASES,
    )


HOW = (
    "Brutto ist der ganze Rechnungsbetrag, gezahlt der Anteil dieses Belegs an der Abbuchung, beantragt der als förderfähig"
    " beantragte Teil. Unter „Prüfpfad“ stehen Eintrag und Zeile des Belegs, darunter Zahlungsnachweis und Zeile des"
    " Kontoauszugs."
)


def _rows(snapshot: MeasureSnapshot) -> Iterator[Row]:
    names = common.position_names(snapshot)
    by_position = sorted(
        snapshot.vouchers,
        key=lambda v: (common.in_order(v.voucher.position), v.voucher.invoice_date, v.line.entry.number),
    )
    noticed = _noticed(snapshot.findings)
    running = 0
    for position, group in groupby(by_position, key=lambda v: v.voucher.position):
        lines = list(group)
        yield Row((Text(common.position_title(position, names)), *[None] * (len(COLUMNS) - 1)), RowKind.HEADING)
        for line in lines:
            running += 1
            yield Row(_cells(running, line, noticed))
        yield _sum(f"Summe Position {position}", lines, RowKind.SUBTOTAL)
    if by_position:
        yield _sum("Summe aller Belege", by_position, RowKind.TOTAL)


def _noticed(findings: tuple[Finding, ...]) -> dict[str, list[Finding]]:
    """Findings by the references they name: a voucher's entry, or its row."""
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        for reference in finding.references:
            found.setdefault(reference, []).append(finding)
    return found


def _cells(running: int, line: VoucherLine, noticed: dict[str, list[Finding]]) -> tuple[Cell, ...]:
    voucher, match = line.voucher, line.match
    share = f"Anteil {write_share(voucher.allocation)}" if voucher.allocation is not None and voucher.allocation != 1 else None
    where = ", ".join(x for x in (voucher.module, voucher.district) if x) or None
    start, end = write_day(voucher.service.start), write_day(voucher.service.end)
    own = f"{line.line.reference} · {line.line.entry.source.reference}"
    proof = f"{line.proof.reference} · {match.payment_source.reference}" if line.proof and match else ""
    return (
        Count(running),
        Text(f"{voucher.list}/{voucher.number}", ", ".join(x for x in (voucher.invoice_number, share) if x) or None),
        Text(voucher.issuer.name or voucher.issuer.ref, where),
        Text(start if start == end else f"{start} – {end}"),
        Day(voucher.invoice_date),
        Day(match.value_date) if match else Chip(Mark.BLOCKING, "fehlt"),
        Cents(voucher.gross_cents),
        Cents(match.paid_cents) if match else Text("–"),
        Cents(line.ineligible_cents),
        Cents(voucher.eligible_cents),
        _codes(noticed.get(line.line.reference, []) + noticed.get(line.line.entry.source.reference, [])),
        Reference(f"{own} · {proof}" if proof else own),
    )


def _codes(findings: list[Finding]) -> Cell:
    """Codes of the findings about a voucher, marked by the gravest."""
    if not findings:
        return Text("–")
    order = list(Severity)
    codes = sorted({f.code for f in findings})
    return Chip(common.MARK[min((f.severity for f in findings), key=order.index)], " ".join(codes))


def _sum(label: str, lines: list[VoucherLine], kind: RowKind) -> Row:
    gross = sum(v.voucher.gross_cents for v in lines)
    paid = sum(v.match.paid_cents for v in lines if v.match)
    ineligible = sum(v.ineligible_cents for v in lines)
    eligible = sum(v.voucher.eligible_cents for v in lines)
    amounts = (Cents(gross), Cents(paid), Cents(ineligible), Cents(eligible))
    return Row((Text(label), *[None] * 5, *amounts, None, None), kind)


def _totals(snapshot: MeasureSnapshot) -> Section:
    """The totals block: from what was invoiced to what is left of the money that came in."""
    vouchers, totals = snapshot.vouchers, snapshot.statement.totals
    ineligible = sum(v.ineligible_cents for v in vouchers)
    unproven = totals.claimed_cents - totals.spent_cents
    rows = (
        ("Förderfähig beantragt", "Summe der Belege", totals.claimed_cents),
        ("davon nachgewiesen bezahlt", "Belege mit Zahlungsnachweis bis zum Stichtag", totals.spent_cents),
        ("davon ohne Zahlungsnachweis", "beantragt − nachgewiesen bezahlt", unproven),
        ("Nicht förderfähiger Teil der Belege", "zu zahlen − beantragt", ineligible),
        ("Eingänge", "Eingänge − Erstattungen", totals.received_cents),
        ("Bestand", "Eingänge − nachgewiesen bezahlt; negativ heißt vorfinanziert", totals.received_cents - totals.spent_cents),
    )
    columns = (Column("Summe", 3), Column("Rechnung", 4), Column("Betrag €"))
    body = tuple(Row((Text(name), Text(how), Cents(cents))) for name, how, cents in rows)
    return Section("Summen", (Table(columns, body),), landscape=True)
