"""Snapshot: everything a report stands on, frozen; agreement with the statement to the cent; what changed since the last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from services.reporting.domain.facts import Paper, papers_of, plan_of
from services.reporting.domain.lines import Line, VoucherLine, standing, voucher_lines
from services.reporting.domain.secured import Found, coverage_differences, year_differences
from shared.contracts.funding import Finding, MeasureStatement, ProgrammeStatement
from shared.contracts.intake import (
    Award,
    AwardAmended,
    CofundingCommitted,
    Fact,
    GrantAwarded,
    GrantFact,
    MeasureData,
    PlanLineRecorded,
    ProgrammeData,
    ReceiptRecorded,
    ReportSigned,
    StaffAssigned,
)
from shared.values.german import write_cents
from shared.values.source import Source


@dataclass(frozen=True, slots=True)
class Predecessor:
    """The report this one takes the place of."""

    number: str
    data_sha256: str
    main_head: int
    settlement_head: int
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Basis:
    """What identifies the statement a report stands on."""

    statement: UUID
    stated_at: datetime
    """When funding stated it (UTC): the report's time of making, since the clock would make it another report each time."""
    missing: tuple[str, ...] = ()
    """What is still on its way, in German; empty for a complete report."""


@dataclass(frozen=True)
class MeasureSnapshot:
    """A measure as a report sees it."""

    subject: str
    source: Source
    """Of the measure's registration."""
    measure: MeasureData
    programme: ProgrammeData | None
    statement: MeasureStatement
    basis: Basis
    findings: tuple[Finding, ...]
    main: tuple[Line, ...]
    """Main book up to the statement's head."""
    settlement: tuple[Line, ...]
    vouchers: tuple[VoucherLine, ...]
    """Those that stand on the statement's day."""
    plan: tuple[PlanLineRecorded, ...] = ()
    awards: tuple[GrantFact, ...] = ()
    commitments: tuple[CofundingCommitted, ...] = ()
    receipts: tuple[ReceiptRecorded, ...] = ()
    papers: Mapping[str, Paper] = field(default_factory=dict)
    staff: tuple[StaffAssigned, ...] = ()
    signed: tuple[ReportSigned, ...] = ()
    predecessor: Predecessor | None = None

    @property
    def as_of(self) -> date:
        """Cut-off date (Stichtag)."""
        return self.statement.as_of


def measure_snapshot(
    statement: MeasureStatement, main: tuple[Line, ...], settlement: tuple[Line, ...], facts: Sequence[Fact], **about: Any
) -> MeasureSnapshot:
    """A measure from its statement, its books up to the statement's heads, and the facts that are shown; ``about``: the rest."""
    return MeasureSnapshot(
        **about,
        statement=statement,
        main=main,
        settlement=settlement,
        vouchers=voucher_lines(main, settlement, statement.as_of),
        plan=plan_of(facts),
        awards=tuple(f for f in facts if isinstance(f, GrantAwarded | AwardAmended)),
        commitments=tuple(f for f in facts if isinstance(f, CofundingCommitted)),
        receipts=tuple(f for f in facts if isinstance(f, ReceiptRecorded)),
        staff=tuple(f for f in facts if isinstance(f, StaffAssigned)),
        signed=tuple(f for f in facts if isinstance(f, ReportSigned)),
        papers=papers_of(facts),
    )


@dataclass(frozen=True)
class ProgrammeSnapshot:
    """A programme as a report sees it."""

    subject: str
    source: Source
    programme: ProgrammeData
    statement: ProgrammeStatement
    basis: Basis
    findings: tuple[Finding, ...]
    """Of the programme and of its measures, each identity once."""
    measures: Mapping[str, MeasureData] = field(default_factory=dict)
    statements: Mapping[str, MeasureStatement] = field(default_factory=dict)
    """Of its measures, by key: the parts the programme's figures are the sum of."""
    facts: tuple[Fact, ...] = ()
    """Told of the programme itself by the day: participations, published figures, size bands, inhabitants, signed reports."""
    predecessor: Predecessor | None = None

    @property
    def as_of(self) -> date:
        """Cut-off date (Stichtag)."""
        return self.statement.as_of


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A figure that reporting, adding up its own lines, does not find as funding stated it."""

    figure: str
    stated_cents: int
    found_cents: int
    of: str = ""
    """Whose it is, where it is not the whole measure's or programme's: a budget year, a funder and year, an entry."""

    def __str__(self) -> str:
        stated, found, off = self._amounts()
        return f"{self.figure}{self.of and f' ({self.of})'}: stated {stated}, found {found}, off by {off}"

    @property
    def de(self) -> str:
        """The same in German."""
        stated, found, off = self._amounts()
        name, _, way = self.figure.partition(" by ")
        figure = FIGURES[name] + (f" nach {WAYS[way]}" if way else "")
        return f"{figure}{self.of and f' ({self.of})'}: abgeglichen {stated}, gefunden {found}, Differenz {off}"

    def _amounts(self) -> tuple[str, str, str]:
        return write_cents(self.stated_cents), write_cents(self.found_cents), write_cents(self.found_cents - self.stated_cents)


FIGURES: Final = {
    "planned": "geplant",
    "committed": "gesichert",
    "received": "eingegangen",
    "claimed": "beantragt",
    "spent": "nachgewiesen bezahlt",
    "gap": "Deckungslücke",
    "unbalanced postings": "unausgeglichene Buchungen",
    "promised": "zugesagt",
    "secured at most": "höchstens gesichert",
    "secured without a reason": "gesichert, ohne Grund für weniger",
    "posted": "gebucht",
}
WAYS: Final = {"funder": "Mittelgebern", "year": "Jahren", "municipality": "Kommunen", "measure": "Maßnahmen"}
"""Figures, and the ways they are added up, as Germans call them."""


def disagreements(snapshot: MeasureSnapshot) -> tuple[Disagreement, ...]:
    """Re-adds the lines up to the statement's head; empty if every figure agrees to the cent."""
    return (*of_totals(snapshot), *in_detail(snapshot))


def of_totals(snapshot: MeasureSnapshot) -> tuple[Disagreement, ...]:
    """The figures of the whole measure.

    Claimed and received come from the postings, spent from vouchers with proof of payment, planned from the plan's facts,
    committed from the coverage.
    """
    statement, on = snapshot.statement, snapshot.as_of
    standing_main = [x for x in standing(snapshot.main) if x.entry.valued_on <= on]
    years = statement.years
    found = {
        "claimed": (statement.totals.claimed_cents, sum(x.cents("cost") for x in standing_main)),
        "received": (statement.totals.received_cents, -sum(x.cents("drawn") for x in standing_main)),
        "spent": (statement.totals.spent_cents, sum(v.voucher.eligible_cents for v in snapshot.vouchers if v.proof)),
        "planned": (statement.totals.planned_cents, sum(f.line.amount_cents for f in snapshot.plan)),
        "committed": (statement.totals.committed_cents, sum(c.valid_cents for c in statement.coverage)),
        "received by funder": (statement.totals.received_cents, sum(c.received_cents for c in statement.coverage)),
        "claimed by year": (statement.totals.claimed_cents, sum(y.claimed_cents for y in years)),
        "unbalanced postings": (0, sum(p.cents for x in snapshot.main + snapshot.settlement for p in x.entry.postings)),
    }
    return tuple(Disagreement(name, stated, here) for name, (stated, here) in found.items() if stated != here)


def in_detail(snapshot: MeasureSnapshot) -> tuple[Disagreement, ...]:
    """The same year by year, funder by funder, entry by entry. The gap follows from plan and coverage, and the coverage itself is
    held against promises, awards, receipts and papers: what was promised and came in, and what of it can be secured at most."""
    return tuple(Disagreement(name, stated, here, of) for name, of, stated, here in _detailed(snapshot))


def _detailed(snapshot: MeasureSnapshot) -> Iterator[Found]:
    """What funding could not apply is no part of a statement."""
    claimed: dict[int, int] = {}
    for voucher in (v.voucher for v in snapshot.vouchers):
        claimed[voucher.budget_year] = claimed.get(voucher.budget_year, 0) + voucher.eligible_cents
    yield from _posted(snapshot)
    if not snapshot.statement.parked:
        yield from year_differences(snapshot.statement, snapshot.plan, snapshot.receipts, claimed)
        yield from coverage_differences(
            snapshot.statement,
            municipality=snapshot.measure.municipality.key,
            commitments=snapshot.commitments,
            awards=snapshot.awards,
            receipts=snapshot.receipts,
            papers=snapshot.papers,
        )


def _posted(snapshot: MeasureSnapshot) -> Iterator[Found]:
    """Entries of promises, awards and receipts that book, under seal, another amount than the fact says."""
    said = {f.id: ("cofunding", f.commitment.amount_cents) for f in snapshot.commitments}
    said |= {f.id: ("award", _awarded(f.award)) for f in snapshot.awards}
    said |= {f.id: ("bank", f.receipt.amount_cents) for f in snapshot.receipts}
    for line in snapshot.main:
        if line.entry.reverses is None and line.entry.fact in said:
            account, cents = said[line.entry.fact]
            if line.cents(account) != cents:
                yield "posted", line.reference, line.cents(account), cents


def _awarded(award: Award) -> int:
    return sum(y.amount_cents for y in award.years) if award.years else award.maximum_cents


@dataclass(frozen=True, slots=True)
class Changes:
    """What came since the predecessor: entries of both books, findings raised and settled."""

    entries: tuple[Line, ...]
    raised: tuple[Finding, ...]
    settled: tuple[Finding, ...]

    def __bool__(self) -> bool:
        return bool(self.entries or self.raised or self.settled)


def whole(snapshot: ProgrammeSnapshot) -> bool:
    """Are the statements of all its measures there? A very large programme names only so many."""
    return not snapshot.statement.measures_beyond and len(snapshot.statements) == len(snapshot.statement.measures)


def programme_disagreements(snapshot: ProgrammeSnapshot) -> tuple[Disagreement, ...]:
    """Adds up measures, municipalities and funders; empty if every figure of the programme is their sum to the cent."""
    statement, lines = snapshot.statement, [x for x in snapshot.statement.lines if x.totals]
    ways = {"by municipality": [x.totals for x in lines if x.totals]}
    if whole(snapshot):
        ways["by measure"] = [s.totals for s in snapshot.statements.values()]
    found = {
        (way, name): (getattr(statement.totals, name), sum(getattr(part, name) for part in parts))
        for way, parts in ways.items()
        for name in type(statement.totals).model_fields
    }
    funders = [f for line in lines for f in line.funders]
    found["by funder", "committed_cents"] = (statement.totals.committed_cents, sum(f.valid_cents for f in funders))
    found["by funder", "received_cents"] = (statement.totals.received_cents, sum(f.received_cents for f in funders))
    return tuple(
        Disagreement(f"{name.removesuffix('_cents')} {way}", stated, here)
        for (way, name), (stated, here) in found.items()
        if stated != here
    )


def changes_since(predecessor: Predecessor, snapshot: MeasureSnapshot) -> Changes:
    """Entries behind the predecessor's heads, and how the findings differ."""
    before, after = {f.id: f for f in predecessor.findings}, {f.id: f for f in snapshot.findings}
    return Changes(
        entries=tuple(x for x in snapshot.main if x.entry.number > predecessor.main_head)
        + tuple(x for x in snapshot.settlement if x.entry.number > predecessor.settlement_head),
        raised=tuple(f for i, f in after.items() if i not in before),
        settled=tuple(f for i, f in before.items() if i not in after),
    )
