"""KOF-11."""

from __future__ import annotations

from collections.abc import Iterator

from services.funding.domain.case import Case, Paper
from services.funding.domain.checks import objects
from services.funding.domain.coverage import secured
from services.funding.domain.finding import NOT_APPLICABLE, Noticed, Said, check
from shared.contracts.funding import Severity


@check("KOF-11", Severity.ERROR)
def undocumented_amount(case: Case) -> Iterator[Said]:
    """Has every funder a decision names an amount: in the decision itself, or in a valid promise of its own?"""
    papers = [paper for paper in case.papers.values() if paper.details]
    if case.withdrawn_on or not papers:
        yield NOT_APPLICABLE
        return
    promised = {f.commitment.funder.key for f in case.current_commitments if f.commitment.amount_cents and secured(case, f)[0]}
    for paper in sorted(papers, key=lambda p: p.key):
        named = {d.detail.funder.key: d.detail.funder.name for d in paper.details}
        documented = promised | {d.detail.funder.key for d in paper.details if d.detail.amount_cents is not None}
        without = {key: name for key, name in named.items() if key not in documented}
        if without:
            yield _undocumented(paper, named, without)


def _undocumented(paper: Paper, named: dict[str, str], without: dict[str, str]) -> Noticed:
    return Noticed(
        object=objects.paper(paper.key),
        inputs={"funders": ", ".join(named.values()), "without_amount": ", ".join(without.values())},
        arithmetic=f"{len(named)} − {len(without)} = {len(named) - len(without)} < {len(named)}",
        references=tuple(d.source.reference for d in paper.details),
    )
