"""D7 Abgleichsbericht: stages S1–S7, what differs and why, verdict per year."""

from __future__ import annotations

import re

from services.reporting.domain.document import (
    Bar,
    Block,
    Cell,
    Cents,
    Chart,
    Chip,
    Column,
    Count,
    Document,
    KeyFigure,
    Mark,
    Missing,
    Notice,
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
        notices=(_verdict(snapshot), *common.notices(snapshot)),
        key_figures=(
            KeyFigure("Ergebnis", _chip(statement.verdict), common.counted(open_stages, "offene Stufe", "offene Stufen")),
            KeyFigure("förderfähig beantragt", Cents(statement.totals.claimed_cents)),
            KeyFigure("nachgewiesen bezahlt", Cents(statement.totals.spent_cents)),
            KeyFigure("Feststellungen", Count(len(snapshot.findings)), mark=Mark.FAULT if snapshot.findings else None),
        ),
        sections=(
            Section("Vom Plan zur Zahlung", (_flow(snapshot),), landscape=True),
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


SIDES = {
    "S1": "Finanzierungsplan gegen gesicherte Mittel aller Mittelgeber",
    "S2": "Plan ohne bewilligte Zuwendungen gegen gesicherte Zusagen der anderen",
    "S3": "kommunale Zusagen gegen Beträge, die die Beschlüsse nennen",
    "S4": "gesicherte Mittel gegen Eingänge abzüglich Erstattungen",
    "S5": "zu zahlende Beträge der Belege gegen ihre Teile der Abbuchungen",
    "S6": "nachgewiesene Ausgaben gegen abgerufene Mittel",
    "S7": "abgerufene Mittel gegen im Zahlungsantrag erklärte Ausgaben",
}
"""What stands left and right in a stage."""


VERDICTS = {
    "reconciled": (Mark.HOLDS, "Abgeglichen"),
    "explained": (Mark.HINT, "Abgeglichen mit erklärten Differenzen"),
    "open": (Mark.FAULT, "Offen"),
}


def _verdict(snapshot: MeasureSnapshot) -> Notice:
    """The verdict in words: what keeps it open (differences, findings, missing facts, what was set aside), what explains it, and
    what it does not speak of yet."""
    statement = snapshot.statement
    told = []
    for stage in statement.stages:
        said = []
        if stage.verdict == "open" and stage.unexplained_cents:
            said.append(f"ungeklärt {common.euro(stage.unexplained_cents)}")
        elif stage.verdict == "explained":
            said.append(f"erklärt {common.euro(sum(e.cents for e in stage.explained))}")
        if stage.open_count:
            said.append(f"{stage.open_count} Posten ohne Gegenstück")
        if said:
            told.append(f"{stage.code} {catalogue.word('stage', stage.code, 'de')}: " + ", ".join(said))
    serious = [f for f in snapshot.findings if f.is_serious]
    if serious:
        codes = ", ".join(dict.fromkeys(f.code for f in serious))
        told.append(f"{common.counted(len(serious), 'Feststellung B oder F', 'Feststellungen B oder F')} ({codes})")
    own = f"measure {snapshot.measure.key}"
    told += [*common.not_judged(common.lacking(statement.checks, statement.stages, own)), *common.set_aside(snapshot)]
    mark, title = VERDICTS[statement.verdict]
    calm = "Keine Stufe weicht ab, keine Angabe fehlt, und keine Feststellung B oder F ist offen"
    left_out = [f"{stage.missing} ({stage.code})" for stage in statement.stages if stage.missing and not stage.lacks_input]
    more = f" Noch nicht einbezogen, weil noch nicht einzureichen: {', '.join(left_out)}." if left_out else ""
    return Notice(mark, title, f"{'; '.join(told) or calm}.{more}")


def _flow(snapshot: MeasureSnapshot) -> Block:
    """How far the money has come: of what is planned, secured and claimed, which part the next step shows, and which is open."""
    t = snapshot.statement.totals
    steps = [
        ("gesichert", t.committed_cents, t.received_cents, "davon eingegangen"),
        ("beantragt", t.claimed_cents, t.spent_cents, "davon bezahlt"),
    ]
    if snapshot.plan:
        steps.insert(0, ("geplant", t.planned_cents, t.planned_cents - t.gap_cents, "davon gesichert"))
    bars = tuple(
        Bar(f"{name}, {of}", (max(0, part), max(0, whole - part))) for name, whole, part, of in steps if whole or part
    )
    if not bars:
        return Paragraph("Es gibt noch keine Beträge.")
    return Chart(("belegt", "offen"), bars)


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
        name = Text(f"{stage.code} {catalogue.word('stage', stage.code, 'de')}", SIDES.get(stage.code))
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
    table = common.years_table(snapshot.statement, tuple(common.YEAR_FIGURES), "Ergebnis", lambda y: _chip(y.verdict), calm)
    open_stages = [s.code for s in snapshot.statement.stages if s.verdict == "open"]
    if not open_stages or all(y.verdict == "open" for y in snapshot.statement.years):
        return Section("Urteil je Haushaltsjahr", (table,), landscape=True)
    how = "Die Stufen rechnen über die ganze Laufzeit; was eine offen lässt, hält die Maßnahme offen und nicht jedes Jahr: "
    return Section("Urteil je Haushaltsjahr", (table, Paragraph(f"{how}{', '.join(open_stages)}.")), landscape=True)


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
    matched = next((s for s in snapshot.statement.stages if s.code == "S5"), None)
    calm = "Zum Stichtag hat jeder Posten sein Gegenstück."
    if matched is None or matched.verdict == "not_applicable":
        calm = "Es gibt keine Belege, die Abbuchungen zuzuordnen wären."
    elif matched.missing:
        calm = f"Nicht zu beurteilen, weil es fehlt: {matched.missing}."
    return Section("Posten ohne Gegenstück", (common.columns_or_calm(columns, rows, calm), *more), landscape=True)


def _item(reference: str, line: Line | None) -> tuple[Cell, ...]:
    """A voucher by its number and issuer; anything else by its reference alone."""
    if line is None:
        what, amount = ("Kontobewegung", "im Kontoauszug") if IBAN.match(reference) else ("Posten", "–")
        return Text(what), Reference(reference), Text(amount)
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
