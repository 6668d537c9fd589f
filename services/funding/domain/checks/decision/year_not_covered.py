"""BES-07."""

from __future__ import annotations

from collections.abc import Iterator

from services.funding.domain.case import Case
from services.funding.domain.checks import objects
from services.funding.domain.checks.cofunding.in_gap import beyond_gap
from services.funding.domain.checks.decision.promises import papers_of, without_details
from services.funding.domain.finding import NOT_APPLICABLE, Noticed, Said, check, written
from shared.contracts.funding import Severity
from shared.values.german import write_cents


@check("BES-07", Severity.ERROR)
def year_not_covered(case: Case) -> Iterator[Said]:
    """Does the decision behind a municipal promise cover the year it is promised for?"""
    judged = False
    for paper, key, promises in papers_of(case):
        judged = True
        if paper is None or not paper.years:
            yield without_details(key)
            continue
        for fact in promises:
            promise = fact.commitment
            if promise.budget_year in paper.years:
                continue
            at_risk, where = beyond_gap(case, promise.amount_cents)
            covered = ", ".join(map(str, sorted(paper.years)))
            yield Noticed(
                object=objects.commitment(case, promise),
                budget_year=promise.budget_year,
                at_risk_cents=at_risk,
                at_risk_eu_cents=case.at_risk_eu(at_risk),
                inputs=written({"promised": promise.amount_cents, "decision": paper.key, "covered_years": covered}),
                arithmetic=f"{promise.budget_year} ∉ {{{covered}}}: {write_cents(promise.amount_cents)}{where}",
                references=(fact.source.reference, *(d.source.reference for d in paper.details)),
            )
    if not judged:
        yield NOT_APPLICABLE
