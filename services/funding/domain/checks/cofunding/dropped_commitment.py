"""KOF-04."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from services.funding.domain.case import Case
from services.funding.domain.checks import objects
from services.funding.domain.checks.arithmetic import sum_of
from services.funding.domain.checks.cofunding.in_gap import beyond_gap
from services.funding.domain.coverage import cover
from services.funding.domain.finding import NOT_APPLICABLE, Noticed, Said, check, written
from shared.contracts.funding import Severity
from shared.contracts.intake import CofundingCommitted, CommitmentStatus


@check("KOF-04", Severity.BLOCKING)
def dropped_commitment(case: Case) -> Iterator[Said]:
    """Was a promise cut or taken back, and is a year it cut still uncovered? Once per promise, over all its years."""
    if case.withdrawn_on or not case.commitments:
        yield NOT_APPLICABLE
        return
    covered = cover(case)

    def still_open(year: int) -> bool:
        if not covered.planned:
            return True
        gap = covered.gap(year)
        return bool(covered.term_gap if gap is None else gap)

    by_promise = sorted(case.commitments, key=lambda f: (f.commitment.funder.key, f.commitment.number))
    for _, facts in groupby(by_promise, key=lambda f: (f.commitment.funder.key, f.commitment.number)):
        versions = list(facts)
        cuts = {year: cut for year in sorted({f.commitment.budget_year for f in versions}) if (cut := _cut(versions, year))}
        if not any(still_open(year) for year in cuts):
            continue
        promise = versions[-1].commitment
        total = sum(cuts.values())
        at_risk, where = beyond_gap(case, total)
        yield Noticed(
            object=objects.commitment(case, promise),
            at_risk_cents=at_risk,
            at_risk_eu_cents=case.at_risk_eu(at_risk),
            inputs=written({"funder": promise.funder.name} | {str(year): cut for year, cut in cuts.items()}),
            arithmetic=sum_of(list(cuts.values())) + where,
            references=tuple(dict.fromkeys(f.source.reference for f in versions if f.commitment.budget_year in cuts)),
        )


def _cut(facts: Sequence[CofundingCommitted], year: int) -> int:
    """What the latest version of a year promises less than the best before it. A first version taken back cut all it names."""
    versions = sorted((f.commitment for f in facts if f.commitment.budget_year == year), key=lambda c: c.version)
    *before, last = versions
    gone = last.status is CommitmentStatus.WITHDRAWN
    promised = [c.amount_cents for c in before if c.status is not CommitmentStatus.WITHDRAWN]
    held = max(promised, default=last.amount_cents if gone else 0)
    return max(0, held - (0 if gone else last.amount_cents))
