"""Use cases of reporting: project, issue, trace, verify."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar
from uuid import UUID

from services.reporting import store, tables
from services.reporting.domain import report as data
from services.reporting.domain.documents.all import OF_MEASURE, OF_PROGRAMME, TITLES
from services.reporting.domain.facts import papers_named, papers_of, registration, shown
from services.reporting.domain.lines import (
    EntryHeard,
    JournalBroken,
    Line,
    Posted,
    line_of,
    up_to,
    voucher_lines,
)
from services.reporting.domain.snapshot import (
    Basis,
    Disagreement,
    MeasureSnapshot,
    Predecessor,
    ProgrammeSnapshot,
    disagreements,
    measure_snapshot,
    programme_disagreements,
)
from services.reporting.making import composed, made_with
from services.reporting.received import Kept, changed, changed_in_order
from services.reporting.renderers import delimited
from services.reporting.renderers.canonical import canonical
from services.reporting.renderers.pdf.render import render as render_pdf
from shared.contracts.event import Event
from shared.contracts.funding import (
    Book,
    EntryPosted,
    Finding,
    FindingChanged,
    FindingRaised,
    FindingSettled,
    MeasureReconciled,
    PaymentMatched,
    PaymentUnmatched,
    ProgrammeReconciled,
)
from shared.contracts.intake import Fact, MeasureData, MeasureRegistered, ProgrammeData, ProgrammeRegistered
from shared.contracts.reporting import ReportIssued, ReportOutdated
from shared.contracts.seal import reference_of
from shared.messaging.work import Work
from shared.persistence.files import Files
from shared.values.german import write_count
from shared.values.source import SHORT, Source, digest_of, id_of
from shared.values.subject import key_of, kind_of, subject_of

P = ParamSpec("P")
T = TypeVar("T")

FORMATS: Final = {
    "pdf": "application/pdf",
    "csv": "text/csv; charset=utf-8",
    "zip": "application/zip",
    "json": "application/json",
}
"""Formats of a report and their media types: ``csv`` is its first table, ``zip`` holds every table as a CSV file of its own."""


# ── project: what reporting knows follows both streams ───────────────────────────────────────────────────────────────


def keep_facts(work: Work, facts: Sequence[Event]) -> None:
    """Keep the facts that documents show; vouchers and bank lines come as entries."""
    store.add_facts(work, [f for f in facts if isinstance(f, Fact)])


def project(work: Work, events: Sequence[Event]) -> None:
    """Turn results into lines, statements and findings; say once which reports they leave behind."""
    lines = [e for e in events if isinstance(e, EntryHeard | EntryPosted | PaymentMatched | PaymentUnmatched)]
    statements = [e for e in events if isinstance(e, MeasureReconciled | ProgrammeReconciled)]
    store.add_lines(work, lines)
    if findings := [e for e in events if isinstance(e, FindingRaised | FindingChanged | FindingSettled)]:
        store.add_findings(work, findings)
    if statements:
        store.add_statements(work, statements)
        for event in {(e.subject, e.statement.as_of): e for e in statements}.values():
            _leave_behind(work, event)


def _leave_behind(work: Work, event: store.Reconciled) -> None:
    store.lock_series(work, event.subject)  # a report that is being kept now is seen, or sees the event
    for row in store.reports_as_of(work, event.subject, event.statement.as_of):
        since = _since(work, row, event)
        if since:
            store.mark_outdated(work, row.id, since)
            work.emit(
                ReportOutdated(
                    id=id_of("outdated", str(row.id)),
                    subject=event.subject,
                    recorded_at=work.now,
                    actor="pruefpfad",
                    cause=event.id,
                    report=row.id,
                    number=row.number,
                    since=since,
                )
            )


def _since(work: Work, row: tables.Report, event: store.Reconciled) -> str | None:
    """What came after a report and touches it; None if only the journal went on with what lies behind its cut-off date."""
    if isinstance(event, MeasureReconciled):
        behind = store.line_behind(work, event.subject, row.main_head, row.settlement_head, event.statement.as_of)
        if behind is not None:
            return line_of(behind).reference
    before = store.statement_event(work, row.statement)
    if before is None or any(look(work, before) != look(work, event) for look in (_says, _findings, _facts)):
        return f"{event.statement.as_of.isoformat()} {event.id}"
    return None


def _says(_: Work, event: store.Reconciled) -> dict[str, Any]:
    return {k: v for k, v in event.statement.model_dump(mode="json").items() if k not in data.PASSING}


# ── issue ────────────────────────────────────────────────────────────────────────────────────────────────────────────


class ReportRefused(Exception):
    """A report cannot be issued; each cause says why and what would help."""

    def __init__(self, causes: Iterable[str], differences: Iterable[Disagreement] = ()) -> None:
        self.causes, self.differences = tuple(causes), tuple(differences)
        super().__init__("; ".join((*self.causes, *map(str, self.differences))))


class NoStatement(ReportRefused):
    """Funding has not stated anything about the subject as of that day; on other ``days`` it may have."""

    def __init__(self, causes: Iterable[str], *, days: bool = False) -> None:
        self.days = days
        super().__init__(causes)


@dataclass(frozen=True, slots=True)
class Issued:
    """An issued report. ``new`` is False where nothing had changed and the last version stands."""

    row: tables.Report
    new: bool


class Door(Protocol):
    """Runs a use case in a transaction of its own: a service's door for people."""

    def __call__(self, use_case: Callable[Concatenate[Work, P], T], *args: P.args, **kwargs: P.kwargs) -> T: ...


@dataclass(frozen=True, slots=True)
class Draft:
    """All a report is made of, taken out of the database."""

    snapshot: MeasureSnapshot | ProgrammeSnapshot
    document: str
    previous: tables.Report | None
    content_sha256: str


@dataclass(frozen=True, slots=True)
class Made:
    """A report that is rendered and not yet issued."""

    draft: Draft
    number: str
    version: int
    files: dict[str, str]
    """Format → SHA-256 under which its bytes are kept."""
    sources: Sequence[tuple[str, str]]
    """Digest and place of the rows it stands on."""


TRIES: Final = 3
"""How often a report is made anew because what it stands on moved while it was made."""


def issue_report(
    door: Door,
    files: Files,
    *,
    subject: str,
    document: str,
    as_of: date | None,
    actor: str,
    url: str,
    pdf_entries: int,
    incomplete: bool = False,
) -> Issued:
    """Freeze what is known and re-add it, in one transaction; compose and render it outside of any, since that may take minutes;
    keep it in a second one, if nothing has come meanwhile that touches it, else begin again. Refuses to the cent.

    ``as_of`` None means the latest day funding stated. With ``incomplete`` a report is issued although something is still on
    its way, and says so. Of more than ``pdf_entries`` journal entries no PDF is made. Issued again without a change it is the
    same report, byte for byte.
    """
    for _ in range(TRIES):
        draft = door(
            draft_report, files, subject=subject, document=document, as_of=as_of, actor=actor, pdf_entries=pdf_entries,
            incomplete=incomplete,
        )
        if isinstance(draft, Issued):
            return draft
        made = make(files, draft, url, pdf_entries)
        if (kept := door(keep_report, made, actor=actor)) is not None:
            return Issued(kept, new=True)
    raise ReportRefused([f"zu {subject} kam beim Ausstellen {TRIES}-mal Neues; gleich noch einmal versuchen"])


def draft_report(
    work: Work,
    files: Files,
    *,
    subject: str,
    document: str,
    as_of: date | None,
    actor: str,
    pdf_entries: int,
    incomplete: bool,
) -> Draft | Issued:
    """What a report is made of; or the last version, where nothing has changed. ``actor`` is for the log."""
    known = OF_MEASURE if kind_of(subject) == "measure" else OF_PROGRAMME
    if document not in known:
        raise ReportRefused([f"für {subject} gibt es {', '.join(known)}, nicht {document}"])
    event = store.statement_of(work, subject, as_of)
    if event is None:
        days = ", ".join(day.isoformat() for day in store.cut_offs(work, subject)[:10])
        if not days:
            raise NoStatement([f"zu {subject} ist noch nichts abgeglichen"])
        raise NoStatement([f"zu {subject} gibt es keinen Abgleich zum {as_of}; es gibt ihn zu {days}"], days=True)
    missing = still_missing(work, event)
    if missing and not incomplete:
        raise ReportRefused(missing)
    previous = store.latest_report(work, subject, document, event.statement.as_of)
    snapshot = freeze(work, event, missing, _predecessor(files, previous))
    content = digest_of(canonical(data.content_of(snapshot, document)))
    same = previous is not None and previous.content_sha256 == content and previous.outdated_since is None
    if previous and same and ("pdf" in previous.files or entries_of(snapshot) > pdf_entries):
        return Issued(previous, new=False)
    return Draft(snapshot, document, previous, content)


def entries_of(snapshot: MeasureSnapshot | ProgrammeSnapshot) -> int:
    """Journal entries a report carries: what the time and memory it takes grow with."""
    return len(snapshot.main) + len(snapshot.settlement) if isinstance(snapshot, MeasureSnapshot) else 0


def still_missing(work: Work, event: store.Reconciled) -> tuple[str, ...]:
    """What is still on its way to a statement, in German; empty if the report would be complete."""
    statement, subject, causes = event.statement, event.subject, []
    subjects = [subject]
    if isinstance(event, MeasureReconciled):
        registered = _registered(work, subject)
        subjects += [subject_of("account", a) for a in registered.measure.accounts] if registered else []
    else:
        subjects += _measures_of(event)
    for stream in ("intake", "funding"):
        for name, at in store.arrived(work, stream, subjects).items():
            if at.state == "fork":
                causes.append(
                    f"{name}: die Folge der Ereignisse von {stream} ist gespalten und angehalten (Betrieb verständigen)"
                )
            elif at.state != "ok" or at.head > at.sequence:
                causes.append(
                    f"{name}: Ereignisse von {stream} fehlen, {at.sequence} von {max(at.head, at.sequence + 1)} sind da"
                )
    rests_on = _rests_on(event)
    here = store.arrived(work, "intake", list(rests_on))
    for name, upto in rests_on.items():
        known = here[name].sequence if name in here else 0
        if known > upto:
            causes.append(f"{name}: der Abgleich kennt {upto} von {known} Tatsachen; gleich noch einmal versuchen")
        elif known < upto:
            causes.append(f"{name}: {known} von {upto} Tatsachen des Abgleichs sind da; gleich noch einmal versuchen")
    if isinstance(event, ProgrammeReconciled):
        named = event.statement.measures
        latest = store.latest_statements(work, list(named), statement.as_of)
        behind = [s for s, known in named.items() if latest.get(s) != known]
        causes += [f"{s}: das Programm ist noch nicht mit dem neuesten Abgleich zusammengezählt" for s in behind]
    if parked := store.parked_of(work, subjects):
        causes.append(f"{parked} Ereignis(se) sind bei der Berichterstellung geparkt")
    return tuple(causes)


def _rests_on(event: store.Reconciled) -> dict[str, int]:
    """Subjects a statement takes facts from, each with the number of the last one it knows."""
    papers = event.statement.papers_upto if isinstance(event, MeasureReconciled) else {}
    return {event.subject: event.statement.facts_upto, **papers}


def _facts(work: Work, event: store.Reconciled) -> tuple[Fact, ...]:
    """Facts a report on a statement prints: as far as the statement knows them, whatever came since."""
    upto, on = _rests_on(event), event.statement.as_of
    dismissed = frozenset(event.statement.dismissed)
    own = shown(store.facts_upto(work, {event.subject: event.statement.facts_upto}), on, dismissed)
    registered = registration(own)
    if registered is None:
        return own
    papers = {paper: upto.get(paper, 0) for paper in papers_named(own, registered.measure.municipality.key)}
    return own + shown(store.facts_upto(work, papers), on, dismissed)


def _findings(work: Work, event: store.Reconciled) -> tuple[Finding, ...]:
    """Findings of a statement; of a programme's, also those of the measures it was added up from."""
    of_measures: dict[str, UUID] = {}
    if isinstance(event, ProgrammeReconciled):
        of_measures = store.latest_statements(work, _measures_of(event), event.statement.as_of) | event.statement.measures
    return store.findings_of(work, [event.id, *of_measures.values()])


def _measures_of(event: ProgrammeReconciled) -> list[str]:
    """Subjects of a programme's measures, also where there are more than its statement names one by one."""
    return sorted({subject_of("measure", key) for line in event.statement.lines for key in line.measures})


def _other_findings(subject: str) -> ReportRefused:
    return ReportRefused([f"{subject}: die Feststellungen hier sind nicht die des Abgleichs; gleich noch einmal versuchen"])


def freeze(
    work: Work, event: store.Reconciled, missing: tuple[str, ...] = (), predecessor: Predecessor | None = None
) -> MeasureSnapshot | ProgrammeSnapshot:
    """Everything a report stands on. Raises ReportRefused where lines are missing or do not add up to what was stated."""
    basis = Basis(event.id, event.recorded_at, missing)
    if event.statement.dismissed_beyond:
        most = write_count(len(event.statement.dismissed))
        raise ReportRefused([f"{event.subject}: mehr als {most} Tatsachen wurden verworfen; mehr nennt kein Abgleich"])
    if isinstance(event, ProgrammeReconciled):
        programme = _freeze_programme(work, event, basis, predecessor)
        counted = Counter(f.code for f in programme.findings)
        if dict(counted) != event.statement.counts and not event.statement.measures_beyond:
            raise _other_findings(event.subject)
        if differences := programme_disagreements(programme):
            raise ReportRefused(["die Maßnahmen ergeben zusammen nicht, was für das Programm abgeglichen wurde"], differences)
        return programme
    snapshot = _freeze_measure(work, event, basis, predecessor)
    if {f.id for f in snapshot.findings} != set(event.statement.findings) and not event.statement.findings_beyond:
        raise _other_findings(event.subject)
    if differences := disagreements(snapshot):
        raise ReportRefused(["die Zeilen ergeben nicht, was abgeglichen wurde"], differences)
    return snapshot


def _freeze_measure(work: Work, event: MeasureReconciled, basis: Basis, predecessor: Predecessor | None) -> MeasureSnapshot:
    statement, subject, facts = event.statement, event.subject, _facts(work, event)
    registered = registration(facts)
    if registered is None:
        raise ReportRefused([f"{subject}: die Anmeldung der Maßnahme ist noch nicht da"])
    try:
        posted = store.posted_to(work, subject)
        lines = [line_of(posting) for posting, _ in posted]
        main = up_to(lines, Book.MAIN, statement.head, subject)
        settlement = up_to(lines, Book.SETTLEMENT, statement.settlement, subject)
    except JournalBroken as error:
        raise ReportRefused([f"das Journal ist unvollständig oder gebrochen: {error}"]) from error
    _refuse_changed(work, event, posted)
    return measure_snapshot(
        statement,
        main,
        settlement,
        facts,
        subject=subject,
        source=registered.source,
        measure=registered.measure,
        programme=_programme(work, registered.measure.programme, statement.dismissed),
        basis=basis,
        findings=_findings(work, event),
        predecessor=predecessor,
    )


def _refuse_changed(work: Work, event: store.Reconciled, posted: Sequence[tuple[Posted, bytes]] = ()) -> None:
    """Raises ReportRefused where statement, facts or entries kept here are not, byte for byte, what came."""
    subject, statement = event.subject, store.statement_kept(work, event)
    digests = store.digests_of(work, "funding", subject)
    books = (
        [Kept(line_of(e).reference, e.type, body) for e, body in posted if e.entry.book is book] for book in Book
    )
    found = changed(subject, digests, [statement] if statement else []) or changed_in_order(subject, digests, books)
    for told, upto in _rests_on(event).items():
        found = found or changed(told, store.digests_of(work, "intake", told), store.facts_kept(work, told, upto))
    if found:
        raise ReportRefused([f"{found.reference}: was hier aufbewahrt ist, ist nicht, was ankam (Betrieb verständigen)"])


def _freeze_programme(work: Work, event: ProgrammeReconciled, basis: Basis, predecessor: Predecessor | None) -> ProgrammeSnapshot:
    facts = _facts(work, event)
    registered = next((f for f in reversed(facts) if isinstance(f, ProgrammeRegistered)), None)
    if registered is None:
        raise ReportRefused([f"{event.subject}: die Anmeldung des Programms ist noch nicht da"])
    _refuse_changed(work, event)
    named = store.statements_named(work, event.statement.measures)
    known = dict.fromkeys(_measures_of(event), store.EVERYTHING) | {e.subject: e.statement.facts_upto for e in named}
    dismissed = {fact for e in named for fact in e.statement.dismissed}
    measures: dict[str, MeasureData] = {
        f.measure.key: f.measure
        for f in store.facts_upto(work, known)
        if isinstance(f, MeasureRegistered) and f.id not in dismissed
    }
    return ProgrammeSnapshot(
        subject=event.subject,
        source=registered.source,
        programme=registered.programme,
        statement=event.statement,
        basis=basis,
        findings=_findings(work, event),
        measures=measures,
        statements={key_of(e.subject): e.statement for e in named},
        facts=tuple(f for f in facts if not isinstance(f, ProgrammeRegistered)),
        predecessor=predecessor,
    )


def make(files: Files, draft: Draft, url: str, pdf_entries: int) -> Made:
    """Compose and render a report, and keep its bytes: nobody is given them before it is issued."""
    snapshot, previous = draft.snapshot, draft.previous
    version = previous.version + 1 if previous else 1
    number = data.number_of(snapshot.subject, draft.document, snapshot.as_of, version)
    rendered = render(snapshot, draft.document, number, version, url, pdf=entries_of(snapshot) <= pdf_entries)
    kept = {format: files.keep(content) for format, content in rendered.items()}
    return Made(draft, number, version, kept, sorted({(s.digest, s.place) for s in data.sources_of(snapshot)}))


def keep_report(work: Work, made: Made, *, actor: str) -> tables.Report | None:
    """Issue a report; None where something came while it was made that touches it, or another has been issued."""
    snapshot, previous = made.draft.snapshot, made.draft.previous
    measure = snapshot if isinstance(snapshot, MeasureSnapshot) else None
    row = tables.Report(
        id=data.report_id(made.number),
        number=made.number,
        document=made.draft.document,
        subject=snapshot.subject,
        as_of=snapshot.as_of,
        version=made.version,
        predecessor=previous.id if previous else None,
        statement=snapshot.basis.statement,
        main_head=measure.statement.head.number if measure else 0,
        settlement_head=measure.statement.settlement.number if measure else 0,
        content_sha256=made.draft.content_sha256,
        data_sha256=made.files["json"],
        files=made.files,
        complete=not snapshot.basis.missing,
        issued_at=work.now,
        issued_by=actor,
        outdated_since=None,
    )
    store.lock_series(work, row.subject)
    latest = store.latest_report(work, row.subject, row.document, row.as_of)
    if (latest and latest.id) != row.predecessor:
        return None
    newest = store.statement_of(work, row.subject, row.as_of)
    if newest is None or (newest.id != row.statement and _since(work, row, newest)):
        return None
    store.keep_report(work, row, made.sources)
    work.emit(_issued(row))
    return row


def _issued(row: tables.Report) -> ReportIssued:
    """What is told of a report that was issued."""
    return ReportIssued(
        id=id_of("issued", str(row.id)),
        subject=row.subject,
        recorded_at=row.issued_at,
        actor=row.issued_by,
        cause=row.statement,
        report=row.id,
        number=row.number,
        document=row.document,
        as_of=row.as_of,
        version=row.version,
        predecessor=row.predecessor,
        data_sha256=row.data_sha256,
        files=row.files,
        complete=row.complete,
    )


def render(
    snapshot: MeasureSnapshot | ProgrammeSnapshot, kind: str, number: str, version: int, url: str, *, pdf: bool = True
) -> dict[str, bytes]:
    """All formats of a report from one snapshot, or all but PDF: equal snapshots, equal bytes."""
    document = composed(snapshot, kind, number)
    body = canonical(data.data_of(snapshot, document, version, made_with()))
    digest = digest_of(body)
    tables_ = delimited.render(document)
    rendered = {"csv": next(iter(tables_.values()), b""), "zip": delimited.packed(tables_), "json": body}
    if pdf:
        verify = f"{url.rstrip('/')}/reporting/verify/{number}?sha256={digest}"
        rendered["pdf"] = render_pdf(document, data=body, digest=digest, verify_url=verify, created=snapshot.basis.stated_at)
    return rendered


def fetch(work: Work, files: Files, number: str, format: str, actor: str) -> bytes | None:
    """Bytes of a report as issued; notes who fetched it."""
    row = store.report(work, number)
    if row is None or format not in row.files:
        return None
    store.note_retrieval(work, row.id, format, actor)
    return files.read(row.files[format])


def _predecessor(files: Files, row: tables.Report | None) -> Predecessor | None:
    if row is None:
        return None
    findings = tuple(Finding.model_validate(f) for f in json.loads(files.read(row.files["json"]))["findings"])
    return Predecessor(row.number, row.data_sha256, row.main_head, row.settlement_head, findings)


def _registered(work: Work, subject: str) -> MeasureRegistered | None:
    return registration(store.facts_of(work, subject))


def _programme(work: Work, key: str | None, dismissed: Collection[UUID]) -> ProgrammeData | None:
    """As it was last registered, if it was."""
    told = store.facts_of(work, subject_of("programme", key)) if key else ()
    known = [f.programme for f in told if isinstance(f, ProgrammeRegistered) and f.id not in dismissed]
    return known[-1] if known else None


# ── trace: from a printed reference back, and from a row forward ─────────────────────────────────────────────────────

_ENTRY: Final = re.compile(r"(?P<key>.+)/(?P<settlement>S-)?(?P<number>\d{1,18})")
_ROW: Final = re.compile(rf"(?P<digest>[0-9a-f]{{{SHORT},64}}):(?P<place>\S+)")
_IBAN: Final = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{1,30}")


class UnknownReference(LookupError):
    """Nothing is known under this reference."""


def trace(work: Work, reference: str) -> dict[str, Any]:
    """All that hangs on a reference: ``M-1/123``, ``M-1/S-7``, ``DE…/12``, ``3f2a9c1be07d:17`` or a report's number.

    Back: entry, fact, file digest and row, bank line, decision. Forward: entries, reports.
    """
    reference = reference.split(" · ", maxsplit=1)[0].strip()
    if row_at := row_named(reference):
        return _trace_row(work, reference, *row_at)
    if row := store.report(work, reference):
        return {"reference": reference, "kind": "report", "report": report_view(row)}
    if found := _ENTRY.fullmatch(reference):
        kinds = ("account",) if _IBAN.fullmatch(found["key"]) else ("measure", "account")
        book = Book.SETTLEMENT if found["settlement"] else Book.MAIN
        for kind in kinds:
            event = store.line(work, subject_of(kind, found["key"]), book.value, int(found["number"]))
            if event is not None:
                return _trace_entry(work, reference, event)
    raise UnknownReference(
        f"{reference!r} is unknown; expected an entry such as M-1/123, a row such as 3f2a9c1be07d:17 or the number of a report"
    )


def row_named(reference: str) -> tuple[str, str] | None:
    """Digest and place of a reference that names a row, of ``3–18`` the first."""
    found = _ROW.fullmatch(reference.split(" · ", maxsplit=1)[0].strip())
    return (found["digest"], found["place"].partition("–")[0]) if found else None


def _trace_entry(work: Work, reference: str, event: Posted) -> dict[str, Any]:
    line, lines = line_of(event), store.lines_of(work, event.subject)
    undone = [x.reference for x in lines if x.entry.book is line.entry.book and x.entry.reverses == line.entry.number]
    found: dict[str, Any] = {
        "reference": reference,
        "kind": "entry",
        "entry": data.entry_data(line),
        "row": line.entry.source.row,
        "reversed_by": undone,
        "reverses": reference_of(line.subject, line.entry.book, line.entry.reverses) if line.entry.reverses else None,
        "reports": [report_view(r) for r in store.reports_with(work, line.entry.source.digest, line.entry.source.place)],
    }
    payments = [x for x in lines if x.match is not None and line.entry.fact in (x.match.voucher, x.match.payment)]
    booked = {x.entry.fact: x.reference for x in lines if x.voucher is not None}
    found["payments"] = [_payment(x, booked) for x in payments]
    decisions = _decisions(work, line)
    if decisions:
        found["decisions"] = decisions
    return found


def _payment(line: Line, booked: Mapping[UUID, str]) -> dict[str, Any]:
    match = line.match
    assert match is not None  # noqa: S101 - chosen by the caller
    return {
        "settlement": line.reference,
        "voucher": booked.get(match.voucher),
        "undone": line.entry.reverses is not None,
        "bank_entry": reference_of(subject_of("account", match.account), Book.MAIN, match.payment_entry),
        "row": match.payment_source.row,
        "value_date": match.value_date.isoformat(),
        "paid_cents": match.paid_cents,
        "reasons": list(match.reasons),
    }


def _decisions(work: Work, line: Line) -> list[dict[str, Any]]:
    """Council papers behind a commitment's entry."""
    facts = store.facts_of(work, line.subject)
    registered = registration(facts)
    if registered is None:
        return []
    named = papers_named((f for f in facts if f.id == line.entry.fact), registered.measure.municipality.key)
    papers = papers_of(shown(store.facts_upto(work, dict.fromkeys(named, store.EVERYTHING)), date.max))
    return [
        {
            "paper": paper.key,
            "row": paper.recorded.source.row if paper.recorded else None,
            "steps": [s.model_dump(mode="json") for s in paper.recorded.decision.steps] if paper.recorded else [],
            "details": [{**d.detail.model_dump(mode="json"), "row": d.source.row} for d in paper.details],
        }
        for paper in papers.values()
    ]


def _trace_row(work: Work, reference: str, digest: str, place: str) -> dict[str, Any]:
    events, facts = store.lines_from(work, digest, place), store.facts_from(work, digest, place)
    if not events and not facts:
        raise UnknownReference(f"no entry and no fact is known from row {place} of a file {digest}…")
    full = events[0].entry.source.digest if events else facts[0].source.digest
    settled = store.lines_about(work, [e.entry.fact for e in events])
    return {
        "reference": reference,
        "kind": "row",
        "row": Source(digest=full, place=place).row,
        "facts": [{"id": str(f.id), "type": f.type, "subject": f.subject} for f in facts],
        "entries": sorted({line_of(e).reference for e in [*events, *settled]}),
        "reports": [report_view(r) for r in store.reports_with(work, full, place)],
    }


def report_view(row: tables.Report) -> dict[str, Any]:
    """A report as JSON shows it."""
    return {
        "number": row.number,
        "document": row.document,
        "title": TITLES[row.document],
        "subject": row.subject,
        "key": key_of(row.subject),
        "as_of": row.as_of.isoformat(),
        "version": row.version,
        "sha256": row.data_sha256,
        "files": row.files,
        "complete": row.complete,
        "issued_at": row.issued_at.isoformat(),
        "issued_by": row.issued_by,
        "outdated_since": row.outdated_since,
    }


# ── verify ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def verify(work: Work, sha256: str, number: str | None = None, file: str | None = None) -> dict[str, Any]:
    """Is a report with this digest known here, is it the latest, and does it stand? ``file`` is the SHA-256 of the file in hand:
    a page may have been changed although the data it carries were not.
    """
    row = store.report(work, sha256)
    if row is None or (number is not None and row.number != number):
        other = store.report(work, number) if number else None
        if other:
            return _unknown(
                f"report {number} has the digest {other.data_sha256} here",
                f"Bericht {number} hat hier die Prüfsumme {other.data_sha256}",
            )
        return _unknown("no report of this digest is known", "ein Bericht mit dieser Prüfsumme ist nicht bekannt")
    if file is not None and file not in row.files.values():
        return _unknown(
            f"the data is that of {row.number}, the file itself is not the one issued",
            f"die Daten sind die von {row.number}, die Datei selbst ist nicht die ausgestellte",
        )
    latest = store.latest_report(work, row.subject, row.document, row.as_of)
    return {
        "known": True,
        "report": report_view(row),
        "latest": latest.number if latest else row.number,
        "file_checked": file is not None,
    }


def _unknown(en: str, de: str) -> dict[str, Any]:
    return {"known": False, "reason": de, "reason_en": en}


# ── look ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def list_reports(work: Work, subject: str | None = None) -> list[dict[str, Any]]:
    """Issued reports, newest first."""
    return [report_view(row) for row in store.reports(work, subject)]


def show_report(work: Work, number: str) -> dict[str, Any] | None:
    """One report by number or digest."""
    row = store.report(work, number)
    return report_view(row) if row else None


def show_statement(work: Work, subject: str, as_of: date | None) -> dict[str, Any]:
    """Cut-off dates, the statement as of one of them, its open findings, and what is still missing."""
    event = store.statement_of(work, subject, as_of)
    days = [day.isoformat() for day in store.cut_offs(work, subject)]
    if event is None:
        return {"subject": subject, "cut_offs": days, "statement": None, "findings": [], "missing": []}
    vouchers: dict[str, int] = {}
    if isinstance(event, MeasureReconciled):
        lines = store.lines_of(work, subject)
        main = [x for x in lines if x.entry.book is Book.MAIN and x.entry.number <= event.statement.head.number]
        vouchers = {"vouchers": len(voucher_lines(main, (), event.statement.as_of))}
    return {
        **vouchers,
        "subject": subject,
        "cut_offs": days,
        "event": str(event.id),
        "statement": event.statement.model_dump(mode="json"),
        "findings": [f.model_dump(mode="json") for f in _findings(work, event)],
        "missing": list(still_missing(work, event)),
    }


def count_open_findings(work: Work) -> dict[tuple[str, ...], float]:
    """Findings open on the latest cut-off date of each subject up to today, by code and that date."""
    return {key: float(count) for key, count in store.open_findings(work).items()}


def count_reports(work: Work) -> dict[tuple[str, ...], float]:
    """Reports by document and whether they are outdated."""
    return {(document, "yes" if outdated else "no"): float(n) for (document, outdated), n in store.count_reports(work).items()}
