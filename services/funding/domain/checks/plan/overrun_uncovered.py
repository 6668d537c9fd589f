"""FIN-02."""

from __future__ import annotations

from collections.abc import Iterator

from services.funding.domain.case import Case
from services.funding.domain.checks import objects
from services.funding.domain.checks.arithmetic import less
from services.funding.domain.checks.plan.positions import excess_cents, positions_of
from services.funding.domain.finding import NOT_APPLICABLE, Lacks, Noticed, Said, check, written
from shared.contracts.funding import Severity
from shared.values.german import write_cents


@check("FIN-02", Severity.ERROR)
def overrun_uncovered(case: Case) -> Iterator[Said]:
    """Are overruns made good by savings in other real-cost positions, and does the whole stay within the plan?

    Consent shields single positions, never the total. What FIN-01 puts at risk is not at risk here again. A position nobody
    planned is an overrun of its whole amount; the arithmetic names it.
    """
    if not case.vouchers:
        yield NOT_APPLICABLE
        return
    if not case.plan:
        yield Lacks(objects.measure(case), "Finanzierungsplan")
        return
    positions = positions_of(case)
    real = [p for p in positions if not p.flat_rate]
    overruns, savings = sum(p.overrun_cents for p in real), sum(p.saving_cents for p in real)
    planned, actual = sum(p.planned_cents for p in positions), sum(p.actual_cents for p in positions)
    beyond = max(overruns - savings, actual - planned)
    if beyond <= 0:
        return
    counted = min(beyond, sum(excess_cents(case, p) for p in positions))
    left, right = (overruns, savings) if beyond == overruns - savings else (actual, planned)
    unplanned = "".join(f"; {p.name} nicht geplant: {write_cents(p.actual_cents)}" for p in real if p.is_unplanned)
    yield Noticed(
        object=objects.measure(case),
        at_risk_cents=beyond - counted,
        at_risk_eu_cents=case.at_risk_eu(beyond - counted),
        inputs=written({"overruns": overruns, "savings": savings, "planned": planned, "claimed": actual, "in_FIN-01": counted}),
        arithmetic=(less(left, right, counted) if counted else less(left, right)) + unplanned,
        references=tuple(f.source.reference for f in case.plan),
    )
