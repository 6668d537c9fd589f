"""FIN-01."""

from __future__ import annotations

from collections.abc import Iterator

from services.funding.domain.case import Case
from services.funding.domain.checks import objects
from services.funding.domain.checks.arithmetic import less, number
from services.funding.domain.checks.plan.positions import excess_cents, positions_of
from services.funding.domain.finding import NOT_APPLICABLE, Lacks, Noticed, Said, check, written
from shared.contracts.funding import Severity
from shared.values.german import write_cents


@check("FIN-01", Severity.ERROR)
def position_exceeded(case: Case) -> Iterator[Said]:
    """Does every position stay within 120 % of its plan over the term? At risk is what goes beyond.

    Silent on flat rates (they follow their base), on positions the grantor consented to, and where nothing was planned (FIN-03).
    """
    allowed = case.rules.share("overrun")
    if not case.vouchers or allowed is None:
        yield NOT_APPLICABLE
        return
    if not case.plan:
        yield Lacks(objects.measure(case), "Finanzierungsplan")
        return
    for position in positions_of(case):
        if excess := excess_cents(case, position):
            limit = position.actual_cents - excess
            yield Noticed(
                object=objects.position(case, position.name),
                legal_basis=case.rules.source("overrun"),
                at_risk_cents=excess,
                at_risk_eu_cents=case.at_risk_eu(excess),
                inputs=written({"planned": position.planned_cents, "claimed": position.actual_cents}),
                arithmetic=f"{number(1 + allowed)} × {write_cents(position.planned_cents)} = {write_cents(limit)}; "
                f"{less(position.actual_cents, limit)}",
                references=tuple(f.source.reference for f in case.plan if f.line.position == position.name),
            )
