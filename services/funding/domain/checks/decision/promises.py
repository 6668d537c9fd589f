"""Municipal promises that claim to be decided, and the council papers they rest on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from services.funding.domain.case import Case, Paper, is_deciding
from services.funding.domain.checks import objects
from services.funding.domain.finding import Lacks
from shared.contracts.intake import CofundingCommitted, CommitmentStatus, StepResult
from shared.values.funders import FunderKind
from shared.values.subject import paper_key

BINDING: Final = frozenset({CommitmentStatus.DECIDED, CommitmentStatus.AWARDED, CommitmentStatus.CUT})
"""Statuses that say a decision stands behind the promise; announced, applied and conditional ones have none yet."""

POSITIVE: Final = frozenset({StepResult.PASSED_UNCHANGED, StepResult.PASSED_CHANGED})


def binding(case: Case) -> tuple[CofundingCommitted, ...]:
    """Municipal promises that need a council decision; none once the measure is withdrawn."""
    if case.withdrawn_on:
        return ()
    return tuple(
        fact
        for fact in case.current_commitments
        if fact.commitment.funder.kind is FunderKind.MUNICIPALITY and fact.commitment.status in BINDING
    )


def papers_of(case: Case) -> tuple[tuple[Paper | None, str, tuple[CofundingCommitted, ...]], ...]:
    """Each paper binding promises name, its key and those promises; None where it was not handed in."""
    resting: dict[str, list[CofundingCommitted]] = {}
    for fact in binding(case):
        if fact.commitment.decision:
            key = paper_key(case.measure.municipality.key, fact.commitment.decision)
            resting.setdefault(key, []).append(fact)
    return tuple((case.papers.get(key), key, tuple(facts)) for key, facts in sorted(resting.items()))


def lacking(key: str) -> Lacks:
    """The paper itself was not handed in."""
    return Lacks(objects.paper(key), "Ratsvorlage")


def without_details(key: str) -> Lacks:
    """Nobody has read from the paper what it grants to whom: funder, year, amount, budget."""
    return Lacks(objects.paper(key), "Beschlussdetails (Haushaltsjahr, Betrag)")


def is_decided(paper: Paper) -> bool:
    """Did a deciding step pass it?"""
    return any(is_deciding(s) and s.result in POSITIVE for s in (paper.state.steps if paper.state else ()))


def at_stake(paper: Paper, resting: Iterable[CofundingCommitted]) -> list[int]:
    """Cents that hang on a paper: what it grants, the same for every measure that rests on it, or what rests on it here."""
    granted = [d.detail.amount_cents for d in paper.details if d.detail.amount_cents]
    return granted or [f.commitment.amount_cents for f in resting]


