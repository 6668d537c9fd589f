"""KOF-05."""

from __future__ import annotations

from collections.abc import Iterator

from services.funding.domain.case import Case
from services.funding.domain.checks import objects
from services.funding.domain.checks.arithmetic import less
from services.funding.domain.finding import NOT_APPLICABLE, Noticed, Said, check, written
from shared.contracts.funding import Severity


@check("KOF-05", Severity.ERROR)
def overfunding(case: Case) -> Iterator[Said]:
    """Did more money come in than was eligibly spent? Asked only of closed years and, after the final close, of the whole."""
    closes = {close.budget_year for close in case.closes if close.closed_on <= case.as_of}
    if not closes:
        yield NOT_APPLICABLE
        return
    in_years = 0
    for year in sorted(year for year in closes if year is not None):
        income = sum(f.receipt.amount_cents for f in case.receipts if f.receipt.award_year == year)
        spent = sum(v.data.eligible_cents for v in case.vouchers if v.data.budget_year == year)
        if income > spent:
            in_years += income - spent
            yield _excess(case, income, spent, year, counted=0)
    income, spent = case.received_cents(), case.claimed_cents
    if None in closes and income > spent:
        yield _excess(case, income, spent, None, counted=min(in_years, income - spent))


def _excess(case: Case, income: int, spent: int, year: int | None, *, counted: int) -> Noticed:
    """``counted``: what findings about single years put at risk already."""
    at_risk = income - spent - counted
    return Noticed(
        object=objects.measure(case),
        budget_year=year,
        at_risk_cents=at_risk,
        at_risk_eu_cents=case.at_risk_eu(at_risk),
        inputs=written({"received": income, "claimed": spent}),
        arithmetic=less(income, spent, counted) if counted else less(income, spent),
        references=tuple(f.source.reference for f in case.receipts if year in (None, f.receipt.award_year)),
    )
