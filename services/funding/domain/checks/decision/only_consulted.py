"""BES-02."""

from __future__ import annotations

from collections.abc import Iterator

from services.funding.domain.case import Case, is_deciding
from services.funding.domain.checks import objects
from services.funding.domain.checks.arithmetic import sum_of
from services.funding.domain.checks.cofunding.in_gap import beyond_gap
from services.funding.domain.checks.decision.promises import at_stake, is_decided, lacking, papers_of
from services.funding.domain.finding import NOT_APPLICABLE, Noticed, Said, check
from shared.contracts.funding import Severity


@check("BES-02", Severity.BLOCKING)
def only_consulted(case: Case) -> Iterator[Said]:
    """Was the paper behind a promise decided, not only consulted on: has a deciding step with a positive result?

    What was not decided covers nothing: where there is a plan KOF-01 says what is uncovered, and nothing is at risk here on top.
    """
    papers = papers_of(case)
    if not papers:
        yield NOT_APPLICABLE
    for paper, key, promises in papers:
        if paper is None or paper.state is None:
            yield lacking(key)
        elif not is_decided(paper):
            amounts = at_stake(paper, promises)
            at_risk, where = beyond_gap(case, sum(amounts))
            deciding = [s for s in paper.state.steps if is_deciding(s)]
            yield Noticed(
                object=objects.paper(key),
                at_risk_cents=at_risk,
                at_risk_eu_cents=case.at_risk_eu(at_risk),
                inputs={
                    "steps": ", ".join(f"{s.body} ({s.role or '–'})" for s in paper.state.steps),
                    "result": ", ".join(s.result_raw or "–" for s in deciding) or "–",
                },
                arithmetic=sum_of(amounts) + where,
                references=(paper.decision.source.reference, *(f.source.reference for f in promises)) if paper.decision else (),
            )
