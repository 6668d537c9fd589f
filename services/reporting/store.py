"""All SQL of reporting. Only the application calls it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from services.reporting import tables
from services.reporting.domain.lines import EntryHeard, Line, Posted, line_of, posted_of
from services.reporting.received import Kept
from shared.contracts.funding import (
    FUNDING,
    Finding,
    FindingChanged,
    FindingRaised,
    FindingSettled,
    MeasureReconciled,
    ProgrammeReconciled,
)
from shared.contracts.intake import INTAKE, Fact
from shared.messaging.work import Work
from shared.values.source import SHORT
from shared.values.subject import lane_of

CONSUMERS: Final = {"intake": "reporting.intake", "funding": "reporting.funding"}
"""Group under which each stream is read."""

EVERYTHING: Final = 2**63 - 1
"""As a bound: all that is known of a subject."""

Reconciled = MeasureReconciled | ProgrammeReconciled
FindingTold = FindingRaised | FindingChanged | FindingSettled


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
        ("id", "subject", "type", "digest", "place", "known_at", "body", "sequence"),
        (
            (f.id, f.subject, f.type, f.source.digest, f.source.place, f.recorded_at, work.body(f), work.sequence(f))
            for f in facts
        ),
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
                sequence=work.sequence(event),
            )
        )
    work.session.flush()


def add_findings(work: Work, events: Iterable[FindingTold]) -> None:
    """Keep what was told of findings, one COPY; the latest about each counts."""
    work.copy(
        tables.Found,
        ("subject", "as_of", "id", "sequence", "code", "open", "known_at", "body"),
        (
            (
                e.subject,
                e.as_of,
                e.finding.id,
                work.sequence(e),
                e.finding.code,
                not isinstance(e, FindingSettled),
                e.recorded_at,
                e.finding.model_dump_json().encode(),
            )
            for e in events
        ),
    )


def keep_report(work: Work, report: tables.Report, sources: Iterable[tuple[str, str]]) -> None:
    """Keep an issued report and the rows it stands on."""
    work.session.add(report)
    work.session.flush()
    work.copy(tables.ReportSource, ("digest", "place", "report"), ((d, p, report.id) for d, p in sources))


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
class Arrived:
    """How much of a subject's stream has arrived here."""

    sequence: int
    head: int
    state: str


def arrived(work: Work, stream: str, subjects: Sequence[str]) -> dict[str, Arrived]:
    """How far each subject of a stream (``intake`` or ``funding``) is applied; none for one nothing came of."""
    rows = work.session.connection().execute(
        text("select subject, sequence, head, state from inbox where consumer = :who and subject = any(:subjects)"),
        {"who": CONSUMERS[stream], "subjects": list(subjects)},
    )
    return {subject: Arrived(sequence, head, state) for subject, sequence, head, state in rows}


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


def latest_statements(work: Work, subjects: Sequence[str], as_of: date) -> dict[str, UUID]:
    """The latest statement about each of some subjects as of a day: subject to id of the event."""
    rows = work.session.connection().execute(
        text(
            """select distinct on (subject) subject, event from statement where subject = any(:subjects) and as_of = :as_of
               order by subject, id desc"""
        ),
        {"subjects": list(subjects), "as_of": as_of},
    )
    return {row.subject: row.event for row in rows}


def cut_offs(work: Work, subject: str) -> list[date]:
    """Days there is a statement for, newest first."""
    rows = work.session.connection().execute(
        text("select distinct as_of from statement where subject = :subject order by as_of desc"), {"subject": subject}
    )
    return [row.as_of for row in rows]


def findings_of(work: Work, statements: Iterable[UUID]) -> tuple[Finding, ...]:
    """Findings open in statements, by the ids of their events, each identity once, in a fixed order: as they were told before the
    statement, whatever became of them since."""
    rows = work.session.connection().execute(
        text(
            """select distinct on (f.id, f.subject) f.open, f.body from statement s
               join found f on f.subject = s.subject and f.as_of = s.as_of and f.sequence <= s.sequence
               where s.event = any(:statements) order by f.id, f.subject, f.sequence desc"""
        ),
        {"statements": list(statements)},
    )
    found = {f.id: f for f in (Finding.model_validate_json(body) for is_open, body in rows if is_open)}
    return tuple(sorted(found.values(), key=lambda f: (f.code, f.object, f.budget_year or 0)))


def lines_of(work: Work, subject: str) -> tuple[Line, ...]:
    """All lines of a measure or account."""
    return tuple(line_of(event) for event, _ in posted_to(work, subject))


def posted_to(work: Work, subject: str) -> list[tuple[Posted, bytes]]:
    """All entries of a measure or account, book by book, each with its bytes as they are kept."""
    rows = work.session.exec(
        select(tables.Line.body).where(tables.Line.subject == subject).order_by(col(tables.Line.book), col(tables.Line.number))
    ).all()
    return [(posted_of(body), body) for body in rows]


def digests_of(work: Work, stream: str, subject: str) -> list[bytes]:
    """Digests of all that came of a subject in a stream, in order."""
    rows = work.session.connection().execute(
        text("select digests from applied where consumer = :who and subject = :subject order by first"),
        {"who": CONSUMERS[stream], "subject": subject},
    )
    joined = b"".join(bytes(digests) for (digests,) in rows)
    return [joined[n : n + 32] for n in range(0, len(joined), 32)]


def facts_kept(work: Work, subject: str, upto: int) -> list[Kept]:
    """Facts about a subject as they are kept, up to the number of the last one that counts."""
    rows = work.session.connection().execute(
        text(
            """select sequence, type, left(digest, :short) || ':' || place as reference, body from known
               where subject = :subject and sequence <= :upto order by sequence"""
        ),
        {"subject": subject, "upto": upto, "short": SHORT},
    )
    return [Kept(row.reference, row.type, bytes(row.body), row.sequence) for row in rows]


def statement_kept(work: Work, event: Reconciled) -> Kept | None:
    """A statement as it is kept."""
    row = work.session.exec(select(tables.Statement).where(tables.Statement.event == event.id)).first()
    return Kept(f"{event.subject} {event.statement.as_of.isoformat()}", event.type, row.body, row.sequence) if row else None


def line(work: Work, subject: str, book: str, number: int) -> Posted | None:
    """One entry."""
    body = work.session.exec(
        select(tables.Line.body).where(tables.Line.subject == subject, tables.Line.book == book, tables.Line.number == number)
    ).first()
    return posted_of(body) if body else None


def line_behind(work: Work, subject: str, main_head: int, settlement_head: int, as_of: date) -> Posted | None:
    """The first entry behind heads of both books that counts by a day."""
    found = work.session.connection().execute(
        text(
            """select body from line
               where subject = :subject and (book = 'main' and number > :main or book = 'settlement' and number > :settlement)
                 and valued_on <= :as_of
               order by book, number limit 1"""
        ),
        {"subject": subject, "main": main_head, "settlement": settlement_head, "as_of": as_of},
    ).first()
    return posted_of(bytes(found.body)) if found else None


def lines_from(work: Work, digest_prefix: str, place: str) -> list[Posted]:
    """Entries that follow from a row."""
    rows = work.session.exec(
        select(tables.Line.body)
        .where(col(tables.Line.digest).startswith(digest_prefix), tables.Line.place == place)
        .order_by(col(tables.Line.subject), col(tables.Line.book), col(tables.Line.number))
    ).all()
    return [posted_of(body) for body in rows]


def lines_about(work: Work, facts: Sequence[UUID]) -> list[Posted]:
    """Entries that follow from facts."""
    rows = work.session.exec(
        select(tables.Line.body)
        .where(col(tables.Line.fact).in_(list(facts)))
        .order_by(col(tables.Line.subject), col(tables.Line.book), col(tables.Line.number))
    ).all()
    return [posted_of(body) for body in rows]


def facts_of(work: Work, subject: str) -> list[Fact]:
    """Facts about a subject that documents show, in its order."""
    return facts_upto(work, {subject: EVERYTHING})


def facts_upto(work: Work, upto: Mapping[str, int]) -> list[Fact]:
    """Facts about subjects, each up to the number of its last one that counts; subject by subject, each in its order."""
    rows = work.session.connection().execute(
        text(
            """select k.body
               from unnest(cast(:subjects as text[]), cast(:upto as bigint[])) with ordinality as w(subject, upto, n)
               join known k on k.subject = w.subject and k.sequence <= w.upto order by w.n, k.sequence, k.nth"""
        ),
        {"subjects": list(upto), "upto": list(upto.values())},
    )
    return [INTAKE.validate_json(body) for (body,) in rows]


def facts_from(work: Work, digest_prefix: str, place: str) -> list[Fact]:
    """Facts that a row was read as."""
    rows = work.session.exec(
        select(tables.Known.body).where(col(tables.Known.digest).startswith(digest_prefix), tables.Known.place == place)
    ).all()
    return [INTAKE.validate_json(body) for body in rows]


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


def lock_series(work: Work, subject: str) -> None:
    """One at a time may keep a report of a subject, or a statement that leaves reports behind: by lane, so that a batch over
    thousands of subjects takes twelve locks at most."""
    work.session.connection().execute(text("select pg_advisory_xact_lock(9, :lane)"), {"lane": lane_of(subject)})


_OPEN: Final = """
with recursive named(subject) as (
  (select subject from statement order by subject limit 1) union all
  select (select s.subject from statement s where s.subject > n.subject order by s.subject limit 1)
  from named n where n.subject is not null)
select f.code, d.as_of, count(distinct f.id) as open from named n
cross join lateral (select s.as_of from statement s where s.subject = n.subject and s.as_of <= :today
                    order by s.as_of desc limit 1) d
cross join lateral (select distinct on (x.id) x.id, x.code, x.open from found x
                    where x.subject = n.subject and x.as_of = d.as_of order by x.id, x.sequence desc) f
where f.open group by 1, 2
"""
"""From one subject to the next, and of each its latest day, by index alone: what it costs does not grow with days gone by."""


def open_findings(work: Work) -> dict[tuple[str, str], int]:
    """Number of findings open on the latest cut-off date of each subject up to today, by code and that date."""
    rows = work.session.connection().execute(text(_OPEN), {"today": work.today})
    return {(row.code, row.as_of.isoformat()): row.open for row in rows}


def count_reports(work: Work) -> dict[tuple[str, bool], int]:
    """Number of reports by document and whether they are outdated."""
    rows = work.session.connection().execute(
        text("select document, outdated_since is not null as outdated, count(*) as issued from report group by 1, 2")
    )
    return {(row.document, row.outdated): row.issued for row in rows}


def _reconciled(body: bytes) -> Reconciled:
    event = FUNDING.validate_json(body)
    assert isinstance(event, MeasureReconciled | ProgrammeReconciled)  # noqa: S101 - only these are kept as statements
    return event
