"""D6 Kofinanzierungsnachweis: who promised what for which year, on which decision, what came in, and whether it is secured."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction

from services.reporting.domain.document import (
    Bar,
    Block,
    Cell,
    Cents,
    Chart,
    Chip,
    Column,
    Count,
    Day,
    Document,
    Fact,
    Facts,
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
    text_or_missing,
)
from services.reporting.domain.documents import common, wording
from services.reporting.domain.facts import Paper
from services.reporting.domain.snapshot import MeasureSnapshot
from services.reporting.domain.use import Spell, use_of
from shared.contracts import catalogue
from shared.contracts.funding import CoverageLine, YearLine
from shared.contracts.intake import Award, DecisionDetailed, Step, StepResult
from shared.values.funders import GERMAN
from shared.values.german import write_day, write_share

PASSED = (StepResult.PASSED_UNCHANGED, StepResult.PASSED_CHANGED)


def compose(snapshot: MeasureSnapshot, number: str) -> Document:
    """The co-funding statement of a measure as of its statement's day."""
    totals = snapshot.statement.totals
    secured, why = secured_because(snapshot)
    verdict = (
        Notice(Mark.HOLDS, "Gesichert", _secured(snapshot))
        if secured
        else Notice(Mark.FAULT, "Nicht gesichert", "weil " + "; ".join(why))
    )
    no_plan, spells = not snapshot.plan, use_of(snapshot)
    return Document(
        kind="D6",
        number=number,
        title="Kofinanzierungsnachweis",
        subtitle=snapshot.measure.name,
        status=common.status(snapshot),
        facts=common.measure_facts(snapshot, number),
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
            Section("Mittelherkunft", (*_chart(snapshot, spells), _coverage(snapshot)), landscape=True),
            _years(snapshot),
            _promises(snapshot),
            *_papers(snapshot),
            common.income_section(snapshot),
            _use(snapshot, spells),
            *_staff(snapshot),
            *common.tail(snapshot),
        ),
        basis=common.basis(snapshot),
        releases=common.RELEASES,
    )


RELEVANT = ("KOF-", "BES-", "BEW-")
"""Checks that decide whether the financing is secured, by the beginning of their code."""


def secured_because(snapshot: MeasureSnapshot) -> tuple[bool, tuple[str, ...]]:
    """Is the total financing secured, and if not: why not, in German. Missing facts are reasons like findings."""
    issuers = wording.issuers_of(snapshot)
    about: dict[str, list[str]] = {}
    for f in snapshot.findings:
        if f.code.startswith(RELEVANT) and f.is_open:
            about.setdefault(f.code, []).append(wording.object_of(f, issuers))
    reasons = [f"{code} {catalogue.title(code, 'de')} ({common.some(objects)})" for code, objects in about.items()]
    relevant = [result for result in snapshot.statement.checks if result.code.startswith(RELEVANT)]
    lacks = common.lacking(relevant, own=f"measure {snapshot.measure.key}")
    reasons += [f"{what} fehlt ({detail})" for what, detail in lacks.items()]
    return not reasons, tuple(reasons)


def _secured(snapshot: MeasureSnapshot) -> str:
    """What was looked at, and that other findings are open where they are: secured is not without objection."""
    others = ", ".join(dict.fromkeys(f.code for f in snapshot.findings if f.is_open))
    calm = "Keine Feststellung zu Kofinanzierung, Beschlüssen und Bewilligung"
    return f"{calm}; offen sind andere: {others}." if others else f"{calm} ist offen."


def _chart(snapshot: MeasureSnapshot, spells: tuple[Spell, ...]) -> Iterator[Block]:
    names = list(dict.fromkeys(c.funder.name for c in snapshot.statement.coverage))
    if not names:
        return
    sums = {
        label: tuple(
            sum(max(0, getattr(c, field)) for c in snapshot.statement.coverage if c.funder.name == name) for name in names
        )
        for label, field in (("zugesagt", "committed_cents"), ("gesichert", "valid_cents"), ("eingegangen", "received_cents"))
    }
    used = [u for spell in spells for u in spell.funders]
    sums["verwendet"] = tuple(sum(u.used_cents for u in used if u.line.funder.name == name) for name in names)
    yield Chart(tuple(names), tuple(Bar(label, cents) for label, cents in sums.items()))


def _coverage(snapshot: MeasureSnapshot) -> Block:
    coverage = snapshot.statement.coverage
    rows = [Row(_funder_cells(snapshot, line)) for line in coverage]
    if rows:
        valid, received = sum(x.valid_cents for x in coverage), sum(x.received_cents for x in coverage)
        amounts = (sum(x.committed_cents for x in coverage), valid, received, valid - received)
        rows.append(Row((Text("Summe"), None, None, None, *[Cents(x) for x in amounts]), RowKind.TOTAL))
    columns = (
        Column("Mittelgeber", 4),
        Column("Jahr"),
        Column("Grundlage", 3),
        Column("Prüfpfad", 3),
        Column("zugesagt €"),
        Column("gesichert €"),
        Column("eingegangen €"),
        Column("offen €"),
    )
    calm = "Es sind weder Zusagen noch Bescheide eingereicht."
    return common.columns_or_calm(columns, rows, calm, "Zugesagt, gesichert, eingegangen je Mittelgeber und Jahr")


def _funder_cells(snapshot: MeasureSnapshot, line: CoverageLine) -> tuple[Cell, ...]:
    ground, sources = _ground(snapshot, line)
    return (
        Text(line.funder.name, GERMAN[line.funder.kind]),
        Text("Laufzeit" if line.whole_term else str(line.budget_year)),
        ground,
        Reference(wording.references(sources)),
        Cents(line.committed_cents),
        Cents(line.valid_cents),
        Cents(line.received_cents),
        Cents(line.valid_cents - line.received_cents),
    )


def _ground(snapshot: MeasureSnapshot, line: CoverageLine) -> tuple[Cell, list[str]]:
    """Decision or award the promise rests on, why it does not cover where it does not; and the rows that say so."""
    promises = [
        f
        for f in snapshot.commitments
        if (f.commitment.funder.key, f.commitment.budget_year) == (line.funder.key, line.budget_year)
    ]
    awards = [f for f in snapshot.awards if f.award.grantor.key == line.funder.key]
    sources = [common.trail_of(f, snapshot).reference for f in (promises or awards[-1:])]
    ground = (
        line.decision
        or (awards[-1].award.reference if awards else None)
        or (promises[-1].commitment.legal_form if promises else None)
    )
    if ground is None and not sources:
        sources = [common.trail_of(f, snapshot).reference for f in snapshot.receipts if f.receipt.funder.key == line.funder.key]
        return Text("nur Eingänge, keine Zusage" if sources else "–", line.why_not or None), sources
    return Text(ground or "ohne Beschluss oder Bescheid", line.why_not or None), sources


def _years(snapshot: MeasureSnapshot) -> Section:
    figures = [figure for figure in common.YEAR_FIGURES if figure != "claimed_cents"]
    calm = "Es gibt weder Plan noch Zusagen oder Eingänge zu einem Haushaltsjahr."
    table = common.years_table(snapshot.statement, figures, "Deckung", _covered, calm)
    return Section("Deckung nach Haushaltsjahren", (table,), landscape=True)


def _covered(year: YearLine) -> Chip:
    if year.gap_cents is None:
        return Chip(Mark.MISSING, "fehlt")
    return Chip(Mark.FAULT, "Lücke") if year.gap_cents else Chip(Mark.HOLDS, "gedeckt")


def _promises(snapshot: MeasureSnapshot) -> Section:
    """Every award and every commitment as handed in, whatever became of it."""
    awards = [
        Row(
            (
                Text(a.reference, f"Fassung {a.version}" + (f", widerrufen {write_day(a.revoked_on)}" if a.revoked_on else "")),
                Text(a.grantor.name, GERMAN[a.grantor.kind]),
                Day(a.awarded_on),
                Text(f"{write_day(a.period.start)} – {write_day(a.period.end)}"),
                Text(catalogue.word("financing", a.financing.value, "de"), _share(a)),
                common.trail_of(f, snapshot),
                Cents(a.maximum_cents),
            )
        )
        for f in snapshot.awards
        for a in (f.award,)
    ]
    commitments = [
        Row(
            (
                Text(c.number, f"Fassung {c.version}" if c.version > 1 else None),
                Text(c.funder.name, ", ".join(x for x in (GERMAN[c.funder.kind], c.legal_form) if x)),
                Text(str(c.budget_year)),
                Text(
                    catalogue.word("commitment_status", c.status.value, "de"),
                    f"gültig bis {write_day(c.expires_on)}" if c.expires_on else None,
                ),
                Day(c.committed_on),
                Text(c.decision or "–"),
                common.trail_of(f, snapshot),
                Cents(c.amount_cents),
            )
        )
        for f in sorted(snapshot.commitments, key=lambda f: (f.commitment.funder.name, f.commitment.budget_year))
        for c in (f.commitment,)
    ]
    return Section(
        "Bescheide und Zusagen im Einzelnen",
        (
            common.columns_or_calm(_AWARD_COLUMNS, awards, "Es sind keine Bescheide eingereicht.", "Bescheide"),
            common.columns_or_calm(_COMMITMENT_COLUMNS, commitments, "Es sind keine Zusagen eingereicht.", "Zusagen"),
        ),
        landscape=True,
    )


_AWARD_COLUMNS = (
    Column("Aktenzeichen", 2),
    Column("Zuwendungsgeber", 3),
    Column("vom"),
    Column("Bewilligungszeitraum", 2),
    Column("Finanzierungsart", 2),
    Column("Prüfpfad", 2),
    Column("höchstens €"),
)
_COMMITMENT_COLUMNS = (
    Column("Zusage", 2),
    Column("Mittelgeber", 3),
    Column("Jahr"),
    Column("Status", 2),
    Column("vom"),
    Column("Vorlage", 2),
    Column("Prüfpfad", 2),
    Column("Betrag €"),
)


def _share(award: Award) -> str | None:
    if award.share is None:
        return None
    return f"{write_share(award.share)} der {'öffentlichen Mittel' if award.base == 'public' else 'Gesamtausgaben'}"


def _papers(snapshot: MeasureSnapshot) -> Iterator[Section]:
    if not snapshot.papers:
        yield Section("Beschlüsse", (Paragraph("Keine der Zusagen nennt eine Vorlage."),), landscape=True)
    for paper in snapshot.papers.values():
        yield Section(f"Beschluss zur Vorlage {_reference(paper)}", tuple(_paper(paper, snapshot.as_of)), landscape=True)


def _paper(paper: Paper, on: date) -> Iterator[Block]:
    """What the paper says; what of it lies behind the cut-off date says so."""
    if paper.recorded is None:
        yield Notice(
            Mark.MISSING,
            f"Vorlage {paper.key}",
            "Die Vorlage selbst liegt nicht vor; bekannt sind nur die erfassten Einzelheiten."
            if paper.details
            else "Weder die Vorlage noch Einzelheiten zu ihr liegen vor.",
        )
    else:
        decision = paper.recorded.decision
        yield Facts(
            (
                Fact("Vorlage-Nr.", Text(decision.reference)),
                Fact("Betreff", Text(decision.title)),
                Fact("Vorlage-Art", text_or_missing(decision.paper_type, "Art")),
                Fact("Federführend", text_or_missing(", ".join(decision.lead), "Federführung")),
                *([Fact("Vorlage vom", Day(decision.dated))] if decision.dated else []),
                Fact("Prüfpfad", Reference(paper.recorded.source.reference)),
            )
        )
        steps = [_step(step, on) for step in decision.steps]
        calm = "Zu dieser Vorlage ist keine Beratung erfasst."
        yield common.columns_or_calm(_STEP_COLUMNS, steps, calm, "Beratungsfolge")
        if decision.files:
            files = tuple(
                Row((Text(f.name), Reference(f.sha256) if f.sha256 else Missing("Prüfsumme der Datei"))) for f in decision.files
            )
            yield Table((Column("Datei", 2), Column("SHA-256", 3)), files, caption="Anlagen")
    if paper.details:
        details = sorted(paper.details, key=lambda d: (d.detail.budget_year, d.detail.funder.name, d.source.reference))
        rows = [Row(_detail(d, on)) for d in details]
        amounts = [d.detail.amount_cents for d in details]
        total = sum(x for x in amounts if x is not None)
        label = "Summe der genannten Beträge" if None in amounts else "Summe"
        rows.append(Row((Text(label), *[None] * 5, Cents(total)), RowKind.TOTAL))
        yield Table(_DETAIL_COLUMNS, tuple(rows), caption="Betrag, Jahr und Haushalt")


def _reference(paper: Paper) -> str:
    return paper.recorded.decision.reference if paper.recorded else paper.key


_STEP_COLUMNS = (Column("Gremium", 3), Column("Rolle", 2), Column("Datum"), Column("Sitzung", 2), Column("Ergebnis", 3))


def _step(step: Step, on: date) -> Row:
    role = step.role or {True: "Entscheidung", False: "Beratung", None: ""}[step.authoritative]
    return Row(
        (
            Text(step.body),
            text_or_missing(role, "Rolle"),
            Day(step.held_on) if step.held_on else Missing("Datum"),
            Text(step.meeting or "–"),
            _after(step.result_raw) if step.held_on and step.held_on > on else _result(step.result_raw, step.result),
        )
    )


_DETAIL_COLUMNS = (
    Column("Mittelgeber", 4),
    Column("Jahr"),
    Column("Im Budget"),
    Column("Bewilligung", 3),
    Column("Produkt"),
    Column("Prüfpfad", 2),
    Column("Betrag €"),
)


def _detail(fact: DecisionDetailed, on: date) -> tuple[Cell, ...]:
    detail = fact.detail
    approved = f"vom {write_day(detail.approved_on)}" if detail.approved_on else None
    if detail.approved_on and detail.approved_on > on:
        approved = f"{approved}, {LATER}"
    return (
        Text(detail.funder.name, GERMAN[detail.funder.kind]),
        Text(str(detail.budget_year)),
        Missing("Angabe") if detail.in_budget is None else Text("ja" if detail.in_budget else "nein"),
        Text(detail.approval or "–", approved),
        Text(detail.product or "–"),
        Reference(fact.source.reference),
        common.cents_or(detail.amount_cents, "Betrag"),
    )


def _use(snapshot: MeasureSnapshot, spells: tuple[Spell, ...]) -> Section:
    """What was done with the money: by funder and year, by the rule that is printed with it; and what is left of it."""
    calm = "Es gibt weder gesicherte Mittel noch nachgewiesen bezahlte Ausgaben."
    blocks: list[Block] = [common.columns_or_calm(_USE_COLUMNS, _used(snapshot, spells), calm, "Je Mittelgeber und Jahr")]
    if spells:
        blocks.append(Paragraph(ALLOTTED))
    if any(spell.vouchers for spell in spells):
        blocks.append(_spent(spells))
    return Section("Verwendung und Bestand", (*blocks, _balance(snapshot)), landscape=True)


ALLOTTED = (
    "Regel der Zuordnung: Alle Mittel decken alle Ausgaben. Was für ein Haushaltsjahr nachgewiesen bezahlt ist, tragen die"
    " Mittelgeber dieses Jahres im Verhältnis ihrer gesicherten Mittel, höchstens bis zu deren Höhe; eine Fehlbedarfsfinanzierung"
    " trägt erst, was die anderen nicht decken. Was darüber hinausgeht, tragen die Reste früherer Jahre, die ältesten zuerst, nie"
    " die Mittel späterer Jahre. Sichert ein Bescheid die ganze Laufzeit ohne Jahresbeträge, gilt das für die Laufzeit im Ganzen."
    " Gerundet wird auf Cent nach dem größten Rest. Bestand = eingegangen − verwendet; negativ heißt vorfinanziert."
)
_USE_COLUMNS = (
    Column("Mittelgeber", 4),
    Column("Jahr"),
    Column("Prüfpfad der Eingänge", 3),
    Column("gesichert €"),
    Column("eingegangen €"),
    Column("verwendet €"),
    Column("Anteil"),
    Column("Bestand €"),
)


def _used(snapshot: MeasureSnapshot, spells: tuple[Spell, ...]) -> list[Row]:
    """By funder and year; what nobody bears has its own row, so that the sum is what was proven paid."""
    spent = sum(spell.spent_cents for spell in spells)
    rows = []
    for spell in spells:
        for used in spell.funders:
            line = used.line
            receipts = [
                f.source.reference
                for f in snapshot.receipts
                if f.receipt.funder.key == line.funder.key and (line.whole_term or f.receipt.award_year == line.budget_year)
            ]
            rows.append(
                Row(
                    (
                        Text(line.funder.name, GERMAN[line.funder.kind]),
                        Text("Laufzeit" if line.whole_term else str(line.budget_year)),
                        Reference(wording.references(receipts)),
                        *(Cents(x) for x in (line.valid_cents, line.received_cents, used.used_cents)),
                        _part(used.used_cents, spent),
                        Cents(used.balance_cents),
                    )
                )
            )
        if over := spell.uncovered_cents:
            label = Text("ohne gesicherte Mittel", "über alle bis dahin gesicherten Mittel hinaus bezahlt")
            amounts = (Cents(0), Cents(0), Cents(over), _part(over, spent), Cents(-over))
            rows.append(Row((label, Text(_spell(spell)), Reference("–"), *amounts)))
    if rows:
        lines = [used.line for spell in spells for used in spell.funders]
        received = sum(x.received_cents for x in lines)
        sums = (Cents(sum(x.valid_cents for x in lines)), Cents(received), Cents(spent))
        rows.append(Row((Text("Summe"), None, None, *sums, _part(spent, spent), Cents(received - spent)), RowKind.TOTAL))
    return rows


def _part(cents: int, of: int) -> Cell:
    return Share(Fraction(cents, of)) if of else Text("–")


def _spell(spell: Spell) -> str:
    return "Laufzeit" if spell.budget_year is None else str(spell.budget_year)


def _spent(spells: tuple[Spell, ...]) -> Block:
    """What was proven paid, with the rows of the vouchers it is the sum of."""
    rows = [
        Row(
            (
                Text(_spell(spell)),
                Count(len(spell.vouchers)),
                Reference(wording.references(v.line.entry.source.reference for v in spell.vouchers)),
                *(Cents(x) for x in (spell.spent_cents, spell.own_cents, spell.left_over_cents, spell.uncovered_cents)),
            )
        )
        for spell in spells
        if spell.vouchers
    ]
    sums = (
        sum(s.spent_cents for s in spells),
        sum(s.own_cents for s in spells),
        sum(s.left_over_cents for s in spells),
        sum(s.uncovered_cents for s in spells),
    )
    rows.append(Row((Text("Summe"), Count(sum(len(s.vouchers) for s in spells)), None, *map(Cents, sums)), RowKind.TOTAL))
    columns = (
        Column("Jahr"),
        Column("Belege"),
        Column("Prüfpfad der Belege", 5),
        Column("nachgewiesen bezahlt €"),
        Column("aus Mitteln des Jahres €"),
        Column("aus Resten früherer Jahre €"),
        Column("ohne gesicherte Mittel €"),
    )
    return Table(columns, tuple(rows), caption="Nachgewiesen bezahlt, einzeln in der Belegliste (D5)")


def _balance(snapshot: MeasureSnapshot) -> Block:
    """From what came in to what is still to come."""
    totals = snapshot.statement.totals
    rows = (
        ("Eingänge", "Eingänge − Erstattungen, siehe oben", totals.received_cents),
        ("Nachgewiesen bezahlt", "Belege mit Zahlungsnachweis", totals.spent_cents),
        ("Bestand", "Eingänge − nachgewiesen bezahlt; negativ heißt vorfinanziert", totals.received_cents - totals.spent_cents),
        ("Beantragt, Zahlung nicht nachgewiesen", "beantragt − nachgewiesen bezahlt", totals.claimed_cents - totals.spent_cents),
        ("Noch offen", "gesichert − eingegangen", totals.committed_cents - totals.received_cents),
    )
    return common.reckoned(rows, "Im Ganzen")


def _staff(snapshot: MeasureSnapshot) -> Iterator[Section]:
    """Staff lent to the measure: who by pseudonym, which share, what it cost."""
    if not snapshot.staff:
        return
    months = sorted(snapshot.staff, key=lambda f: (f.staff.person, f.staff.year, f.staff.month))
    rows = [
        Row(
            (
                Text(f.staff.person),
                Text(f"{f.staff.month:02d}/{f.staff.year}"),
                Share(Fraction(f.staff.share)),
                Reference(f.source.reference),
                common.cents_or(f.staff.cost_cents, "Kosten"),
            )
        )
        for f in months
    ]
    total = common.sum_or_missing([f.staff.cost_cents for f in months], "Kosten")
    rows.append(Row((Text("Summe"), None, None, None, total), RowKind.TOTAL))
    columns = (Column("Person (Pseudonym)", 3), Column("Monat"), Column("Anteil"), Column("Prüfpfad", 2), Column("Kosten €"))
    yield Section("Personaleinsatz", (Table(columns, tuple(rows)), Paragraph(wording.PSEUDONYMS)), landscape=True)


LATER = "nach dem Stichtag, zählt nicht mit"
"""A paper is printed as it is known; the checks take of it what had happened by the day."""


def _after(raw: str | None) -> Cell:
    return Text(raw or "–", LATER)


def _result(raw: str | None, result: StepResult | None) -> Cell:
    if result is None or raw is None:
        return text_or_missing(raw, "Ergebnis")
    mark = Mark.HOLDS if result in PASSED else Mark.WARNING if result is StepResult.UNKNOWN else Mark.HINT
    return Chip(mark, raw)
