"""Need against secured money, by funder and budget year: the arithmetic of KOF-01.

Secured is what was decided or awarded and has not lapsed: a promise's latest version at its latest amount, drawn until its last
day (what was received by then still covers); a municipal one only as far as its council decision is, that is once the paper is
there, its deciding step shows that it passed, and only in years it names an amount for; and an award in force, which is a promise
of its grantor: handed in as a promise as well („bewilligt“), it covers once. Where the proof is missing nothing is secured:
BES-01 says that it is missing, KOF-01 what is uncovered meanwhile.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from services.funding.domain.case import Case, deciding_step, is_deciding
from shared.contracts.funding import CoverageLine
from shared.contracts.intake import Award, CofundingCommitted, Commitment, CommitmentStatus, StepResult, kept_by
from shared.values.funders import Funder, FunderKind
from shared.values.german import write_cents, write_day

NOT_YET: Final = {
    CommitmentStatus.ANNOUNCED: "nur angekündigt",
    CommitmentStatus.APPLIED: "nur beantragt",
    CommitmentStatus.CONDITIONAL: "unter Vorbehalt",
    CommitmentStatus.WITHDRAWN: "entfallen",
}
"""Why a promise of this status does not cover; the other statuses do."""

TOLERANCE_CENTS: Final = 1
"""A gap counts above one cent, as the rule says."""

NOT_PASSED: Final = {
    StepResult.REJECTED: "Vorlage {} wurde abgelehnt",
    StepResult.POSTPONED: "Vorlage {} wurde vertagt",
    StepResult.REFERRED: "Vorlage {} wurde verwiesen",
    StepResult.NOTED: "Vorlage {} wurde nur zur Kenntnis genommen",
    StepResult.UNKNOWN: "Beschlussergebnis zu {} unbekannt („{}“)",
}
"""Why a paper that came to its deciding step does not carry a promise; the other results do."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is planned and what is secured, as of the case's day, in cents."""

    lines: tuple[CoverageLine, ...]
    """By funder and year; an award without yearly amounts has one line, in its first year, marked ``whole_term``."""
    planned: Mapping[int, int]
    """By budget year; empty where there is no plan."""
    valid: Mapping[int, int]
    """Secured in each year; without awards that name no years."""
    whole_term_cents: int
    """Secured for the term as a whole."""

    @property
    def planned_cents(self) -> int:
        """The whole plan."""
        return sum(self.planned.values())

    @property
    def valid_cents(self) -> int:
        """All that is secured."""
        return sum(self.valid.values()) + self.whole_term_cents

    @property
    def by_year(self) -> bool:
        """Are years judged singly? Not where an award covers the term without naming years."""
        return not self.whole_term_cents

    def gap(self, year: int) -> int | None:
        """Planned and not secured in a year; None without a plan, or where years are not judged singly."""
        if not self.planned or not self.by_year:
            return None
        return _gap(self.planned[year] - self.valid.get(year, 0)) if year in self.planned else 0

    @property
    def gaps(self) -> dict[int, int]:
        """Years with a gap, where years are judged singly."""
        return {year: gap for year in sorted(self.planned) if (gap := self.gap(year))}

    @property
    def term_gap(self) -> int:
        """Planned and not secured over the whole term, however it spreads over years."""
        return _gap(self.planned_cents - self.valid_cents)

    @property
    def gap_cents(self) -> int:
        """Σ of the years' gaps; the term's where no single year has one."""
        return sum(self.gaps.values()) or self.term_gap


def _gap(cents: int) -> int:
    return cents if cents > TOLERANCE_CENTS else 0


def cover(case: Case) -> Coverage:
    """Coverage of a measure as of the case's day."""
    received = _received(case)
    valid_of = secured_of(case)
    lines: dict[tuple[str, int, bool], CoverageLine] = {}
    for said in (*_awards(case), *_promises(case, valid_of)):
        key = (said.funder.key, said.budget_year, said.whole_term)
        held = lines.get(key)
        lines[key] = said if held is None else _joined(held, said)
    for (funder_key, year), (funder, cents) in received.items():
        with_money = [k for k in lines if k[0] == funder_key and (k[1] == year or k[2])]
        if with_money:
            key = min(with_money, key=lambda k: (k[1] != year, k))
            lines[key] = lines[key].model_copy(update={"received_cents": lines[key].received_cents + cents})
        else:
            lines[funder_key, year, False] = CoverageLine(
                funder=funder, budget_year=year, committed_cents=0, valid_cents=0, received_cents=cents, why_not="keine Zusage"
            )
    ordered = tuple(lines[key] for key in sorted(lines, key=lambda k: (k[1], k[0], k[2])))
    valid: dict[int, int] = defaultdict(int)
    for line in ordered:
        if not line.whole_term:
            valid[line.budget_year] += line.valid_cents
    return Coverage(ordered, case.plan_years, dict(valid), sum(line.valid_cents for line in ordered if line.whole_term))


def secured_of(case: Case) -> dict[UUID, tuple[int, str | None]]:
    """What of each current promise (by its fact) covers its year, in cents, and in German why not all of it.

    What came in before a promise lapsed still covers, and covers once: receipts of a funder and year are spread over its lapsed
    promises, the one that lapsed first being served first, by money that came by its last day and did not go back since.
    """
    found: dict[UUID, tuple[int, str | None]] = {}
    lapsed: dict[tuple[str, int], list[CofundingCommitted]] = defaultdict(list)
    for fact in case.current_commitments:
        promise = fact.commitment
        if promise.status in NOT_YET:
            found[fact.id] = 0, NOT_YET[promise.status]
        elif award := _award_behind(case, promise):
            found[fact.id] = 0, f"im Bescheid {award.reference} enthalten"
        elif promise.funder.kind is FunderKind.MUNICIPALITY and (refused := undecided(case, promise)):
            found[fact.id] = 0, refused
        elif promise.expires_on is not None and promise.expires_on < case.as_of:
            lapsed[promise.funder.key, promise.budget_year].append(fact)
        else:
            found[fact.id] = promise.amount_cents, None
    for key, facts in lapsed.items():
        receipts = [f.receipt for f in case.receipts if (f.receipt.funder.key, f.receipt.award_year) == key]
        used = 0
        for fact in sorted(facts, key=lambda f: (f.commitment.expires_on or date.max, f.commitment.number)):
            promise, last = fact.commitment, fact.commitment.expires_on or date.max
            kept = max(0, min(promise.amount_cents, kept_by(receipts, last) - used))
            used += kept
            why_not = f"abgelaufen am {write_day(last)}, bis dahin eingegangen {write_cents(kept)}"
            found[fact.id] = kept, why_not if kept != promise.amount_cents else None
    return found


def _award_behind(case: Case, promise: Commitment) -> Award | None:
    """The award meant by a promise that says it was awarded: its funder's, for its year; a revoked one where none is in force.

    A promise below zero speaks of none: it is a cut that no version of the award tells.
    """
    if promise.status is not CommitmentStatus.AWARDED or promise.amount_cents < 0:
        return None
    return next(
        (a for a in sorted(case.awards, key=lambda a: not a.in_force(case.as_of))
         if (a.grantor.key, a.grantor.kind) == (promise.funder.key, promise.funder.kind)
         and promise.budget_year in ([year.budget_year for year in a.years] or a.period.years)),
        None,
    )


def undecided(case: Case, promise: Commitment) -> str | None:
    """Why the council's decision does not carry a municipal promise in its year, in German; None if it does.

    What people read from a paper (funder, year, amount) says what was put to the vote; only the paper says that it passed.
    """
    if not promise.decision:
        return "kein Beschluss benannt"
    paper = case.paper_of(promise)
    if paper is None or paper.state is None:
        return f"Beschluss {promise.decision} liegt nicht vor"
    step = deciding_step(paper)
    if step is None:
        without_result = any(is_deciding(s) for s in paper.state.steps)
        return (f"Entscheidung über Vorlage {promise.decision} ohne Ergebnis" if without_result
                else f"Vorlage {promise.decision} zeigt keine Entscheidung")
    if step.result in NOT_PASSED:
        return NOT_PASSED[step.result].format(promise.decision, step.result_raw or "–")
    if promise.budget_year not in paper.years:
        years = ", ".join(map(str, sorted(paper.years))) or "kein Haushaltsjahr"
        return f"Beschluss {promise.decision} deckt {years}, nicht {promise.budget_year}"
    return None


def _awards(case: Case) -> Iterator[CoverageLine]:
    in_force = {(a.grantor.key, a.reference, a.version) for a in case.awards_in_force}
    for award in case.awards:
        why_not = None if (award.grantor.key, award.reference, award.version) in in_force else _not_in_force(award)
        for year, cents, whole in _tranches(award):
            yield CoverageLine(
                funder=award.grantor, budget_year=year, committed_cents=cents, valid_cents=0 if why_not else cents,
                received_cents=0, decision=award.reference, why_not=why_not, whole_term=whole,
            )


def _tranches(award: Award) -> list[tuple[int, int, bool]]:
    years = [(y.budget_year, y.amount_cents, False) for y in award.years]
    return years or [(award.period.start.year, award.maximum_cents, True)]


def _not_in_force(award: Award) -> str:
    if award.revoked_on:
        return f"widerrufen am {write_day(award.revoked_on)}"
    return f"bewilligt erst am {write_day(award.awarded_on)}"


def _promises(case: Case, secured: Mapping[UUID, tuple[int, str | None]]) -> Iterator[CoverageLine]:
    for fact in case.current_commitments:
        promise = fact.commitment
        valid, why_not = secured[fact.id]
        yield CoverageLine(
            funder=promise.funder, budget_year=promise.budget_year, committed_cents=_promised(case, promise), valid_cents=valid,
            received_cents=0, decision=promise.decision, why_not=why_not,
        )


def _promised(case: Case, promise: Commitment) -> int:
    """What it promises; once taken back what it promised until then, since what takes a promise back names no amount, or 0."""
    if promise.status is not CommitmentStatus.WITHDRAWN:
        return promise.amount_cents
    held = [
        c for c in (fact.commitment for fact in case.commitments)
        if (c.funder.key, c.number, c.budget_year) == (promise.funder.key, promise.number, promise.budget_year)
        and c.version < promise.version
        and c.status is not CommitmentStatus.WITHDRAWN
    ]
    return max(held, key=lambda c: c.version, default=promise).amount_cents


def _received(case: Case) -> dict[tuple[str, int], tuple[Funder, int]]:
    """Receipts less repayments by funder and the year of their award or promise."""
    sums: dict[tuple[str, int], tuple[Funder, int]] = {}
    for fact in case.receipts:
        receipt = fact.receipt
        key = (receipt.funder.key, receipt.award_year)
        sums[key] = (receipt.funder, sums.get(key, (receipt.funder, 0))[1] + receipt.amount_cents)
    return sums


def _joined(one: CoverageLine, other: CoverageLine) -> CoverageLine:
    """Two promises of one funder for one year on one line."""
    return one.model_copy(
        update={
            "committed_cents": one.committed_cents + other.committed_cents,
            "valid_cents": one.valid_cents + other.valid_cents,
            "decision": _both(one.decision, other.decision),
            "why_not": _both(one.why_not, other.why_not),
        }
    )


def _both(one: str | None, other: str | None) -> str | None:
    said = dict.fromkeys(text for text in (one, other) if text)
    return "; ".join(said) or None
