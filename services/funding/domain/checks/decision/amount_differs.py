"""BES-03."""

from __future__ import annotations

from collections.abc import Iterator

from services.funding.domain.case import Case
from services.funding.domain.checks import objects
from services.funding.domain.checks.arithmetic import less, sum_of
from services.funding.domain.checks.decision.promises import papers_of, without_details
from services.funding.domain.finding import NOT_APPLICABLE, Lacks, Noticed, Said, check, written
from shared.contracts.funding import Severity
from shared.contracts.intake import CofundingCommitted


@check("BES-03", Severity.ERROR)
def amount_differs(case: Case) -> Iterator[Said]:
    """Is what was decided for a funder and year what was promised? Only years the decision covers; the others are BES-07's.

    Several promises of one funder on one paper are taken together. At risk is what was promised beyond the decision.
    """
    judged = False
    for paper, key, promises in papers_of(case):
        if paper is None or not paper.years:
            judged = True
            yield without_details(key)
            continue
        by_funder_year: dict[tuple[str, int], list[CofundingCommitted]] = {}
        for fact in promises:
            by_funder_year.setdefault((fact.commitment.funder.key, fact.commitment.budget_year), []).append(fact)
        for (funder, year), facts in by_funder_year.items():
            if year not in paper.years:
                continue
            judged = True
            promised = [f.commitment.amount_cents for f in facts]
            detail = paper.detail(funder, year)
            name = objects.commitment(case, facts[0].commitment)
            if detail is None or detail.amount_cents is None:
                yield Lacks(name, f"Beschlussbetrag {year}")
            elif sum(promised) != detail.amount_cents:
                at_risk = max(0, sum(promised) - detail.amount_cents)
                yield Noticed(
                    object=name,
                    budget_year=year,
                    at_risk_cents=at_risk,
                    at_risk_eu_cents=case.at_risk_eu(at_risk),
                    inputs=written({"promised": sum(promised), "decided": detail.amount_cents, "decision": paper.key}),
                    arithmetic=(f"{sum_of(promised)}; " if len(promised) > 1 else "") + less(sum(promised), detail.amount_cents),
                    references=(*(f.source.reference for f in facts), *(d.source.reference for d in paper.details)),
                )
    if not judged:
        yield NOT_APPLICABLE
