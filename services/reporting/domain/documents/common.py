"""What all documents have in common: head, notices, findings, checks, changes, basis."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import chain
from typing import Final
from uuid import UUID

from services.reporting.domain.document import (
    Block,
    Cell,
    Cents,
    CheckItem,
    CheckList,
    Chip,
    Column,
    Count,
    Day,
    Fact,
    Mark,
    Missing,
    Notice,
    Paragraph,
    Reference,
    Release,
    Row,
    RowKind,
    Section,
    Share,
    Table,
    Text,
    text_or_missing,
)
from services.reporting.domain.documents import wording
from services.reporting.domain.lines import Line, corrections
from services.reporting.domain.report import named_sources, version_of
from services.reporting.domain.snapshot import Changes, MeasureSnapshot, ProgrammeSnapshot, changes_since
from shared.contracts import catalogue
from shared.contracts.funding import CheckResult, Finding, MeasureStatement, Outcome, Severity, Stage, YearLine
from shared.contracts.intake import Fact as Told
from shared.contracts.seal import reference_of
from shared.values.funders import GERMAN
from shared.values.german import write_cents, write_count, write_day
from shared.values.source import SHORT

Snapshot = MeasureSnapshot | ProgrammeSnapshot

MARK: Final = {
    Severity.BLOCKING: Mark.BLOCKING,
    Severity.ERROR: Mark.FAULT,
    Severity.WARNING: Mark.WARNING,
    Severity.NOTE: Mark.HINT,
}

VERDICT: Final = {
    "reconciled": Mark.HOLDS,
    "explained": Mark.HINT,
    "open": Mark.FAULT,
    "missing": Mark.MISSING,
    "not_applicable": Mark.NOT_APPLICABLE,
}
"""How a verdict of a statement, stage or year is marked."""


def status(snapshot: Snapshot) -> tuple[Chip, ...]:
    """Chips of the head of every page."""
    statement = snapshot.statement
    chips = []
    if snapshot.basis.missing or statement.parked:
        chips.append(Chip(Mark.BLOCKING, "unvollständig"))
    if statement.provisional:
        chips.append(Chip(Mark.WARNING, "vorläufig"))
    if is_demo(snapshot):
        chips.append(Chip(Mark.HINT, "Demodaten"))
    return tuple(chips)


def is_demo(snapshot: Snapshot) -> bool:
    """Is anything of it made for demonstration?"""
    if isinstance(snapshot, ProgrammeSnapshot):
        return snapshot.programme.demo or any(m.demo for m in snapshot.measures.values())
    return snapshot.measure.demo or bool(snapshot.programme and snapshot.programme.demo)


def notices(snapshot: Snapshot) -> tuple[Notice, ...]:
    """Boxes below the title."""
    statement, boxes = snapshot.statement, []
    if snapshot.basis.missing:
        boxes.append(
            Notice(Mark.BLOCKING, "Unvollständig, auf Wunsch ausgestellt", "Es fehlt noch: " + "; ".join(snapshot.basis.missing))
        )
    if statement.parked:
        text = f"{statement.parked} geparkte Tatsache(n) konnten nicht verbucht werden und sind in keiner Zahl enthalten."
        boxes.append(Notice(Mark.BLOCKING, "Unvollständig", text))
    if statement.rejected:
        text = f"{statement.rejected} abgewiesene Zeile(n) warten auf Berichtigung und sind in keiner Zahl enthalten."
        boxes.append(Notice(Mark.WARNING, "Abgewiesene Zeilen", text))
    if isinstance(statement, MeasureStatement) and statement.close_ordered_on and statement.state == "active":
        day, waits_for = write_day(statement.close_ordered_on), " und ".join(set_aside(snapshot))
        text = f"Der Abschluss zum {day} wartet auf {waits_for}. Sind sie geklärt, gilt er von selbst."
        boxes.append(Notice(Mark.BLOCKING, "Abschluss angeordnet, aber nicht vollzogen", text))
    if statement.provisional:
        cut_off, end = write_day(statement.provisional.cut_off), write_day(statement.provisional.period_end)
        text = f"Der Bericht über den Zeitraum bis {end} wurde vor dessen Ende gezeichnet; die Zahlen sind nicht endgültig."
        if _of_programme(snapshot):
            text += f" Er ist einer des Programms; die Feststellung ({SIGNED_EARLY}) steht in dessen Übersicht (D9)."
        boxes.append(Notice(Mark.WARNING, f"Stichtag {cut_off} (vorläufig)", text))
    if is_demo(snapshot):
        boxes.append(
            Notice(Mark.HINT, "Demodaten", "Belege, Buchungen und nicht veröffentlichte Zahlen sind zur Vorführung erfunden.")
        )
    return tuple(boxes)


SIGNED_EARLY: Final = "ZEI-07"
"""The check that makes figures provisional."""


def _of_programme(snapshot: Snapshot) -> bool:
    """Is a measure provisional because of a report on its programme? The finding is the programme's then, and counts there."""
    own = any(f.code == SIGNED_EARLY for f in snapshot.findings)
    return isinstance(snapshot, MeasureSnapshot) and snapshot.statement.provisional is not None and not own


def cut_off(snapshot: Snapshot) -> Fact:
    """Stichtag, with „(vorläufig)“ where the figures are provisional (ZEI-07)."""
    provisional = snapshot.statement.provisional
    if provisional:
        return Fact("Stichtag", Text(f"{write_day(provisional.cut_off)} (vorläufig)"))
    return Fact("Stichtag", Day(snapshot.as_of))


def measure_facts(snapshot: MeasureSnapshot, number: str) -> tuple[Fact, ...]:
    """Who, where, when, under which rules."""
    measure, period = snapshot.measure, snapshot.measure.implementation
    awards = ", ".join(dict.fromkeys(f.award.reference for f in snapshot.awards))
    ags = f"AGS {measure.municipality.ags}" if measure.municipality.ags else "AGS nicht gemeldet"
    return (
        Fact("Maßnahme", Text(measure.key)),
        Fact("Programm", Text(snapshot.programme.name if snapshot.programme else "ohne Programm")),
        Fact("Zuwendungsempfänger (Träger)", Text(measure.carrier)),
        Fact("Kommune", Text(measure.municipality.name, ags)),
        Fact("Durchführungszeitraum", Text(f"{write_day(period.start)} – {write_day(period.end)}")),
        Fact("Förderkennzeichen", text_or_missing(measure.grant_reference, "Förderkennzeichen")),
        Fact("Aktenzeichen der Bescheide", Text(awards or "kein Bescheid eingereicht")),
        cut_off(snapshot),
        version(number),
        Fact("Regelwerk", Text(wording.rule_set(snapshot.statement.rule_set))),
    )


def version(number: str) -> Fact:
    """Which version of the report for its cut-off date it is."""
    return Fact("Fassung", Text(str(version_of(number))))


def basis(snapshot: Snapshot) -> tuple[Fact, ...]:
    """What the report stands on, so that it can be made again."""
    statement = snapshot.statement
    facts = [
        Fact("Stand der Daten (UTC)", Text(f"{snapshot.basis.stated_at:%d.%m.%Y %H:%M:%S}")),
        Fact("Eingereichte Tatsachen bis Nr.", Count(statement.facts_upto)),
        Fact("SHA-256 des Regelwerks", Reference(statement.rules)),
    ]
    if isinstance(snapshot, MeasureSnapshot):
        books = (
            ("Hauptbuch bis Eintrag (Siegel)", "", snapshot.statement.head),
            ("Ausgleichsbuch bis Eintrag (Siegel)", "S-", snapshot.statement.settlement),
        )
        for label, prefix, head in books:
            last = Reference(f"{snapshot.measure.key}/{prefix}{head.number} · {head.seal}")
            facts.append(Fact(label, last if head.number else Text("noch ohne Einträge")))
    if snapshot.predecessor:
        facts.append(Fact("Ersetzt", Reference(f"{snapshot.predecessor.number} · {snapshot.predecessor.data_sha256}")))
    return tuple(facts)


RELEASES: Final = (Release("Aufgestellt"), Release("Geprüft"))
"""Lines to sign on: two pairs of eyes."""


def trail(line: Line) -> Reference:
    """``M-1/123 · 3f2a9c1be07d:17``: entry and row, what a reader needs to walk back."""
    return Reference(f"{line.reference} · {line.entry.source.reference}")


def trail_of(fact: Told, snapshot: MeasureSnapshot) -> Reference:
    """Entry of a fact, where it has one that stands, and its row."""
    entry = next((x for x in snapshot.main if x.entry.fact == fact.id and x.entry.reverses is None), None)
    return trail(entry) if entry else Reference(fact.source.reference)


def reckoned(rows: Iterable[tuple[str, str, int]], caption: str | None = None) -> Table:
    """Sums by name, how each is reckoned, and its cents."""
    columns = (Column("Summe", 3), Column("Rechnung", 4), Column("Betrag €"))
    return Table(columns, tuple(Row((Text(name), Text(how), Cents(cents))) for name, how, cents in rows), caption=caption)


def gravest(findings: Iterable[Finding]) -> Mark:
    """Mark of the gravest of some findings; a fault where none of them is at hand."""
    return MARK[min((f.severity for f in findings), key=lambda severity: severity.rank, default=Severity.ERROR)]


def lacking(checks: Iterable[CheckResult], stages: Iterable[Stage] = (), own: str | None = None) -> dict[str, str]:
    """What is missing → of what and what cannot be judged without it: „Ratsvorlage“ → „Vorlage 05000/2025/7; BES-01, S3“.

    ``own``: the object every reader of the document knows, which is not named.
    """
    objects: dict[str, list[str]] = {}
    codes: dict[str, list[str]] = {}
    for m in chain.from_iterable(result.missing for result in checks):
        objects.setdefault(m.what, []).extend([] if m.object == own else [wording.named(m.object, {})])
        codes.setdefault(m.what, []).append(m.code)
    for stage in stages:
        if stage.lacks_input:
            codes.setdefault(stage.missing or "Angaben", []).append(stage.code)
    told = {what: (some(objects.get(what, ())), ", ".join(dict.fromkeys(of))) for what, of in codes.items()}
    return {what: "; ".join(x for x in parts if x) for what, parts in told.items()}


def not_judged(lacks: Mapping[str, str]) -> tuple[str, ...]:
    """What is missing in one clause, if anything is."""
    told = ", ".join(f"{what} ({detail})" for what, detail in lacks.items())
    return (f"nicht beurteilt, weil es fehlt: {told}",) if told else ()


def set_aside(snapshot: Snapshot) -> tuple[str, ...]:
    """How much is parked or rejected and in no figure, if anything is."""
    statement = snapshot.statement
    counts = (
        counted(statement.parked, "geparkte Tatsache", "geparkte Tatsachen"),
        counted(statement.rejected, "abgewiesene Zeile", "abgewiesene Zeilen"),
    )
    return tuple(told for told in counts if told)


def counted(number: int, one: str, many: str) -> str | None:
    """``3 offene Stufen``; None where there is none."""
    return f"{write_count(number)} {one if number == 1 else many}" if number else None


def some(objects: Iterable[str], most: int = 4) -> str:
    """The first few, each once; the others stand in the sections."""
    named = list(dict.fromkeys(objects))
    more = len(named) - most
    return ", ".join(named[:most]) + (f" und {more} weitere" if more > 0 else "")


def columns_or_calm(columns: tuple[Column, ...], rows: Sequence[Row], calm: str, caption: str | None = None) -> Block:
    """A table, or one calm line where there is nothing to list."""
    return Table(columns, tuple(rows), caption=caption) if rows else Paragraph(calm)


def findings_section(snapshot: Snapshot) -> Section:
    """Findings by severity, with amount at risk, arithmetic and legal basis."""
    issuers = wording.issuers_of(snapshot)
    rows = [
        Row(
            (
                Chip(MARK[f.severity], f.severity.value),
                Text(f.code, catalogue.title(f.code, "de")),
                Text(wording.object_of(f, issuers), wording.reckoning(f)),
                Text(wording.legal(f.legal_basis), "angenommen, weil: " + f.waived if f.waived else None),
                Reference(wording.references(f.references)),
                Cents(f.at_risk_cents),
            )
        )
        for f in sorted(snapshot.findings, key=lambda f: (f.severity.rank, f.code, f.object, f.budget_year or 0))
    ]
    if not rows:
        return Section("Feststellungen", (Paragraph("Keine offenen Feststellungen zum Stichtag."),), landscape=True)
    total = sum(f.at_risk_cents for f in snapshot.findings)
    rows.append(Row((Text("Summe der Beträge im Risiko"), None, None, None, None, Cents(total)), RowKind.TOTAL))
    columns = (
        Column("Art"),
        Column("Prüfung", 2),
        Column("Gegenstand, Rechnung und Angaben", 5),
        Column("Rechtsgrundlage", 2),
        Column("Prüfpfad", 2),
        Column("im Risiko €"),
    )
    return Section("Feststellungen", (Table(columns, tuple(rows)), Paragraph(_how_to_read(snapshot, rows))), landscape=True)


def _how_to_read(snapshot: Snapshot, rows: Sequence[Row]) -> str:
    """What the signs of the findings mean, as far as there are any."""
    words = " · ".join(f"{s.value} {catalogue.word('severity', s.value, 'de')}" for s in Severity)
    told = [f"Art: {words}. Im Risiko ist, was bei Bestand der Feststellung gekürzt oder zurückgefordert werden kann."]
    if isinstance(snapshot, MeasureSnapshot) and any(f.crosses and f.at_risk_cents for f in snapshot.findings):
        told.append(
            "Eine Feststellung, die mehrere Maßnahmen betrifft, steht in jeder mit ihrem ganzen Betrag; auf die Belege dieser"
            " Maßnahme entfällt davon nur deren Teil."
        )
    if any(wording.PSEUDONYM.search(cell.text) for row in rows for cell in row.cells if isinstance(cell, Text)):
        told.append(f"P-… ist ein Pseudonym. {wording.PSEUDONYMS}")
    return " ".join(told)


def checks_section(snapshot: Snapshot) -> Section:
    """Every check with its outcome; what is missing is said, never passed."""
    items, silent = [], []
    for result in snapshot.statement.checks:
        title = catalogue.title(result.code, "de")
        match result.outcome:
            case Outcome.NOT_APPLICABLE if result.code == SIGNED_EARLY and _of_programme(snapshot):
                items.append(CheckItem(Mark.HINT, title, detail="beim Programm festgestellt", code=result.code))
            case Outcome.NOT_APPLICABLE:
                silent.append(result.code)
            case Outcome.HOLDS:
                items.append(CheckItem(Mark.HOLDS, title, code=result.code))
            case Outcome.FINDING:
                own = [f for f in snapshot.findings if f.code == result.code]
                detail = f"{result.findings} Stück" if result.findings > 1 else None
                at_risk = sum(f.at_risk_cents for f in own) or None
                items.append(CheckItem(gravest(own), title, detail=detail, code=result.code, at_risk=at_risk))
            case Outcome.MISSING:
                what = ", ".join(sorted({m.what for m in result.missing}))
                items.append(CheckItem(Mark.MISSING, title, detail=f"fehlt: {what}", code=result.code))
    blocks: list[Block] = [CheckList(tuple(items))] if items else []
    if silent:
        told = ", ".join(f"{code} {catalogue.title(code, 'de')}" for code in silent)
        blocks.append(Paragraph(f"Nicht anwendbar, weil nichts davon vorliegt: {told}."))
    return Section("Prüfungen und fehlende Nachweise", tuple(blocks), landscape=True)


def sources_section(snapshot: Snapshot) -> Section:
    """Files the report stands on, by digest: what each is, how many of its rows, and the full SHA-256."""
    found: dict[str, tuple[set[str], set[str]]] = {}
    for what, source in named_sources(snapshot):
        kinds, places = found.setdefault(source.digest, (set(), set()))
        kinds.add(what)
        places.add(source.place)
    rows = [
        Row((Reference(digest[:SHORT]), Text(", ".join(sorted(kinds))), Count(len(places)), Reference(digest)))
        for digest, (kinds, places) in sorted(found.items(), key=lambda item: (sorted(item[1][0]), item[0]))
    ]
    others = "in den Berichten der " + ("anderen Maßnahmen" if isinstance(snapshot, MeasureSnapshot) else "Maßnahmen")
    rows += [
        Row((Reference(short), Text("in Feststellungen genannt"), Count(len(places)), Text(others)))
        for short, places in sorted(wording.files_named(snapshot.findings).items())
        if all(digest[:SHORT] != short for digest in found)
    ]
    columns = (Column("Kurzform"), Column("Art der Datei", 2), Column("Zeilen"), Column("SHA-256 der Datei, wie eingereicht"))
    how = (
        "Prüfpfad: „Kurzform:Zeile“ führt zur Zeile der eingereichten Datei („Kurzform:3–18“ zu den Zeilen 3 bis 18),"
        " „Maßnahme/Nummer“ zum Eintrag im Hauptbuch,"
        " „Maßnahme/S-Nummer“ zum Zahlungsnachweis, „IBAN/Nummer“ zur Kontobewegung."
    )
    return Section("Quellenverzeichnis", (Table(columns, tuple(rows)), Paragraph(how)), landscape=True)


def tail(snapshot: Snapshot) -> tuple[Section, ...]:
    """What every document ends with: changes, findings, checks, sources."""
    changes: tuple[Section, ...] = ()
    if isinstance(snapshot, MeasureSnapshot):
        changes = (*corrections_section(snapshot), *changes_section(snapshot))
    return (
        *changes,
        findings_section(snapshot),
        checks_section(snapshot),
        sources_section(snapshot),
    )


def corrections_section(snapshot: MeasureSnapshot) -> tuple[Section, ...]:
    """Entries that were corrected, each with the one that took it back: both stay visible."""
    names, origins = _names(snapshot), _origins(snapshot.main)
    rows = [
        Row(
            (
                Text(KIND.get(old.entry.kind, old.entry.kind), _what(old, names)),
                trail(old),
                Day(old.entry.booked_on),
                trail(new),
                Day(new.entry.booked_on),
                Cents(_amount(old)),
                *_instead(old, new, book, origins),
            )
        )
        for book in (snapshot.main, snapshot.settlement)
        for old, new in corrections(book)
    ]
    if not rows:
        return ()
    columns = (
        Column("Buchung", 3),
        Column("Prüfpfad", 3),
        Column("gebucht am"),
        Column("aufgehoben durch", 3),
        Column("am"),
        Column("aufgehoben €"),
        Column("neu gebucht", 3),
        Column("neu €"),
    )
    return (Section("Berichtigungen", (Table(columns, tuple(rows)),), landscape=True),)


def _instead(old: Line, reversal: Line, book: Sequence[Line], origins: Mapping[UUID, UUID]) -> tuple[Cell, Cell]:
    """What was booked in place of a reversed entry, and its amount; a payment may prove other vouchers afterwards, so the match
    that takes the place of one is that of the same voucher, be it corrected since."""

    def voucher(line: Line) -> UUID | None:
        return origins.get(line.match.voucher, line.match.voucher) if line.match else None

    anew = next(
        (
            x
            for x in book
            if x.entry.reverses is None
            and x.entry.number > reversal.entry.number
            and x.entry.fact == reversal.entry.fact
            and voucher(x) == voucher(old)
        ),
        None,
    )
    return (trail(anew), Cents(_amount(anew))) if anew else (Text("–"), Text("–"))


def _origins(main: Sequence[Line]) -> dict[UUID, UUID]:
    """Fact → the first of those it takes the place of."""
    origins: dict[UUID, UUID] = {}
    for old, new in corrections(main):
        origins[new.entry.fact] = origins.get(old.entry.fact, old.entry.fact)
    return origins


def _names(snapshot: MeasureSnapshot) -> dict[UUID, str]:
    """Facts that were posted, as a reader finds them in the lists: a voucher's number, a promise's and its year."""
    names = {f.id: f"{f.commitment.number}, {f.commitment.budget_year}" for f in snapshot.commitments}
    return names | {x.entry.fact: f"{x.voucher.list}/{x.voucher.number}" for x in snapshot.main if x.voucher is not None}


def _what(line: Line, names: Mapping[UUID, str]) -> str | None:
    """What an entry is about; of a match, the voucher it proves the payment of."""
    return names.get(line.match.voucher if line.match else line.entry.fact)


def _amount(line: Line) -> int:
    """The amount an entry is about, as its document shows it; negative where it takes something back."""
    for account, sign in (("cost", 1), ("drawn", -1), ("suppliers", 1), ("commitment", -1)):
        if cents := line.cents(account):
            return sign * cents
    return 0


def changes_section(snapshot: MeasureSnapshot) -> tuple[Section, ...]:
    """„Änderungen seit …“: both entries of each correction, with their sources; nothing for a first report."""
    if snapshot.predecessor is None:
        return ()
    changes: Changes = changes_since(snapshot.predecessor, snapshot)
    names = _names(snapshot)
    rows = tuple(
        Row(
            (
                trail(x),
                Text(KIND.get(x.entry.kind, x.entry.kind), _undone(x) if x.entry.reverses else _what(x, names)),
                Day(x.entry.booked_on),
                Day(x.entry.valued_on),
                Cents(_amount(x)),
            )
        )
        for x in changes.entries
    )
    columns = (Column("Prüfpfad", 3), Column("Buchung", 3), Column("gebucht am"), Column("Wert vom"), Column("Betrag €"))
    blocks: list[Block] = [
        Paragraph(f"Dieser Bericht ersetzt {snapshot.predecessor.number}, der unverändert aufbewahrt wird."),
        columns_or_calm(columns, rows, "Seither kamen keine Buchungen hinzu."),
    ]
    issuers = wording.issuers_of(snapshot)
    for word, findings in (("Neu festgestellt", changes.raised), ("Ausgeräumt", changes.settled)):
        if findings:
            blocks.append(Paragraph(f"{word}: " + "; ".join(f"{f.code} {wording.object_of(f, issuers)}" for f in findings) + "."))
    return (Section(f"Änderungen seit {snapshot.predecessor.number}", tuple(blocks), landscape=True),)


def _undone(reversal: Line) -> str:
    """Which entry it takes back."""
    return f"hebt {reference_of(reversal.subject, reversal.entry.book, reversal.entry.reverses or 0)} auf"


KIND: Final = {
    "voucher": "Beleg",
    "receipt": "Eingang",
    "award": "Bescheid",
    "commitment": "Zusage",
    "payment": "Kontobewegung",
    "match": "Zahlungsnachweis",
    "reversal": "Storno",
}
"""Kinds of entry as Germans call them."""


def cents_or(cents: int | None, what: str) -> Cell:
    """The amount, or what is missing."""
    return Missing(what) if cents is None else Cents(cents)


def sum_or_missing(cents: Sequence[int | None], what: str) -> Cell:
    """The sum of what is known, or what is missing if nothing is."""
    known = [x for x in cents if x is not None]
    return Cents(sum(known)) if known else Missing(what)


def euro(cents: int) -> str:
    """An amount inside running text."""
    return write_cents(cents, unit=True)


PLAN: Final = "Finanzierungsplan"
YEAR_FIGURES: Final = {
    "planned_cents": "geplant €",
    "valid_cents": "gesichert €",
    "received_cents": "eingegangen €",
    "claimed_cents": "beantragt €",
    "gap_cents": "Lücke €",
}
"""Figures of a budget year and their columns; what is unknown among them is so for want of a plan."""


def years_table(
    statement: MeasureStatement, figures: Sequence[str], judged: str, chip: Callable[[YearLine], Chip], calm: str
) -> Block:
    """Budget years with some of their figures, what is said of each, and their sums; what is secured for the whole term without
    naming years has a row of its own."""
    years, none = statement.years, Text("–")
    rows = [
        Row((Text(str(y.budget_year)), *(cents_or(getattr(y, figure), PLAN) for figure in figures), chip(y))) for y in years
    ]
    whole_term = sum(c.valid_cents for c in statement.coverage if c.whole_term)
    if whole_term:
        cells = (Cents(whole_term) if figure == "valid_cents" else none for figure in figures)
        rows.append(Row((Text("Laufzeit", "ohne Jahresbeträge bewilligt"), *cells, none)))
    if rows:
        known = {figure: [getattr(y, figure) for y in years] for figure in figures}
        known["valid_cents"].append(whole_term)
        rows.append(Row((Text("Summe"), *(sum_or_missing(cents, PLAN) for cents in known.values()), None), RowKind.TOTAL))
    columns = (Column("Haushaltsjahr"), *(Column(YEAR_FIGURES[figure]) for figure in figures), Column(judged))
    return columns_or_calm(columns, rows, calm)


def income_section(snapshot: MeasureSnapshot) -> Section:
    """Receipts less repayments, each with its entry and row."""
    receipts = sorted(snapshot.receipts, key=lambda r: (r.receipt.received_on, r.receipt.number))
    rows = [
        Row(
            (
                Text(r.receipt.number),
                Text(r.receipt.funder.name, GERMAN[r.receipt.funder.kind]),
                Text("Erstattung" if r.receipt.amount_cents < 0 else "Eingang"),
                Text(r.receipt.award or "–", r.receipt.payment_reference),
                Day(r.receipt.received_on),
                Text(str(r.receipt.award_year)),
                trail_of(r, snapshot),
                Cents(r.receipt.amount_cents),
            )
        )
        for r in receipts
    ]
    if rows:
        total = sum(r.receipt.amount_cents for r in receipts)
        rows.append(Row((Text("Summe der Eingänge"), *[None] * 6, Cents(total)), RowKind.TOTAL))
    columns = (
        Column("Nr."),
        Column("Mittelgeber", 3),
        Column("Art"),
        Column("Bescheid, Zahlungsreferenz", 2),
        Column("Datum"),
        Column("für Jahr"),
        Column("Prüfpfad", 2),
        Column("Betrag €"),
    )
    return Section(
        "Eingänge", (columns_or_calm(columns, rows, "Bis zum Stichtag sind keine Eingänge gemeldet."),), landscape=True
    )


def positions_section(snapshot: MeasureSnapshot) -> Section:
    """The plan's positions beside what was claimed and proven paid, with the rows the plan was read from."""
    names = position_names(snapshot)
    positions = sorted({*names, *(v.voucher.position for v in snapshot.vouchers)}, key=in_order)
    rows, sums = [], [0, 0, 0]
    for position in positions:
        lines = [f for f in snapshot.plan if f.line.position == position]
        vouchers = [v for v in snapshot.vouchers if v.voucher.position == position]
        planned = sum(f.line.amount_cents for f in lines)
        claimed = sum(v.voucher.eligible_cents for v in vouchers)
        spent = sum(v.voucher.eligible_cents for v in vouchers if v.proof)
        sums = [a + b for a, b in zip(sums, (planned, claimed, spent), strict=True)]
        what: Cell = Missing("Ansatz") if not lines else Share(Fraction(claimed, planned)) if planned else Text("–")
        rows.append(
            Row(
                (
                    Text(position_title(position, names)),
                    Reference(wording.references(f.source.reference for f in lines)),
                    Missing("Ansatz") if not lines else Cents(planned),
                    Cents(claimed),
                    Cents(spent),
                    Cents(planned - claimed) if lines else Text("–"),
                    what,
                )
            )
        )
    if rows:
        planned, claimed, spent = sums
        rows.append(
            Row(
                (
                    Text("Summe"),
                    None,
                    Cents(planned) if snapshot.plan else Missing("Finanzierungsplan"),
                    Cents(claimed),
                    Cents(spent),
                    Cents(planned - claimed) if snapshot.plan else None,
                    Share(Fraction(claimed, planned)) if planned else None,
                ),
                RowKind.TOTAL,
            )
        )
    columns = (
        Column("Position", 3),
        Column("Prüfpfad des Plans", 2),
        Column("geplant €"),
        Column("beantragt €"),
        Column("davon bezahlt €"),
        Column("noch frei €"),
        Column("Ausschöpfung"),
    )
    calm = "Es liegen weder Finanzierungsplan noch Belege vor."
    return Section("Finanzierungsplan und Ausgaben", (columns_or_calm(columns, rows, calm),), landscape=True)


def position_names(snapshot: MeasureSnapshot) -> dict[str, str | None]:
    """Positions of the plan with their names."""
    names: dict[str, str | None] = {}
    for fact in snapshot.plan:
        names[fact.line.position] = fact.line.position_name or names.get(fact.line.position)
    return names


def position_title(position: str, names: Mapping[str, str | None]) -> str:
    """„1 Personalausgaben“, or the bare number where the plan names none."""
    name = names.get(position)
    return f"{position} {name}" if name and name != position else f"Position {position}"


def in_order(position: str) -> tuple[tuple[int, str], ...]:
    """Positions in the order people count: 2 before 10, 1.2 before 1.10."""
    return tuple((int(part), "") if part.isdecimal() else (10**9, part) for part in position.split("."))
