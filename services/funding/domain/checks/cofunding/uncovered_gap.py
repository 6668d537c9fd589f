"""KOF-01."""

from __future__ import annotations

from collections.abc import Iterator

from services.funding.domain.case import Case
from services.funding.domain.checks import objects
from services.funding.domain.checks.arithmetic import less
from services.funding.domain.coverage import Coverage, cover
from services.funding.domain.finding import NOT_APPLICABLE, Lacks, Noticed, Said, check, written
from shared.contracts.funding import Severity


@check("KOF-01", Severity.BLOCKING)
def uncovered_gap(case: Case) -> Iterator[Said]:
    """Is what is planned secured in every budget year? Blocks before an award, an error after it."""
    if case.withdrawn_on or not (case.plan or case.commitments or case.awards or case.receipts or case.vouchers):
        yield NOT_APPLICABLE
        return
    if not case.plan:
        yield Lacks(objects.measure(case), "Finanzierungsplan")
        return
    covered = cover(case)
    for year, gap in covered.gaps.items():
        yield _gap(case, covered, gap, year)
    if not covered.gaps and covered.term_gap:
        yield _gap(case, covered, covered.term_gap, None)


def _gap(case: Case, covered: Coverage, gap: int, year: int | None) -> Noticed:
    planned = covered.planned[year] if year else covered.planned_cents
    valid = covered.valid.get(year, 0) if year else covered.valid_cents
    lines = [line for line in covered.lines if year in (None, line.budget_year) and line.why_not]
    sources = [f.source.reference for f in case.plan if year in (None, f.line.budget_year)]
    sources += [f.source.reference for f in case.current_commitments if year in (None, f.commitment.budget_year)]
    return Noticed(
        object=objects.measure(case),
        severity=Severity.ERROR if case.awards_in_force else Severity.BLOCKING,
        budget_year=year,
        at_risk_cents=gap,
        at_risk_eu_cents=case.at_risk_eu(gap),
        inputs=written({"planned": planned, "secured": valid} | {line.funder.name: line.why_not or "" for line in lines}),
        arithmetic=less(planned, valid),
        references=tuple(dict.fromkeys((*sources, *case.references_of(*case.awards)))),
    )
