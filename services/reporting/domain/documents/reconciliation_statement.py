"""D7 Abgleichsbericht: stages S1–S7, what differs and why, verdict per year."""

from __future__ import annotations

import re

from services.reporting.domain.document import (
    Block,
    Cell,
    Cents,
    Chip,
    Column,
    Count,
    Document,
    KeyFigure,
    Mark,
    Missing,
    Paragraph,
    Reference,
    Row,
    Section,
    Table,
    Text,
)
from services.reporting.domain.documents import common
from services.reporting.domain.lines import Line
from services.reporting.domain.snapshot import MeasureSnapshot
from shared.contracts import catalogue
from shared.contracts.funding import Stage


def compose(snapshot: MeasureSnapshot, number: str) -> Document:
    """The reconciliation statement of a measure as of its statement's day."""
    statement = snapshot.statement
    open_stages = sum(1 for s in statement.stages if s.verdict == "open")
    return Document(
        kind="D7",
        number=number,
        title="Abgleichsbericht",
        subtitle=snapshot.measure.name,
        status=common.status(snapshot),
        facts=common.measure_facts(snapshot, number),
        notices=common.notices(snapshot),
        key_figures=(
            KeyFigure("Ergebnis", _chip(statement.verdict), f"{open_stages} offene Stufen" if open_stages else None),
            KeyFigure("förderfähig beantragt", Cents(statement.totals.claimed_cents)),
            KeyFigure("nachgewiesen bezahlt", Cents(statement.totals.spent_cents)),
            KeyFigure("Feststellungen", Count(len(snapshot.findings)), mark=Mark.FAULT if snapshot.findings else None),
        ),
        sections=(
            Section(
                "Stufen des Abgleichs",
                (*_stages(statement.stages), *_differences(statement.stages)),
                landscape=True,
            ),
            _years(snapshot),
            _open_items(snapshot),
            common.positions_section(snapshot),
            *common.tail(snapshot),
        ),
        basis=common.basis(snapshot),
        releases=common.RELEASES,
    )


def _chip(verdict: str) -> Chip:
    return Chip(common.VERDICT[verdict], catalogue.word("verdict", verdict, "de"))


HOW = (
    "Links steht die zuerst genannte Seite der Stufe, rechts die zweite; Differenz = links − rechts, ungeklärt = Differenz −"
    " erklärt. Nicht anwendbar ist eine Stufe, zu der es nichts gibt; „fehlt“ nennt, was einzureichen ist."
)


def _stages(stages: tuple[Stage, ...]) -> tuple[Block, ...]:
    if not stages:
        return (Paragraph("Es gibt noch nichts abzugleichen."),)
    none: Cell = Text("–")
    rows = []
    for stage in stages:
        left, right = stage.left_cents, stage.right_cents
        if stage.verdict == "not_applicable":
            amounts: tuple[Cell, ...] = (none,) * 5
        elif left is None or right is None:
            lacks = Missing(stage.missing or "Angaben")
            amounts = (
                none if left is None and right is None else common.cents_or(left, lacks.missing),
                lacks if right is None else Cents(right),
                *((none,) * 3),
            )
        else:
            explained = sum(e.cents for e in stage.explained)
            amounts = (Cents(left), Cents(right), Cents(left - right), Cents(explained), Cents(stage.unexplained_cents))
        name = Text(f"{stage.code} {catalogue.word('stage', stage.code, 'de')}")
        rows.append(Row((name, *amounts, _chip(stage.verdict))))
    columns = (
        Column("Stufe", 4),
        Column("links €"),
        Column("rechts €"),
        Column("Differenz €"),
        Column("erklärt €"),
        Column("ungeklärt €"),
        Column("Ergebnis"),
    )
    return Table(columns, tuple(rows)), Paragraph(HOW)


def _differences(stages: tuple[Stage, ...]) -> tuple[Block, ...]:
    rows = tuple(
        Row((Text(s.code), Text(e.code, catalogue.word("reason", e.code, "de")), Text(e.text), Cents(e.cents)))
        for s in stages
        for e in s.explained
    )
    if not rows:
        return ()
    columns = (Column("Stufe"), Column("Grund", 2), Column("Erklärung", 4), Column("Betrag €"))
    return (Table(columns, rows, caption="Erklärte Differenzen"),)


def _years(snapshot: MeasureSnapshot) -> Section:
    calm = "Es gibt weder Plan noch Zusagen, Eingänge oder Belege zu einem Haushaltsjahr."
    table = common.years_table(
        snapshot.statement.years, tuple(common.YEAR_FIGURES), "Ergebnis", lambda y: _chip(y.verdict), calm
    )
    return Section("Urteil je Haushaltsjahr", (table,), landscape=True)


def _open_items(snapshot: MeasureSnapshot) -> Section:
    """What found no counterpart, as references; how many there are is said even where not all are listed."""
    known = {line.reference: line for line in snapshot.main}
    rows, more = [], []
    for stage in snapshot.statement.stages:
        for side, items in (("links", stage.open_left), ("rechts", stage.open_right)):
            rows += [Row((Text(stage.code), Text(side), *_item(reference, known.get(reference)))) for reference in items]
        listed = len(stage.open_left) + len(stage.open_right)
        if stage.open_count > listed:
            more.append(Paragraph(f"{stage.code}: insgesamt {stage.open_count} offene Posten, hier die ersten {listed}."))
    columns = (Column("Stufe"), Column("Seite"), Column("Posten", 4), Column("Prüfpfad", 3), Column("Betrag €"))
    calm = "Zum Stichtag hat jeder Posten sein Gegenstück."
    return Section("Posten ohne Gegenstück", (common.columns_or_calm(columns, rows, calm), *more), landscape=True)


def _item(reference: str, line: Line | None) -> tuple[Cell, ...]:
    """A voucher by its number and issuer; anything else by its reference alone."""
    if line is None:
        what = "Kontobewegung" if IBAN.match(reference) else "Posten"
        return Text(what), Reference(reference), Text("–")
    if line.voucher is None:
        kind = common.KIND.get(line.entry.kind, line.entry.kind)
        return Text(kind), common.trail(line), Text("–")
    voucher = line.voucher
    return (
        Text(f"Beleg {voucher.list}/{voucher.number}", voucher.issuer.name or voucher.issuer.ref),
        common.trail(line),
        Cents(voucher.eligible_cents),
    )


IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}/")
