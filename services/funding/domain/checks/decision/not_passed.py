"""BES-06."""

from __future__ import annotations

from collections.abc import Iterator

from services.funding.domain.case import Case, Paper, deciding_step
from services.funding.domain.checks import objects
from services.funding.domain.checks.arithmetic import sum_of
from services.funding.domain.checks.cofunding.in_gap import beyond_gap
from services.funding.domain.checks.decision.promises import POSITIVE, at_stake, is_decided, lacking, papers_of
from services.funding.domain.finding import NOT_APPLICABLE, Noticed, Said, check
from shared.contracts.funding import Severity
from shared.contracts.intake import CofundingCommitted, Step, StepResult


@check("BES-06", Severity.ERROR)
def not_passed(case: Case) -> Iterator[Said]:
    """Did the deciding step pass the paper as it was written? A step without result is BES-05's business.

    „Geändert beschlossen“ fires until the amounts are those of the changed paper, that is until its decision details were handed
    in again as corrected. What BES-02 puts at risk is not at risk here again; nor what KOF-01 does, since what was refused
    covers nothing.
    """
    papers = papers_of(case)
    if not papers:
        yield NOT_APPLICABLE
    for paper, key, promises in papers:
        if paper is None or paper.state is None:
            yield lacking(key)
            continue
        step = deciding_step(paper)
        if step is None or step.result is StepResult.PASSED_UNCHANGED:
            continue
        if step.result is StepResult.PASSED_CHANGED:
            amounts = _read_before_the_change(paper, promises)
            if amounts:
                yield _noticed(case, paper, key, step, amounts, (sum(amounts), ""))
        elif step.result not in POSITIVE:
            amounts = at_stake(paper, promises) if is_decided(paper) else []
            yield _noticed(case, paper, key, step, amounts, beyond_gap(case, sum(amounts)))


def _noticed(case: Case, paper: Paper, key: str, step: Step, amounts: list[int], risk: tuple[int, str]) -> Noticed:
    at_risk, where = risk
    return Noticed(
        object=objects.paper(key),
        at_risk_cents=at_risk,
        at_risk_eu_cents=case.at_risk_eu(at_risk),
        inputs={"body": step.body, "result": step.result_raw or (step.result or "–")},
        arithmetic=sum_of(amounts) + where if amounts else f"{step.body}: {step.result_raw or step.result} → BES-02",
        references=(paper.decision.source.reference,) if paper.decision else (),
    )


def _read_before_the_change(paper: Paper, promises: tuple[CofundingCommitted, ...]) -> list[int]:
    """Amounts nobody said to be those of the changed paper."""
    if not paper.details:
        return at_stake(paper, promises)
    return [d.detail.amount_cents for d in paper.details if d.detail.amount_cents and d.corrects is None]
