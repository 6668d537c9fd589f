"""What is promised and how much of it can be secured, out of a report's own facts, held against the coverage its statement lists.

Why a promise does not cover is for funding to judge, and is printed. What needs no judgement is recomputed here: what was
promised and what came in, to the cent, and that nothing withdrawn, lapsed, revoked or without a decision counts as secured.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar

from services.reporting.domain.facts import Paper
from shared.contracts.funding import CoverageLine, MeasureStatement
from shared.contracts.intake import (
    Award,
    CofundingCommitted,
    Commitment,
    CommitmentStatus,
    GrantFact,
    PlanLineRecorded,
    Receipt,
    ReceiptRecorded,
    StepResult,
    kept_by,
)
from shared.values.funders import FunderKind
from shared.values.subject import paper_key

COVERS: Final = (CommitmentStatus.DECIDED, CommitmentStatus.AWARDED, CommitmentStatus.CUT)
"""Statuses of promises that can cover a year."""
PASSED: Final = (StepResult.PASSED_UNCHANGED, StepResult.PASSED_CHANGED)

V = TypeVar("V", Award, Commitment)
Place = tuple[str, int, bool]
"""A line of the coverage: funder, budget year, whether it is for the whole term."""
Found = tuple[str, str, int, int]
"""Figure, whose it is (funder and year), stated and found, in cents."""


@dataclass(frozen=True, slots=True)
class Backed:
    """What facts say of a line of the coverage, in cents."""

    promised_cents: int
    most_cents: int
    """What of it can be secured at most."""

    def __add__(self, other: Backed) -> Backed:
        return Backed(self.promised_cents + other.promised_cents, self.most_cents + other.most_cents)


NOTHING: Final = Backed(0, 0)


def coverage_differences(
    statement: MeasureStatement,
    *,
    municipality: str,
    commitments: Sequence[CofundingCommitted],
    awards: Sequence[GrantFact],
    receipts: Sequence[ReceiptRecorded],
    papers: Mapping[str, Paper],
) -> Iterator[Found]:
    """Where the coverage is not what promises, awards and receipts bear."""
    lines = {(c.funder.key, c.budget_year, c.whole_term): c for c in statement.coverage}
    paid = [fact.receipt for fact in receipts]
    promises, granted = [f.commitment for f in commitments], [f.award for f in awards]
    backed = _backed(statement.as_of, promises, granted, paid, papers, municipality)
    for place in sorted({*lines, *backed}):
        line, found, whose = lines.get(place), backed.get(place, NOTHING), f"{place[0]} {place[1]}"
        committed, valid = (line.committed_cents, line.valid_cents) if line else (0, 0)
        if committed != found.promised_cents:
            yield "promised", whose, committed, found.promised_cents
        if valid > found.most_cents:
            yield "secured at most", whose, valid, found.most_cents
        if line and valid != committed and not line.why_not:
            yield "secured without a reason", whose, valid, committed
    yield from _received(statement.coverage, paid)


def year_differences(
    statement: MeasureStatement, plan: Sequence[PlanLineRecorded], receipts: Sequence[ReceiptRecorded], claimed: Mapping[int, int]
) -> Iterator[Found]:
    """Where a budget year, or the gap, is not what plan, coverage, receipts and vouchers (``claimed``, by year) make it."""
    planned, valid, received = defaultdict[int, int](int), defaultdict[int, int](int), defaultdict[int, int](int)
    for fact in plan:
        planned[fact.line.budget_year] += fact.line.amount_cents
    for line in statement.coverage:
        if not line.whole_term:
            valid[line.budget_year] += line.valid_cents
    for receipt in (fact.receipt for fact in receipts):
        received[receipt.award_year] += receipt.amount_cents
    term = sum(line.valid_cents for line in statement.coverage if line.whole_term)
    gaps = {year: 0 if term else _gap(planned[year] - valid[year]) for year in [*planned]}
    term_gap = _gap(sum(planned.values()) - sum(valid.values()) - term)
    if statement.state == "withdrawn":                              # a measure that was given up needs nothing more
        gaps, term_gap = {}, 0
    stated = {year.budget_year: year for year in statement.years}
    for year in sorted({*planned, *valid, *received, *claimed, *stated}):
        here = stated.get(year)
        for figure, told, found in (
            ("planned", here and here.planned_cents, planned[year]),
            ("committed", here and here.valid_cents, valid[year]),
            ("received", here and here.received_cents, received[year]),
            ("claimed", here and here.claimed_cents, claimed.get(year, 0)),
            ("gap", here and here.gap_cents, gaps.get(year, 0)),
        ):
            if (told or 0) != found:
                yield figure, str(year), told or 0, found
    gap = sum(gaps.values()) or term_gap
    if statement.totals.gap_cents != gap:
        yield "gap", "", statement.totals.gap_cents, gap


def _gap(cents: int) -> int:
    return cents if cents > 1 else 0                                # KOF-01 tolerates a cent


def _received(coverage: Iterable[CoverageLine], receipts: Iterable[Receipt]) -> Iterator[Found]:
    """Money by funder and year; by funder alone where one line of it is for the whole term and takes what came for any year."""
    any_year = {line.funder.key for line in coverage if line.whole_term}
    stated, found = defaultdict[str, int](int), defaultdict[str, int](int)
    for line in coverage:
        stated[_whose(line.funder.key, line.budget_year, any_year)] += line.received_cents
    for receipt in receipts:
        found[_whose(receipt.funder.key, receipt.award_year, any_year)] += receipt.amount_cents
    for whose in sorted({*stated, *found}):
        if stated[whose] != found[whose]:
            yield "received", whose, stated[whose], found[whose]


def _whose(funder: str, year: int, any_year: Iterable[str]) -> str:
    return funder if funder in any_year else f"{funder} {year}"


def _backed(
    on: date,
    commitments: Sequence[Commitment],
    awards: Sequence[Award],
    receipts: Sequence[Receipt],
    papers: Mapping[str, Paper],
    municipality: str,
) -> dict[Place, Backed]:
    found: dict[Place, Backed] = {}
    for award in _latest(awards, lambda a: (a.grantor.key, a.reference)):
        tranches = [(y.budget_year, y.amount_cents, False) for y in award.years]
        for year, cents, whole in tranches or [(award.period.start.year, award.maximum_cents, True)]:
            place = award.grantor.key, year, whole
            found[place] = found.get(place, NOTHING) + Backed(cents, cents if award.in_force(on) else 0)
    lapsed: dict[Place, list[Commitment]] = defaultdict(list)
    for promise in _latest(commitments, _promise):
        place, cents = (promise.funder.key, promise.budget_year, False), _promised(promise, commitments)
        of_council = promise.funder.kind is FunderKind.MUNICIPALITY
        covers = promise.status in COVERS and (not of_council or _decided(promise, papers, municipality))
        late = covers and promise.expires_on is not None and promise.expires_on < on
        if late:
            lapsed[place].append(promise)
        most = cents if covers and not late else 0
        if of_council:                                              # funding may judge that the council did not decide it
            most = max(0, most)
        found[place] = found.get(place, NOTHING) + Backed(cents, most)
    for place, promises in lapsed.items():
        paid = [r for r in receipts if (r.funder.key, r.award_year) == place[:2]]
        in_time = max(kept_by(paid, promise.expires_on or on) for promise in promises)
        found[place] += Backed(0, max(0, min(in_time, sum(max(0, promise.amount_cents) for promise in promises))))
    return found


def _promise(promise: Commitment) -> tuple[str, str, int]:
    return promise.funder.key, promise.number, promise.budget_year


def _latest(versions: Iterable[V], of: Callable[[V], tuple[str | int, ...]]) -> Iterable[V]:
    """The latest version of each; of equal ones the one that came last."""
    latest: dict[tuple[str | int, ...], V] = {}
    for one in versions:
        held = latest.get(of(one))
        if held is None or one.version >= held.version:
            latest[of(one)] = one
    return latest.values()


def _promised(promise: Commitment, all_versions: Iterable[Commitment]) -> int:
    """What it promises; of one that was taken back, what it promised until then."""
    if promise.status is not CommitmentStatus.WITHDRAWN:
        return promise.amount_cents
    before = [
        c for c in all_versions
        if _promise(c) == _promise(promise) and c.version < promise.version and c.status is not CommitmentStatus.WITHDRAWN
    ]
    return max(before, key=lambda c: c.version, default=promise).amount_cents


def _decided(promise: Commitment, papers: Mapping[str, Paper], municipality: str) -> bool:
    """Is there a paper that passed a step and names an amount for the year? Which step decides is for funding to say."""
    paper = papers.get(paper_key(municipality, promise.decision)) if promise.decision else None
    if paper is None or paper.recorded is None:
        return False
    years = {d.detail.budget_year for d in paper.details if d.detail.amount_cents is not None}
    return promise.budget_year in years and any(step.result in PASSED for step in paper.recorded.decision.steps)
