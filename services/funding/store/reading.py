"""Rows back into facts and entries."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlmodel import Session

from services.funding.domain.ledger import ZEROS
from shared.contracts.funding import Book, Entry, Posting
from shared.contracts.intake import (
    INTAKE,
    AwardAmended,
    GrantAwarded,
    InstructionGiven,
    IntakeEvent,
    MeasureRegistered,
    MeasureWithdrawn,
)
from shared.persistence.database import cursor
from shared.values.source import Source

RARE: Final = "type !~ '^de.pruefpfad.(voucher|payment)'"
"""All facts but vouchers and bank lines; as the partial index says it."""


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
    """Facts that register these measures, award them money, withdraw them or waive their findings, in order."""
    return _of_types_or_waiving(session, subjects, _SEEN)


def waivers_given(session: Session, subjects: Iterable[str]) -> dict[str, list[IntakeEvent]]:
    """Facts that waive findings of these measures or take that back, in order."""
    return _of_types_or_waiving(session, subjects, [])


def _of_types_or_waiving(session: Session, subjects: Iterable[str], types: list[str]) -> dict[str, list[IntakeEvent]]:
    found: dict[str, list[IntakeEvent]] = {subject: [] for subject in sorted(set(subjects))}
    if found:
        with cursor(session) as run:
            run.execute(
                f"""select subject, body from fact where subject = any(%s) and {RARE} and (type = any(%s)
                    or type = %s and position('"waive_finding"'::bytea in body) > 0) order by subject, n""",  # noqa: S608
                (list(found), types, InstructionGiven.model_fields["type"].default),
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


def fact_of(session: Session, subject: str, fact: UUID) -> IntakeEvent | None:
    """A fact by subject and id."""
    with cursor(session) as run:
        run.execute("select body from fact where subject = %s and id = %s limit 1", (subject, fact), binary=True)
        row = run.fetchone()
        return INTAKE.validate_json(row[0]) if row else None


def entries_where(session: Session, condition: str, parameters: Sequence[Any]) -> Iterator[tuple[str, Entry]]:
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


def entries_of(session: Session, subject: str, numbers: Sequence[int], book: Book) -> dict[int, Entry]:
    """Entries of one book by number."""
    found = entries_where(session, "e.subject = %s and e.book = %s and e.number = any(%s)", (subject, book.value, list(numbers)))
    return {entry.number: entry for _, entry in found}


def find_entry(session: Session, subject: str, book: Book, number: int) -> Entry | None:
    """One entry."""
    return entries_of(session, subject, [number], book).get(number)


def book(session: Session, subject: str, of: Book) -> Iterator[Entry]:
    """All entries of one book, in order."""
    previous = ZEROS
    for _, entry in entries_where(session, "e.subject = %s and e.book = %s", (subject, of.value)):
        yield entry.model_copy(update={"previous": previous})
        previous = entry.seal
