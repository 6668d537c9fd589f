"""BES-01."""

from __future__ import annotations

from collections.abc import Iterator

from services.funding.domain.case import Case
from services.funding.domain.checks import objects
from services.funding.domain.checks.arithmetic import sum_of
from services.funding.domain.checks.cofunding.in_gap import beyond_gap
from services.funding.domain.checks.decision.promises import binding, lacking, papers_of
from services.funding.domain.finding import NOT_APPLICABLE, Noticed, Said, check, written
from shared.contracts.funding import Severity
from shared.contracts.intake import CofundingCommitted


@check("BES-01", Severity.BLOCKING)
def no_decision(case: Case) -> Iterator[Said]:
    """Does every municipal promise name the council decision it rests on? A named paper that was not handed in is missing."""
    promises = binding(case)
    if not promises:
        yield NOT_APPLICABLE
    without: dict[str, list[CofundingCommitted]] = {}
    for fact in promises:
        if not fact.commitment.decision and fact.commitment.amount_cents:
            without.setdefault(objects.commitment(case, fact.commitment), []).append(fact)
    for name, facts in without.items():
        amounts = [f.commitment.amount_cents for f in facts]
        at_risk, where = beyond_gap(case, sum(amounts))
        yield Noticed(
            object=name,
            at_risk_cents=at_risk,
            at_risk_eu_cents=case.at_risk_eu(at_risk),
            inputs=written(
                {"funder": facts[0].commitment.funder.name}
                | {str(f.commitment.budget_year): f.commitment.amount_cents for f in facts}
            ),
            arithmetic=sum_of(amounts) + where,
            references=tuple(f.source.reference for f in facts),
        )
    for paper, key, _ in papers_of(case):
        if paper is None or paper.state is None:
            yield lacking(key)
