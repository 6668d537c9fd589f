"""FQ-02."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from services.funding.domain.case import Case
from services.funding.domain.checks import objects
from services.funding.domain.checks.arithmetic import less
from services.funding.domain.checks.rate.grants import award_of, receipts_of
from services.funding.domain.finding import NOT_APPLICABLE, Noticed, Said, check, written
from shared.contracts.funding import Severity
from shared.contracts.intake import Award


@check("FQ-02", Severity.BLOCKING)
def maximum_exceeded(case: Case) -> Iterator[Said]:
    """Was more paid than an award's maximum: in one of its years (by the receipts' award year), or over the whole term?

    Revoking an award makes nothing good that was paid under it.
    """
    if not case.awards:
        yield NOT_APPLICABLE
    for award in case.awards:
        paid: dict[int, int] = defaultdict(int)
        for receipt in receipts_of(case, award):
            paid[receipt.award_year] += receipt.amount_cents
        tranches: dict[int, int] = defaultdict(int)
        for tranche in award.years:
            tranches[tranche.budget_year] += tranche.amount_cents
        in_years = 0
        for year in sorted(paid) if tranches else ():
            if paid[year] > tranches.get(year, 0):
                in_years += paid[year] - tranches.get(year, 0)
                yield _excess(case, award, paid[year], tranches.get(year, 0), year, counted=0)
        total = sum(paid.values())
        if total > award.maximum_cents:
            yield _excess(case, award, total, award.maximum_cents, None, counted=min(in_years, total - award.maximum_cents))


def _excess(case: Case, award: Award, paid: int, maximum: int, year: int | None, *, counted: int) -> Noticed:
    """``counted``: what findings about single years put at risk already."""
    at_risk = paid - maximum - counted
    receipts = [f for f in case.receipts if year in (None, f.receipt.award_year)]
    return Noticed(
        object=objects.award(award, case.awards),
        budget_year=year,
        at_risk_cents=at_risk,
        at_risk_eu_cents=at_risk if award.grantor.is_eu else 0,
        inputs=written({"paid": paid, "maximum": maximum}),
        arithmetic=less(paid, maximum, counted) if counted else less(paid, maximum),
        references=(
            *case.references_of(award),
            *(f.source.reference for f in receipts if (held := award_of(case, f.receipt)) and held.reference == award.reference),
        ),
    )
