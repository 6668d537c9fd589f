"""PER-01."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction

from services.funding.domain.case import Case
from services.funding.domain.checks import objects
from services.funding.domain.checks.arithmetic import number
from services.funding.domain.checks.crossing import crossed, eu_part
from services.funding.domain.finding import NOT_APPLICABLE, Lacks, Noticed, Said, check, written
from shared.contracts.funding import Severity
from shared.contracts.intake import StaffMonth
from shared.values.german import write_cents
from shared.values.money import apportion, round_half_up

FULL_TIME = Fraction(1)


@check("PER-01", Severity.ERROR)
def over_full_time(case: Case) -> Iterator[Said]:
    """Do a person's shares over all measures stay within one full post in every month? The excess is at risk pro rata."""
    if not case.staff or case.withdrawn_on:
        yield NOT_APPLICABLE                                    # what is withdrawn claims nothing, seen from any side
        return
    months: dict[tuple[str, int, int], list[StaffMonth]] = defaultdict(list)
    ours = {(m.person, m.year, m.month) for m in case.staff if m.share}
    for month in (*case.staff, *case.staff_elsewhere):
        if month.share and (key := (month.person, month.year, month.month)) in ours:
            months[key].append(month)
    for key in sorted(months):
        assigned = sorted(months[key], key=lambda m: m.measure)
        if sum(Fraction(m.share) for m in assigned) > FULL_TIME:
            yield from _excess(case, assigned)


def _excess(case: Case, assigned: Sequence[StaffMonth]) -> Iterator[Said]:
    total = sum((Fraction(m.share) for m in assigned), Fraction(0))
    excess = total - FULL_TIME
    costs = [max(0, m.cost_cents or 0) for m in assigned]
    at_risk = round_half_up(sum(costs) * excess / total)
    parts: dict[str, int] = defaultdict(int)
    for month, part in zip(assigned, apportion(at_risk, costs) if any(costs) else costs, strict=True):
        parts[month.measure] += part
    shares = " + ".join(number(m.share) for m in assigned)
    money = f"; {write_cents(sum(costs))} × {number(excess)}/{number(total)} = {write_cents(at_risk)}" if any(costs) else ""
    yield Noticed(
        object=objects.person(assigned[0]),
        budget_year=assigned[0].year,
        at_risk_cents=at_risk,
        at_risk_eu_cents=eu_part(case, parts),
        inputs={m.measure: number(m.share) for m in assigned} | written({"cost": sum(costs)}),
        arithmetic=f"{shares} = {number(total)}; {number(total)} − 1 = {number(excess)}{money}",
        references=case.references_of(*assigned),
        crosses=crossed(parts),
    )
    if any(m.cost_cents is None for m in assigned):
        yield Lacks(objects.person(assigned[0]), "Personalkosten")
