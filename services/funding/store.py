"""Funding's database: statements over arrays and COPY, no row objects on the hot path.

Locks: journal rows in the order of their subjects, always before the lanes of the outbox. What does not exist yet is made first.
"""

from __future__ import annotations

import json
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlmodel import Session

from services.funding.domain.ledger import ZEROS, Journal
from services.funding.domain.posting import Books, Standing
from services.funding.domain.purpose import Purpose
from services.funding.domain.waiver import Content
from services.funding.tables import EntryRow, FactRow
from shared.contracts.funding import Book, Entry, Finding, Head, Match, MeasureStatement, Posting, ProgrammeStatement
from shared.contracts.intake import (
    INTAKE,
    AwardAmended,
    CofundingCommitted,
    FileRead,
    GrantAwarded,
    IntakeEvent,
    MeasureData,
    MeasureRegistered,
    MeasureWithdrawn,
    RowRejected,
)
from shared.persistence.database import copy, cursor
from shared.values.source import Source
from shared.values.subject import kind_of, subject_of

CONSUMER: Final = "funding.intake"
"""Name under which the inbox keeps its places and parked facts."""
RARE: Final = "type !~ '^de.pruefpfad.(voucher|payment)'"
"""All facts but vouchers and bank lines; as the partial index says it."""

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


# ── posting: the hot path ────────────────────────────────────────────────────────────────────────────────────────────


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
    for subject, entry in _entries(
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
        for subject, entry in _entries(
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


def register(session: Session, fact: MeasureRegistered) -> None:
    """Keep what a measure is found by."""
    m = fact.measure
    with cursor(session) as run:
        run.execute(
            """insert into measure (subject, key, programme, rule_set, body) values (%s, %s, %s, %s, %s) on conflict (subject)
               do update set programme = excluded.programme, rule_set = excluded.rule_set, body = excluded.body""",
            (
                fact.subject,
                m.key,
                subject_of("programme", m.programme) if m.programme else None,
                m.rule_set,
                m.model_dump_json().encode(),
            ),
        )
        run.execute("delete from account_use where measure = %s", (fact.subject,))
        run.execute(
            "insert into account_use (account, measure) select a, %s from unnest(%s::text[]) a on conflict do nothing",
            (fact.subject, [subject_of("account", iban) for iban in m.accounts]),
        )


def forget_use_of_papers(session: Session, measure: str) -> list[str]:
    """Undo which papers a measure's promises name, and say which references they name: its municipality may be another now."""
    with cursor(session) as run:
        run.execute("delete from paper_use where measure = %s", (measure,))
    promised = (f for f in rare_facts(session, [measure])[measure] if isinstance(f, CofundingCommitted))
    return [fact.commitment.decision for fact in promised if fact.commitment.decision]


def keep_purposes(session: Session, purposes: Mapping[str, Purpose]) -> None:
    """Keep what others see of measures now; what they saw before stays until they are told. Their journals are locked."""
    with cursor(session) as run:
        run.executemany(
            "update purpose set holds = false where subject = %s and holds and seen <> %s",
            [(subject, p.seen) for subject, p in purposes.items()],
        )
        run.executemany(
            """insert into purpose (subject, seen, groups, starts, ends, awards) values (%s, %s, %s, %s, %s, %s)
               on conflict (subject, seen) do update set holds = true""",
            [(subject, p.seen, list(p.groups), p.period.start, p.period.end, list(p.awards)) for subject, p in purposes.items()],
        )


def keep_use_of_papers(session: Session, uses: Iterable[tuple[str, str]]) -> None:
    """Remember which measures' promises name which papers."""
    pairs = sorted(set(uses))
    with cursor(session) as run:
        run.execute(
            "insert into paper_use (paper, measure) select * from unnest(%s::text[], %s::text[]) on conflict do nothing",
            ([paper for paper, _ in pairs], [measure for _, measure in pairs]),
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


def concerned_by_series(session: Session, series: Iterable[str]) -> set[str]:
    """Subjects that rejected rows of these series are about."""
    with cursor(session) as run:
        run.execute("select distinct concerns from rejection where series = any(%s) and concerns is not null", (list(series),))
        return {subject for (subject,) in run}


def users_of_accounts(session: Session, subjects: Iterable[str]) -> set[str]:
    """Measures that are paid from those of these subjects that are accounts."""
    return _subjects(session, "select measure from account_use where account = any(%s)", (list(subjects),))


def users_of_papers(session: Session, papers: Iterable[str]) -> set[str]:
    """Measures whose promises name these papers."""
    return _subjects(session, "select measure from paper_use where paper = any(%s)", (list(papers),))


def measures_of(session: Session, programmes: Iterable[str]) -> set[str]:
    """Registered measures of these programmes."""
    return _subjects(session, "select subject from measure where programme = any(%s)", (list(programmes),))


def programmes_of(session: Session, measures: Iterable[str]) -> dict[str, MeasureData]:
    """Registrations by measure subject."""
    with cursor(session) as run:
        run.execute("select subject, body from measure where subject = any(%s)", (list(measures),))
        return {subject: MeasureData.model_validate_json(body) for subject, body in run}


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


def parked_under(session: Session, fact: UUID) -> str | None:
    """Reference under which a fact is parked."""
    with cursor(session) as run:
        run.execute(
            """select reference from parked where consumer = %s and status in ('waiting', 'unreadable', 'refused')
               and position(%s::bytea in body) > 0 order by id limit 1""",
            (CONSUMER, str(fact).encode()),
        )
        row = run.fetchone()
        return str(row[0]) if row else None


# ── facts ────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Memory:
    """Facts read before. They are append-only, so a subject's first n never change; the least used subjects are forgotten."""

    def __init__(self, limit: int = 50_000) -> None:
        """``limit``: facts kept, about 4 kB each."""
        self._limit, self._size = limit, 0
        self._known: OrderedDict[str, list[IntakeEvent]] = OrderedDict()

    def facts(self, session: Session, subject: str) -> list[IntakeEvent]:
        """All facts of a subject, in order."""
        known = self._known.pop(subject, [])
        self._size -= len(known)
        with cursor(session) as run:
            run.execute("select body from fact where subject = %s and n > %s order by n", (subject, len(known)), binary=True)
            known = [*known, *(INTAKE.validate_json(body) for (body,) in run)]
        self._known[subject] = known
        self._size += len(known)
        while self._size > self._limit:
            self._size -= len(self._known.popitem(last=False)[1])
        return known


def rare_facts(session: Session, subjects: Sequence[str]) -> dict[str, list[IntakeEvent]]:
    """Facts of these subjects that are no vouchers and no bank lines, in order."""
    found: dict[str, list[IntakeEvent]] = {subject: [] for subject in subjects}
    if subjects:
        with cursor(session) as run:
            run.execute(
                f"select subject, body from fact where subject = any(%s) and {RARE} order by subject, n",  # noqa: S608
                (list(subjects),),
                binary=True,
            )
            for subject, body in run:
                found[subject].append(INTAKE.validate_json(body))
    return found


def facts_others_see(session: Session, subjects: Iterable[str]) -> dict[str, list[IntakeEvent]]:
    """Facts that register these measures, award them money or withdraw them, in order."""
    found: dict[str, list[IntakeEvent]] = {subject: [] for subject in sorted(set(subjects))}
    if found:
        with cursor(session) as run:
            run.execute(
                f"select subject, body from fact where subject = any(%s) and {RARE} and type = any(%s) order by subject, n",  # noqa: S608
                (list(found), _SEEN),
                binary=True,
            )
            for subject, body in run:
                found[subject].append(_seen_again(body))
    return found


_seen_again: Final = lru_cache(8_192)(INTAKE.validate_json)
"""Neighbours are read by each of their neighbours."""
_SEEN: Final = [cls.model_fields["type"].default for cls in (MeasureRegistered, GrantAwarded, AwardAmended, MeasureWithdrawn)]


def facts_elsewhere(session: Session, subject: str, crosses: Sequence[int]) -> list[IntakeEvent]:
    """Facts of other measures with one of these invoices or persons' months, unless they were corrected or withdrawn."""
    if not crosses:
        return []
    with cursor(session) as run:
        run.execute(
            """select body from fact f where crosses = any(%s) and subject <> %s and not exists
               (select from fact c where c.subject = f.subject and c.corrects = f.id) order by subject, n""",
            (list(crosses), subject),
            binary=True,
        )
        return [INTAKE.validate_json(body) for (body,) in run]


def withdrawals(session: Session, subjects: Iterable[str]) -> dict[str, date]:
    """Since when measures are withdrawn, of those that are."""
    with cursor(session) as run:
        run.execute(
            """select body from fact f where subject = any(%s) and type = 'de.pruefpfad.measure.withdrawn.v1' and not exists
               (select from fact c where c.subject = f.subject and c.corrects = f.id) order by n""",
            (sorted(set(subjects)),),
            binary=True,
        )
        facts = [INTAKE.validate_json(body) for (body,) in run]
    return {fact.subject: fact.withdrawn_on for fact in facts if isinstance(fact, MeasureWithdrawn)}


# ── what is due ──────────────────────────────────────────────────────────────────────────────────────────────────────


class Due(NamedTuple):
    """A subject that waits, as it was when it was looked at."""

    subject: str
    version: int
    own: bool


_READY: Final = (
    "j.due_since is not null and (j.retry_at is null or j.retry_at < clock_timestamp()) and "
    "(j.touched_at < clock_timestamp() - %(quiet)s * interval '1 second' or "
    "j.due_since < clock_timestamp() - %(patience)s * interval '1 second')"
)

_PAID: Final = (
    "(j.kind = 'account' or exists (select from account_use u join journal a on a.subject = u.account "
    "where u.measure = j.subject and a.facts > 0))"
)


def due_matching(session: Session, quiet: float, patience: float) -> list[Due]:
    """Accounts and measures whose vouchers and bank lines wait to be matched. Without any bank line there is nothing to match."""
    return _due(session, f"j.kind in ('account', 'measure') and j.matching and {_READY} and {_PAID}", quiet, patience, 1)


def due_measures(session: Session, quiet: float, patience: float, limit: int) -> list[Due]:
    """Measures that wait to be reconciled, unless their vouchers or an account of theirs wait to be matched first."""
    return _due(
        session,
        f"""j.kind = 'measure' and {_READY} and not (j.matching and {_PAID}) and not exists
            (select from account_use u join journal a on a.subject = u.account where u.measure = j.subject and a.matching)""",
        quiet,
        patience,
        limit,
    )


def due_programmes(session: Session, quiet: float, patience: float, limit: int) -> list[Due]:
    """Programmes that wait, once none of their measures does; those that were set aside keep nobody waiting."""
    return _due(
        session,
        f"""j.kind = 'programme' and {_READY} and not exists (select from measure m join journal x on x.subject = m.subject
            where m.programme = j.subject and x.due_since is not null and x.failed is null)""",
        quiet,
        patience,
        limit,
    )


def _due(session: Session, condition: str, quiet: float, patience: float, limit: int) -> list[Due]:
    with cursor(session) as run:
        run.execute(
            f"select j.subject, j.version, j.own from journal j where {condition} order by j.due_since limit %(limit)s",  # noqa: S608
            {"quiet": quiet, "patience": patience, "limit": limit},
        )
        return [Due(*row) for row in run]


def versions(session: Session, subjects: Sequence[str]) -> dict[str, int]:
    """How often each of these subjects was touched."""
    with cursor(session) as run:
        run.execute("select subject, version from journal where subject = any(%s)", (list(subjects),))
        return dict(run.fetchall())


def lock(session: Session, subjects: Iterable[str]) -> dict[str, int]:
    """Lock these journals, in order, and read their versions; those that are not there are made."""
    open_books(session, subjects, None)
    return versions(session, sorted(set(subjects)))


def touch(session: Session, subjects: Iterable[str], *, own: bool = False) -> None:
    """Mark subjects as due. Their rows are locked.

    What follows from other subjects waits for no quiet: only what is posted says that more of it may come.
    """
    with cursor(session) as run:
        run.execute(
            """update journal set version = version + 1,
               due_since = case when kind in ('measure', 'programme') then coalesce(due_since, clock_timestamp())
                 else due_since end,
               own = own or %s where subject = any(%s)""",
            (own, sorted(set(subjects))),
        )


def done(session: Session, subjects: Iterable[str], today: date) -> None:
    """These subjects are due no longer."""
    with cursor(session) as run:
        run.execute(
            """update journal set due_since = null, own = false, matching = false, day = %s, failed = null,
               failures = 0, retry_at = null where subject = any(%s)""",
            (today, sorted(set(subjects))),
        )


def matched(session: Session, subjects: Iterable[str]) -> None:
    """These subjects' vouchers and bank lines are matched; accounts are due no longer."""
    with cursor(session) as run:
        run.execute(
            """update journal set matching = false, due_since = case when kind = 'account' then null else due_since end,
               failed = null, failures = 0, retry_at = null where subject = any(%s)""",
            (sorted(set(subjects)),),
        )


def set_aside(session: Session, subjects: Iterable[str], reason: str) -> None:
    """These subjects could not be reconciled: they stay due, and are tried again after a pause that doubles up to an hour.

    Their rows are locked.
    """
    with cursor(session) as run:
        run.execute(
            """update journal set failed = %s, failures = failures + 1,
                 retry_at = clock_timestamp() + least(interval '1 hour', interval '10 seconds' * power(2, least(failures, 10)))
               where subject = any(%s)""",
            (reason, sorted(set(subjects))),
        )


def count_set_aside(session: Session) -> dict[str, int]:
    """How many subjects could not be reconciled, by kind."""
    with cursor(session) as run:
        run.execute("select kind, count(*) from journal where failed is not null group by kind")
        return dict(run.fetchall())


def count_set_aside_of(session: Session, programme: str) -> int:
    """Measures of a programme whose statement is of an earlier state, since they could not be reconciled."""
    return _count(
        session,
        """select count(*) from measure m join journal j on j.subject = m.subject
           where m.programme = %s and j.failed is not null""",
        (programme,),
    )


def touch_of_earlier_days(session: Session, today: date, limit: int) -> int:
    """Mark as due what was last stated for an earlier today; returns how many."""
    with cursor(session) as run:
        run.execute(
            """update journal set version = version + 1, due_since = coalesce(due_since, clock_timestamp()), day = %s
               where subject in (select subject from journal where kind in ('measure', 'programme') and day < %s
                                 order by subject limit %s for update skip locked)""",
            (today, today, limit),
        )
        return run.rowcount


def has_new_bank_lines(session: Session, accounts: Sequence[str]) -> bool:
    """Did bank lines come that were not matched yet?"""
    return bool(_count(session, "select count(*) from journal where subject = any(%s) and matching", (list(accounts),)))


def touched_lately(session: Session, seconds: float, most: int) -> int:
    """How many subjects that are due were touched that lately; counted up to ``most``."""
    return _count(
        session,
        """select count(*) from (select from journal where due_since is not null
           and touched_at > clock_timestamp() - %s * interval '1 second' limit %s) t""", (seconds, most),
    )


def count_due(session: Session) -> dict[str, int]:
    """How many subjects wait, by kind."""
    with cursor(session) as run:
        run.execute("select kind, count(*) from journal where due_since is not null group by kind")
        return dict(run.fetchall())


# ── matching ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def component(session: Session, subject: str) -> tuple[list[str], list[str]]:
    """Accounts and measures that belong together: paid from one another's accounts, directly or by way of others."""
    accounts: set[str] = {subject} if subject.startswith("account/") else set()
    measures: set[str] = {subject} if subject.startswith("measure/") else set()
    while True:
        with cursor(session) as run:
            run.execute(
                "select account, measure from account_use where account = any(%s) or measure = any(%s)",
                (list(accounts), list(measures)),
            )
            rows = run.fetchall()
        more_accounts, more_measures = accounts | {a for a, _ in rows}, measures | {m for _, m in rows}
        if (more_accounts, more_measures) == (accounts, measures):
            return sorted(accounts), sorted(measures)
        accounts, measures = more_accounts, more_measures


class Settled(NamedTuple):
    """A match that holds, and the entry that settled it."""

    subject: str
    entry: int
    match: Match
    budget_year: int


def matches(session: Session, subjects: Sequence[str]) -> list[Settled]:
    """Matches that hold, of these measures, in the order of their entries."""
    with cursor(session) as run:
        run.execute(
            """select subject, entry, body, budget_year from match where subject = any(%s) and ended is null
               order by subject, entry""",
            (list(subjects),),
            binary=True,
        )
        return [Settled(subject, entry, Match.model_validate_json(body), year) for subject, entry, body, year in run]


def matches_of_vouchers(session: Session, vouchers: Sequence[UUID]) -> list[Settled]:
    """Matches that hold, of these vouchers."""
    if not vouchers:
        return []
    with cursor(session) as run:
        run.execute(
            "select subject, entry, body, budget_year from match where voucher = any(%s) and ended is null",
            (list(vouchers),),
            binary=True,
        )
        return [Settled(subject, entry, Match.model_validate_json(body), year) for subject, entry, body, year in run]


def settlements(session: Session, subjects: Sequence[str]) -> dict[str, Journal]:
    """Heads of the settlement books. Their rows are locked."""
    with cursor(session) as run:
        run.execute(
            "select subject, settled, settled_seal from journal where subject = any(%s)", (sorted(set(subjects)),), binary=True
        )
        return {s: Journal(s, Book.SETTLEMENT, number, bytes(seal).hex() or ZEROS) for s, number, seal in run}


def save_settlements(session: Session, journals: Iterable[Journal]) -> None:
    """Move the heads of settlement books."""
    with cursor(session) as run:
        run.executemany(
            "update journal set settled = %s, settled_seal = %s where subject = %s",
            [(j.number, bytes.fromhex(j.seal) if j.number else b"", j.subject) for j in journals],
        )


def entries_of(session: Session, subject: str, numbers: Sequence[int], book: Book) -> dict[int, Entry]:
    """Entries of one book by number."""
    found = _entries(session, "e.subject = %s and e.book = %s and e.number = any(%s)", (subject, book.value, list(numbers)))
    return {entry.number: entry for _, entry in found}


def save_matches(session: Session, made: Sequence[Sequence[Any]], ended: Sequence[tuple[str, int, int]]) -> None:
    """End matches (subject, entry, undone by) and add new ones (columns of ``match`` but ``ended``)."""
    with cursor(session) as run:
        if ended:
            run.execute(
                """update match m set ended = v.by from unnest(%s::text[], %s::int8[], %s::int8[]) as v(subject, entry, by)
                   where m.subject = v.subject and m.entry = v.entry""",
                tuple(map(list, zip(*ended, strict=True))),
            )
    if made:
        copy(session, "match", ("subject", "entry", "voucher", "payment", "account", "budget_year", "body"), made)


def save_leftovers(
    session: Session, accounts: Sequence[str], suggested: Sequence[Sequence[Any]], unmatched: Sequence[tuple[str, int, date]]
) -> bool:
    """Replace suggestions and unmatched debits of these accounts; says whether unmatched debits changed."""
    with cursor(session) as run:
        run.execute("delete from suggestion where account = any(%s)", (list(accounts),))
        run.executemany(
            """insert into suggestion (voucher, payment, subject, account, body) values (%s, %s, %s, %s, %s)
               on conflict do nothing""",
            suggested,
        )
        run.execute("select account, number, valued_on from unmatched where account = any(%s)", (list(accounts),))
        before, after = set(run.fetchall()), set(unmatched)
        if gone := before - after:
            run.execute(
                """delete from unmatched u using unnest(%s::text[], %s::int8[]) as v(account, number)
                   where u.account = v.account and u.number = v.number""",
                ([g[0] for g in gone], [g[1] for g in gone]),
            )
    if after - before:
        copy(session, "unmatched", ("account", "number", "valued_on"), sorted(after - before))
    return before != after


def numbers_of_payments(session: Session, account: str) -> dict[UUID, int]:
    """Entry number of each bank line of an account, by fact."""
    with cursor(session) as run:
        run.execute(
            "select fact, number from entry where subject = %s and book = 'main' and reverses is null", (account,), binary=True
        )
        return dict(run.fetchall())


def numbers_of_vouchers(session: Session, subject: str) -> dict[UUID, int]:
    """Entry number of each voucher of a measure, by fact."""
    with cursor(session) as run:
        run.execute(
            "select fact, number from entry where subject = %s and book = 'main' and kind = 'voucher'", (subject,), binary=True
        )
        return dict(run.fetchall())


# ── reconciling ──────────────────────────────────────────────────────────────────────────────────────────────────────


class Place(NamedTuple):
    """How far a subject is: both heads, its version, and the last fact of intake's stream that was applied."""

    version: int
    number: int
    seal: str
    settled: int
    settled_seal: str
    facts_upto: int

    @property
    def head(self) -> Head:
        """Of the main book."""
        return Head(number=self.number, seal=self.seal)

    @property
    def settlement(self) -> Head:
        """Of the settlement book."""
        return Head(number=self.settled, seal=self.settled_seal)


def place_of(session: Session, subject: str) -> Place:
    """Where a subject stands now."""
    with cursor(session) as run:
        run.execute(
            """select j.version, j.number, j.seal, j.settled, j.settled_seal,
                 coalesce((select i.sequence from inbox i where i.consumer = %s and i.subject = j.subject), 0)
               from journal j where j.subject = %s""",
            (CONSUMER, subject),
            binary=True,
        )
        row = run.fetchone()
    if row is None:
        return Place(0, 0, ZEROS, 0, ZEROS, 0)
    version, number, seal, settled, settled_seal, upto = row
    return Place(version, number, bytes(seal).hex() or ZEROS, settled, bytes(settled_seal).hex() or ZEROS, upto)


def facts_upto(session: Session, subjects: Sequence[str]) -> dict[str, int]:
    """Sequence of the last fact of each subject that was applied; 0 where nothing is known of it."""
    with cursor(session) as run:
        run.execute(
            "select subject, sequence from inbox where consumer = %s and subject = any(%s)",
            (CONSUMER, list(subjects)),
        )
        return dict.fromkeys(subjects, 0) | dict(run.fetchall())


def days_of(session: Session, subject: str, programme: str | None) -> list[date]:
    """Watched days of a subject, those of its programme included."""
    with cursor(session) as run:
        run.execute("select distinct day from watched where subject = %s or subject = %s order by day", (subject, programme))
        return [day for (day,) in run]


def papers_named_by(session: Session, measure: str) -> list[str]:
    """Papers that the promises of a measure name."""
    return sorted(_subjects(session, "select paper from paper_use where measure = %s", (measure,)))


class Neighbours(NamedTuple):
    """Awarded measures that may fund the same as one (DOP-01)."""

    compared: list[str]
    """Those it is compared with."""
    untold: set[str]
    """Those that saw it otherwise than it is now, or not at all: they are due, once it is saved."""


def neighbours(session: Session, subject: str) -> Neighbours:
    """Measures that share a group, a day and no single award with one, as it is and as it was when they were last told."""
    with cursor(session) as run:
        run.execute(
            """select o.subject, bool_or(m.holds), bool_or(m.news)
               from (select p.*, count(*) over () > 1 or not p.told as news from purpose p where p.subject = %s) m
                 join purpose o on o.groups && m.groups and o.holds and o.subject <> m.subject
                   and o.starts <= m.ends and m.starts <= o.ends and (o.awards <> m.awards or cardinality(o.awards) > 1)
               where m.holds or m.news group by o.subject order by o.subject""",
            (subject,),
        )
        rows = run.fetchall()
    return Neighbours([s for s, now, _ in rows if now], {s for s, _, news in rows if news})


def neighbours_told(session: Session, subjects: Iterable[str]) -> None:
    """Those that these measures concern are marked as due; what they once saw is forgotten. Their journals are locked."""
    known = sorted(set(subjects))
    with cursor(session) as run:
        run.execute("delete from purpose where subject = any(%s) and not holds", (known,))
        run.execute("update purpose set told = true where subject = any(%s) and not told", (known,))


def unmatched_of(session: Session, measure: str) -> list[tuple[str, int, date]]:
    """Debits of the measure's accounts that prove nothing: account, number, value date."""
    with cursor(session) as run:
        run.execute(
            """select u.account, u.number, u.valued_on from account_use a join unmatched u on u.account = a.account
               where a.measure = %s order by u.account, u.number""",
            (measure,),
        )
        return run.fetchall()


def has_bank_statements(session: Session, measure: str, day: date) -> bool:
    """Was any bank line of the measure's accounts handed in that was valued by the day?"""
    with cursor(session) as run:
        run.execute(
            """select exists (select from account_use a join entry e on e.subject = a.account
               where a.measure = %s and e.book = 'main' and e.valued_on <= %s)""",
            (measure, day),
        )
        row = run.fetchone()
        return bool(row and row[0])


def count_suggestions(session: Session, subject: str, day: date) -> int:
    """Vouchers of a measure for which a person may confirm a match with a bank line valued by the day."""
    return _count(
        session,
        """select count(distinct voucher) from suggestion
           where subject = %s and (convert_from(body, 'UTF8')::json ->> 'value_date')::date <= %s""",
        (subject, day),
    )


def count_parked(session: Session, subject: str) -> int:
    """Facts of a subject, and of the accounts it is paid from, that could not be applied."""
    return _count(
        session,
        """select count(*) from parked where consumer = %s and status in ('waiting', 'unreadable', 'refused')
           and (subject = %s or subject in (select account from account_use where measure = %s))""",
        (CONSUMER, subject, subject),
    )


def count_rejected(session: Session, subject: str) -> int:
    """Rows about a subject, or an account it is paid from, that could not be read and that no later file has settled.

    Only an edition can settle them that could hold what they were meant to say: of the same series, read to its end after them,
    with as many rows at least, and none of them rejected. Of a file that never came to its end only the rejections are known.
    """
    return _count(
        session,
        """select count(*) from rejection r
           where (r.concerns = %s or r.concerns in (select account from account_use where measure = %s)) and not exists
           (select from file f where f.series = r.series and f.file <> r.file and f.known_at > r.known_at and f.rejected = 0
              and f.rows >= coalesce((select e.rows from file e where e.file = r.file),
                                     (select count(*) from rejection o where o.file = r.file)))""",
        (subject, subject),
    )


def statement(session: Session, subject: str, day: date) -> tuple[UUID, bytes] | None:
    """Event and body of the last statement as of a day."""
    with cursor(session) as run:
        run.execute("select event, body from statement where subject = %s and day = %s", (subject, day), binary=True)
        row = run.fetchone()
        return (row[0], bytes(row[1])) if row else None


def save_statement(session: Session, subject: str, day: date, event: UUID, body: bytes) -> None:
    """Keep the last statement as of a day; earlier ones are in the outbox."""
    with cursor(session) as run:
        run.execute(
            """insert into statement (subject, day, event, body) values (%s, %s, %s, %s)
               on conflict (subject, day) do update set event = excluded.event, body = excluded.body""",
            (subject, day, event, body),
        )


def findings(session: Session, subject: str, day: date) -> list[Finding]:
    """Findings that hold as of a day, waived ones too."""
    with cursor(session) as run:
        run.execute("select body from finding where subject = %s and day = %s order by code, id", (subject, day), binary=True)
        return [Finding.model_validate_json(body) for (body,) in run]


def save_findings(session: Session, subject: str, day: date, kept: Sequence[Finding], gone: Sequence[Finding]) -> None:
    """Keep raised and changed findings, drop settled ones."""
    with cursor(session) as run:
        if kept:
            run.execute(
                """insert into finding (subject, day, id, code, body)
                   select %s, %s, v.* from unnest(%s::uuid[], %s::text[], %s::bytea[]) as v
                   on conflict (subject, day, id) do update set body = excluded.body""",
                (subject, day, [f.id for f in kept], [f.code for f in kept], [f.model_dump_json().encode() for f in kept]),
            )
        if gone:
            run.execute(
                "delete from finding where subject = %s and day = %s and id = any(%s)", (subject, day, [f.id for f in gone])
            )


def given_for(session: Session, subject: str) -> dict[UUID, Content]:
    """What the waivers of a subject were given for, by instruction."""
    with cursor(session) as run:
        run.execute("select instruction, at_risk_cents, inputs from waiver where subject = %s", (subject,))
        return {instruction: Content(cents, frozenset(inputs)) for instruction, cents, inputs in run}


def save_given_for(session: Session, subject: str, given: Mapping[UUID, Content]) -> None:
    """Keep what waivers were given for; what is kept already stays."""
    with cursor(session) as run:
        run.executemany(
            "insert into waiver (instruction, subject, at_risk_cents, inputs) values (%s, %s, %s, %s) on conflict do nothing",
            [(instruction, subject, c.at_risk_cents, sorted(c.inputs)) for instruction, c in given.items()],
        )


def findings_waived(session: Session, subject: str, waived: Sequence[UUID]) -> list[Finding]:
    """These findings of a subject, as they hold on any day."""
    with cursor(session) as run:
        run.execute("select body from finding where subject = %s and id = any(%s)", (subject, list(waived)), binary=True)
        return [Finding.model_validate_json(body) for (body,) in run]


def measure_statements(session: Session, measures: Sequence[str], day: date) -> dict[str, tuple[UUID, MeasureStatement]]:
    """Statements of measures as of a day, by subject."""
    with cursor(session) as run:
        run.execute(
            "select subject, event, body from statement where subject = any(%s) and day = %s", (list(measures), day), binary=True
        )
        return {subject: (event, MeasureStatement.model_validate_json(body)) for subject, event, body in run}


def findings_of(session: Session, subjects: Sequence[str], day: date) -> dict[str, tuple[Finding, ...]]:
    """Open findings by subject as of a day."""
    found: dict[str, list[Finding]] = {}
    with cursor(session) as run:
        run.execute(
            "select subject, body from finding where subject = any(%s) and day = %s order by subject, code, id",
            (list(subjects), day),
            binary=True,
        )
        for subject, body in run:
            finding = Finding.model_validate_json(body)
            if finding.waived is None:
                found.setdefault(subject, []).append(finding)
    return {subject: tuple(of) for subject, of in found.items()}


# ── parked ───────────────────────────────────────────────────────────────────────────────────────────────────────────


class ParkedFact(NamedTuple):
    """A fact that could not be applied."""

    reference: str
    subject: str
    type: str
    status: str
    reason: str
    waits_for: str | None
    attempts: int
    body: bytes


_PARKED: Final = "p.reference, coalesce(p.subject, ''), p.type, p.status, p.reason, p.waits_for, p.attempts, p.body"


def parked_untold(session: Session, limit: int) -> list[ParkedFact]:
    """Parked facts nobody was told of yet, or which were parked again for another reason."""
    with cursor(session) as run:
        run.execute(
            f"""select {_PARKED} from parked p left join told_parked t on t.reference = p.reference where p.consumer = %s
                and p.status in ('waiting', 'unreadable', 'refused') and p.subject is not null
                and (t.reference is null or t.attempts <> p.attempts) order by p.id limit %s""",  # noqa: S608
            (CONSUMER, limit),
        )
        return [ParkedFact(*row) for row in run]


def released_untold(session: Session, limit: int) -> list[tuple[str, str, UUID | None]]:
    """Facts told of as parked that are parked no longer: reference, subject, fact."""
    with cursor(session) as run:
        run.execute(
            """select t.reference, t.subject, t.fact from told_parked t
               join parked p on p.reference = t.reference and p.consumer = %s where p.status in ('released', 'dismissed')
               order by p.id limit %s""",
            (CONSUMER, limit),
        )
        return run.fetchall()


def save_told(session: Session, told: Sequence[tuple[str, str, UUID | None, int]], gone: Sequence[str]) -> None:
    """Remember what was told of parked facts."""
    with cursor(session) as run:
        run.executemany(
            """insert into told_parked (reference, subject, fact, attempts) values (%s, %s, %s, %s)
               on conflict (reference) do update set attempts = excluded.attempts, fact = excluded.fact""",
            told,
        )
        run.execute("delete from told_parked where reference = any(%s)", (list(gone),))


def list_parked(session: Session, limit: int) -> list[ParkedFact]:
    """Parked facts, oldest first."""
    with cursor(session) as run:
        run.execute(
            f"""select {_PARKED} from parked p where p.consumer = %s and p.status in ('waiting', 'unreadable', 'refused')
                order by p.id limit %s""",                                                                          # noqa: S608
            (CONSUMER, limit),
        )
        return [ParkedFact(*row) for row in run]


# ── looking ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def list_measures(session: Session) -> list[dict[str, Any]]:
    """Registered measures with the days they are stated for; ``failed`` says why one could not be reconciled."""
    return _dicts(
        session,
        """select m.subject, m.key, m.programme, m.rule_set, j.number as entries, j.settled, j.due_since is not null as due,
             j.failed, j.failures, j.retry_at,
             coalesce((select array_agg(s.day order by s.day) from statement s where s.subject = m.subject), '{}') as days
           from measure m join journal j on j.subject = m.subject order by m.key""",
        (),
    )


def list_suggestions(session: Session, measure: str | None) -> list[dict[str, Any]]:
    """Weak matches, by measure."""
    return _dicts(
        session,
        """select subject, voucher, payment, account, convert_from(body, 'UTF8')::json as about from suggestion
           where %(measure)s::text is null or subject = %(measure)s order by subject, voucher, payment limit 1000""",
        {"measure": measure},
    )


def overview(session: Session, day: date | None) -> list[dict[str, Any]]:
    """Each measure with its name and, as of the day or its latest one, its totals and how many findings are open."""
    return _dicts(
        session,
        """with measures as (select subject, key, programme, convert_from(body, 'UTF8')::json as about from measure)
           select m.subject, m.key, m.programme, m.about->>'name' as name, m.about->'municipality'->>'name' as municipality,
             s.day as as_of, s.body->>'state' as state, s.body->'totals' as totals,
             (select count(*) from finding f where f.subject = m.subject and f.day = s.day
                and convert_from(f.body, 'UTF8')::json->>'waived' is null) as open_findings,
             (select count(distinct voucher) from suggestion g where g.subject = m.subject) as suggestions
           from measures m left join lateral (
             select day, convert_from(body, 'UTF8')::json as body from statement
             where subject = m.subject and day = coalesce(%(day)s::date, day) order by day desc limit 1) s on true
           order by m.key""",
        {"day": day},
    )


def list_findings(session: Session, day: date, subject: str | None) -> list[dict[str, Any]]:
    """Findings as of a day."""
    return _dicts(
        session,
        """select subject, convert_from(body, 'UTF8')::json as finding from finding
           where day = %(day)s and (%(subject)s::text is null or subject = %(subject)s) order by subject, code, id limit 5000""",
        {"day": day, "subject": subject},
    )


def days_stated(session: Session, subject: str) -> list[date]:
    """Days a subject has a statement for."""
    with cursor(session) as run:
        run.execute("select day from statement where subject = %s order by day", (subject,))
        return [day for (day,) in run]


def statement_of(session: Session, subject: str, day: date) -> MeasureStatement | ProgrammeStatement | None:
    """The statement of a measure or a programme as of a day."""
    found = statement(session, subject, day)
    if found is None:
        return None
    kind = MeasureStatement if kind_of(subject) == "measure" else ProgrammeStatement
    return kind.model_validate_json(found[1])


def find_entry(session: Session, subject: str, book: Book, number: int) -> Entry | None:
    """One entry."""
    return entries_of(session, subject, [number], book).get(number)


def entries_about(session: Session, subject: str, number: int, fact: UUID) -> list[tuple[str, str, int, str]]:
    """Subject, book, number and kind of entries that follow from the same fact, or that settle or undo this one."""
    with cursor(session) as run:
        run.execute(
            """select subject, book, number, kind from entry where fact = %(fact)s
               union select subject, book, number, kind from entry
                 where subject = %(subject)s and book = 'main' and reverses = %(number)s
               union select m.subject, 'settlement', m.entry, 'match' from match m
                 where m.voucher = %(fact)s or m.payment = %(fact)s
               order by 1, 2, 3""",
            {"fact": fact, "subject": subject, "number": number},
        )
        return run.fetchall()


def fact_of(session: Session, subject: str, fact: UUID) -> IntakeEvent | None:
    """A fact by subject and id."""
    with cursor(session) as run:
        run.execute("select body from fact where subject = %s and id = %s limit 1", (subject, fact), binary=True)
        row = run.fetchone()
        return INTAKE.validate_json(row[0]) if row else None


def journals(session: Session) -> list[tuple[str, int, str, int, str]]:
    """Subject and heads of all journals that hold entries."""
    with cursor(session) as run:
        run.execute(
            """select subject, number, encode(seal, 'hex'), settled, encode(settled_seal, 'hex') from journal
               where number > 0 or settled > 0 order by subject"""
        )
        return run.fetchall()


def book(session: Session, subject: str, of: Book) -> Iterator[Entry]:
    """All entries of one book, in order."""
    previous = ZEROS
    for _, entry in _entries(session, "e.subject = %s and e.book = %s", (subject, of.value)):
        yield entry.model_copy(update={"previous": previous})
        previous = entry.seal


def unbalanced_cents(session: Session) -> int:
    """Σ of |debits − credits| over the entries of journals something was posted to lately, and of measures whose payments may
    have been matched anew by it: anything but 0 is an alarm."""
    return _count(
        session,
        """with moved as (select subject from journal where touched_at > clock_timestamp() - interval '1 minute'),
             near as (select subject from moved union
               select o.measure from moved m join account_use u on m.subject in (u.measure, u.account)
                 join account_use o on o.account = u.account)
           select coalesce(sum(abs(over)), 0)::int8 from
             (select sum(p.cents) as over from near n join posting p on p.subject = n.subject
              group by p.subject, p.book, p.number having sum(p.cents) <> 0) u""",
        (),
    )


def count_open_findings(session: Session, day: date) -> dict[str, int]:
    """Findings that hold as of a day, by code."""
    with cursor(session) as run:
        run.execute("select code, count(distinct id) from finding where day = %s group by code", (day,))
        return dict(run.fetchall())


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _entries(session: Session, condition: str, parameters: Sequence[Any]) -> Iterator[tuple[str, Entry]]:
    """Entries with their postings, in order. ``previous`` is left to those who read a book from its beginning."""
    with cursor(session) as run:
        run.execute(
            f"""select e.subject, e.book, e.number, e.kind, e.booked_on, e.valued_on, e.reverses, e.fact, encode(e.digest, 'hex'),
                  e.place, encode(e.seal, 'hex'), e.postings
                from entry e where {condition} order by e.subject, e.book, e.number""",  # noqa: S608
            parameters,
        )
        for row in run:
            yield _entry(row)


def _entry(row: tuple[Any, ...]) -> tuple[str, Entry]:
    subject, of, number, kind, booked_on, valued_on, reverses, fact, digest, place, seal, lines = row
    postings = [Posting(account=a, cents=cents, funder=funder, budget_year=year) for a, cents, funder, year in json.loads(lines)]
    return subject, Entry(
        number=number,
        book=Book(of),
        kind=kind,
        booked_on=booked_on,
        valued_on=valued_on,
        postings=tuple(postings),
        reverses=reverses,
        fact=fact,
        source=Source(digest=digest, place=place),
        previous=ZEROS,
        seal=seal,
    )


def _subjects(session: Session, statement: str, parameters: Any) -> set[str]:
    with cursor(session) as run:
        run.execute(statement, parameters)
        return {subject for (subject,) in run}


def _count(session: Session, statement: str, parameters: Sequence[Any]) -> int:
    with cursor(session) as run:
        run.execute(statement, parameters)
        row = run.fetchone()
        return int(row[0]) if row else 0


def _dicts(session: Session, statement: str, parameters: Any) -> list[dict[str, Any]]:
    with cursor(session) as run:
        run.execute(statement, parameters)
        names = [column.name for column in run.description or ()]
        return [dict(zip(names, row, strict=True)) for row in run]
