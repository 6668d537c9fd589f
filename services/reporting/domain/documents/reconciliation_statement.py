"""D7 Abgleichsbericht: stages S1–S7, what differs and why, verdict per year."""

from __future__ import annotations

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
    Row,
    Section,
    Table,
    Text,
)
from services.reporting.domain.documents import common
from services.reporting.domain.snapshot import MeasureSnapshot
from shared.contracts import catalogue
from shared.contracts.funding import Stage

MARK = {
    "reconciled": Mark.HOLDS,
    "explained": Mark.HINT,
    "open": Mark.FAULT,
    "missing": Mark.MISSING,
    "not_applicable": Mark.NOT_APPLICABLE,
}


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
        facts=common.measure_facts(snapshot),
        notices=common.notices(snapshot),
        key_figures=(
            KeyFigure("Ergebnis", _chip(statement.verdict), f"{open_stages} offene Stufen" if open_stages else None),
            KeyFigure("förderfähig beantragt", Cents(statement.totals.claimed_cents)),
            KeyFigure("nachgewiesen bezahlt", Cents(statement.totals.spent_cents)),
            KeyFigure("Feststellungen", Count(len(snapshot.findings)), mark=Mark.FAULT if snapshot.findings else None),
        ),
        sections=(
            Section("Stufen des Abgleichs", (_stages(statement.stages), *_differences(statement.stages)), landscape=True),
            _years(snapshot),
            *_open_items(statement.stages),
            *common.changes_section(snapshot),
            common.findings_section(snapshot.findings),
            common.checks_section(statement.checks),
        ),
        basis=common.basis(snapshot),
    )


def _chip(verdict: str) -> Chip:
    return Chip(MARK[verdict], catalogue.word("verdict", verdict, "de"))


def _stages(stages: tuple[Stage, ...]) -> Table:
    rows = []
    for stage in stages:
        what = stage.missing or "Angaben"
        difference: Cell = (
            Missing(what)
            if stage.left_cents is None or stage.right_cents is None
            else Cents(stage.left_cents - stage.right_cents)
        )
        none: Cell = Text("–")
        skip = stage.verdict == "not_applicable"
        rows.append(
            Row(
                (
                    Text(f"{stage.code} {catalogue.word('stage', stage.code, 'de')}"),
                    none if skip else common.cents_or(stage.left_cents, what),
                    none if skip else common.cents_or(stage.right_cents, what),
                    none if skip else difference,
                    Cents(sum(e.cents for e in stage.explained)),
                    Cents(stage.unexplained_cents),
                    _chip(stage.verdict),
                )
            )
        )
    columns = (
        Column("Stufe", 4),
        Column("links €"),
        Column("rechts €"),
        Column("Differenz €"),
        Column("erklärt €"),
        Column("ungeklärt €"),
        Column("Ergebnis"),
    )
    return Table(columns, tuple(rows))


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
    rows = tuple(
        Row(
            (
                Text(str(y.budget_year)),
                common.cents_or(y.planned_cents, "Finanzierungsplan"),
                Cents(y.valid_cents),
                Cents(y.received_cents),
                Cents(y.claimed_cents),
                common.cents_or(y.gap_cents, "Finanzierungsplan"),
                _chip(y.verdict),
            )
        )
        for y in snapshot.statement.years
    )
    columns = (
        Column("Haushaltsjahr"),
        Column("geplant €"),
        Column("gesichert €"),
        Column("eingegangen €"),
        Column("beantragt €"),
        Column("Lücke €"),
        Column("Ergebnis"),
    )
    return Section("Haushaltsjahre", (Table(columns, rows),))


def _open_items(stages: tuple[Stage, ...]) -> tuple[Section, ...]:
    """What found no counterpart, as references; how many there are is said even where not all are listed."""
    blocks: list[Block] = []
    for stage in stages:
        for side, items in (("links", stage.open_left), ("rechts", stage.open_right)):
            if items:
                blocks.append(Paragraph(f"{stage.code} {side}: " + ", ".join(items)))
        if stage.open_count > len(stage.open_left) + len(stage.open_right):
            blocks.append(Paragraph(f"{stage.code}: insgesamt {stage.open_count} offene Posten, oben die ersten."))
    return (Section("Posten ohne Gegenstück", tuple(blocks)),) if blocks else ()
