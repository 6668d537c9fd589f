"""PRG-02."""

from __future__ import annotations

from collections.abc import Iterator

from services.funding.domain.case import ProgrammeCase
from services.funding.domain.checks import objects
from services.funding.domain.checks.arithmetic import less
from services.funding.domain.finding import NOT_APPLICABLE, Lacks, Noticed, Said, programme_check, written
from shared.contracts.funding import Severity
from shared.contracts.intake import Award, Population, SizeBand
from shared.values.funders import FunderKind
from shared.values.german import write_count

OWN_MONEY = frozenset({FunderKind.MUNICIPALITY, FunderKind.CARRIER})
"""Grantors whose awards no size band of a programme limits."""


@programme_check("PRG-02", Severity.ERROR)
def band_exceeded(case: ProgrammeCase) -> Iterator[Said]:
    """Does every award stay within the ceiling of its municipality's size band (Größenstaffel)?"""
    awards = [
        (key, award) for key in sorted(case.awards) if key in case.measures
        for award in case.awards[key] if award.grantor.kind not in OWN_MONEY
    ]
    if not case.bands or not awards:
        yield NOT_APPLICABLE
        return
    for key, award in awards:
        municipality = case.measures[key].municipality.key
        population = population_of(case, municipality)
        if population is None:
            yield Lacks(objects.municipality(case, municipality), "Einwohnerzahl")
        elif (band := band_of(case, population.inhabitants)) is None:
            what = f"Größenklasse für {write_count(population.inhabitants)} Einwohner"
            yield Lacks(objects.municipality(case, municipality), what)
        elif award.maximum_cents > band.maximum_cents:
            yield _exceeded(case, award, population, band)


def population_of(case: ProgrammeCase, municipality: str) -> Population | None:
    """Inhabitants at the latest reference day."""
    counted = [p for p in case.populations if p.municipality == municipality and p.counted_on <= case.judged_on]
    return max(counted, key=lambda p: p.counted_on, default=None)


def band_of(case: ProgrammeCase, inhabitants: int) -> SizeBand | None:
    """The band a number of inhabitants falls into, first and last included."""
    fitting = [
        b for b in case.bands
        if b.inhabitants_from <= inhabitants and (b.inhabitants_to is None or inhabitants <= b.inhabitants_to)
    ]
    return max(fitting, key=lambda b: b.inhabitants_from, default=None)


def _exceeded(case: ProgrammeCase, award: Award, population: Population, band: SizeBand) -> Noticed:
    at_risk = award.maximum_cents - band.maximum_cents
    return Noticed(
        object=objects.award(award, case.awards[award.measure]),
        at_risk_cents=at_risk,
        at_risk_eu_cents=at_risk if award.grantor.is_eu else 0,
        inputs=written({"awarded": award.maximum_cents, "ceiling": band.maximum_cents, "counted_on": population.counted_on})
        | {"inhabitants": write_count(population.inhabitants), "band": _band(band)},
        arithmetic=less(award.maximum_cents, band.maximum_cents),
        references=case.references_of(award, population, band),
    )


def _band(band: SizeBand) -> str:
    """``100.001–500.000``; ``ab 500.001`` where it has no end."""
    start = write_count(band.inhabitants_from)
    return f"{start}–{write_count(band.inhabitants_to)}" if band.inhabitants_to else f"ab {start}"
