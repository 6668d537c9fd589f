"""What a fact means in money: fact → entries, all of them or none.

Chart: ``cost:<position>`` · ``ineligible:<position>`` · ``suppliers`` · ``clearing`` · ``bank`` · ``drawn`` · ``award`` ·
``commitment`` · ``cofunding``. Debits are positive. A correction reverses what the earlier fact posted, valued as that was, and
posts anew, valued at the day it names itself; both are booked when it became known.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final, assert_never
from uuid import UUID

from services.funding.domain.ledger import Journal, built
from shared.contracts.funding import Entry, Match, Posting
from shared.contracts.intake import (
    Award,
    AwardAmended,
    CofundingCommitted,
    Commitment,
    CommitmentStatus,
    DecisionDetailed,
    DecisionRecorded,
    DismissParked,
    Fact,
    FigurePublished,
    FileRead,
    GrantAwarded,
    InstructionGiven,
    IntakeEvent,
    MeasureAliased,
    MeasureRegistered,
    MeasureWithdrawn,
    ParticipationRecorded,
    Payment,
    PaymentBooked,
    PlanLineRecorded,
    PopulationRecorded,
    ProgrammeRegistered,
    Receipt,
    ReceiptRecorded,
    ReleaseParked,
    ReportSigned,
    RowRejected,
    SizeBandSet,
    StaffAssigned,
    Voucher,
    VoucherCorrected,
    VoucherRecorded,
    VoucherWithdrawn,
)
from shared.values.money import LIMIT, round_half_up
from shared.values.source import Source

POSTED: Final = frozenset({CommitmentStatus.DECIDED, CommitmentStatus.AWARDED, CommitmentStatus.CUT})
"""How far a promise must have come to be money; what is announced, applied for, conditional or withdrawn posts nothing."""


class Unpostable(ValueError):
    """A fact that cannot be posted now: why, and what would change that."""

    def __init__(self, reason: str, waits_for: str | None = None) -> None:
        super().__init__(reason)
        self.waits_for = waits_for


@dataclass(frozen=True, slots=True)
class Entering:
    """What a fact wants to write."""

    fact: Fact
    kind: str
    valued_on: date
    postings: tuple[Posting, ...]


@dataclass(slots=True)
class Standing:
    """What an award or a promise last posted: the next version takes its place."""

    fact: UUID
    version: int
    entries: tuple[Entry, ...]


@dataclass(slots=True)
class Books:
    """What posting has to know of one subject: its journal, and what stands in it that a later fact may replace."""

    journal: Journal
    registered: bool = True
    """False for a measure nobody has registered yet: its facts wait."""
    rule_sets: frozenset[str] | None = None
    """Names of the rules there are; None: not asked."""
    posted: dict[UUID, tuple[Entry, ...]] = field(default_factory=dict)
    """Entries of facts that later facts correct; none of them reversed yet. Empty for a fact that posted nothing."""
    standing: dict[str, Standing] = field(default_factory=dict)
    """By award reference or promise (``promise_key``)."""

    @property
    def measure(self) -> str:
        """The measure's subject: what its facts wait for until it is registered."""
        return self.journal.subject


def entries_for(fact: IntakeEvent, books: Books, booked_on: date) -> tuple[Entry, ...]:
    """The entries a fact makes, written to the journal of its subject; raises ``Unpostable``, and then nothing was written.

    ``booked_on``: the Berlin day on which the fact became known, so that a replay makes the same seals.
    """
    journal = books.journal
    number, seal = journal.number, journal.seal
    try:
        return _entries(fact, books, booked_on)
    except BaseException:
        journal.number, journal.seal = number, seal
        raise


def _entries(fact: IntakeEvent, books: Books, booked_on: date) -> tuple[Entry, ...]:
    match fact:
        case VoucherRecorded():
            _registered(books)
            if fact.corrects is not None:
                return _corrected(_of_voucher(fact), fact.corrects, books, booked_on)
            voucher = fact.voucher
            return (
                books.journal.append(
                    "voucher", voucher_postings(voucher), booked_on=booked_on, valued_on=voucher.invoice_date, fact=fact.id,
                    source=fact.source,
                ),
            )
        case VoucherCorrected():
            _registered(books)
            return _corrected(_of_voucher(fact), _named(fact), books, booked_on)
        case VoucherWithdrawn():
            _registered(books)
            return _undone(fact, _named(fact), books, booked_on)
        case PaymentBooked():
            return _entered(Entering(fact, "payment", fact.payment.value_date, payment_postings(fact.payment)), books, booked_on)
        case ReceiptRecorded():
            _registered(books)
            return _entered(Entering(fact, "receipt", fact.receipt.received_on, receipt_postings(fact.receipt)), books, booked_on)
        case GrantAwarded() | AwardAmended():
            _registered(books)
            award = fact.award
            entering = Entering(fact, "award", award.awarded_on, award_postings(award))
            return _versioned(entering, award_key(award), award.version, books=books, booked_on=booked_on)
        case CofundingCommitted():
            _registered(books)
            promise = fact.commitment
            entering = Entering(fact, "commitment", promise.committed_on, commitment_postings(promise))
            return _versioned(entering, promise_key(promise), promise.version, books=books, booked_on=booked_on)
        case MeasureRegistered():
            if books.rule_sets is not None and fact.measure.rule_set not in books.rule_sets:
                known = ", ".join(sorted(books.rule_sets)) or "keine"
                raise Unpostable(
                    f"Regelwerk {fact.measure.rule_set} der Maßnahme {fact.measure.key} ist nicht hinterlegt (bekannt: {known})",
                    f"rule set {fact.measure.rule_set}",
                )
            books.registered = True
            return ()
        case ProgrammeRegistered():
            if books.rule_sets is not None and fact.programme.rule_set not in books.rule_sets:
                raise Unpostable(
                    f"Regelwerk {fact.programme.rule_set} des Programms {fact.programme.key} ist nicht hinterlegt",
                    f"rule set {fact.programme.rule_set}",
                )
            return ()
        case MeasureAliased() | MeasureWithdrawn() | PlanLineRecorded() | StaffAssigned():
            _registered(books)
            return ()
        case InstructionGiven() | ReportSigned():
            parked = isinstance(fact, InstructionGiven) and isinstance(fact.instruction, ReleaseParked | DismissParked)
            if fact.subject.startswith("measure/") and not parked:  # what is parked waits for a registration that may never come
                _registered(books)
            return ()
        case (
            DecisionRecorded()
            | DecisionDetailed()
            | ParticipationRecorded()
            | FigurePublished()
            | SizeBandSet()
            | PopulationRecorded()
            | RowRejected()
            | FileRead()
        ):
            return ()
        case _:
            assert_never(fact)


# ── postings ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def payable_share(voucher: Voucher) -> int:
    """What had to be paid for this measure's part of the invoice, in cents: rounded half up at the voucher line."""
    payable = voucher.payable_cents
    return payable if voucher.allocation is None else round_half_up(payable * voucher.allocation)


def voucher_postings(voucher: Voucher) -> tuple[Posting, ...]:
    """Cost, what of it is not eligible, and what is owed to suppliers."""
    payable, eligible, year = payable_share(voucher), voucher.eligible_cents, voucher.budget_year
    cost = _posting(f"cost:{voucher.position}", eligible, None, year)
    owed = _posting("suppliers", -payable, None, year)
    if payable == eligible:
        return cost, owed
    return cost, _posting(f"ineligible:{voucher.position}", payable - eligible, None, year), owed


def payment_postings(payment: Payment) -> tuple[Posting, ...]:
    """A bank line: clearing against bank. Debits are negative on the statement and so debit clearing."""
    return _posting("clearing", -payment.amount_cents, None, None), _posting("bank", payment.amount_cents, None, None)


def match_postings(match: Match, budget_year: int) -> tuple[Posting, ...]:
    """A voucher is paid: suppliers against clearing, with the voucher's part of the debit."""
    return _posting("suppliers", match.paid_cents, None, budget_year), _posting("clearing", -match.paid_cents, None, None)


def receipt_postings(receipt: Receipt) -> tuple[Posting, ...]:
    """Money of a funder came in (or went back, negative), for the year of its award or promise."""
    funder, year = receipt.funder.key, receipt.award_year
    return _posting("bank", receipt.amount_cents, funder, year), _posting("drawn", -receipt.amount_cents, funder, year)


def award_postings(award: Award) -> tuple[Posting, ...]:
    """Yearly tranches, or the whole in no year; nothing once it is revoked."""
    if award.revoked_on is not None:
        return ()
    amounts: list[tuple[int, int | None]] = [(y.amount_cents, y.budget_year) for y in award.years]
    amounts = amounts or [(award.maximum_cents, None)]
    funder = award.grantor.key
    return tuple(
        posting
        for cents, year in amounts
        for posting in (_posting("award", cents, funder, year), _posting("commitment", -cents, funder, year))
    )


def commitment_postings(promise: Commitment) -> tuple[Posting, ...]:
    """A promise that has come far enough to be money, in its year."""
    if promise.status not in POSTED:
        return ()
    funder, year, cents = promise.funder.key, promise.budget_year, promise.amount_cents
    return _posting("cofunding", cents, funder, year), _posting("commitment", -cents, funder, year)


def award_key(award: Award) -> str:
    """What the versions of an award share: its reference and its grantor, since one Bescheid may carry money of several."""
    return f"award {award.grantor.key} {award.reference}"


def promise_key(promise: Commitment) -> str:
    """What the versions of a promise share."""
    return f"commitment {promise.funder.key} {promise.number} {promise.budget_year}"


def _posting(account: str, cents: int, funder: str | None, budget_year: int | None) -> Posting:
    if not -LIMIT <= cents <= LIMIT:
        raise Unpostable(f"{cents} Cent auf {account} ist kein Betrag einer Maßnahme")
    return built(Posting, account=account, cents=cents, funder=funder, budget_year=budget_year)


# ── corrections and versions ─────────────────────────────────────────────────────────────────────────────────────────


def _registered(books: Books) -> None:
    if not books.registered:
        raise Unpostable(f"{books.measure} ist nicht registriert", books.measure)


def _named(fact: Fact) -> UUID:
    if fact.corrects is None:
        raise Unpostable(f"{type(fact).__name__} nennt keine frühere Tatsache, die es berichtigt")
    return fact.corrects


def _original(corrects: UUID, books: Books) -> tuple[Entry, ...]:
    entries = books.posted.get(corrects)
    if entries is None:
        raise Unpostable(f"die berichtigte Tatsache {corrects} ist nicht gebucht oder schon ersetzt", f"fact {corrects}")
    return entries


def _undone(fact: Fact, corrects: UUID, books: Books, booked_on: date) -> tuple[Entry, ...]:
    originals = _original(corrects, books)
    reversals = tuple(
        books.journal.reverse(original, booked_on=booked_on, fact=fact.id, source=fact.source) for original in originals
    )
    del books.posted[corrects]
    return reversals


def _of_voucher(fact: VoucherRecorded | VoucherCorrected) -> Entering:
    return Entering(fact, "voucher", fact.voucher.invoice_date, voucher_postings(fact.voucher))


def _entered(entering: Entering, books: Books, booked_on: date) -> tuple[Entry, ...]:
    if entering.fact.corrects is not None:
        return _corrected(entering, entering.fact.corrects, books, booked_on)
    return (_append(entering, books.journal, booked_on),)


def _append(entering: Entering, journal: Journal, booked_on: date) -> Entry:
    fact = entering.fact
    return journal.append(
        entering.kind, entering.postings, booked_on=booked_on, valued_on=entering.valued_on, fact=fact.id, source=fact.source
    )


def _corrected(entering: Entering, corrects: UUID, books: Books, booked_on: date) -> tuple[Entry, ...]:
    originals = _original(corrects, books)
    if not originals:
        raise Unpostable(f"die berichtigte Tatsache {corrects} hat nichts gebucht")
    reversals = _undone(entering.fact, corrects, books, booked_on)
    return (*reversals, _append(entering, books.journal, booked_on))


def _versioned(entering: Entering, key: str, version: int, *, books: Books, booked_on: date) -> tuple[Entry, ...]:
    """An award's or a promise's next version takes the place of the one before; an older one that comes late posts nothing."""
    fact, journal, replaced = entering.fact, books.journal, key
    if fact.corrects is not None:
        held = next((k for k, s in books.standing.items() if s.fact == fact.corrects), None)
        if held is not None:
            replaced = held
        elif key not in books.standing:
            raise Unpostable(f"die berichtigte Tatsache {fact.corrects} ist nicht gebucht", f"fact {fact.corrects}")
    before = books.standing.get(replaced)
    if before is not None and before.version > version and before.fact != fact.corrects:
        return ()
    reversals = tuple(
        journal.reverse(e, booked_on=booked_on, fact=fact.id, source=fact.source) for e in (before.entries if before else ())
    )
    anew = (_append(entering, journal, booked_on),) if entering.postings else ()
    if replaced != key:
        books.standing[replaced] = Standing(fact.id, 0, ())
    books.standing[key] = Standing(fact.id, version, anew)
    return (*reversals, *anew)


def settle(journal: Journal, match: Match, *, budget_year: int, booked_on: date, source: Source) -> Entry:
    """Entry of a match in the measure's settlement book, valued on the day the money moved."""
    return journal.append(
        "match", match_postings(match, budget_year), booked_on=booked_on, valued_on=match.value_date, fact=match.payment,
        source=source,
    )
