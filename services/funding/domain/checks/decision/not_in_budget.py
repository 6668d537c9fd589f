"""BES-04."""

from __future__ import annotations

from collections.abc import Iterator

from services.funding.domain.case import Case, Paper, is_deciding
from services.funding.domain.checks import objects
from services.funding.domain.checks.arithmetic import sum_of
from services.funding.domain.checks.decision.promises import POSITIVE, papers_of, without_details
from services.funding.domain.finding import NOT_APPLICABLE, Lacks, Noticed, Said, check, written
from shared.contracts.funding import Severity
from shared.contracts.intake import DecisionDetail

YOUTH_COMMITTEE = "jugendhilfeausschuss"
"""Decides only within means the council provided (§ 71 Abs. 4 SGB VIII): not enough for what is outside the budget."""


@check("BES-04", Severity.ERROR)
def not_in_budget(case: Case) -> Iterator[Said]:
    """Is what was decided in the budget, or approved outside it? Once per paper and year; at risk is what was decided."""
    judged = False
    for paper, key, promises in papers_of(case):
        if paper is None or not paper.details:
            judged = True
            yield without_details(key)
            continue
        resting = {(f.commitment.funder.key, f.commitment.budget_year) for f in promises}
        for year in sorted({d.detail.budget_year for d in paper.details}):
            details = [d.detail for d in paper.details if d.detail.budget_year == year]
            decided = [d for d in details if d.amount_cents is not None or (d.funder.key, year) in resting]
            judged = judged or bool(decided)
            outside = [d for d in decided if d.in_budget is False and not (_approved(case, d) and not _youth_only(paper))]
            if outside:
                amounts = [d.amount_cents or 0 for d in outside]
                yield Noticed(
                    object=objects.paper(key),
                    budget_year=year,
                    at_risk_cents=sum(amounts),
                    at_risk_eu_cents=case.at_risk_eu(sum(amounts)),
                    inputs=written({d.funder.name: d.amount_cents or 0 for d in outside}),
                    arithmetic=sum_of(amounts),
                    references=tuple(d.source.reference for d in paper.details if d.detail.budget_year == year),
                )
            known = {d.funder.key for d in decided if d.in_budget is not None}
            if year in paper.years and any(of == year and funder not in known for funder, of in resting):
                yield Lacks(objects.paper(key), f"Im Budget enthalten {year}")
    if not judged:
        yield NOT_APPLICABLE


def _approved(case: Case, detail: DecisionDetail) -> bool:
    return bool(detail.approval) and not (detail.approved_on and detail.approved_on > case.as_of)


def _youth_only(paper: Paper) -> bool:
    """Did nobody but the youth welfare committee decide?"""
    bodies = [s.body.casefold() for s in (paper.state.steps if paper.state else ()) if is_deciding(s) and s.result in POSITIVE]
    return bool(bodies) and all(YOUTH_COMMITTEE in body for body in bodies)
