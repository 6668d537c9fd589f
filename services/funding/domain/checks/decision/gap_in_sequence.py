"""BES-05."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from services.funding.domain.case import Case
from services.funding.domain.checks import objects
from services.funding.domain.checks.decision.promises import lacking, papers_of
from services.funding.domain.finding import NOT_APPLICABLE, Noticed, Said, check
from shared.contracts.funding import Severity
from shared.contracts.intake import Step
from shared.values.german import write_day


@check("BES-05", Severity.WARNING)
def gap_in_sequence(case: Case) -> Iterator[Said]:
    """Does every step of the consultation sequence show body, date and result, in order of time? Once per paper."""
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
    return {name: ", ".join(found) for name, found in flaws.items() if found}
