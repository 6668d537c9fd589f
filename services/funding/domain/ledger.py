"""Journal: entries that balance or are not built, numbered without a gap, each sealed with the seal before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel

from shared.contracts.funding import Book, Entry, Head, Posting
from shared.contracts.seal import ZEROS, Broken, reference_of, seal_of, verify_chain
from shared.values.source import Source

__all__ = ["ZEROS", "Broken", "Journal", "Unbalanced", "reference_of", "seal_of", "verify_chain"]

M = TypeVar("M", bound=BaseModel)


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
        return built(
            Entry, number=number, book=self.book, kind=kind, booked_on=booked_on, valued_on=valued_on, postings=postings,
            reverses=reverses, fact=fact, source=source, previous=previous, seal=seal,
        )

    def reverse(self, entry: Entry, *, booked_on: date, fact: UUID, source: Source) -> Entry:
        """Undo an entry of this book by its opposite, booked now and valued as the entry was."""
        opposite = tuple(p.model_copy(update={"cents": -p.cents}) for p in entry.postings)
        return self.append(
            "reversal", opposite, booked_on=booked_on, valued_on=entry.valued_on, fact=fact, source=source, reverses=entry.number
        )


def built(model: type[M], **values: Any) -> M:
    """A model of parts that are valid already, without looking at them again: what every voucher passes must be quick.

    All fields are given, in the model's order. Three times as fast as ``model_construct``; a test holds it against the model.
    """
    made = model.__new__(model)
    put = object.__setattr__
    put(made, "__dict__", values)
    put(made, "__pydantic_fields_set__", _NONE_SET)
    put(made, "__pydantic_extra__", None)
    put(made, "__pydantic_private__", None)
    return made


_NONE_SET: set[str] = set()
"""Nobody asks which fields were given, only what they are."""
