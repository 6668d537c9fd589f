"""Case → statement: coverage, every check, stages S1–S7 with their explained differences, and a verdict.

``reconcile`` is the only place that runs checks. A stage compares two totals; what differs is explained by a reason code
(D01–D13) or stays unexplained; what cannot be compared says what is missing. The verdict is open until everything that can be
judged was judged: a check without its input has not passed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import Final, Literal
from uuid import UUID

from services.funding.domain.case import Case, ProgrammeCase, provisional
from services.funding.domain.checks.all import CHECKS
from services.funding.domain.checks.programme.band_exceeded import band_of, population_of
from services.funding.domain.checks.programme.figures import active, joined
from services.funding.domain.coverage import TOLERANCE_CENTS, Coverage, cover, undecided
from services.funding.domain.finding import Check
from services.funding.domain.posting import POSTED, payable_share
from services.funding.domain.waiver import Waiver
from shared.contracts.funding import (
    CheckResult,
    CoverageLine,
    Explained,
    FigureLine,
    Finding,
    FunderTotal,
    Head,
    MeasureStatement,
    Missing,
    Outcome,
    ProgrammeLine,
    ProgrammeStatement,
    Provisional,
    Severity,
    Stage,
    Totals,
    YearLine,
)
from shared.contracts.intake import FigurePublished, Participation
from shared.values.funders import FunderKind
from shared.values.german import write_cents

LISTED: Final = 50
"""Unmatched items a stage lists; it counts them all."""
MOST_FINDINGS: Final = 4_000
MOST_MEASURES: Final = 1_500
MOST_DISMISSED: Final = 1_000
"""What a statement names one by one: an event has room for 256 kB. Counts are always of all."""

PLAN: Final = "Finanzierungsplan"
"""What a stage lacks that compares with what is planned."""

Verdict = Literal["reconciled", "explained", "open"]
StageVerdict = Literal["reconciled", "explained", "open", "missing", "not_applicable"]


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What follows from a case: the statement without its place in the journal, and the findings it stands on."""

    case: Case
    state: Literal["active", "withdrawn", "closed"]
    totals: Totals
    years: tuple[YearLine, ...]
    coverage: tuple[CoverageLine, ...]
    stages: tuple[Stage, ...]
    checks: tuple[CheckResult, ...]
    findings: tuple[Finding, ...]
    """Waived ones, too."""
    provisional: Provisional | None
    verdict: Verdict

    @property
    def open_findings(self) -> tuple[Finding, ...]:
        """Those nobody waived."""
        return tuple(f for f in self.findings if f.is_open)

    @property
    def missing(self) -> tuple[Missing, ...]:
        """Facts that checks need and do not have."""
        return tuple(chain.from_iterable(check.missing for check in self.checks))

    def statement(
        self,
        *,
        head: Head,
        settlement: Head,
        facts_upto: int,
        papers_upto: Mapping[str, int] | None = None,
        dismissed: tuple[UUID, ...] = (),
        parked: int = 0,
        rejected: int = 0,
    ) -> MeasureStatement:
        """The statement, standing on this journal and these facts. What is parked or rejected is in none of its figures, so it
        keeps every year open, and a close that was ordered waits for it."""
        incomplete = bool(parked or rejected)
        return MeasureStatement(
            as_of=self.case.as_of,
            rule_set=self.case.rules.name,
            rules=self.case.rules.digest,
            head=head,
            settlement=settlement,
            facts_upto=facts_upto,
            papers_upto=dict(papers_upto or {}),
            dismissed=dismissed[:MOST_DISMISSED],
            dismissed_beyond=max(0, len(dismissed) - MOST_DISMISSED),
            state="active" if incomplete and self.state == "closed" else self.state,
            close_ordered_on=max((c.closed_on for c in self.case.closes if c.budget_year is None), default=None),
            totals=self.totals,
            years=tuple(_still_open(year) for year in self.years) if incomplete else self.years,
            coverage=self.coverage,
            stages=self.stages,
            checks=self.checks,
            findings=tuple(f.id for f in self.open_findings[:MOST_FINDINGS]),
            findings_beyond=max(0, len(self.open_findings) - MOST_FINDINGS),
            parked=parked,
            rejected=rejected,
            suggestions=self.case.suggestions,
            provisional=self.provisional,
            verdict="open" if incomplete else self.verdict,
        )


def _still_open(year: YearLine) -> YearLine:
    return year if year.verdict == "missing" else year.model_copy(update={"verdict": "open"})


def reconcile(case: Case, checks: Sequence[Check] = CHECKS) -> Reconciled:
    """All that can be said about a measure as of the case's day."""
    covered = cover(case)
    results, findings = _checked(case, checks, case.waivers)
    stages = _stages(case, covered)
    totals = Totals(
        planned_cents=covered.planned_cents,
        committed_cents=covered.valid_cents,
        received_cents=case.received_cents(),
        spent_cents=case.spent_cents,
        gap_cents=0 if case.withdrawn_on else covered.gap_cents,
        claimed_cents=case.claimed_cents,
    )
    serious = [f for f in findings if f.is_serious]
    verdicts = {stage.verdict for stage in stages}
    lacking = any(result.missing for result in results) or any(stage.lacks_input for stage in stages)
    return Reconciled(
        case=case,
        state="withdrawn" if case.withdrawn_on else "closed" if any(c.budget_year is None for c in case.closes) else "active",
        totals=totals,
        years=_years(case, covered, serious, lacking, any(stage.explained for stage in stages)),
        coverage=covered.lines,
        stages=stages,
        checks=results,
        findings=findings,
        provisional=provisional(case.reports, case.as_of),
        verdict=_verdict(bool(serious) or lacking or "open" in verdicts, "explained" in verdicts),
    )


def _checked(
    case: Case | ProgrammeCase, checks: Sequence[Check], waivers: Mapping[UUID, Waiver]
) -> tuple[tuple[CheckResult, ...], tuple[Finding, ...]]:
    """Run every check that concerns this kind of case; a waived finding says so and is not counted as open.

    What the rules of the day do not know, such as a check that came with a later version of them, is not applicable.
    """
    results: list[CheckResult] = []
    findings: list[Finding] = []
    for check in checks:
        if (check.of_measure if isinstance(case, Case) else check.of_programme) is None:
            continue
        if check.code not in case.rules.rules:
            results.append(CheckResult(code=check.code, outcome=Outcome.NOT_APPLICABLE))
            continue
        result, found = check.run(case)
        waived = [_waived(f, waivers.get(f.id)) for f in found]
        findings += waived
        accepted = sum(not f.is_open for f in waived)
        results.append(result.model_copy(update={"findings": result.findings - accepted}) if accepted else result)
    return tuple(results), tuple(findings)


def _waived(finding: Finding, waiver: Waiver | None) -> Finding:
    if waiver is None or not waiver.covers(finding.at_risk_cents, finding.inputs):
        return finding
    return finding.model_copy(update={"waived": waiver.reason})


def _verdict(is_open: bool, is_explained: bool) -> Verdict:
    return "open" if is_open else "explained" if is_explained else "reconciled"


def _years(
    case: Case, covered: Coverage, serious: Sequence[Finding], lacking: bool, explained: bool
) -> tuple[YearLine, ...]:
    """``lacking``: is anything missing that a check or stage asks for? That names no year, so it keeps each of them open."""
    claimed: dict[int, int] = defaultdict(int)
    for voucher in case.vouchers:
        claimed[voucher.data.budget_year] += voucher.data.eligible_cents
    received: dict[int, int] = defaultdict(int)
    for receipt in case.receipts:
        received[receipt.receipt.award_year] += receipt.receipt.amount_cents
    lines = []
    for year in sorted({*covered.planned, *covered.valid, *claimed, *received}):
        gap = 0 if case.withdrawn_on and covered.planned else covered.gap(year)
        if gap is None and covered.planned and not covered.term_gap:
            gap = 0                     # an award over the whole term covers every year of it
        found = any(f.budget_year in (None, year) for f in serious)
        is_open = bool(gap) or found or lacking or (gap is None and bool(covered.planned))
        lines.append(
            YearLine(
                budget_year=year,
                planned_cents=covered.planned.get(year, 0) if covered.planned else None,
                valid_cents=covered.valid.get(year, 0),
                received_cents=received.get(year, 0),
                claimed_cents=claimed.get(year, 0),
                gap_cents=gap,
                verdict="missing" if not covered.planned else _verdict(is_open, explained),
            )
        )
    return tuple(lines)


# ── stages ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _stages(case: Case, covered: Coverage) -> tuple[Stage, ...]:
    return (
        _plan_and_secured(case, covered),
        _awards_and_commitments(case, covered),
        _commitments_and_decisions(case),
        _secured_and_received(case, covered),
        _vouchers_and_bank(case),
        _until_drawdowns("S6", "Mittelabruf", case),
        _until_drawdowns("S7", "Zahlungsantrag", case),
    )


def _compared(code: str, left: int, right: int, explained: Iterable[Explained] = ()) -> Stage:
    """A stage whose totals are known: what is not explained is open."""
    reasons = tuple(e for e in explained if e.cents)
    rest = left - right - sum(e.cents for e in reasons)
    return Stage(
        code=code,
        left_cents=left,
        right_cents=right,
        explained=reasons,
        unexplained_cents=rest,
        verdict=_verdict(rest != 0, bool(reasons)),
    )


def _without(code: str, missing: str | None) -> Stage:
    verdict: StageVerdict = "missing" if missing else "not_applicable"
    return Stage(code=code, left_cents=None, right_cents=None, missing=missing, verdict=verdict)


def _plan_and_secured(case: Case, covered: Coverage) -> Stage:
    """S1: what is planned ↔ what awards and commitments secure."""
    if not covered.planned:
        return _without("S1", PLAN if covered.lines and not case.withdrawn_on else None)
    return _compared("S1", covered.planned_cents, covered.valid_cents, [_of_plan(case, covered)])


def _awards_and_commitments(case: Case, covered: Coverage) -> Stage:
    """S2: what the awards leave to co-funding ↔ valid commitments of all others."""
    awards = case.awards_in_force
    if not awards:
        return _without("S2", None)
    if not covered.planned:
        return _without("S2", None if case.withdrawn_on else PLAN)
    awarded = sum(sum(y.amount_cents for y in award.years) if award.years else award.maximum_cents for award in awards)
    return _compared("S2", covered.planned_cents - awarded, covered.valid_cents - awarded, [_of_plan(case, covered)])


def _of_plan(case: Case, covered: Coverage) -> Explained:
    """Why plan and secured money differ where that is no gap: the measure was withdrawn, or it is the cent KOF-01 tolerates."""
    difference = covered.planned_cents - covered.valid_cents
    if case.withdrawn_on:
        return Explained(code="D12", cents=difference, text="Maßnahme zurückgezogen")
    return Explained(code="D02", cents=difference if abs(difference) <= TOLERANCE_CENTS else 0, text="Rundung")


def _commitments_and_decisions(case: Case) -> Stage:
    """S3: municipal commitments ↔ amounts decided for the same funder and year, as far as the council decided."""
    promises = [
        fact.commitment
        for fact in case.current_commitments
        if fact.commitment.funder.kind is FunderKind.MUNICIPALITY and fact.commitment.status in POSTED
    ]
    if not promises:
        return _without("S3", None)
    if not any(paper.state for promise in promises if (paper := case.paper_of(promise))):
        return _without("S3", None if case.withdrawn_on else "Ratsvorlage")
    decided: dict[tuple[str, str, int], int] = {}               # several promises may share what one paper grants
    for promise in promises:
        funder, year = promise.funder.key, promise.budget_year
        if (paper := case.paper_of(promise)) and (detail := paper.detail(funder, year)) and not undecided(case, promise):
            decided[paper.key, funder, year] = detail.amount_cents or 0
    return _compared("S3", sum(promise.amount_cents for promise in promises), sum(decided.values()))


def _secured_and_received(case: Case, covered: Coverage) -> Stage:
    """S4: what is secured ↔ what came in. Until the final close money still to come is a matter of time (D01)."""
    if not covered.lines:
        return _without("S4", None)
    received = case.received_cents()
    outstanding = max(0, covered.valid_cents - received)
    closed = any(close.budget_year is None for close in case.closes)
    text = f"noch nicht eingegangen: {write_cents(outstanding)}"
    return _compared(
        "S4", covered.valid_cents, received, [] if closed else [Explained(code="D01", cents=outstanding, text=text)]
    )


def _vouchers_and_bank(case: Case) -> Stage:
    """S5: what had to be paid for the vouchers ↔ their parts of the matched bank lines."""
    if not case.vouchers:
        return _without("S5", None)
    if not case.bank_statements:
        return _without("S5", "Kontoauszug")
    owed = sum(payable_share(voucher.data) for voucher in case.vouchers)
    paid = sum(voucher.proof.paid_cents for voucher in case.vouchers if voucher.proof)
    unpaid = [v.references[0] for v in case.vouchers if v.proof is None and v.fact not in case.cancelled]
    rounding = Explained(code="D02", cents=_rounded(case), text="Rundung der Anteile an einer Rechnung")
    stage = _compared("S5", owed, paid, [rounding])
    return stage.model_copy(
        update={
            "open_left": tuple(unpaid[:LISTED]),
            "open_right": case.unmatched_payments[:LISTED],
            "open_count": len(unpaid) + len(case.unmatched_payments),
            "verdict": "open" if unpaid else stage.verdict,
        }
    )


def _rounded(case: Case) -> int:
    """Cents by which shares of an invoice, each rounded for itself, differ from their parts of its payment in full."""
    differences = (
        payable_share(voucher.data) - voucher.proof.paid_cents
        for voucher in case.vouchers
        if voucher.proof and voucher.data.allocation and voucher.proof.invoice_paid_cents == voucher.data.payable_cents
    )
    return sum(cents for cents in differences if abs(cents) == 1)


def _until_drawdowns(code: str, missing: str, case: Case) -> Stage:
    """S6, S7: drawdowns and claims are not handed in yet; without Union money there are none."""
    return _without(code, missing if case.eu_award else None)


# ── programme ────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ProgrammeReconciliation:
    """A programme's findings (waived ones, too) and the statement without its place in intake's stream."""

    findings: tuple[Finding, ...]
    statement: ProgrammeStatement


def reconcile_programme(
    case: ProgrammeCase,
    checks: Sequence[Check] = CHECKS,
    *,
    facts_upto: int = 0,
    dismissed: tuple[UUID, ...] = (),
    parked: int = 0,
    rejected: int = 0,
) -> ProgrammeReconciliation:
    """All that can be said about a programme as of the case's day, on top of the statements of its measures."""
    own, findings = _checked(case, checks, case.waivers)
    still_open = [f for f in findings if f.is_open]
    everything = {f.id: f for f in chain(still_open, *case.findings.values())}
    counts: dict[str, int] = defaultdict(int)
    for finding in everything.values():
        counts[finding.code] += 1
    united = _united((*own, *chain.from_iterable(s.checks for s in case.statements.values())), counts)
    verdicts = {s.verdict for s in case.statements.values()}
    unstated = case.measures.keys() - case.statements.keys()
    lacking = any(result.missing for result in own)
    is_open = any(f.is_serious for f in findings) or lacking or "open" in verdicts or bool(parked or rejected or unstated)
    return ProgrammeReconciliation(
        findings,
        ProgrammeStatement(
            as_of=case.as_of,
            rule_set=case.rules.name,
            rules=case.rules.digest,
            facts_upto=facts_upto,
            dismissed=dismissed[:MOST_DISMISSED],
            dismissed_beyond=max(0, len(dismissed) - MOST_DISMISSED),
            measures=dict(sorted(case.events.items())[:MOST_MEASURES]),
            measures_beyond=max(0, len(case.events) - MOST_MEASURES),
            totals=_sum(s.totals for s in case.statements.values()),
            unplanned=sum(not s.has_plan for s in case.statements.values()),
            lines=_lines(case),
            figures=tuple(_figure(case, fact) for fact in case.figures),
            checks=united,
            findings=tuple(f.id for f in still_open[:MOST_FINDINGS]),
            counts=dict(sorted(counts.items())),
            missing={check.code: len(check.missing) for check in united if check.missing},
            at_risk_cents=sum(f.at_risk_cents for f in everything.values()),
            parked=parked + sum(s.parked for s in case.statements.values()),
            rejected=rejected + sum(s.rejected for s in case.statements.values()),
            provisional=provisional(case.reports, case.as_of),
            verdict=_verdict(is_open, "explained" in verdicts),
        ),
    )


WORST_FIRST: Final = (Outcome.FINDING, Outcome.MISSING, Outcome.HOLDS, Outcome.NOT_APPLICABLE)


def _united(results: Iterable[CheckResult], counts: Mapping[str, int]) -> tuple[CheckResult, ...]:
    """One result per check: the worst outcome, findings by identity, each missing fact once."""
    by_code: dict[str, list[CheckResult]] = defaultdict(list)
    for result in results:
        by_code[result.code].append(result)
    order = {check.code: at for at, check in enumerate(CHECKS)}
    return tuple(
        CheckResult(
            code=code,
            outcome=min((r.outcome for r in by_code[code]), key=WORST_FIRST.index),
            findings=counts.get(code, 0),
            missing=tuple({(m.object, m.what): m for r in by_code[code] for m in r.missing}.values()),
        )
        for code in sorted(by_code, key=lambda code: (order.get(code, len(order)), code))
    )


def _sum(totals: Iterable[Totals]) -> Totals:
    sums = dict.fromkeys(Totals.model_fields, 0)
    for one in totals:
        for name in sums:
            sums[name] += getattr(one, name)
    return Totals(**sums)


def _lines(case: ProgrammeCase) -> tuple[ProgrammeLine, ...]:
    """One line per municipality that takes part or has a measure."""
    takes_part = {p.municipality.key: p for p in case.participations}
    names = {m.municipality.key: m.municipality for m in case.measures.values()}
    names |= {p.municipality.key: p.municipality for p in case.participations}
    return tuple(
        _line(case, key, takes_part.get(key), tuple(sorted(m for m, d in case.measures.items() if d.municipality.key == key)))
        for key in sorted(names)
    )


def _line(
    case: ProgrammeCase, municipality: str, participation: Participation | None, measures: tuple[str, ...]
) -> ProgrammeLine:
    known = [case.statements[key] for key in measures if key in case.statements]
    sums: dict[FunderKind, list[int]] = {}
    for line in chain.from_iterable(s.coverage for s in known):
        held = sums.setdefault(line.funder.kind, [0, 0])
        held[0] += line.valid_cents
        held[1] += line.received_cents
    severities: dict[Severity, int] = defaultdict(int)
    for finding in {f.id: f for key in measures for f in case.findings.get(key, ())}.values():
        severities[finding.severity] += 1
    population = population_of(case, municipality)
    band = band_of(case, population.inhabitants) if population else None
    named = participation.municipality if participation else case.measures[measures[0]].municipality
    return ProgrammeLine(
        municipality=named,
        joined_on=participation.joined_on if participation else None,
        left_on=participation.left_on if participation else None,
        participation_cents=participation.amount_cents if participation else None,
        inhabitants=population.inhabitants if population else None,
        band_cents=band.maximum_cents if band else None,
        measures=measures,
        totals=_sum(s.totals for s in known) if known else None,
        unplanned=sum(not s.has_plan for s in known),
        funders=tuple(
            FunderTotal(kind=kind, valid_cents=sums[kind][0], received_cents=sums[kind][1]) for kind in FunderKind if kind in sums
        ),
        findings={severity: severities[severity] for severity in Severity if severity in severities},
    )


def _figure(case: ProgrammeCase, fact: FigurePublished) -> FigureLine:
    """A published figure beside what the participations add up to on the day; other scopes stand for themselves."""
    figure = fact.figure
    counted: int | None = None
    if figure.scope == "municipalities" and figure.unit == "count":
        counted = len(active(case))
    elif figure.scope == "participations" and figure.unit == "cents":
        counted = sum(p.amount_cents or 0 for p in joined(case))
    return FigureLine(
        scope=figure.scope,
        unit=figure.unit,
        published=figure.value,
        published_on=figure.published_on,
        publication=figure.publication,
        counted=counted,
        tolerance=_half(figure.rounding_unit_cents),
        compared=counted is not None,
    )


def _half(rounding_unit_cents: int | None) -> Decimal:
    """Half the unit a figure was rounded to when it was published (PRG-01); 0 where it is exact."""
    return Decimal(rounding_unit_cents or 0) / 2
