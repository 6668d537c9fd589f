"""D9 Programmübersicht: N municipalities, their money by funder, published figures beside counted ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
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
    Missing,
    Notice,
    Paragraph,
    Reference,
    Row,
    RowKind,
    Section,
    Share,
    Table,
    Text,
)
from services.reporting.domain.documents import common, wording
from services.reporting.domain.snapshot import ProgrammeSnapshot, whole
from shared.contracts import catalogue
from shared.contracts.funding import FigureLine, ProgrammeLine, Severity, Totals
from shared.contracts.intake import FigurePublished, ParticipationRecorded, PopulationRecorded, SizeBand, SizeBandSet
from shared.values.funders import EU, GERMAN, FunderKind
from shared.values.german import write_cents, write_count, write_day

SHOWN = (FunderKind.ESF, FunderKind.BUND, FunderKind.LAND, FunderKind.MUNICIPALITY, FunderKind.JOBCENTER, FunderKind.FOUNDATION)
"""Funders with a column of their own; the others are added up."""


def _verdict(snapshot: ProgrammeSnapshot) -> Notice:
    """What keeps it open, so that nobody reads the figures without it: how often each check speaks, the gravest first; which
    facts are missing; which measures differ; what was set aside."""
    statement, found = snapshot.statement, [f for f in snapshot.findings if f.is_open]
    often = Counter(f.code for f in sorted(found, key=lambda f: (f.severity.rank, f.code)))
    told = [", ".join(f"{code} {catalogue.title(code, 'de')}" + (f" ({n})" if n > 1 else "") for code, n in often.items())]
    lacks = common.lacking(statement.checks)
    told += common.not_judged(lacks)
    differing = [key for key, of in sorted(snapshot.statements.items()) if any(s.verdict == "open" for s in of.stages)]
    told += [f"im Abgleich offen: {common.some(differing)}"] if differing else []
    told += common.set_aside(snapshot)
    text = "; ".join(x for x in told if x)
    if found:
        title = common.counted(len(found), "offene Feststellung", "offene Feststellungen")
        return Notice(common.gravest(found), title or "", f"{text}.")
    if statement.verdict == "open":
        return Notice(Mark.MISSING if lacks else Mark.FAULT, "Offen", f"{text or 'Noch nicht jede Maßnahme ist abgeglichen'}.")
    return Notice(Mark.HOLDS, "Ohne Feststellung", "Zum Programm und zu seinen Maßnahmen ist keine Feststellung offen.")


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
            Fact("Mindestkofinanzierung", _minimum(programme.minimum_cofunding)),
            common.cut_off(snapshot),
            common.version(number),
            Fact("Regelwerk", Text(wording.rule_set(statement.rule_set))),
        ),
        notices=(_verdict(snapshot), *common.notices(snapshot)),
        key_figures=(
            KeyFigure("Kommunen am Stichtag", Count(len(active)), f"von {len(statement.lines)} je beteiligten"),
            KeyFigure("gesichert zugesagt", Cents(statement.totals.committed_cents)),
            KeyFigure("nachgewiesen bezahlt", Cents(statement.totals.spent_cents)),
            KeyFigure("Deckungslücke", *_gap(snapshot), mark=Mark.FAULT if statement.totals.gap_cents else None),
        ),
        sections=(
            Section("Kommunen", _municipalities(snapshot), landscape=True),
            Section("Mittel nach Herkunft", _money(snapshot), landscape=True),
            Section("Maßnahmen", _measures(snapshot), landscape=True),
            Section("Veröffentlichte Zahlen", tuple(_figures(snapshot)), landscape=True),
            *common.tail(snapshot),
        ),
        basis=common.basis(snapshot),
        releases=common.RELEASES,
    )


def _gap(snapshot: ProgrammeSnapshot) -> tuple[Cell, str | None]:
    """The programme's gap, and how many of its measures it does not know of for want of a plan."""
    statement = snapshot.statement
    measures = len(statement.measures) + statement.measures_beyond
    if not statement.unplanned:
        return Cents(statement.totals.gap_cents), None
    note = f"von {statement.unplanned} der {measures} Maßnahmen fehlt der Finanzierungsplan" if measures > 1 else None
    return _of_plan(statement.totals.gap_cents, statement.unplanned, measures), note


def _of_plan(cents: int, unplanned: int, measures: int) -> Cell:
    """An amount that follows from plans: missing where none of the measures has one, else that of those that have."""
    return Missing(common.PLAN) if unplanned and unplanned >= measures else Cents(cents)


def _minimum(share: Decimal | None) -> Cell:
    return Text("keine Vorgabe") if share is None else Share(Fraction(share))


def _active(line: ProgrammeLine, snapshot: ProgrammeSnapshot) -> bool:
    day = _judged_on(snapshot)
    return (line.joined_on is None or line.joined_on <= day) and (line.left_on is None or line.left_on >= day)


def _municipalities(snapshot: ProgrammeSnapshot) -> tuple[Block, ...]:
    bands = [f.band for f in snapshot.facts if isinstance(f, SizeBandSet)]
    rows = [
        Row(
            (
                Text(x.municipality.ags or x.municipality.key),
                Text(x.municipality.name, ", ".join(x.measures) or None),
                Text(kind_of_municipality(x.municipality.ags, x.municipality.name) or "–"),
                *_since(x),
                Text("–") if x.inhabitants is None else Count(x.inhabitants),
                Text(_band(x.inhabitants, bands)),
                Text("–") if x.band_cents is None else Cents(x.band_cents),
                Text("–") if x.participation_cents is None else Cents(x.participation_cents),
                *_findings(x),
                Reference(_rows_of(snapshot, x.municipality.key)),
            )
        )
        for x in snapshot.statement.lines
    ]
    shares = [x.participation_cents for x in snapshot.statement.lines if x.participation_cents is not None]
    if shares:
        rows.append(Row((Text("Summe der Anteile"), *[None] * 7, Cents(sum(shares)), None, None), RowKind.TOTAL))
    columns = (
        Column("Schlüssel (AGS)"),
        Column("Kommune", 4),
        Column("Typ"),
        Column("beteiligt ab"),
        Column("bis"),
        Column("Einwohner"),
        Column("Größenklasse"),
        Column("Höchstbetrag €"),
        Column("Anteil am Programm €"),
        Column("Feststellungen", 2),
        Column("Prüfpfad", 2),
    )
    how = "„–“ heißt: nicht gemeldet. Unter dem Namen stehen die Maßnahmen der Kommune in diesem Programm."
    if not rows:
        return (Paragraph("Es sind weder Teilnahmen noch Maßnahmen gemeldet."),)
    return Table(columns, tuple(rows)), Paragraph(how)


def kind_of_municipality(ags: str | None, name: str) -> str | None:
    """Type of a municipality where its official key or its name tells it; None where neither does.

    A key of eight digits ending in 000 is a town outside any district, any other of eight one inside.
    """
    if name.startswith(("Kreis ", "Landkreis ")):
        return "Kreis"
    if ags and len(ags) == 8:
        return "kreisfrei" if ags.endswith("000") else "kreisangehörig"
    return None


def _band(inhabitants: int | None, bands: list[SizeBand]) -> str:
    """The size band the number of inhabitants falls into, „100.001–500.000“."""
    if inhabitants is None:
        return "–"
    for band in bands:
        if band.inhabitants_from <= inhabitants <= (band.inhabitants_to or inhabitants):
            start = write_count(band.inhabitants_from)
            return f"{start}–{write_count(band.inhabitants_to)}" if band.inhabitants_to else f"ab {start}"
    return "–"


def _rows_of(snapshot: ProgrammeSnapshot, municipality: str) -> str:
    """Rows that tell of a municipality in the programme: its participation, its inhabitants."""
    found = []
    for fact in snapshot.facts:
        match fact:
            case ParticipationRecorded() if fact.participation.municipality.key == municipality:
                found.append(fact.source.reference)
            case PopulationRecorded() if fact.population.municipality == municipality:
                found.append(fact.source.reference)
    return wording.references(found)


def _since(line: ProgrammeLine) -> tuple[Cell, Cell]:
    return (
        Day(line.joined_on) if line.joined_on else Text("–"),
        Day(line.left_on) if line.left_on else Text("–"),
    )


def _findings(line: ProgrammeLine) -> tuple[Cell]:
    counts = [f"{line.findings[s]} {s.value}" for s in Severity if line.findings.get(s)]
    if not counts:
        return (Text("–"),)
    worst = next(s for s in Severity if line.findings.get(s))
    return (Chip(common.MARK[worst], " · ".join(counts)),)


def _money(snapshot: ProgrammeSnapshot) -> tuple[Block, ...]:
    rows, lines = [], [x for x in snapshot.statement.lines if x.totals is not None]
    if not lines:
        return (Paragraph("Zu keiner Kommune ist eine Maßnahme gemeldet."),)
    for line in lines:
        rows.append(Row((Text(line.municipality.name, line.municipality.ags), *_amounts([line]))))
    rows.append(Row((Text("Summe"), *_amounts(lines)), RowKind.TOTAL))
    columns = (
        Column("Kommune", 3),
        Column("geplant €"),
        *(Column(f"{GERMAN[kind]} €") for kind in SHOWN),
        Column("Sonstige €"),
        Column("gesichert €"),
        Column("ESF-Quote"),
        Column("bezahlt €"),
        Column("Lücke €"),
    )
    how = (
        "Je Mittelgeber die gesichert zugesagten Mittel; gesichert ist ihre Summe, die ESF-Quote der Anteil des ESF daran. Jeder"
        " Betrag ist die Summe der Maßnahmen der Kommune, die unten einzeln stehen; deren Kofinanzierungsnachweise (D6) zum"
        " selben Stichtag führen zu den Zeilen. „–“ heißt: von diesem Mittelgeber ist nichts zugesagt."
    )
    shown = Table(columns, tuple(rows), caption="Gesichert zugesagte Mittel der Kommunen mit eigenen Maßnahmen")
    return shown, Paragraph(how), _crosswise(snapshot, lines)


def _crosswise(snapshot: ProgrammeSnapshot, lines: list[ProgrammeLine]) -> Table:
    """Each figure of the programme added up three ways: by funder where it is known so, by municipality, by measure."""
    totals, funders = snapshot.statement.totals, [f for line in lines for f in line.funders]
    by_funder = {
        "committed_cents": sum(f.valid_cents for f in funders),
        "received_cents": sum(f.received_cents for f in funders),
    }
    told = [s.totals for s in snapshot.statements.values()] if whole(snapshot) else None
    statement = snapshot.statement
    planless = 0 < statement.unplanned == len(statement.measures) + statement.measures_beyond
    rows = []
    for name, label in FIGURES.items():
        if planless and name in ("planned_cents", "gap_cents"):
            rows.append(Row((Text(label), Text("–"), *[Missing(common.PLAN)] * 3, Chip(Mark.MISSING, "fehlt"))))
            continue
        found = getattr(totals, name)
        ways = (
            by_funder.get(name),
            sum(getattr(line.totals, name) for line in lines if line.totals),
            None if told is None else sum(getattr(t, name) for t in told),
        )
        agree = all(x in (None, found) for x in ways)
        chip = Chip(Mark.HOLDS, "stimmt überein") if agree else Chip(Mark.FAULT, "weicht ab")
        cells = (Text("–") if x is None else Cents(x) for x in ways)
        rows.append(Row((Text(label), *cells, Cents(found), chip)))
    columns = (
        Column("Summe", 3),
        Column("Σ Mittelgeber €"),
        Column("Σ Kommunen €"),
        Column("Σ Maßnahmen €"),
        Column("Programm €"),
        Column("Kontrolle"),
    )
    return Table(columns, tuple(rows), caption="Summenprobe")


FIGURES = {
    "planned_cents": "geplant",
    "committed_cents": "gesichert zugesagt",
    "received_cents": "eingegangen",
    "claimed_cents": "beantragt",
    "spent_cents": "nachgewiesen bezahlt",
    "gap_cents": "Deckungslücke",
}
"""Figures of a programme as its tables call them."""


def _measures(snapshot: ProgrammeSnapshot) -> tuple[Block, ...]:
    """The parts every figure is the sum of, each with the journal entry up to which it was stated."""
    rows = []
    for key, statement in sorted(snapshot.statements.items()):
        measure = snapshot.measures.get(key)
        rows.append(
            Row(
                (
                    Text(key, measure.name if measure else None),
                    Text(measure.municipality.name if measure else "–", measure.carrier if measure else None),
                    *_parts(statement.totals, 0 if statement.has_plan else 1, 1),
                    Chip(common.VERDICT[statement.verdict], catalogue.word("verdict", statement.verdict, "de")),
                    Reference(f"{key}/{statement.head.number}" if statement.head.number else "–"),
                )
            )
        )
    if not rows:
        return (Paragraph("Es ist keine Maßnahme gemeldet."),)
    told = snapshot.statement
    measures = len(told.measures) + told.measures_beyond
    total = _parts(told.totals, told.unplanned, measures)
    rows.append(Row((Text("Summe des Programms"), None, *total, None, None), RowKind.TOTAL))
    columns = (
        Column("Maßnahme", 3),
        Column("Kommune und Träger", 3),
        Column("geplant €"),
        Column("gesichert €"),
        Column("eingegangen €"),
        Column("beantragt €"),
        Column("bezahlt €"),
        Column("Lücke €"),
        Column("Abgleich"),
        Column("Journal bis"),
    )
    shown = Table(columns, tuple(rows))
    how = "Ohne Finanzierungsplan ist nicht bekannt, was geplant und was ungedeckt ist; Summen gelten für die anderen."
    return (shown, Paragraph(how)) if 0 < told.unplanned < measures else (shown,)


def _parts(totals: Totals, unplanned: int, measures: int) -> tuple[Cell, ...]:
    """Planned, secured, received, claimed, paid and the gap of so many measures."""
    return (
        _of_plan(totals.planned_cents, unplanned, measures),
        Cents(totals.committed_cents),
        Cents(totals.received_cents),
        Cents(totals.claimed_cents),
        Cents(totals.spent_cents),
        _of_plan(totals.gap_cents, unplanned, measures),
    )


def _amounts(lines: list[ProgrammeLine]) -> tuple[Cell, ...]:
    by_kind: dict[FunderKind, int] = {}
    for line in lines:
        for funder in line.funders:
            by_kind[funder.kind] = by_kind.get(funder.kind, 0) + funder.valid_cents
    others = [cents for kind, cents in by_kind.items() if kind not in SHOWN]
    everything = sum(by_kind.values())
    eu = sum(cents for kind, cents in by_kind.items() if kind in EU)
    totals = [x.totals for x in lines if x.totals]
    unplanned, measures = sum(x.unplanned for x in lines), sum(len(x.measures) for x in lines)
    return (
        _of_plan(sum(t.planned_cents for t in totals), unplanned, measures),
        *(Cents(by_kind[kind]) if kind in by_kind else Text("–") for kind in SHOWN),
        Cents(sum(others)) if others else Text("–"),
        Cents(everything),
        Share(Fraction(eu, everything)) if everything else Text("–"),
        Cents(sum(t.spent_cents for t in totals)),
        _of_plan(sum(t.gap_cents for t in totals), unplanned, measures),
    )


def _figures(snapshot: ProgrammeSnapshot) -> Iterator[Block]:
    """What was published beside what is counted: numbers and amounts in tables of their own, so that units stay apart."""
    if not snapshot.statement.figures:
        yield Paragraph("Es wurden keine veröffentlichten Zahlen eingereicht.")
        return
    for unit, caption in (("count", "Anzahlen"), ("cents", "Beträge")):
        rows = tuple(Row(_figure(f, snapshot)) for f in snapshot.statement.figures if f.unit == unit)
        if rows:
            columns = (
                Column("Zahl und Quelle", 4),
                Column("veröffentlicht am"),
                Column("veröffentlicht"),
                Column("gezählt"),
                Column("Differenz"),
                Column("Vergleich"),
                Column("Prüfpfad", 2),
            )
            yield Table(columns, rows, caption=caption)
    yield Paragraph(
        "Widersprechende Veröffentlichungen bleiben nebeneinander stehen; geprüft (PRG-01, PRG-03) wird von jeder Zahl die"
        " jüngste. Differenz = gezählt − veröffentlicht."
    )


def _figure(f: FigureLine, snapshot: ProgrammeSnapshot) -> tuple[Cell, ...]:
    none = Text("–")
    sources = [
        x.source.reference
        for x in snapshot.facts
        if isinstance(x, FigurePublished)
        and (x.figure.scope, x.figure.published_on, x.figure.publication) == (f.scope, f.published_on, f.publication)
    ]
    return (
        Text(wording.SCOPES.get(f.scope, f.scope), f.publication),
        Day(f.published_on),
        _value(f.published, f.unit),
        none if f.counted is None else _value(f.counted, f.unit),
        none if f.counted is None else _value(f.counted - f.published, f.unit),
        _judged(f, snapshot),
        Reference(wording.references(sources)),
    )


def _value(value: int, unit: str) -> Cell:
    return Cents(value) if unit == "cents" else Count(value)


def _judged(figure: FigureLine, snapshot: ProgrammeSnapshot) -> Cell:
    if not figure.compared or figure.counted is None:
        return Chip(Mark.NOT_APPLICABLE, "nicht verglichen")
    if abs(figure.counted - figure.published) <= figure.tolerance:
        exact = figure.counted == figure.published
        return Chip(Mark.HOLDS, "stimmt" if exact else f"stimmt gerundet, ± {write_cents(int(figure.tolerance), unit=True)}")
    if _superseded(figure, snapshot):
        return Chip(Mark.HINT, "weicht ab, neuere liegt vor")
    return Chip(Mark.WARNING, "weicht ab")


def _superseded(figure: FigureLine, snapshot: ProgrammeSnapshot) -> bool:
    """Was the same published anew by the day it is judged on? The checks take the latest."""
    same = [x for x in snapshot.statement.figures if (x.scope, x.unit) == (figure.scope, figure.unit)]
    return any(figure.published_on < x.published_on <= _judged_on(snapshot) for x in same)


def _judged_on(snapshot: ProgrammeSnapshot) -> date:
    """The cut-off date, or the programme's end if that was earlier."""
    return min(snapshot.as_of, snapshot.programme.period.end)
