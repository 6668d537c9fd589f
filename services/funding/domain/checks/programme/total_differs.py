"""PRG-01."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from services.funding.domain.case import ProgrammeCase
from services.funding.domain.checks import objects
from services.funding.domain.checks.arithmetic import less, sum_of
from services.funding.domain.checks.programme.figures import PARTICIPATIONS, joined, latest
from services.funding.domain.finding import NOT_APPLICABLE, Lacks, Noticed, Said, programme_check, written
from shared.contracts.funding import Severity
from shared.values.german import write_cents
from shared.values.money import round_half_up


@programme_check("PRG-01", Severity.ERROR)
def total_differs(case: ProgrammeCase) -> Iterator[Said]:
    """Do the participations' amounts add up to the published total? Half its rounding unit is tolerated, without one nothing."""
    fact = latest(case, PARTICIPATIONS, "cents")
    if fact is None:
        yield NOT_APPLICABLE
        return
    figure, taking_part = fact.figure, joined(case)
    if not taking_part:
        yield Lacks(objects.figure(case, PARTICIPATIONS), "Teilnahmen")
        return
    unknown = [p for p in taking_part if p.amount_cents is None]
    for participation in unknown:
        yield Lacks(objects.municipality(case, participation.municipality.key), "Betrag der Teilnahme")
    amounts = [p.amount_cents or 0 for p in taking_part]
    tolerance = Fraction(figure.rounding_unit_cents or 0, 2)
    difference = abs(sum(amounts) - figure.value)
    if not unknown and difference > tolerance:
        yield Noticed(
            object=objects.figure(case, PARTICIPATIONS),
            inputs=written(
                {"published": figure.value, "published_on": figure.published_on, "publication": figure.publication,
                 "counted": sum(amounts), "tolerance": round_half_up(tolerance)}
            ),
            arithmetic=f"{sum_of(amounts)}; {less(sum(amounts), figure.value)}; "
            f"{write_cents(difference)} > {write_cents(round_half_up(tolerance))}",
            references=(fact.source.reference, *case.references_of(*taking_part)),
        )
