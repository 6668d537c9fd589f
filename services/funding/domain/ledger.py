"""Journal: entries that balance or are not built, numbered without a gap, each sealed with the seal before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from shared.contracts.funding import Book, Entry, Head, Posting
from shared.contracts.seal import ZEROS, Broken, reference_of, seal_of, verify_chain
from shared.values.source import Source

__all__ = ["ZEROS", "Broken", "Journal", "Unbalanced", "reference_of", "seal_of", "verify_chain"]

class Unbalanced(ValueError):
    """Postings that do not add up to zero are no entry."""


@dataclass(slots=True)
class Journal:
    """One book of a measure or an account, as far as it was written: what the next entry is sealed after."""

    subject: str
    book: Book = Book.MAIN
    number: int = 0
    seal: str = ZEROS

    @property
    def head(self) -> Head:
        """Number and seal of the last entry."""
        return Head(number=self.number, seal=self.seal)

    def append(
        self,
        kind: str,
        postings: tuple[Posting, ...],
        *,
        booked_on: date,
        valued_on: date,
        fact: UUID,
        source: Source,
        reverses: int | None = None,
    ) -> Entry:
        """Write the next entry; raises ``Unbalanced`` and writes nothing if debits and credits differ."""
        over = 0
        for posting in postings:
            over += posting.cents
        if over or not postings:
            lines = ", ".join(f"{p.account} {p.cents}" for p in postings) or "no postings"
            raise Unbalanced(f"{kind} of {self.subject} is {over} cents out of balance: {lines}")
        number, previous = self.number + 1, self.seal
        seal = seal_of(
            self.subject, self.book, number=number, kind=kind, booked_on=booked_on, valued_on=valued_on, postings=postings,
            reverses=reverses, fact=fact, source=source, previous=previous,
        )
        self.number, self.seal = number, seal
        # Not validated again: every part is a validated value already, and this is the step every voucher passes.
        return Entry.model_construct(
            number=number, book=self.book, kind=kind, booked_on=booked_on, valued_on=valued_on, postings=postings,
            reverses=reverses, fact=fact, source=source, previous=previous, seal=seal,
        )

    def reverse(self, entry: Entry, *, booked_on: date, fact: UUID, source: Source) -> Entry:
        """Undo an entry of this book by its opposite, booked now and valued as the entry was."""
        opposite = tuple(p.model_copy(update={"cents": -p.cents}) for p in entry.postings)
        return self.append(
            "reversal", opposite, booked_on=booked_on, valued_on=entry.valued_on, fact=fact, source=source, reverses=entry.number
        )
