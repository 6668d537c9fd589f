"""BES-05."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import Final

from services.funding.domain.case import Case, is_deciding
from services.funding.domain.checks import objects
from services.funding.domain.checks.decision.promises import POSITIVE, lacking, papers_of
from services.funding.domain.finding import NOT_APPLICABLE, Noticed, Said, check
from shared.contracts.funding import Severity
from shared.contracts.intake import Step
from shared.values.german import write_day

CONSULTING_ROLES: Final = frozenset({"vorberatung", "anhörung", "beratung", "empfehlung"})
"""Roles of a step that prepares the decision, as council systems write them; „Kenntnisnahme“ may well come after it."""


@check("BES-05", Severity.WARNING)
def gap_in_sequence(case: Case) -> Iterator[Said]:
    """Does every step of the consultation sequence show body, date and result, in order of time? Once per paper.

    Council systems list steps in any order, so intake lays them by date; out of order is then what was consulted on only after
    the decision.
    """
    papers = papers_of(case)
    if not papers:
        yield NOT_APPLICABLE
    for paper, key, _ in papers:
        if paper is None or paper.state is None:
            yield lacking(key)
        elif flaws := _flaws(paper.state.steps):
            yield Noticed(
                object=objects.paper(key),
                inputs=flaws,
                arithmetic="; ".join(f"{step}: {flaw}" for step, flaw in flaws.items()),
                references=(paper.decision.source.reference,) if paper.decision else (),
            )


def _flaws(steps: Sequence[Step]) -> dict[str, str]:
    """What is wrong with which step, by its place and body."""
    if not steps:
        return {"steps": "keine Beratung"}
    flaws: dict[str, list[str]] = {}
    for place, step in enumerate(steps, 1):
        shown = (("Gremium", step.body.strip()), ("Datum", step.held_on), ("Ergebnis", step.result))
        flaws[f"{place} {step.body}".strip()] = [f"kein {name}" for name, there in shown if not there]
    dated = [(f"{place} {step.body}".strip(), step.held_on) for place, step in enumerate(steps, 1) if step.held_on]
    for (_, before), (name, held_on) in pairwise(dated):
        if held_on < before:
            flaws[name].append(f"{write_day(held_on)} < {write_day(before)}")
    passed = [(place, s.held_on) for place, s in enumerate(steps, 1) if s.held_on and is_deciding(s) and s.result in POSITIVE]
    decided_at, decided_on = passed[-1] if passed else (len(steps), date.max)
    for place, step in enumerate(steps[decided_at:], decided_at + 1):
        if step.held_on and step.held_on > decided_on and _precedes_decision(step):
            late = f"{step.role} {write_day(step.held_on)} nach der Entscheidung vom {write_day(decided_on)}"
            flaws[f"{place} {step.body}".strip()].append(late)
    return {name: ", ".join(found) for name, found in flaws.items() if found}


def _precedes_decision(step: Step) -> bool:
    """Is it a step that only makes sense before the decision?"""
    return not is_deciding(step) and (step.role or "").strip().casefold() in CONSULTING_ROLES
