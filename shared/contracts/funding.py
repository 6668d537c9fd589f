"""Results: what the facts mean in money, and what the checks say about it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field, TypeAdapter

from shared.contracts.event import Event
from shared.contracts.intake import Data, Key, Municipality, Voucher, Year
from shared.values.funders import Funder, FunderKind
from shared.values.money import Cents, Sum
from shared.values.source import Source

Seal = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Code = Annotated[str, Field(pattern=r"^[A-Z]{2,3}-\d{2}$")]

# ── journal ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class Book(StrEnum):
    """A journal has two books, each gapless and sealed for itself.

    ``main`` holds what follows from the subject's own facts, in their order: it is the same after any delivery of the same
    facts. ``settlement`` holds what joins two subjects (a voucher and a bank line), in the order funding saw them.
    """

    MAIN = "main"
    SETTLEMENT = "settlement"


class Posting(Data):
    """One line of an entry: debit positive, credit negative."""

    account: str = Field(max_length=160)
    """Chart: ``cost:<position>``, ``ineligible:<position>``, ``suppliers``, ``clearing``, ``bank``, ``drawn``, ``award``,
    ``commitment``, ``cofunding``."""
    cents: Cents
    funder: str | None = Field(default=None, max_length=80)
    budget_year: Year | None = None


class Entry(Data):
    """A sealed journal entry: its postings add up to zero."""

    number: int = Field(ge=1)
    book: Book = Book.MAIN
    kind: str = Field(max_length=40)
    """``voucher``, ``receipt``, ``award``, ``commitment``, ``payment``, ``match`` or ``reversal``."""
    booked_on: date
    """Day the fact became known (Europe/Berlin)."""
    valued_on: date
    """Business date of what happened."""
    postings: tuple[Posting, ...]
    reverses: int | None = None
    """Number of the entry it undoes, in the same book."""
    fact: UUID
    """The fact (or instruction, or matched payment) it follows from."""
    source: Source
    previous: Seal
    seal: Seal
    """SHA-256 over the named fields and the seal before it."""


class EntryPosted(Event):
    """An entry was written to the journal of a measure or an account."""

    type: Literal["de.pruefpfad.entry.posted.v1"] = "de.pruefpfad.entry.posted.v1"
    entry: Entry
    voucher: Voucher | None = None
    """The voucher the entry books, so that a reader needs no second look-up."""


class Match(Data):
    """A bank line proves the payment of an invoice, or gives back one that did; every voucher of that invoice has its part.

    An invoice paid in parts has a match for each of them.
    """

    voucher: UUID
    payment: UUID
    account: str
    """IBAN."""
    payment_source: Source
    payment_entry: int
    """Number of the bank line's entry in the account's journal."""
    paid_cents: Cents
    """The voucher's part of the debit; negative where money came back."""
    invoice_paid_cents: Sum
    """The invoice's part: all of the debit, unless it pays several invoices. The invoice may be shared with other measures."""
    value_date: date
    """From this day on it counts: when the money moved; of a return, when it was booked."""
    reasons: tuple[str, ...]
    """Why it matches: ``reference``, ``account+amount+date``, ``confirmed``, ``returned``."""
    returns: UUID | None = None
    """The payment this line gives back: that one proves nothing from here on."""


class PaymentMatched(Event):
    """A voucher is proven paid: the entry that settles it."""

    type: Literal["de.pruefpfad.payment.matched.v1"] = "de.pruefpfad.payment.matched.v1"
    match: Match
    entry: Entry


class PaymentUnmatched(Event):
    """A match no longer holds (a correction, a person's word, a second candidate): the reversal of its entry."""

    type: Literal["de.pruefpfad.payment.unmatched.v1"] = "de.pruefpfad.payment.unmatched.v1"
    match: Match
    entry: Entry
    reason: str


# ── parked facts ─────────────────────────────────────────────────────────────────────────────────────────────────────


class FactParked(Event):
    """A fact could not be posted: it waits, and its measure is incomplete until it is released."""

    type: Literal["de.pruefpfad.fact.parked.v1"] = "de.pruefpfad.fact.parked.v1"
    fact: UUID | None
    """None where not even the id could be read."""
    fact_type: str | None
    reason: str = Field(min_length=1)
    waits_for: str | None = None


class FactReleased(Event):
    """A parked fact was applied, or a person dismissed it: it is waited for no longer."""

    type: Literal["de.pruefpfad.fact.released.v1"] = "de.pruefpfad.fact.released.v1"
    fact: UUID


# ── findings ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class Severity(StrEnum):
    """B blocks, F error with an amount at risk, W warning, H note."""

    BLOCKING = "B"
    ERROR = "F"
    WARNING = "W"
    NOTE = "H"

    @property
    def rank(self) -> int:
        """0 for the gravest."""
        return list(Severity).index(self)

    @property
    def is_serious(self) -> bool:
        """B or F: it keeps a verdict open, and its money does not stand; warnings and notes stand beside both."""
        return self in (Severity.BLOCKING, Severity.ERROR)


class Outcome(StrEnum):
    """What a check says. Missing is never passed."""

    HOLDS = "holds"
    FINDING = "finding"
    MISSING = "missing"
    NOT_APPLICABLE = "not_applicable"


class Finding(Data):
    """Something a check noticed (Feststellung).

    Its identity is code, object and year (``id`` is made of them): one that crosses measures has the same identity in each of
    them, so it counts once and is at risk once. Everything else is its content and may change.
    """

    id: UUID
    code: Code
    severity: Severity
    object: str = Field(min_length=1, max_length=300)
    """What it is about, for people and machines: ``voucher HER-1/2012-17``, ``person P-… 2019-10``, ``commitment …``."""
    budget_year: Year | None = None
    at_risk_cents: Sum = 0
    at_risk_eu_cents: Sum = 0
    inputs: dict[str, str] = Field(default_factory=dict)
    """What it was judged by, as text a person can read: amounts as 1.234,56, days as 31.12.2026."""
    arithmetic: str = ""
    """The calculation a person can redo, e.g. ``4 × 60.085,00 = 240.340,00``."""
    legal_basis: str = Field(min_length=1)
    references: tuple[str, ...] = ()
    """Trail references (``M-1/123`` or ``3f2a9c1be07d:17``) of the facts involved."""
    crosses: tuple[str, ...] = ()
    """Subjects of all measures it concerns, where more than one."""
    vouchers: dict[UUID, Sum] = Field(default_factory=dict)
    """Which euro at risk lies on which voucher (its fact), of this measure or another; empty where it lies on none."""
    rules: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Digest of the rule set."""
    waived: str | None = None
    """Reason, where it was accepted with four eyes; a waived finding is not open."""

    @property
    def is_open(self) -> bool:
        """Has nobody accepted it?"""
        return self.waived is None

    @property
    def is_serious(self) -> bool:
        """Is it open, and B or F?"""
        return self.is_open and self.severity.is_serious


class Missing(Data):
    """A fact a check needs and does not have: printed „fehlt: …“."""

    code: Code
    object: str
    what: str = Field(min_length=1)
    """German, e.g. ``Finanzierungsplan``."""


class FindingRaised(Event):
    """A finding is open from now on, in the statement as of that day."""

    type: Literal["de.pruefpfad.finding.raised.v1"] = "de.pruefpfad.finding.raised.v1"
    as_of: date
    finding: Finding


class FindingChanged(Event):
    """An open finding has other amounts, inputs or rules."""

    type: Literal["de.pruefpfad.finding.changed.v1"] = "de.pruefpfad.finding.changed.v1"
    as_of: date
    finding: Finding


class FindingSettled(Event):
    """A finding no longer holds."""

    type: Literal["de.pruefpfad.finding.settled.v1"] = "de.pruefpfad.finding.settled.v1"
    as_of: date
    finding: Finding


# ── statements ───────────────────────────────────────────────────────────────────────────────────────────────────────


class Head(Data):
    """How far a journal's book reached: number and seal of its last entry (0 and zeros when empty)."""

    number: int = Field(ge=0)
    seal: Seal


class Totals(Data):
    """The figures of a measure or programme, in cents, as of the statement's day."""

    planned_cents: Sum
    committed_cents: Sum
    """Valid commitments and awards."""
    received_cents: Sum
    """Receipts less repayments."""
    spent_cents: Sum
    """Claimed eligible expenditure with proof of payment."""
    gap_cents: Sum
    """Σ over budget years of what is planned and not covered (KOF-01)."""
    claimed_cents: Sum
    """Claimed eligible expenditure, paid or not."""


class CoverageLine(Data):
    """One funder in one budget year."""

    funder: Funder
    budget_year: Year
    committed_cents: Sum
    """What it promised, whatever became of it: once taken back, what it promised until then."""
    valid_cents: Sum
    """What of it covers the year."""
    received_cents: Sum
    decision: str | None = None
    why_not: str | None = None
    """Why it does not cover, in German."""
    whole_term: bool = False
    """Promised for the whole term without naming years; ``budget_year`` is the first of them."""


class YearLine(Data):
    """One budget year of a measure. ``planned_cents`` is None where there is no plan: missing, not zero."""

    budget_year: Year
    planned_cents: Sum | None
    valid_cents: Sum
    received_cents: Sum
    claimed_cents: Sum
    gap_cents: Sum | None
    verdict: Literal["reconciled", "explained", "open", "missing"]


class Explained(Data):
    """A difference with its reason code (D01–D13) and words."""

    code: str = Field(pattern=r"^D\d{2}$")
    cents: Sum
    text: str


NOT_READ_YET: Final = frozenset({"S6", "S7"})
"""Stages whose input, drawdowns and claims, nobody can hand in yet."""


class Stage(Data):
    """One stage S1–S7 of the reconciliation statement."""

    code: str = Field(pattern=r"^S[1-8]$")
    left_cents: Sum | None
    right_cents: Sum | None
    explained: tuple[Explained, ...] = ()
    unexplained_cents: Sum = 0
    missing: str | None = None
    """What is missing, in German; then nothing was compared."""
    open_left: tuple[str, ...] = ()
    """Unmatched on the left, as trail references, at most 50."""
    open_right: tuple[str, ...] = ()
    open_count: int = 0
    """How many there are, however many are listed."""
    verdict: Literal["reconciled", "explained", "open", "missing", "not_applicable"]

    @property
    def lacks_input(self) -> bool:
        """Could it be judged, were its input handed in? Then the whole is open."""
        return self.verdict == "missing" and self.code not in NOT_READ_YET


class CheckResult(Data):
    """One check's outcome in a statement."""

    code: Code
    outcome: Outcome
    findings: int = 0
    missing: tuple[Missing, ...] = ()


class Provisional(Data):
    """The figures are provisional (vorläufig): a report over the period was signed before the period ended (ZEI-07)."""

    cut_off: date
    period_end: date


class MeasureStatement(Data):
    """What funding states about a measure as of a day: the base every report stands on."""

    as_of: date
    rule_set: str
    rules: str = Field(pattern=r"^[0-9a-f]{64}$")
    head: Head
    settlement: Head
    facts_upto: int = Field(ge=0)
    """Sequence of the last fact of this subject in intake's stream that the statement knows."""
    papers_upto: dict[str, int] = Field(default_factory=dict)
    """The same for each council paper it rests on, by subject. What it takes from accounts is told by ``settlement``."""
    dismissed: tuple[UUID, ...] = Field(default=(), exclude_if=lambda ids: not ids)
    """Facts of the measure, its papers and its programme, vouchers apart, that were parked and that a person dismissed: none of
    its figures knows them, nor that they were to correct anything. At most 1,000."""
    dismissed_beyond: int = Field(default=0, ge=0, exclude_if=lambda more: not more)
    """How many more there are: no report can leave out what is not named, so none is issued then."""
    state: Literal["active", "withdrawn", "closed"]
    """Closed from the day somebody ordered it, but not while anything of the measure is parked or rejected."""
    close_ordered_on: date | None = None
    """Of the final close; where the state is active all the same, the close waits for what is parked or rejected."""
    totals: Totals
    years: tuple[YearLine, ...]
    coverage: tuple[CoverageLine, ...]
    stages: tuple[Stage, ...]
    checks: tuple[CheckResult, ...]
    findings: tuple[UUID, ...]
    """Open findings; their content came before, in FindingRaised and FindingChanged of the same day and subject."""
    findings_beyond: int = Field(default=0, ge=0)
    """How many more there are than the 4,000 an event has room for."""
    parked: int
    rejected: int
    suggestions: int = 0
    """Weak matches that wait for a person."""
    provisional: Provisional | None = None
    verdict: Literal["reconciled", "explained", "open"]
    """Open while an error is found, a stage differs, a fact is missing that a check or stage asks for, or anything is parked or
    rejected: what could not be judged has not passed."""

    @property
    def has_plan(self) -> bool:
        """Was a financing plan handed in? Without one what is planned and its gap are missing, whatever the totals say."""
        return any(year.planned_cents is not None for year in self.years)


class MeasureReconciled(Event):
    """A measure was reconciled."""

    type: Literal["de.pruefpfad.measure.reconciled.v1"] = "de.pruefpfad.measure.reconciled.v1"
    statement: MeasureStatement


class FunderTotal(Data):
    """Money of one kind of funder."""

    kind: FunderKind
    valid_cents: Sum
    received_cents: Sum


class ProgrammeLine(Data):
    """One municipality of a programme: its participation and the sum of its measures."""

    municipality: Municipality
    joined_on: date | None
    left_on: date | None
    participation_cents: Cents | None
    inhabitants: int | None
    band_cents: Cents | None
    """Ceiling of its size band; None where no band or no population is known."""
    measures: tuple[Key, ...]
    totals: Totals | None
    """None: participation only, no measure of its own."""
    unplanned: int = Field(default=0, ge=0)
    """How many of its measures have no plan: their part of what is planned, and of the gap, is missing, not zero."""
    funders: tuple[FunderTotal, ...] = ()
    findings: dict[Severity, int] = Field(default_factory=dict)


class FigureLine(Data):
    """A published figure beside what was counted."""

    scope: str
    unit: Literal["count", "cents"]
    published: int
    published_on: date
    publication: str
    counted: int | None
    """None: there is nothing to compare it with."""
    tolerance: Decimal = Decimal(0)
    compared: bool = True


class ProgrammeStatement(Data):
    """What funding states about a programme as of a day."""

    as_of: date
    rule_set: str
    rules: str = Field(pattern=r"^[0-9a-f]{64}$")
    facts_upto: int = Field(ge=0)
    dismissed: tuple[UUID, ...] = Field(default=(), exclude_if=lambda ids: not ids)
    """Facts of the programme itself that were parked and that a person dismissed, as in ``MeasureStatement``; at most 1,000."""
    dismissed_beyond: int = Field(default=0, ge=0, exclude_if=lambda more: not more)
    """How many more there are."""
    measures: dict[str, UUID] = Field(default_factory=dict)
    """Measure subject → event id of the MeasureReconciled it stands on."""
    measures_beyond: int = Field(default=0, ge=0)
    """How many more there are than the 1,500 an event has room for."""
    totals: Totals
    unplanned: int = Field(default=0, ge=0)
    """How many of its measures have no plan: their part of what is planned, and of the gap, is missing, not zero."""
    lines: tuple[ProgrammeLine, ...]
    figures: tuple[FigureLine, ...]
    checks: tuple[CheckResult, ...]
    """Programme checks and, added up, those of its measures; a finding that crosses measures counts once."""
    findings: tuple[UUID, ...]
    """Open findings of the programme itself."""
    counts: dict[str, int] = Field(default_factory=dict)
    """Open findings by code over programme and measures, each identity once."""
    missing: dict[str, int] = Field(default_factory=dict)
    """Missing facts by code over programme and measures."""
    at_risk_cents: Sum = 0
    parked: int = 0
    rejected: int = 0
    provisional: Provisional | None = None
    verdict: Literal["reconciled", "explained", "open"] = "open"
    """Of the programme's own checks and all its measures: the worst of them."""


class ProgrammeReconciled(Event):
    """A programme was reconciled, from the statements of its measures."""

    type: Literal["de.pruefpfad.programme.reconciled.v1"] = "de.pruefpfad.programme.reconciled.v1"
    statement: ProgrammeStatement


class CoverageChanged(Event):
    """The gap of a budget year is another than before."""

    type: Literal["de.pruefpfad.coverage.changed.v1"] = "de.pruefpfad.coverage.changed.v1"
    as_of: date
    budget_year: Year
    gap_before_cents: Sum | None
    gap_cents: Sum | None


FundingEvent = Annotated[
    EntryPosted
    | PaymentMatched
    | PaymentUnmatched
    | FactParked
    | FactReleased
    | FindingRaised
    | FindingChanged
    | FindingSettled
    | CoverageChanged
    | MeasureReconciled
    | ProgrammeReconciled,
    Field(discriminator="type"),
]
"""All that funding says."""

FUNDING: Final[TypeAdapter[FundingEvent]] = TypeAdapter(FundingEvent)
"""Reads any funding event from its JSON."""
