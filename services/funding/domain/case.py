"""Case: all that is known about one measure as of a day. ProgrammeCase: all that is known about one programme.

Both are plain values: the store brings the facts, ``case_of`` and ``programme_case_of`` choose what counts on the day, and
everything after that (matching, coverage, checks, statement) reads only these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import cached_property
from uuid import UUID

from services.funding.domain.rules import RuleSet
from shared.contracts.funding import Finding, MeasureStatement, Provisional
from shared.contracts.intake import (
    Award,
    Close,
    CofundingCommitted,
    Commitment,
    ConsentToPosition,
    Decision,
    DecisionDetail,
    DecisionDetailed,
    DecisionRecorded,
    FigurePublished,
    MeasureData,
    Participation,
    PlanLineRecorded,
    Population,
    ProgrammeData,
    ReceiptRecorded,
    ReportSigned,
    SizeBand,
    StaffMonth,
    Voucher,
)
from shared.values.source import Source


@dataclass(frozen=True, slots=True)
class Proof:
    """Proof of payment of a voucher: the booked bank line its invoice was matched with."""

    payment: UUID
    account: str
    payment_entry: int
    payment_source: Source
    value_date: date
    paid_cents: int
    """The voucher's part of the debit, positive."""
    invoice_paid_cents: int
    """The whole debit less reversals, positive."""
    by_reference: bool
    """Matched by an exact reference (or confirmed by a person), so the amounts may differ."""


@dataclass(frozen=True, slots=True)
class CaseVoucher:
    """A voucher as it stands on the day: its latest version, with its proof of payment or without."""

    fact: UUID
    source: Source
    entry: int | None
    """Number of its entry in the measure's main book."""
    data: Voucher
    proof: Proof | None

    @property
    def name(self) -> str:
        """How findings and people call it: ``M-1 2012-3/17``; genuine twins get their ordinal."""
        twin = f"#{self.data.twin}" if self.data.twin > 1 else ""
        return f"{self.data.measure} {self.data.list}/{self.data.number}{twin}"

    @property
    def references(self) -> tuple[str, ...]:
        """What a reader types to see it: its entry in the journal, and the row it came from."""
        entry = (f"{self.data.measure}/{self.entry}",) if self.entry else ()
        return (*entry, self.source.reference)

    @property
    def invoice(self) -> str | None:
        """Fingerprint of the invoice (issuer, number, gross); None where the voucher names no invoice number."""
        if not self.data.invoice_number:
            return None
        number = "".join(self.data.invoice_number.split()).casefold()
        return f"{self.data.issuer.ref} {number} {self.data.gross_cents}"


@dataclass(frozen=True, slots=True)
class Paper:
    """A council paper: the latest state its council system shows, and what people read from it, latest per funder and year."""

    key: str
    decision: DecisionRecorded | None
    details: tuple[DecisionDetailed, ...]

    @property
    def state(self) -> Decision | None:
        """The paper itself, if it was handed in."""
        return self.decision.decision if self.decision else None

    @property
    def years(self) -> frozenset[int]:
        """Budget years the decision covers: those its details name an amount for."""
        return frozenset(d.detail.budget_year for d in self.details if d.detail.amount_cents is not None)

    def detail(self, funder: str, year: int) -> DecisionDetail | None:
        """What was decided for one funder and year."""
        return next((d.detail for d in self.details if (d.detail.funder.key, d.detail.budget_year) == (funder, year)), None)


@dataclass(frozen=True, slots=True)
class Related:
    """Another measure, as far as a check that crosses measures has to see it."""

    measure: MeasureData
    awards: tuple[Award, ...]
    """In force on the day."""
    withdrawn: bool


@dataclass(frozen=True)
class Case:
    """One measure as of a day. Collections are in the order their facts were recorded."""

    as_of: date
    rules: RuleSet
    measure: MeasureData
    source: Source
    """Of the registration."""
    programme: ProgrammeData | None = None
    withdrawn_on: date | None = None
    closes: tuple[Close, ...] = ()
    consents: tuple[ConsentToPosition, ...] = ()
    plan: tuple[PlanLineRecorded, ...] = ()
    """Latest version of each cell."""
    awards: tuple[Award, ...] = ()
    """Latest version of each award by the day, revoked ones too."""
    award_versions: tuple[Award, ...] = ()
    """All versions by the day: money that came under the first is not without an award since there is a second (BEW-01)."""
    commitments: tuple[CofundingCommitted, ...] = ()
    """All versions by the day, oldest first; corrections have replaced what they correct."""
    receipts: tuple[ReceiptRecorded, ...] = ()
    vouchers: tuple[CaseVoucher, ...] = ()
    elsewhere: tuple[CaseVoucher, ...] = ()
    """Vouchers of other measures with the fingerprint of one of ours."""
    staff: tuple[StaffMonth, ...] = ()
    staff_elsewhere: tuple[StaffMonth, ...] = ()
    """Months of our persons in other measures."""
    papers: Mapping[str, Paper] = field(default_factory=dict)
    """By paper key, those the commitments name."""
    reports: tuple[ReportSigned, ...] = ()
    """Signed reports of the measure and of its programme."""
    related: tuple[Related, ...] = ()
    """Other measures of the same carrier or municipality."""
    unmatched_payments: tuple[str, ...] = ()
    """Trail references of debits of its accounts that prove no voucher's payment."""
    bank_statements: bool = False
    """Was any bank statement of its accounts handed in?"""
    suggestions: int = 0
    waived: frozenset[UUID] = frozenset()
    """Findings accepted with a reason by the day: not open, so FQ-01 takes nothing off for them."""

    @cached_property
    def plan_years(self) -> dict[int, int]:
        """Planned eligible cents per budget year; empty where there is no plan."""
        years: dict[int, int] = {}
        for fact in self.plan:
            years[fact.line.budget_year] = years.get(fact.line.budget_year, 0) + fact.line.amount_cents
        return years

    @cached_property
    def current_commitments(self) -> tuple[CofundingCommitted, ...]:
        """Latest version of each (funder, number, year)."""
        latest: dict[tuple[str, str, int], CofundingCommitted] = {}
        for fact in self.commitments:
            promise = fact.commitment
            key = (promise.funder.key, promise.number, promise.budget_year)
            held = latest.get(key)
            if held is None or promise.version >= held.commitment.version:
                latest[key] = fact
        return tuple(latest.values())

    @property
    def eu_award(self) -> Award | None:
        """The award of Union money in force on the day, if there is one."""
        return next((a for a in self.awards_in_force if a.grantor.is_eu), None)

    @property
    def awards_in_force(self) -> tuple[Award, ...]:
        """Awarded by the day and not revoked by it."""
        return tuple(a for a in self.awards if a.awarded_on <= self.as_of and not (a.revoked_on and a.revoked_on <= self.as_of))

    @property
    def claimed_cents(self) -> int:
        """Claimed eligible expenditure, paid or not."""
        return sum(v.data.eligible_cents for v in self.vouchers)

    @property
    def spent_cents(self) -> int:
        """Claimed eligible expenditure with proof of payment."""
        return sum(v.data.eligible_cents for v in self.vouchers if v.proof)

    def received_cents(self, *, eu: bool | None = None) -> int:
        """Receipts less repayments; of Union money only, of national money only, or of all funders."""
        return sum(r.receipt.amount_cents for r in self.receipts if eu is None or r.receipt.funder.is_eu == eu)

    def paper_of(self, promise: Commitment) -> Paper | None:
        """The council paper a promise names."""
        return self.papers.get(paper_key(self.measure.municipality.key, promise.decision)) if promise.decision else None

    def at_risk_eu(self, at_risk_cents: int) -> int:
        """The Union's part of an amount at risk, rounded down; 0 without an award of Union money that names a rate."""
        award = self.eu_award
        return int(Fraction(award.share) * at_risk_cents // 1) if award and award.share else 0


def paper_key(municipality: str, reference: str) -> str:
    """Key of a paper: references are unique within a municipality only. A reference that names its municipality stays."""
    reference = reference.strip()
    return reference if reference.startswith(f"{municipality}/") else f"{municipality}/{reference}"


@dataclass(frozen=True)
class ProgrammeCase:
    """One programme as of a day, with the statements and findings of its measures as of the same day."""

    as_of: date
    rules: RuleSet
    programme: ProgrammeData
    participations: tuple[Participation, ...] = ()
    """Latest version of each municipality's participation, those joined by the day (or by the programme's end, if earlier)."""
    figures: tuple[FigurePublished, ...] = ()
    bands: tuple[SizeBand, ...] = ()
    populations: tuple[Population, ...] = ()
    reports: tuple[ReportSigned, ...] = ()
    measures: Mapping[str, MeasureData] = field(default_factory=dict)
    """By measure key."""
    awards: Mapping[str, tuple[Award, ...]] = field(default_factory=dict)
    """By measure key, in force on the day."""
    statements: Mapping[str, MeasureStatement] = field(default_factory=dict)
    findings: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict)
    """Open findings by measure key."""

    @property
    def judged_on(self) -> date:
        """The day numbers of municipalities are judged on: the cut-off date, or the programme's end if that was earlier."""
        return min(self.as_of, self.programme.period.end)


def provisional(reports: tuple[ReportSigned, ...], as_of: date) -> Provisional | None:
    """Are the figures provisional? A report over a period was signed before its end and none after it (ZEI-07)."""
    known = [r.report for r in reports if r.report.signed_on <= as_of]
    for report in known:
        settled = any(o.period == report.period and o.signed_on >= o.period.end for o in known)
        if report.signed_on < report.period.end and not settled:
            return Provisional(cut_off=report.cut_off, period_end=report.period.end)
    return None


