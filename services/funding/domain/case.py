"""Case: all that is known about one measure as of a day. ProgrammeCase: all that is known about one programme.

Both are plain values: the store brings the facts, ``case_of`` and ``programme_case_of`` choose what counts on the day, and
everything after that (matching, coverage, checks, statement) reads only these.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import cached_property
from itertools import chain
from typing import Final
from uuid import UUID

from services.funding.domain.invoice import Invoice, Named, invoices_of, named_by
from services.funding.domain.rules import RuleSet
from services.funding.domain.waiver import Content, Waiver, waivers_of
from shared.contracts.funding import Finding, Match, MeasureStatement, Provisional
from shared.contracts.intake import (
    Award,
    AwardAmended,
    Close,
    CofundingCommitted,
    Commitment,
    ConsentToPosition,
    Data,
    Decision,
    DecisionDetail,
    DecisionDetailed,
    DecisionRecorded,
    Fact,
    FigurePublished,
    GrantAwarded,
    InstructionGiven,
    MeasureData,
    MeasureRegistered,
    MeasureWithdrawn,
    Participation,
    ParticipationRecorded,
    PlanLineRecorded,
    Population,
    PopulationRecorded,
    ProgrammeData,
    ProgrammeRegistered,
    ReceiptRecorded,
    ReportSigned,
    SizeBand,
    SizeBandSet,
    StaffAssigned,
    StaffMonth,
    Step,
    Voucher,
    VoucherCorrected,
    VoucherRecorded,
)
from shared.values.source import Source
from shared.values.subject import paper_key


@dataclass(frozen=True, slots=True)
class Paid:
    """One booked bank line that pays an invoice, or a part of it."""

    payment: UUID
    account: str
    payment_entry: int
    payment_source: Source
    value_date: date
    paid_cents: int
    """The voucher's part of the debit; negative where a credit note was paid to us."""
    invoice_paid_cents: int
    """The invoice's part: all of the debit, unless it pays several invoices."""
    returned_on: date | None = None
    """From this day on it proves nothing: the bank returned it."""

    def counts(self, day: date) -> bool:
        """Had the money moved by the day, and not been returned?"""
        return self.value_date <= day and not (self.returned_on and self.returned_on <= day)


@dataclass(frozen=True, slots=True)
class Proof:
    """Proof of payment of a voucher: the booked bank lines its invoice was matched with, several where it was paid in parts."""

    lines: tuple[Paid, ...]
    """By value date; at least one."""

    @property
    def value_date(self) -> date:
        """When the last of it was paid."""
        return self.lines[-1].value_date

    @property
    def paid_cents(self) -> int:
        """The voucher's part."""
        return sum(line.paid_cents for line in self.lines)

    @property
    def invoice_paid_cents(self) -> int:
        """What was paid for the whole invoice."""
        return sum(line.invoice_paid_cents for line in self.lines)

    def by(self, day: date) -> Proof | None:
        """What of it counts on a day."""
        lines = tuple(line for line in self.lines if line.counts(day))
        return Proof(lines) if lines else None


def proofs_of(matches: Iterable[Match]) -> dict[UUID, Proof]:
    """Voucher → its proof of payment on any day: what paid it, and of each line whether and when it was returned."""
    held: dict[UUID, list[Match]] = {}
    returned: dict[tuple[UUID, UUID], date] = {}
    for match in matches:
        if match.returns is not None:
            returned[match.voucher, match.returns] = match.value_date
        else:
            held.setdefault(match.voucher, []).append(match)
    return {
        voucher: Proof(
            tuple(
                Paid(
                    payment=match.payment, account=match.account, payment_entry=match.payment_entry,
                    payment_source=match.payment_source, value_date=match.value_date, paid_cents=match.paid_cents,
                    invoice_paid_cents=match.invoice_paid_cents, returned_on=returned.get((voucher, match.payment)),
                )
                for match in sorted(of, key=lambda m: (m.value_date, m.account, m.payment_entry))
            )
        )
        for voucher, of in held.items()
    }


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
    def named(self) -> Named | None:
        """What it says of its invoice; None where it names no invoice number."""
        return named_by(self.data)


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


DECIDING_ROLES: Final = frozenset({"entscheidung", "beschluss", "beschlussfassung", "entscheidend"})
"""Roles of a step that decides, as council systems write them. The whole word: „Vorberatung“ decides nothing."""


def is_deciding(step: Step) -> bool:
    """Is a decision taken here? What the council system says outright counts before what the role is called."""
    if step.authoritative is not None:
        return step.authoritative
    return (step.role or "").strip().casefold() in DECIDING_ROLES


def deciding_step(paper: Paper) -> Step | None:
    """The last deciding step that shows a result: a paper postponed in June may pass in July."""
    steps = paper.state.steps if paper.state else ()
    return next((s for s in reversed(steps) if is_deciding(s) and s.result is not None), None)


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
    """Vouchers of other measures that may be of an invoice of ours."""
    staff: tuple[StaffMonth, ...] = ()
    staff_elsewhere: tuple[StaffMonth, ...] = ()
    """Months of our persons in other measures."""
    papers: Mapping[str, Paper] = field(default_factory=dict)
    """By paper key, those the commitments name."""
    reports: tuple[ReportSigned, ...] = ()
    """Signed reports of the measure and of its programme."""
    related: tuple[Related, ...] = ()
    """Other measures of the same carrier or municipality, and those that share an invoice or a person."""
    unmatched_payments: tuple[str, ...] = ()
    """Trail references of debits of its accounts that prove no voucher's payment."""
    bank_statements: bool = False
    """Was any bank statement of its accounts handed in?"""
    suggestions: int = 0
    sources: Mapping[Data, Source] = field(default_factory=dict)
    """Rows of what stands here without its fact (awards, staff months, measures, programme): value → row."""
    waivers: Mapping[UUID, Waiver] = field(default_factory=dict)
    """Finding → why it was accepted, and as what."""

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

    @cached_property
    def invoices(self) -> Mapping[UUID, Invoice]:
        """By fact, the invoices of its vouchers and of those elsewhere that name one."""
        return invoices_of((v.fact, named) for v in (*self.vouchers, *self.elsewhere) if (named := v.named))

    @cached_property
    def cancellations(self) -> tuple[tuple[CaseVoucher, CaseVoucher], ...]:
        """Vouchers, here and elsewhere, that another one of the same measure and invoice takes back by the opposite amount, each
        with that one."""
        of_invoice: dict[tuple[str, Invoice], tuple[list[CaseVoucher], list[CaseVoucher]]] = {}
        for voucher in (*self.vouchers, *self.elsewhere):
            if invoice := self.invoices.get(voucher.fact):
                key = voucher.data.measure, invoice._replace(gross_cents=abs(invoice.gross_cents))
                of_invoice.setdefault(key, ([], []))[invoice.gross_cents < 0].append(voucher)
        return tuple(pair for claims, takers in of_invoice.values() for pair in _cancelling(claims, takers))

    @cached_property
    def cancelled(self) -> frozenset[UUID]:
        """Both of each cancellation: of their invoices nothing was to be paid."""
        return frozenset(voucher.fact for pair in self.cancellations for voucher in pair)

    @cached_property
    def void(self) -> frozenset[UUID]:
        """Both of each cancellation that takes back all that was claimed."""
        whole = (pair for pair in self.cancellations if sum(voucher.data.eligible_cents for voucher in pair) <= 0)
        return frozenset(voucher.fact for pair in whole for voucher in pair)

    @cached_property
    def claims(self) -> tuple[CaseVoucher, ...]:
        """Vouchers that claim something, without those whose claim was taken back."""
        return tuple(v for v in self.vouchers if v.data.eligible_cents > 0 and v.fact not in self.void)

    @property
    def eu_award(self) -> Award | None:
        """The award of Union money in force on the day, if there is one."""
        return next((a for a in self.awards_in_force if a.grantor.is_eu), None)

    @property
    def awards_in_force(self) -> tuple[Award, ...]:
        """Awarded by the day and not revoked by it."""
        return tuple(a for a in self.awards if a.in_force(self.as_of))

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

    def references_of(self, *values: Data) -> tuple[str, ...]:
        """Trail references of values that stand here without their fact, as far as their rows are known."""
        return tuple(self.sources[value].reference for value in values if value in self.sources)

    def paper_of(self, promise: Commitment) -> Paper | None:
        """The council paper a promise names."""
        return self.papers.get(paper_key(self.measure.municipality.key, promise.decision)) if promise.decision else None

    def at_risk_eu(self, at_risk_cents: int) -> int:
        """The Union's part of an amount at risk, rounded down; 0 without an award of Union money that names a rate."""
        award = self.eu_award
        return int(Fraction(award.share) * at_risk_cents // 1) if award and award.share else 0


def _cancelling(claims: Sequence[CaseVoucher], takers: Sequence[CaseVoucher]) -> Iterator[tuple[CaseVoucher, CaseVoucher]]:
    """Which voucher each cancellation takes back: one that claims what it gives back, else the first that is left."""
    waiting: dict[int, list[CaseVoucher]] = defaultdict(list)
    for claim in reversed(claims if takers else ()):
        waiting[claim.data.eligible_cents].append(claim)
    taken: set[UUID] = set()
    others: list[CaseVoucher] = []
    for taker in takers:
        if alike := waiting.get(-taker.data.eligible_cents):
            claim = alike.pop()
            taken.add(claim.fact)
            yield claim, taker
        else:
            others.append(taker)
    yield from zip((claim for claim in claims if claim.fact not in taken), others, strict=False)


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
    events: Mapping[str, UUID] = field(default_factory=dict)
    """Measure subject → event of the statement it stands on."""
    waivers: Mapping[UUID, Waiver] = field(default_factory=dict)
    """Finding → why it was accepted, and as what."""
    sources: Mapping[Data, Source] = field(default_factory=dict)
    """Rows of what stands here without its fact (participations, bands, populations, awards): value → row."""

    def references_of(self, *values: Data) -> tuple[str, ...]:
        """Trail references of values that stand here without their fact, as far as their rows are known."""
        return tuple(self.sources[value].reference for value in values if value in self.sources)

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


# ── choosing what counts on a day ────────────────────────────────────────────────────────────────────────────────────


class Unregistered(LookupError):
    """There is no case without a registration."""


def case_of(
    facts: Iterable[Fact],
    *,
    as_of: date,
    rules: RuleSet,
    programme: ProgrammeData | None = None,
    entries: Mapping[UUID, int] | None = None,
    proofs: Mapping[UUID, Proof] | None = None,
    elsewhere: Iterable[tuple[Fact, Proof | None]] = (),
    staff_elsewhere: Iterable[Fact] = (),
    papers: Iterable[Fact] = (),
    programme_facts: Iterable[Fact] = (),
    related: Iterable[Sequence[Fact]] = (),
    waived_elsewhere: Iterable[Fact] = (),
    unmatched_payments: tuple[str, ...] = (),
    bank_statements: bool = False,
    suggestions: int = 0,
    given_for: Mapping[UUID, Content] | None = None,
) -> Case:
    """What is known about a measure and counts on a day.

    ``facts``: all of the measure's, in the order they were recorded. ``entries`` and ``proofs``: by voucher fact; a proof counts
    from its value date on, until it is returned. ``papers``: facts of the council papers its promises name. ``elsewhere``:
    standing vouchers of other measures. ``related``: the facts of each related measure that register it, award it money or
    withdraw it, and waive findings. ``waived_elsewhere``: facts of other measures on the same papers that waive findings.
    ``given_for``: what waivers were given for, by instruction.
    """
    standing = standing_of(facts)
    registered = [f for f in standing if isinstance(f, MeasureRegistered)]
    if not registered:
        raise Unregistered("a measure that nobody registered has no case")
    measure, of_programme = registered[-1], standing_of(programme_facts)
    neighbours, colleagues = [standing_of(others) for others in related], tuple(staff_elsewhere)
    entries, proofs = entries or {}, proofs or {}
    commitments = tuple(f for f in standing if isinstance(f, CofundingCommitted) and f.commitment.committed_on <= as_of)
    named = {paper_key(measure.measure.municipality.key, f.commitment.decision) for f in commitments if f.commitment.decision}
    instructions = [f.instruction for f in standing if isinstance(f, InstructionGiven)]
    return Case(
        as_of=as_of,
        rules=rules,
        measure=measure.measure,
        source=measure.source,
        programme=programme,
        withdrawn_on=_withdrawn_on(standing, as_of),
        closes=tuple(i for i in instructions if isinstance(i, Close) and i.closed_on <= as_of),
        consents=tuple(i for i in instructions if isinstance(i, ConsentToPosition)),
        plan=_plan_of(standing),
        awards=awards_of(standing, as_of),
        award_versions=tuple(
            f.award for f in standing if isinstance(f, GrantAwarded | AwardAmended) and f.award.awarded_on <= as_of
        ),
        commitments=commitments,
        receipts=tuple(f for f in standing if isinstance(f, ReceiptRecorded) and f.receipt.received_on <= as_of),
        vouchers=_vouchers(((f, proofs.get(f.id)) for f in standing), entries, as_of),
        elsewhere=_vouchers(elsewhere, {}, as_of),
        staff=_staff(standing, as_of),
        staff_elsewhere=_staff(colleagues, as_of),
        papers={key: paper for key, paper in papers_of(papers, as_of).items() if key in named},
        reports=_reports((*standing, *of_programme), as_of),
        related=tuple(_related(others, as_of) for others in neighbours),
        unmatched_payments=unmatched_payments,
        bank_statements=bank_statements,
        suggestions=suggestions,
        waivers=waivers_of((*standing, *chain.from_iterable(neighbours), *waived_elsewhere), given_for or {}),
        sources=sources_of((*standing, *colleagues, *chain.from_iterable(neighbours))),
    )


def standing_of(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Facts that no later one corrects or withdraws, in order."""
    known = tuple(facts)
    replaced = {fact.corrects for fact in known if fact.corrects is not None}
    return tuple(fact for fact in known if fact.id not in replaced) if replaced else known


def sources_of(facts: Iterable[Fact]) -> dict[Data, Source]:
    """Rows of what a case holds without its fact."""
    rows: dict[Data, Source] = {}
    for fact in facts:
        if isinstance(fact, GrantAwarded | AwardAmended):
            rows[fact.award] = fact.source
        elif isinstance(fact, StaffAssigned):
            rows[fact.staff] = fact.source
        elif isinstance(fact, MeasureRegistered):
            rows[fact.measure] = fact.source
        elif isinstance(fact, ParticipationRecorded):
            rows[fact.participation] = fact.source
        elif isinstance(fact, SizeBandSet):
            rows[fact.band] = fact.source
        elif isinstance(fact, PopulationRecorded):
            rows[fact.population] = fact.source
    return rows


def awards_of(standing: Iterable[Fact], as_of: date) -> tuple[Award, ...]:
    """Latest version of each award (grantor and reference) by the day, revoked ones too."""
    awards: dict[tuple[str, str], Award] = {}
    for fact in standing:
        if isinstance(fact, GrantAwarded | AwardAmended) and fact.award.awarded_on <= as_of:
            key = fact.award.grantor.key, fact.award.reference
            held = awards.get(key)
            if held is None or fact.award.version >= held.version:
                awards[key] = fact.award
    return tuple(awards.values())


def papers_of(facts: Iterable[Fact], as_of: date) -> dict[str, Paper]:
    """Council papers by key, as far as they had come by the day: a step that lies ahead does not count, nor does an approval."""
    decisions: dict[str, DecisionRecorded] = {}
    details: dict[str, dict[tuple[str, int], DecisionDetailed]] = {}
    for fact in standing_of(facts):
        if isinstance(fact, DecisionRecorded):
            decisions[fact.decision.paper] = _by_day(fact, as_of)
        elif isinstance(fact, DecisionDetailed):
            detail = fact.detail
            if detail.approved_on is not None and detail.approved_on > as_of:
                detail = detail.model_copy(update={"approval": None, "approved_on": None})
            known = fact if detail is fact.detail else fact.model_copy(update={"detail": detail})
            details.setdefault(detail.paper, {})[detail.funder.key, detail.budget_year] = known
    return {
        key: Paper(key, decisions.get(key), tuple(details.get(key, {}).values())) for key in dict.fromkeys((*decisions, *details))
    }


def _by_day(fact: DecisionRecorded, as_of: date) -> DecisionRecorded:
    steps = tuple(step for step in fact.decision.steps if step.held_on is None or step.held_on <= as_of)
    if len(steps) == len(fact.decision.steps):
        return fact
    return fact.model_copy(update={"decision": fact.decision.model_copy(update={"steps": steps})})


def _withdrawn_on(standing: Iterable[Fact], as_of: date) -> date | None:
    """Since when the measure is withdrawn, if it is by the day."""
    days = [f.withdrawn_on for f in standing if isinstance(f, MeasureWithdrawn) and f.withdrawn_on <= as_of]
    return days[-1] if days else None


def _plan_of(standing: Iterable[Fact]) -> tuple[PlanLineRecorded, ...]:
    """The last line of each cell of the plan."""
    cells: dict[tuple[str, int, str | None, str | None], PlanLineRecorded] = {}
    for fact in standing:
        if isinstance(fact, PlanLineRecorded):
            line = fact.line
            cells[line.position, line.budget_year, line.module, line.district] = fact
    return tuple(cells.values())


def _vouchers(
    facts: Iterable[tuple[Fact, Proof | None]], entries: Mapping[UUID, int], as_of: date
) -> tuple[CaseVoucher, ...]:
    """Vouchers invoiced by the day, each with what of its proof counts on it."""
    return tuple(
        CaseVoucher(f.id, f.source, entries.get(f.id), f.voucher, proof.by(as_of) if proof else None)
        for f, proof in facts
        if isinstance(f, VoucherRecorded | VoucherCorrected) and f.voucher.invoice_date <= as_of
    )


def _staff(facts: Iterable[Fact], as_of: date) -> tuple[StaffMonth, ...]:
    """Months that have begun by the day."""
    return tuple(f.staff for f in facts if isinstance(f, StaffAssigned) and _begins(f.staff) <= as_of)


def _reports(facts: Iterable[Fact], as_of: date) -> tuple[ReportSigned, ...]:
    """Reports signed by the day."""
    return tuple(f for f in facts if isinstance(f, ReportSigned) and f.report.signed_on <= as_of)


def _begins(month: StaffMonth) -> date:
    return date(month.year, month.month, 1)


def _related(standing: Sequence[Fact], as_of: date) -> Related:
    registered = [f for f in standing if isinstance(f, MeasureRegistered)]
    if not registered:
        raise Unregistered("a related measure is a registered one")
    in_force = tuple(a for a in awards_of(standing, as_of) if a.in_force(as_of))
    return Related(registered[-1].measure, in_force, _withdrawn_on(standing, as_of) is not None)


def programme_case_of(
    facts: Iterable[Fact],
    *,
    as_of: date,
    rules: RuleSet,
    measures: Mapping[str, Sequence[Fact]] | None = None,
    statements: Mapping[str, MeasureStatement] | None = None,
    findings: Mapping[str, tuple[Finding, ...]] | None = None,
    events: Mapping[str, UUID] | None = None,
    given_for: Mapping[UUID, Content] | None = None,
) -> ProgrammeCase:
    """What is known about a programme and counts on a day.

    ``measures``: by measure key, the facts that register it and award it money. ``statements``, ``findings``: those of the same
    day, by measure key; ``events``: by measure subject.
    """
    standing = standing_of(facts)
    registered = [f for f in standing if isinstance(f, ProgrammeRegistered)]
    if not registered:
        raise Unregistered("a programme that nobody registered has no case")
    programme = registered[-1].programme
    judged_on = min(as_of, programme.period.end)
    participations: dict[str, Participation] = {}
    bands: dict[int, SizeBand] = {}
    populations: dict[tuple[str, date], Population] = {}
    figures: dict[tuple[str, date, str], FigurePublished] = {}
    for fact in standing:
        if isinstance(fact, ParticipationRecorded):
            if fact.participation.joined_on <= judged_on:
                participations[fact.participation.municipality.key] = fact.participation
        elif isinstance(fact, FigurePublished):
            if fact.figure.published_on <= as_of:
                figures[fact.figure.scope, fact.figure.published_on, fact.figure.publication] = fact
        elif isinstance(fact, SizeBandSet):
            bands[fact.band.inhabitants_from] = fact.band
        elif isinstance(fact, PopulationRecorded) and fact.population.counted_on <= as_of:
            populations[fact.population.municipality, fact.population.counted_on] = fact.population
    known = {key: standing_of(of) for key, of in (measures or {}).items()}
    joining = {key: _related(of, as_of) for key, of in known.items()}
    return ProgrammeCase(
        as_of=as_of,
        rules=rules,
        programme=programme,
        participations=tuple(participations.values()),
        figures=tuple(figures.values()),
        bands=tuple(bands[start] for start in sorted(bands)),
        populations=tuple(populations.values()),
        reports=_reports(standing, as_of),
        measures={key: of.measure for key, of in joining.items()},
        awards={key: of.awards for key, of in joining.items()},
        statements=dict(statements or {}),
        findings=dict(findings or {}),
        events=dict(events or {}),
        waivers=waivers_of(standing, given_for or {}),
        sources=sources_of((*standing, *chain.from_iterable(known.values()))),
    )
