"""KOF-11."""

from __future__ import annotations

from collections.abc import Iterator

from services.funding.domain.case import Case, Paper
from services.funding.domain.checks import objects
from services.funding.domain.coverage import secured_of
from services.funding.domain.finding import NOT_APPLICABLE, Noticed, Said, check
from shared.contracts.funding import Severity


@check("KOF-11", Severity.ERROR)
def undocumented_amount(case: Case) -> Iterator[Said]:
    """Has every funder a decision names an amount for each year: in the decision itself, or in a valid promise for that year?"""
    papers = [paper for paper in case.papers.values() if paper.details]
    if case.withdrawn_on or not papers:
        yield NOT_APPLICABLE
        return
    secured = secured_of(case)
    promised = {
        (f.commitment.funder.key, f.commitment.budget_year)
        for f in case.current_commitments
        if f.commitment.amount_cents and secured[f.id][0]
    }
    for paper in sorted(papers, key=lambda p: p.key):
        named = {(d.detail.funder.key, d.detail.budget_year): d.detail.funder.name for d in paper.details}
        documented = promised | {
            (d.detail.funder.key, d.detail.budget_year) for d in paper.details if d.detail.amount_cents is not None
        }
        without = {key: name for key, name in named.items() if key not in documented}
        if without:
            yield _undocumented(paper, named, without)


Named = dict[tuple[str, int], str]
"""Funder and budget year → the funder's name."""


def _undocumented(paper: Paper, named: Named, without: Named) -> Noticed:
    return Noticed(
        object=objects.paper(paper.key),
        inputs={"funders": _list(named, named), "without_amount": _list(without, named)},
        arithmetic=f"{len(named)} − {len(without)} = {len(named) - len(without)} < {len(named)}",
        references=tuple(d.source.reference for d in paper.details),
    )


def _list(some: Named, named: Named) -> str:
    """Names; with their years where the decision names several."""
    several = len({year for _, year in named}) > 1
    return ", ".join(f"{name} {year}" if several else name for (_, year), name in some.items())
