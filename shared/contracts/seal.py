"""The seal of a journal entry: part of the contract, so that anybody can recompute it from a report's own data.

A seal is SHA-256 over named fields in a fixed text form, each written as ``<length>:<text>,`` so that no text can pretend to be
two fields. It is never made of JSON: the same entry has the same seal whatever writes or reads it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from shared.contracts.funding import Book, Entry, Head, Posting
from shared.values.source import Source
from shared.values.subject import key_of

ZEROS: Final = "0" * 64
"""Seal before a book's first entry."""


def seal_of(
    subject: str,
    book: Book,
    *,
    number: int,
    kind: str,
    booked_on: date,
    valued_on: date,
    postings: Sequence[Posting],
    reverses: int | None,
    fact: UUID,
    source: Source,
    previous: str,
) -> str:
    """SHA-256, in hex, over the fields in this order; then account, cents, funder and budget year of each posting."""
    fields = [
        previous, subject, book.value, str(number), kind, booked_on.isoformat(), valued_on.isoformat(), str(reverses or ""),
        str(fact), source.digest, source.place,
    ]
    for posting in postings:
        fields += (posting.account, str(posting.cents), posting.funder or "", str(posting.budget_year or ""))
    return hashlib.sha256("".join([f"{len(field)}:{field}," for field in fields]).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Broken:
    """The first place where a journal is not what was sealed."""

    reference: str
    what: str


def verify_chain(subject: str, book: Book, entries: Iterable[Entry], head: Head | None = None) -> Broken | None:
    """None if numbers have no gap, every entry balances and every seal is that of its fields and of the seal before it.

    ``head`` says where the book must end. Entries are given in the order of their numbers.
    """
    number, seal = 0, ZEROS
    for entry in entries:
        place = reference_of(subject, book, entry.number)
        if entry.number != number + 1:
            return Broken(place, f"entry {number + 1} is expected here")
        if over := sum(posting.cents for posting in entry.postings):
            return Broken(place, f"postings are {over} cents out of balance")
        if entry.previous != seal:
            return Broken(place, "names another seal before it")
        made = seal_of(
            subject, book, number=entry.number, kind=entry.kind, booked_on=entry.booked_on, valued_on=entry.valued_on,
            postings=entry.postings, reverses=entry.reverses, fact=entry.fact, source=entry.source, previous=seal,
        )
        if made != entry.seal:
            return Broken(place, "its fields are not those that were sealed")
        number, seal = entry.number, entry.seal
    if head is not None and (head.number, head.seal) != (number, seal):
        return Broken(reference_of(subject, book, number + 1), f"the book ends at {number}, its head says {head.number}")
    return None


def reference_of(subject: str, book: Book, number: int) -> str:
    """How an entry is printed: ``M-1/123``, ``M-1/S-7`` in the settlement book, ``DE…/12`` for an account."""
    return f"{key_of(subject)}/{'S-' if book is Book.SETTLEMENT else ''}{number}"
