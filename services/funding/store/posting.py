"""The hot path: statements over arrays and COPY, no row objects."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlmodel import Session

from services.funding.domain.ledger import ZEROS, Journal
from services.funding.domain.posting import Books, Standing
from services.funding.store.reading import entries_where
from services.funding.store.rows import CONSUMER
from services.funding.tables import EntryRow, FactRow
from shared.contracts.funding import Book, Entry
from shared.contracts.intake import FileRead, RowRejected
from shared.persistence.database import copy, cursor
from shared.values.subject import kind_of

FACT_COLUMNS: Final = ("subject", "n", "id", "type", "known_at", "corrects", "crosses", "body")
ENTRY_COLUMNS: Final = (
    "subject",
    "book",
    "number",
    "kind",
    "booked_on",
    "valued_on",
    "reverses",
    "fact",
    "digest",
    "place",
    "seal",
    "postings",
)
_BOOKS: Final = {book: book.value for book in Book}
_json: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(slots=True)
class Held:
    """A subject whose journal row is locked: its books, and what this transaction changes of it."""

    books: Books
    facts: int
    touched: bool = False
    matching: bool = False
    own: bool = False


@dataclass(slots=True)
class Written:
    """Rows that one transaction adds."""

    facts: list[Sequence[Any]] = field(default_factory=list)
    entries: list[Sequence[Any]] = field(default_factory=list)

    def add(self, subject: str, entries: Iterable[Entry]) -> None:
        """Rows of journal entries."""
        for entry in entries:
            book, number, source = _BOOKS[entry.book], entry.number, entry.source
            self.entries.append(
                (
                    subject,
                    book,
                    number,
                    entry.kind,
                    entry.booked_on,
                    entry.valued_on,
                    entry.reverses,
                    entry.fact,
                    bytes.fromhex(source.digest),
                    source.place,
                    bytes.fromhex(entry.seal),
                    _json([(p.account, p.cents, p.funder, p.budget_year) for p in entry.postings]),
                )
            )

    def copy(self, session: Session) -> None:
        """Write them."""
        if self.facts:
            copy(session, FactRow, FACT_COLUMNS, self.facts)
        if self.entries:
            copy(session, EntryRow, ENTRY_COLUMNS, self.entries)


def open_books(session: Session, subjects: Iterable[str], rule_sets: frozenset[str] | None) -> dict[str, Held]:
    """Lock the journals of these subjects, in order, and read how far they are."""
    wanted = sorted(set(subjects))
    held: dict[str, Held] = {}
    with cursor(session) as run:
        run.execute(_LOCK, (wanted,), binary=True)
        found = run.fetchall()
        if len(found) < len(wanted):
            run.execute(
                """insert into journal (subject, kind) select * from unnest(%s::text[], %s::text[]) on conflict do nothing""",
                (wanted, [kind_of(subject) for subject in wanted]),
            )
            run.execute(_LOCK, (wanted,), binary=True)
            found = run.fetchall()
        measures = [subject for subject in wanted if subject.startswith("measure/")]
        run.execute("select subject from measure where subject = any(%s)", (measures,))
        registered = {subject for (subject,) in run}
    for subject, number, seal, facts in found:
        journal = Journal(subject, Book.MAIN, number, bytes(seal).hex() or ZEROS)
        known = subject in registered or not subject.startswith("measure/")
        held[subject] = Held(Books(journal, registered=known, rule_sets=rule_sets), facts)
    return held


_LOCK: Final = "select subject, number, seal, facts from journal where subject = any(%s) order by subject for update"


def load_originals(session: Session, held: Mapping[str, Held], corrects: Mapping[str, Sequence[UUID]]) -> None:
    """Bring what was posted for facts that are about to be corrected, unless it was reversed already."""
    subjects = [subject for subject in corrects if subject in held]
    ids = [fact for subject in subjects for fact in corrects[subject]]
    if not ids:
        return
    originals: dict[tuple[str, UUID], list[Entry]] = defaultdict(list)
    for subject, entry in entries_where(
        session,
        """e.fact = any(%s) and e.subject = any(%s) and e.book = 'main' and e.reverses is null and not exists
           (select from entry r where r.subject = e.subject and r.book = 'main' and r.reverses = e.number)""",
        (ids, subjects),
    ):
        originals[subject, entry.fact].append(entry)
    for (subject, fact), entries in originals.items():
        held[subject].books.posted[fact] = tuple(entries)


def load_standing(session: Session, held: Mapping[str, Held], subjects: Iterable[str]) -> None:
    """Bring what the awards and promises of these subjects last posted."""
    wanted = sorted(set(subjects))
    if not wanted:
        return
    with cursor(session) as run:
        run.execute("select subject, key, version, fact, entries from standing where subject = any(%s)", (wanted,), binary=True)
        rows = run.fetchall()
    if not rows:
        return
    entries = {
        (subject, entry.number): entry
        for subject, entry in entries_where(
            session,
            """(e.subject, e.number) in (select * from unnest(%s::text[], %s::int8[])) and e.book = 'main'""",
            ([row[0] for row in rows for _ in row[4]], [number for row in rows for number in row[4]]),
        )
    }
    for subject, key, version, fact, numbers in rows:
        held[subject].books.standing[key] = Standing(fact, version, tuple(entries[subject, number] for number in numbers))


def save_standing(session: Session, held: Mapping[str, Held], subjects: Iterable[str]) -> None:
    """Keep what stands now."""
    rows = [
        (subject, key, s.version, s.fact, [entry.number for entry in s.entries])
        for subject in sorted(set(subjects))
        for key, s in held[subject].books.standing.items()
    ]
    with cursor(session) as run:
        run.executemany(
            """insert into standing (subject, key, version, fact, entries) values (%s, %s, %s, %s, %s) on conflict (subject, key)
               do update set version = excluded.version, fact = excluded.fact, entries = excluded.entries""",
            rows,
        )


def save_journals(session: Session, held: Mapping[str, Held]) -> None:
    """Move heads, and mark as due what was touched. The pace is kept by PostgreSQL's own clock: it is no business date."""
    rows = [(subject, h) for subject, h in held.items() if h.touched]
    if not rows:
        return
    with cursor(session) as run:
        run.execute(
            """update journal j set number = v.number, seal = v.seal, facts = v.facts, version = j.version + 1,
                 due_since = case when j.kind in ('measure', 'programme') or j.kind = 'account' and (j.matching or v.matching)
                   then coalesce(j.due_since, clock_timestamp()) end,
                 touched_at = clock_timestamp(), matching = j.matching or v.matching, own = j.own or v.own,
                 retry_at = null
               from unnest(%s::text[], %s::int8[], %s::bytea[], %s::int8[], %s::bool[], %s::bool[])
                 as v(subject, number, seal, facts, matching, own) where j.subject = v.subject""",
            (
                [subject for subject, _ in rows],
                [h.books.journal.number for _, h in rows],
                [bytes.fromhex(h.books.journal.seal) if h.books.journal.number else b"" for _, h in rows],
                [h.facts for _, h in rows],
                [h.matching for _, h in rows],
                [h.own for _, h in rows],
            ),
        )


def watch(session: Session, days: Iterable[tuple[str, date]]) -> None:
    """State everything as of these days, too, from now on."""
    pairs = sorted(set(days))
    with cursor(session) as run:
        run.execute(
            "insert into watched (subject, day) select * from unnest(%s::text[], %s::date[]) on conflict do nothing",
            ([subject for subject, _ in pairs], [day for _, day in pairs]),
        )


def keep_rejections(session: Session, rejected: Sequence[RowRejected], read: Sequence[FileRead]) -> None:
    """Keep which rows could not be read, and which files came to their end."""
    with cursor(session) as run:
        run.executemany(
            "insert into rejection (fact, file, series, concerns, known_at) values (%s, %s, %s, %s, %s) on conflict do nothing",
            [(r.id, r.subject, r.series, r.concerns, r.recorded_at) for r in rejected],
        )
        run.executemany(
            """insert into file (file, series, known_at, rows, rejected) values (%s, %s, %s, %s, %s) on conflict (file) do update
               set series = excluded.series, known_at = greatest(file.known_at, excluded.known_at), rows = excluded.rows,
                 rejected = excluded.rejected""",
            [(f.subject, f.series, f.recorded_at, f.rows, f.rejected) for f in read],
        )


def awaited(session: Session, keys: Callable[[], list[str]]) -> set[str]:
    """Which of these something parked waits for. Nearly always nothing is parked: then one probe tells so."""
    with cursor(session) as run:
        run.execute(
            "select exists (select from parked where consumer = %s and status = 'waiting' and waits_for is not null)", (CONSUMER,)
        )
        row = run.fetchone()
        if row is None or not row[0]:
            return set()
        run.execute(
            "select distinct waits_for from parked where consumer = %s and status = 'waiting' and waits_for = any(%s)",
            (CONSUMER, keys()),
        )
        return {key for (key,) in run}
