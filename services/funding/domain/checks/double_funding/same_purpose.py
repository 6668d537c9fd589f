"""DOP-01."""

from __future__ import annotations

from collections.abc import Iterator

from services.funding.domain.case import Case, Related
from services.funding.domain.checks import objects
from services.funding.domain.checks.crossing import crossed
from services.funding.domain.finding import NOT_APPLICABLE, Noticed, Said, check
from services.funding.domain.purpose import plain
from shared.contracts.funding import Severity
from shared.contracts.intake import Award, MeasureData
from shared.values.german import write_day


@check("DOP-01", Severity.WARNING)
def same_purpose(case: Case) -> Iterator[Said]:
    """Does another awarded measure of the same carrier or municipality do the same, or for the same people, at the same time?

    Once per pair of measures, seen alike from both.
    """
    others = [r for r in case.related if r.awards and not r.withdrawn and _neighbours(case.measure, r.measure)]
    if not others or not case.awards_in_force or case.withdrawn_on:
        yield NOT_APPLICABLE
        return
    for other in others:
        shared = case.measure.implementation.overlap(other.measure.implementation)
        same = _same(case.measure, other.measure)
        if shared and same and _two_awards(case, other):
            first, second = sorted((case.measure, other.measure), key=lambda m: m.key)
            yield Noticed(
                object=objects.measures(first.key, second.key),
                inputs={first.key: first.name, second.key: second.name, **same},
                arithmetic=f"{write_day(shared.start)}–{write_day(shared.end)}",
                references=(case.source.reference, *case.references_of(other.measure)),
                crosses=crossed((first.key, second.key)),
            )


def _same(one: MeasureData, other: MeasureData) -> dict[str, str]:
    """What both say alike."""
    pairs = {"service": (one.service, other.service), "target_group": (one.target_group, other.target_group)}
    return {name: ours for name, (ours, theirs) in pairs.items() if plain(ours) and plain(ours) == plain(theirs)}


def _two_awards(case: Case, other: Related) -> bool:
    """One award that carries both measures funds nothing twice."""
    return len({_award(a) for a in case.awards_in_force} | {_award(a) for a in other.awards}) > 1


def _award(award: Award) -> tuple[str, str]:
    return award.grantor.key, award.reference


def _neighbours(one: MeasureData, other: MeasureData) -> bool:
    here, there = one.municipality, other.municipality
    same_municipality = here.key == there.key or (here.ags is not None and here.ags == there.ags)
    return same_municipality or plain(one.carrier) == plain(other.carrier)
