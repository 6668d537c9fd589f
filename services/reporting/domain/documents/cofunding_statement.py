"""D6 Kofinanzierungsnachweis: who promised what for which year, on which decision, what came in, and whether it is secured."""

from __future__ import annotations

from collections.abc import Iterator

from services.reporting.domain.document import (
    Bar,
    Block,
    Cell,
    Cents,
    Chart,
    Chip,
    Column,
    Day,
    Document,
    KeyFigure,
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
from services.reporting.domain.documents import common
from services.reporting.domain.snapshot import MeasureSnapshot, Paper
from shared.contracts import catalogue
from shared.contracts.funding import CoverageLine
from shared.contracts.intake import DecisionDetailed, StepResult
from shared.values.funders import GERMAN

PASSED = (StepResult.PASSED_UNCHANGED, StepResult.PASSED_CHANGED)


def compose(snapshot: MeasureSnapshot, number: str) -> Document:
    """The co-funding statement of a measure as of its statement's day."""
    totals = snapshot.statement.totals
    secured, why = secured_because(snapshot)
    verdict = Notice(Mark.HOLDS, "Gesichert") if secured else Notice(Mark.FAULT, "Nicht gesichert", "weil " + "; ".join(why))
    no_plan = not snapshot.plan
    return Document(
        kind="D6",
        number=number,
        title="Kofinanzierungsnachweis",
        subtitle=snapshot.measure.name,
        status=common.status(snapshot),
        facts=common.measure_facts(snapshot),
        notices=(verdict, *common.notices(snapshot)),
        key_figures=(
            KeyFigure("Finanzierungsplan", Missing("Finanzierungsplan") if no_plan else Cents(totals.planned_cents)),
            KeyFigure("gesichert zugesagt", Cents(totals.committed_cents)),
            KeyFigure("eingegangen", Cents(totals.received_cents)),
            KeyFigure(
                "Deckungslücke",
                Missing("Finanzierungsplan") if no_plan else Cents(totals.gap_cents),
                mark=Mark.FAULT if totals.gap_cents else None,
            ),
        ),
        sections=(
            Section("Mittelherkunft", (*_chart(snapshot), _coverage(snapshot)), landscape=False),
            _years(snapshot),
            *_papers(snapshot),
            common.income_section(snapshot),
            *common.changes_section(snapshot),
            common.findings_section(snapshot.findings),
            common.checks_section(snapshot.statement.checks),
        ),
        basis=common.basis(snapshot),
    )


def secured_because(snapshot: MeasureSnapshot) -> tuple[bool, tuple[str, ...]]:
    """Is the total financing secured, and if not: why not, in German. Missing facts are reasons like findings."""
    relevant = ("KOF-", "BES-", "BEW-")
    reasons = [
        f"{f.code} {catalogue.title(f.code, 'de')} ({f.object})"
        for f in snapshot.findings
        if f.code.startswith(relevant) and not f.waived
    ]
    reasons += [f"{m.code} fehlt: {m.what}" for c in snapshot.statement.checks for m in c.missing if m.code.startswith(relevant)]
    return not reasons, tuple(reasons)


def _chart(snapshot: MeasureSnapshot) -> Iterator[Block]:
    names = list(dict.fromkeys(c.funder.name for c in snapshot.statement.coverage))
    if not names:
        return
    sums = {
        label: tuple(
            sum(max(0, getattr(c, field)) for c in snapshot.statement.coverage if c.funder.name == name) for name in names
        )
        for label, field in (("zugesagt", "committed_cents"), ("gesichert", "valid_cents"), ("eingegangen", "received_cents"))
    }
    yield Chart(tuple(names), tuple(Bar(label, cents) for label, cents in sums.items()))


def _coverage(snapshot: MeasureSnapshot) -> Table:
    rows = [Row(_funder_cells(snapshot, line)) for line in snapshot.statement.coverage]
    if rows:
        c = snapshot.statement.coverage
        total = (sum(x.committed_cents for x in c), sum(x.valid_cents for x in c), sum(x.received_cents for x in c))
        rows.append(Row((Text("Summe"), None, None, *[Cents(t) for t in total], Cents(total[1] - total[2])), RowKind.TOTAL))
    columns = (
        Column("Mittelgeber", 3),
        Column("Jahr"),
        Column("Grundlage", 3),
        Column("zugesagt €"),
        Column("gesichert €"),
        Column("eingegangen €"),
        Column("offen €"),
    )
    return Table(columns, tuple(rows))


def _funder_cells(snapshot: MeasureSnapshot, line: CoverageLine) -> tuple[Cell, ...]:
    return (
        Text(line.funder.name, GERMAN[line.funder.kind]),
        Text(str(line.budget_year)),
        _ground(snapshot, line),
        Cents(line.committed_cents),
        Cents(line.valid_cents),
        Cents(line.received_cents),
        Cents(line.valid_cents - line.received_cents),
    )


def _ground(snapshot: MeasureSnapshot, line: CoverageLine) -> Cell:
    """Decision or award the promise rests on, with the row that says so; why it does not cover, where it does not."""
    promises = [
        f
        for f in snapshot.commitments
        if (f.commitment.funder.key, f.commitment.budget_year) == (line.funder.key, line.budget_year)
    ]
    awards = [f for f in snapshot.awards if f.award.grantor.key == line.funder.key]
    sources = [f.source.reference for f in (promises[-1:] or awards[-1:])]
    ground = (
        line.decision
        or (awards[-1].award.reference if awards else None)
        or (promises[-1].commitment.legal_form if promises else None)
    )
    if ground is None and not sources:
        return Text("–", line.why_not or None)
    note = " · ".join([*sources, *([line.why_not] if line.why_not else [])])
    return Text(ground or "ohne Beschluss oder Bescheid", note or None)


def _years(snapshot: MeasureSnapshot) -> Section:
    rows = tuple(
        Row(
            (
                Text(str(y.budget_year)),
                common.cents_or(y.planned_cents, "Finanzierungsplan"),
                Cents(y.valid_cents),
                Cents(y.received_cents),
                common.cents_or(y.gap_cents, "Finanzierungsplan"),
                Chip(Mark.MISSING if y.gap_cents is None else Mark.FAULT if y.gap_cents else Mark.HOLDS, _year_word(y.gap_cents)),
            )
        )
        for y in snapshot.statement.years
    )
    columns = (
        Column("Haushaltsjahr"),
        Column("geplant €"),
        Column("gesichert €"),
        Column("eingegangen €"),
        Column("Lücke €"),
        Column("Deckung"),
    )
    return Section("Deckung nach Haushaltsjahren", (Table(columns, rows),))


def _year_word(gap: int | None) -> str:
    return "fehlt" if gap is None else "Lücke" if gap else "gedeckt"


def _papers(snapshot: MeasureSnapshot) -> Iterator[Section]:
    if not snapshot.papers:
        return
    blocks: list[Block] = []
    for paper in snapshot.papers.values():
        blocks += _paper(paper)
    yield Section("Beschlüsse", tuple(blocks))


def _paper(paper: Paper) -> Iterator[Block]:
    if paper.recorded is None:
        yield Notice(
            Mark.MISSING,
            f"Vorlage {paper.key}",
            "Die Vorlage selbst liegt nicht vor; bekannt sind nur die erfassten Einzelheiten.",
        )
    else:
        decision = paper.recorded.decision
        lead = f", federführend: {', '.join(decision.lead)}" if decision.lead else ""
        kind = f"{decision.paper_type or 'Vorlage'} {decision.reference}{lead}"
        yield Paragraph(f"{kind} – {decision.title} ({paper.recorded.source.reference})")
        yield Table(
            (Column("Gremium", 3), Column("Rolle", 2), Column("Datum"), Column("Sitzung", 2), Column("Ergebnis", 3)),
            tuple(
                Row(
                    (
                        Text(step.body),
                        Text(step.role or ("Entscheidung" if step.authoritative else "Beratung")),
                        Day(step.held_on) if step.held_on else Missing("Datum"),
                        Text(step.meeting or "–"),
                        _result(step.result_raw, step.result),
                    )
                )
                for step in decision.steps
            ),
        )
        if decision.files:
            yield Paragraph(
                "Anlagen: " + "; ".join(f.name + (f" (SHA-256 {f.sha256})" if f.sha256 else "") for f in decision.files) + "."
            )
    if paper.details:
        yield Table(_DETAIL_COLUMNS, tuple(Row(_detail(d)) for d in paper.details), caption="Betrag, Jahr und Haushalt")


_DETAIL_COLUMNS = (
    Column("Mittelgeber", 3),
    Column("Jahr"),
    Column("im Budget"),
    Column("Bewilligung", 2),
    Column("Produkt"),
    Column("Prüfpfad", 2),
    Column("Betrag €"),
)


def _detail(fact: DecisionDetailed) -> tuple[Cell, ...]:
    detail = fact.detail
    return (
        Text(detail.funder.name),
        Text(str(detail.budget_year)),
        Missing("Angabe") if detail.in_budget is None else Text("ja" if detail.in_budget else "nein"),
        Text(detail.approval or "–"),
        Text(detail.product or "–"),
        Reference(fact.source.reference),
        common.cents_or(detail.amount_cents, "Betrag"),
    )


def _result(raw: str | None, result: StepResult | None) -> Cell:
    if result is None or raw is None:
        return text_or_missing(raw, "Ergebnis")
    mark = Mark.HOLDS if result in PASSED else Mark.WARNING if result is StepResult.UNKNOWN else Mark.HINT
    return Chip(mark, raw)
