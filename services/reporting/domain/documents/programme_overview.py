"""D9 Programmübersicht: N municipalities, their money by funder, published figures beside counted ones."""

from __future__ import annotations

from fractions import Fraction

from services.reporting.domain.document import (
    Block,
    Cell,
    Cents,
    Chip,
    Column,
    Count,
    Day,
    Document,
    Fact,
    KeyFigure,
    Mark,
    Paragraph,
    Row,
    RowKind,
    Section,
    Share,
    Table,
    Text,
)
from services.reporting.domain.documents import common
from services.reporting.domain.snapshot import ProgrammeSnapshot
from shared.contracts.funding import FigureLine, ProgrammeLine, Severity
from shared.values.funders import EU, GERMAN, FunderKind
from shared.values.german import write_cents, write_day

SHOWN = (FunderKind.ESF, FunderKind.BUND, FunderKind.LAND, FunderKind.MUNICIPALITY, FunderKind.JOBCENTER, FunderKind.FOUNDATION)
"""Funders with a column of their own; the others are added up."""


def compose(snapshot: ProgrammeSnapshot, number: str) -> Document:
    """The overview of a programme as of its statement's day."""
    statement, programme = snapshot.statement, snapshot.programme
    active = [x for x in statement.lines if _active(x, snapshot)]
    return Document(
        kind="D9",
        number=number,
        title="Programmübersicht",
        subtitle=programme.name,
        status=common.status(snapshot),
        facts=(
            Fact("Programm", Text(programme.key)),
            Fact("Laufzeit", Text(f"{write_day(programme.period.start)} – {write_day(programme.period.end)}")),
            common.cut_off(snapshot),
            Fact("Regelwerk", Text(statement.rule_set)),
        ),
        notices=common.notices(snapshot),
        key_figures=(
            KeyFigure("Kommunen am Stichtag", Count(len(active)), f"von {len(statement.lines)} je beteiligten"),
            KeyFigure("gesichert zugesagt", Cents(statement.totals.committed_cents)),
            KeyFigure("nachgewiesen bezahlt", Cents(statement.totals.spent_cents)),
            KeyFigure(
                "Deckungslücke", Cents(statement.totals.gap_cents), mark=Mark.FAULT if statement.totals.gap_cents else None
            ),
        ),
        sections=(
            Section("Kommunen", (_municipalities(snapshot),), landscape=True),
            Section("Mittel nach Herkunft", (_money(snapshot),), landscape=True),
            Section("Veröffentlichte Zahlen", _figures(statement.figures)),
            common.findings_section(snapshot.findings),
            common.checks_section(statement.checks),
        ),
        basis=common.basis(snapshot),
    )


def _active(line: ProgrammeLine, snapshot: ProgrammeSnapshot) -> bool:
    day = min(snapshot.as_of, snapshot.programme.period.end)
    return (line.joined_on is None or line.joined_on <= day) and (line.left_on is None or line.left_on >= day)


def _municipalities(snapshot: ProgrammeSnapshot) -> Table:
    rows = [
        Row(
            (
                Text(x.municipality.ags or x.municipality.key),
                Text(x.municipality.name, ", ".join(x.measures) or None),
                Text(_since(x)),
                Text("–") if x.inhabitants is None else Count(x.inhabitants),
                Text("–") if x.band_cents is None else Cents(x.band_cents),
                Text("–") if x.participation_cents is None else Cents(x.participation_cents),
                *_findings(x),
            )
        )
        for x in snapshot.statement.lines
    ]
    if rows:
        total = sum(x.participation_cents or 0 for x in snapshot.statement.lines)
        rows.append(Row((Text("Summe"), None, None, None, None, Cents(total), None), RowKind.TOTAL))
    columns = (
        Column("Schlüssel"),
        Column("Kommune", 4),
        Column("beteiligt", 2),
        Column("Einwohner"),
        Column("Höchstbetrag €"),
        Column("Anteil €"),
        Column("Feststellungen", 2),
    )
    return Table(columns, tuple(rows))


def _since(line: ProgrammeLine) -> str:
    start = write_day(line.joined_on) if line.joined_on else "?"
    return f"{start} – {write_day(line.left_on)}" if line.left_on else f"seit {start}"


def _findings(line: ProgrammeLine) -> tuple[Cell]:
    counts = [f"{line.findings[s]} {s.value}" for s in Severity if line.findings.get(s)]
    if not counts:
        return (Text("–"),)
    worst = next(s for s in Severity if line.findings.get(s))
    return (Chip(common.MARK[worst], " · ".join(counts)),)


def _money(snapshot: ProgrammeSnapshot) -> Table:
    rows, lines = [], [x for x in snapshot.statement.lines if x.totals is not None]
    for line in lines:
        rows.append(Row((Text(line.municipality.name), *_amounts([line]))))
    if rows:
        rows.append(Row((Text("Summe"), *_amounts(lines)), RowKind.TOTAL))
    columns = (
        Column("Kommune", 3),
        Column("geplant €"),
        *(Column(f"{GERMAN[kind]} €") for kind in SHOWN),
        Column("Sonstige €"),
        Column("EU-Anteil"),
        Column("bezahlt €"),
        Column("Lücke €"),
    )
    return Table(columns, tuple(rows), caption="Gesichert zugesagte Mittel der Kommunen mit eigenen Maßnahmen")


def _amounts(lines: list[ProgrammeLine]) -> tuple[Cell, ...]:
    by_kind: dict[FunderKind, int] = {}
    for line in lines:
        for funder in line.funders:
            by_kind[funder.kind] = by_kind.get(funder.kind, 0) + funder.valid_cents
    everything = sum(by_kind.values())
    eu = sum(cents for kind, cents in by_kind.items() if kind in EU)
    totals = [x.totals for x in lines if x.totals]
    return (
        Cents(sum(t.planned_cents for t in totals)),
        *(Cents(by_kind.get(kind, 0)) for kind in SHOWN),
        Cents(sum(cents for kind, cents in by_kind.items() if kind not in SHOWN)),
        Share(Fraction(eu, everything)) if everything else Text("–"),
        Cents(sum(t.spent_cents for t in totals)),
        Cents(sum(t.gap_cents for t in totals)),
    )


def _figures(figures: tuple[FigureLine, ...]) -> tuple[Block, ...]:
    if not figures:
        return (Paragraph("Es wurden keine veröffentlichten Zahlen eingereicht."),)
    rows = tuple(
        Row(
            (
                Text(SCOPE.get(f.scope, f.scope), f.publication),
                Day(f.published_on),
                _value(f.published, f.unit),
                Text("–") if f.counted is None else _value(f.counted, f.unit),
                _judged(f),
            )
        )
        for f in figures
    )
    columns = (Column("Zahl und Quelle", 4), Column("veröffentlicht"), Column("Wert"), Column("gezählt"), Column("Vergleich"))
    return (Table(columns, rows),)


SCOPE = {"municipalities": "Zahl der Kommunen", "participations": "Summe der Anteile", "funders": "Mittelgeber des Programms"}


def _value(value: int, unit: str) -> Cell:
    return Cents(value) if unit == "cents" else Count(value)


def _judged(figure: FigureLine) -> Cell:
    if not figure.compared or figure.counted is None:
        return Chip(Mark.NOT_APPLICABLE, "nicht verglichen")
    if abs(figure.counted - figure.published) <= figure.tolerance:
        return Chip(Mark.HOLDS, "stimmt" if not figure.tolerance else f"± {write_cents(int(figure.tolerance))}")
    return Chip(Mark.WARNING, "weicht ab")
