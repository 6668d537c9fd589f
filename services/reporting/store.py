"""All SQL of reporting. Only the application calls it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import text
from sqlmodel import col, select

from services.reporting import tables
from services.reporting.domain.lines import EntryHeard, JournalBroken, Line, Posted, line_of
from services.reporting.domain.snapshot import Paper, Predecessor
from shared.contracts.event import Event
from shared.contracts.funding import (
    FUNDING,
    EntryPosted,
    Finding,
    FindingSettled,
    MeasureReconciled,
    PaymentMatched,
    PaymentUnmatched,
    ProgrammeReconciled,
)
from shared.contracts.intake import INTAKE, DecisionDetailed, DecisionRecorded, Fact
from shared.contracts.seal import reference_of
from shared.messaging.work import Work

FINDING: Final = TypeAdapter(Finding)
CONSUMERS: Final = {"intake": "reporting.intake", "funding": "reporting.funding"}
"""Group under which each stream is read."""

Reconciled = MeasureReconciled | ProgrammeReconciled


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def add_lines(work: Work, events: Iterable[EntryHeard | Posted]) -> None:
    """Keep entries as lines, one COPY."""
    columns = ("subject", "book", "number", "kind", "fact", "digest", "place", "valued_on", "known_at", "body")
    work.copy(
        tables.Line,
        columns,
        (
            (
                e.subject,
                e.entry.book.value,
                e.entry.number,
                e.entry.kind,
                e.entry.fact,
                e.entry.source.digest,
                e.entry.source.place,
                e.entry.valued_on,
                e.recorded_at,
                work.body(e),
            )
            for e in events
        ),
    )


def add_facts(work: Work, facts: Sequence[Fact]) -> None:
    """Keep facts that documents show, one COPY."""
    work.copy(
        tables.Known,
        ("id", "subject", "type", "digest", "place", "known_at", "body"),
        ((f.id, f.subject, f.type, f.source.digest, f.source.place, f.recorded_at, work.body(f)) for f in facts),
    )


def add_statements(work: Work, events: Sequence[Reconciled]) -> None:
    """Keep statements; the latest counts."""
    for event in events:
        work.session.add(
            tables.Statement(
                subject=event.subject,
                as_of=event.statement.as_of,
                event=event.id,
                known_at=event.recorded_at,
                body=work.body(event),
            )
        )
    work.session.flush()


def keep_findings(work: Work, events: Sequence[Event]) -> None:
    """Bring findings up to date: the last event about each counts."""
    statement = text(
        """insert into found (subject, as_of, id, code, open, known_at, body)
           values (:subject, :as_of, :id, :code, :open, :known_at, :body)
           on conflict (subject, as_of, id) do update
           set open = excluded.open, known_at = excluded.known_at, body = excluded.body"""
    )
    rows = []
    for event in events:
        finding: Finding = event.finding  # type: ignore[attr-defined]
        rows.append(
            {
                "subject": event.subject,
                "as_of": event.as_of,  # type: ignore[attr-defined]
                "id": finding.id,
                "code": finding.code,
                "open": not isinstance(event, FindingSettled),
                "known_at": event.recorded_at,
                "body": FINDING.dump_json(finding),
            }
        )
    if rows:
        work.session.connection().execute(statement, rows)


def keep_report(work: Work, report: tables.Report, sources: Iterable[tuple[str, str]]) -> None:
    """Keep an issued report and the rows it stands on."""
    work.session.add(report)
    work.session.flush()
    work.copy(tables.ReportSource, ("digest", "place", "report"), ((d, p, report.id) for d, p in sorted(set(sources))))


def mark_outdated(work: Work, report: UUID, since: str) -> None:
    """Say once that something came after the report."""
    work.session.connection().execute(
        text("update report set outdated_since = :since where id = :report and outdated_since is null"),
        {"since": since, "report": report},
    )


def note_retrieval(work: Work, report: UUID, format: str, actor: str) -> None:
    """Who fetched it."""
    work.session.add(tables.Retrieval(report=report, format=format, actor=actor, fetched_at=work.now))


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a consumer is with a subject of a stream."""

    sequence: int
    head: int
    state: str


def standing(work: Work, stream: str, subjects: Sequence[str]) -> dict[str, Standing]:
    """Where reporting stands in a stream (``intake`` or ``funding``), by subject."""
    rows = work.session.connection().execute(
        text("select subject, sequence, head, state from inbox where consumer = :who and subject = any(:subjects)"),
        {"who": CONSUMERS[stream], "subjects": list(subjects)},
    )
    return {subject: Standing(sequence, head, state) for subject, sequence, head, state in rows}


def parked_of(work: Work, subjects: Sequence[str]) -> int:
    """Events about these subjects that reporting itself could not apply."""
    found = work.session.connection().execute(
        text("select count(*) from parked where subject = any(:subjects) and status in ('waiting', 'unreadable', 'refused')"),
        {"subjects": list(subjects)},
    )
    return int(found.scalar_one())


def statement_of(work: Work, subject: str, as_of: date | None) -> Reconciled | None:
    """The latest statement about a subject as of a day; without a day, of the latest day there is."""
    query = select(tables.Statement).where(tables.Statement.subject == subject)
    if as_of is not None:
        query = query.where(tables.Statement.as_of == as_of)
    row = work.session.exec(query.order_by(col(tables.Statement.as_of).desc(), col(tables.Statement.id).desc()).limit(1)).first()
    return _reconciled(row.body) if row else None


def statement_event(work: Work, event: UUID) -> Reconciled | None:
    """A statement by the id of its event."""
    row = work.session.exec(select(tables.Statement).where(tables.Statement.event == event)).first()
    return _reconciled(row.body) if row else None


def statements_named(work: Work, named: Mapping[str, UUID]) -> list[MeasureReconciled]:
    """Statements of measures, by subject and the id of the event."""
    rows = work.session.exec(
        select(tables.Statement.body).where(
            col(tables.Statement.subject).in_(list(named)), col(tables.Statement.event).in_(list(named.values()))
        )
    ).all()
    return [e for e in map(_reconciled, rows) if isinstance(e, MeasureReconciled)]


def cut_offs(work: Work, subject: str) -> list[date]:
    """Days there is a statement for, newest first."""
    rows = work.session.connection().execute(
        text("select distinct as_of from statement where subject = :subject order by as_of desc"), {"subject": subject}
    )
    return [row.as_of for row in rows]


def findings_of(work: Work, subjects: Sequence[str], as_of: date, ids: Iterable[UUID] | None = None) -> tuple[Finding, ...]:
    """Open findings of subjects as of a day, each identity once, in a fixed order; of these ids only, where given."""
    query = select(tables.Found).where(
        col(tables.Found.subject).in_(list(subjects)), tables.Found.as_of == as_of, col(tables.Found.open).is_(True)
    )
    found = {f.id: f for f in (FINDING.validate_json(row.body) for row in work.session.exec(query).all())}
    wanted = found if ids is None else {i: found[i] for i in ids if i in found}
    return tuple(sorted(wanted.values(), key=lambda f: (f.code, f.object, f.budget_year or 0)))


def lines_of(work: Work, subject: str) -> tuple[Line, ...]:
    """All lines of a measure or account."""
    rows = work.session.exec(
        select(tables.Line.body).where(tables.Line.subject == subject).order_by(col(tables.Line.book), col(tables.Line.number))
    ).all()
    return tuple(line_of(_posted(body)) for body in rows)


def line(work: Work, subject: str, book: str, number: int) -> Posted | None:
    """One entry."""
    body = work.session.exec(
        select(tables.Line.body).where(tables.Line.subject == subject, tables.Line.book == book, tables.Line.number == number)
    ).first()
    return _posted(body) if body else None


def lines_from(work: Work, digest_prefix: str, place: str) -> list[Posted]:
    """Entries that follow from a row."""
    rows = work.session.exec(
        select(tables.Line.body)
        .where(col(tables.Line.digest).startswith(digest_prefix), tables.Line.place == place)
        .order_by(col(tables.Line.subject), col(tables.Line.book), col(tables.Line.number))
    ).all()
    return [_posted(body) for body in rows]


def lines_about(work: Work, facts: Sequence[UUID]) -> list[Posted]:
    """Entries that follow from facts."""
    rows = work.session.exec(
        select(tables.Line.body)
        .where(col(tables.Line.fact).in_(list(facts)))
        .order_by(col(tables.Line.subject), col(tables.Line.book), col(tables.Line.number))
    ).all()
    return [_posted(body) for body in rows]


def facts_of(work: Work, subject: str) -> list[Fact]:
    """Facts about a subject that documents show, in the order they became known."""
    return facts_of_all(work, [subject])


def facts_of_all(work: Work, subjects: Sequence[str]) -> list[Fact]:
    """Facts about subjects, in the order they became known."""
    rows = work.session.exec(
        select(tables.Known.body).where(col(tables.Known.subject).in_(list(subjects))).order_by(col(tables.Known.nth))
    ).all()
    return [INTAKE.validate_json(body) for body in rows]


def facts_from(work: Work, digest_prefix: str, place: str) -> list[Fact]:
    """Facts that a row was read as."""
    rows = work.session.exec(
        select(tables.Known.body).where(col(tables.Known.digest).startswith(digest_prefix), tables.Known.place == place)
    ).all()
    return [INTAKE.validate_json(body) for body in rows]


def papers_of(work: Work, subjects: Mapping[str, str]) -> dict[str, Paper]:
    """Council papers by key (key → subject): latest state, latest detail of each funder and year; what was corrected is out."""
    by_subject = {subject: key for key, subject in subjects.items()}
    states: dict[str, DecisionRecorded] = {}
    details: dict[str, dict[tuple[str, int], DecisionDetailed]] = {}
    for fact in current(facts_of_all(work, list(by_subject))):
        key = by_subject[fact.subject]
        if isinstance(fact, DecisionRecorded):
            held = states.get(key)
            if held is None or (fact.decision.modified or "") >= (held.decision.modified or ""):
                states[key] = fact
        elif isinstance(fact, DecisionDetailed):
            details.setdefault(key, {})[fact.detail.funder.key, fact.detail.budget_year] = fact
    return {
        key: Paper(key, states.get(key), tuple(details.get(key, {}).values()))
        for key in subjects
        if key in states or key in details
    }


def current(facts: Sequence[Fact]) -> list[Fact]:
    """Facts that no later fact corrects."""
    corrected = {f.corrects for f in facts if f.corrects}
    return [f for f in facts if f.id not in corrected]


def reports(work: Work, subject: str | None = None) -> list[tables.Report]:
    """Issued reports, newest first."""
    query = select(tables.Report)
    if subject:
        query = query.where(tables.Report.subject == subject)
    return list(work.session.exec(query.order_by(col(tables.Report.issued_at).desc(), col(tables.Report.number))).all())


def reports_as_of(work: Work, subject: str, as_of: date) -> list[tables.Report]:
    """Reports of a subject as of a day that are not outdated yet."""
    return list(
        work.session.exec(
            select(tables.Report).where(
                tables.Report.subject == subject, tables.Report.as_of == as_of, col(tables.Report.outdated_since).is_(None)
            )
        ).all()
    )


def latest_report(work: Work, subject: str, document: str, as_of: date) -> tables.Report | None:
    """The last version of a report."""
    return work.session.exec(
        select(tables.Report)
        .where(tables.Report.subject == subject, tables.Report.document == document, tables.Report.as_of == as_of)
        .order_by(col(tables.Report.version).desc())
        .limit(1)
    ).first()


def report(work: Work, number: str) -> tables.Report | None:
    """A report by its number or by the SHA-256 of its data."""
    return work.session.exec(
        select(tables.Report).where((tables.Report.number == number) | (tables.Report.data_sha256 == number)).limit(1)
    ).first()


def reports_with(work: Work, digest: str, place: str) -> list[tables.Report]:
    """Every report a row is in."""
    return list(
        work.session.exec(
            select(tables.Report)
            .join(tables.ReportSource, col(tables.ReportSource.report) == col(tables.Report.id))
            .where(tables.ReportSource.digest == digest, tables.ReportSource.place == place)
            .order_by(col(tables.Report.issued_at))
        ).all()
    )


def lock_series(work: Work, subject: str, document: str, as_of: date) -> None:
    """One at a time may issue a version of the same report."""
    work.session.connection().execute(
        text("select pg_advisory_xact_lock(9, hashtext(:series))"), {"series": f"{subject} {document} {as_of}"}
    )


def open_findings(work: Work) -> dict[tuple[str, str], int]:
    """Number of open findings by code and cut-off date."""
    rows = work.session.connection().execute(text("select code, as_of, count(distinct id) from found where open group by 1, 2"))
    return {(code, as_of.isoformat()): count for code, as_of, count in rows}


def predecessor_of(row: tables.Report, findings: Sequence[Finding]) -> Predecessor:
    """The report before, as a snapshot knows it."""
    return Predecessor(row.number, row.data_sha256, row.main_head, row.settlement_head, tuple(findings))


def _posted(body: bytes) -> Posted:
    try:
        event = FUNDING.validate_json(body)
    except ValidationError as error:
        heard = EntryHeard.model_validate_json(body)
        where = reference_of(heard.subject, heard.entry.book, heard.entry.number)
        first = error.errors(include_input=False, include_url=False)[0]
        raise JournalBroken(f"{where} cannot be read: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    assert isinstance(event, EntryPosted | PaymentMatched | PaymentUnmatched)  # noqa: S101 - only these are kept as lines
    return event


def _reconciled(body: bytes) -> Reconciled:
    event = FUNDING.validate_json(body)
    assert isinstance(event, MeasureReconciled | ProgrammeReconciled)  # noqa: S101 - only these are kept as statements
    return event
