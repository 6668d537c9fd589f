"""Report lines: results of funding as reports read them, and what a journal says up to its head."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.contracts.event import Event
from shared.contracts.funding import FUNDING, Book, Entry, EntryPosted, Head, Match, PaymentMatched, PaymentUnmatched
from shared.contracts.intake import Voucher
from shared.contracts.seal import reference_of, verify_chain
from shared.values.source import Source

Posted = EntryPosted | PaymentMatched | PaymentUnmatched
"""The events that write to a journal."""


class EntryPlace(BaseModel):
    """Where an entry stands and what it follows from."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    number: int = Field(ge=1)
    book: Book
    kind: str
    fact: UUID
    source: Source
    valued_on: date


class EntryHeard(Event):
    """``EntryPosted`` as it arrives: what its line is found by. Its bytes are kept; what they say is read, and checked against
    its seal, whenever a report is made, so reading all of it at arrival as well would only cost time."""

    type: Literal["de.pruefpfad.entry.posted.v1"]
    entry: EntryPlace


@dataclass(frozen=True, slots=True)
class Line:
    """One journal entry as a report prints it."""

    subject: str
    entry: Entry
    voucher: Voucher | None = None
    match: Match | None = None

    @property
    def reference(self) -> str:
        """``M-1/123``; ``M-1/S-7`` in the settlement book."""
        return reference_of(self.subject, self.entry.book, self.entry.number)

    def cents(self, account: str) -> int:
        """Sum of the entry's postings to one account, or to all that begin with ``account:``; debit positive."""
        return sum(p.cents for p in self.entry.postings if p.account == account or p.account.startswith(f"{account}:"))


def line_of(event: Posted) -> Line:
    """The line an event of funding becomes."""
    match event:
        case EntryPosted():
            return Line(event.subject, event.entry, voucher=event.voucher)
        case PaymentMatched() | PaymentUnmatched():
            return Line(event.subject, event.entry, match=event.match)


@dataclass(frozen=True, slots=True)
class VoucherLine:
    """A voucher that stands: its entry, and the matches that prove its payment, several where it was paid in parts."""

    line: Line
    voucher: Voucher
    proofs: tuple[Line, ...] = ()
    """By value date."""

    @property
    def ineligible_cents(self) -> int:
        """The part of what was payable that is not claimed."""
        return self.line.cents("ineligible")

    @property
    def proof(self) -> Line | None:
        """The last match; None without proof of payment."""
        return self.proofs[-1] if self.proofs else None

    @property
    def match(self) -> Match | None:
        """How and when the last of it was paid."""
        return self.proof.match if self.proof else None

    @property
    def matches(self) -> tuple[Match, ...]:
        """How and when each part of it was paid."""
        return tuple(line.match for line in self.proofs if line.match)

    @property
    def paid_cents(self) -> int:
        """Its part of what was paid."""
        return sum(match.paid_cents for match in self.matches)


class JournalBroken(Exception):
    """The lines of a book are not the gapless, sealed chain up to the head a statement names. ``de``: why, in German."""

    def __init__(self, why: str, de: str) -> None:
        super().__init__(why)
        self.de = de


def posted_of(body: bytes) -> Posted:
    """What a line's bytes say; JournalBroken where they do not say all of it."""
    try:
        event = FUNDING.validate_json(body)
    except ValidationError as error:
        heard = EntryHeard.model_validate_json(body)
        where = reference_of(heard.subject, heard.entry.book, heard.entry.number)
        first = error.errors(include_input=False, include_url=False)[0]
        what = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise JournalBroken(f"{where} cannot be read: {what}", f"{where} ist nicht lesbar: {what}") from error
    assert isinstance(event, EntryPosted | PaymentMatched | PaymentUnmatched)  # noqa: S101 - only these are kept as lines
    _share_names(event)
    return event


def _share_names(model: BaseModel) -> None:
    """Let models of which the same fields were given share the set of their names: of their own, those take half of the memory a
    list of 30,000 vouchers needs."""
    object.__setattr__(model, "__pydantic_fields_set__", _names(frozenset(model.model_fields_set)))
    for value in model.__dict__.values():
        if isinstance(value, BaseModel):
            _share_names(value)
        elif isinstance(value, tuple):
            for item in value:
                if isinstance(item, BaseModel):
                    _share_names(item)


@lru_cache(10_000)
def _names(given: frozenset[str]) -> set[str]:
    return set(given)


def up_to(lines: Iterable[Line], book: Book, head: Head, subject: str) -> tuple[Line, ...]:
    """Lines of one book up to the head, in order; JournalBroken where one is missing or a seal does not follow the one before."""
    wanted = sorted((x for x in lines if x.entry.book is book and x.entry.number <= head.number), key=lambda x: x.entry.number)
    for number, line in enumerate(wanted, 1):
        if line.subject != subject:
            raise JournalBroken(f"{line.reference} does not belong to {subject}", f"{line.reference} gehört nicht zu {subject}")
        if line.entry.number != number:
            lost = reference_of(subject, book, number)
            raise JournalBroken(f"{lost} is missing before {line.reference}", f"{lost} fehlt vor {line.reference}")
    if len(wanted) != head.number:
        lost, last = reference_of(subject, book, len(wanted) + 1), head.number
        raise JournalBroken(f"{lost} is missing, the statement stands on {last}", f"{lost} fehlt, der Abgleich steht auf {last}")
    broken = verify_chain(subject, book, (x.entry for x in wanted), head)
    if broken is not None:
        raise JournalBroken(f"{broken.reference}: {broken.what}", f"{broken.reference} ist nicht, was versiegelt wurde")
    return tuple(wanted)


def standing(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Lines of one book that no later entry has reversed, reversals themselves left out."""
    undone = {x.entry.reverses for x in lines if x.entry.reverses is not None}
    return tuple(x for x in lines if x.entry.reverses is None and x.entry.number not in undone)


def corrections(lines: Sequence[Line]) -> tuple[tuple[Line, Line], ...]:
    """Entries of one book that a later one reversed, each with its reversal: nothing is taken away, both are shown."""
    by_number = {x.entry.number: x for x in lines}
    return tuple((by_number[x.entry.reverses], x) for x in lines if x.entry.reverses in by_number)


def voucher_lines(main: Sequence[Line], settlement: Sequence[Line], as_of: date) -> tuple[VoucherLine, ...]:
    """Vouchers that stand on the day, each with its proof of payment by the day, in the order they were handed in.

    What the bank had returned by the day proves nothing; before, it did.
    """
    proofs = _proofs([x for x in standing(settlement) if x.match is not None and x.match.value_date <= as_of])
    return tuple(
        VoucherLine(line, line.voucher, tuple(proofs.get(line.entry.fact, ())))
        for line in standing(main)
        if line.voucher is not None and line.entry.valued_on <= as_of
    )


def _proofs(matched: Sequence[Line]) -> Mapping[UUID, list[Line]]:
    """Voucher → its matches that hold, by value date."""
    found = [(x, x.match) for x in matched if x.match is not None]
    returned = {(match.voucher, match.returns) for _, match in found if match.returns is not None}
    proofs: dict[UUID, list[Line]] = {}
    for line, match in sorted(found, key=lambda f: (f[1].value_date, f[0].entry.number)):
        if match.returns is None and (match.voucher, match.payment) not in returned:
            proofs.setdefault(match.voucher, []).append(line)
    return proofs
