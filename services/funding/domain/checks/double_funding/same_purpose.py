"""DOP-01."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from services.funding.domain.case import Case, Related
from services.funding.domain.checks import objects
from services.funding.domain.checks.crossing import crossed
from services.funding.domain.finding import NOT_APPLICABLE, Noticed, Said, check
from services.funding.domain.purpose import plain
from shared.contracts.funding import Severity
from shared.contracts.intake import Award, MeasureData
from shared.values.german import write_count, write_day

MOST_PAIRS: Final = 20
"""Measures that do the same as one and are found pair by pair; more are found together."""


@check("DOP-01", Severity.WARNING)
def same_purpose(case: Case) -> Iterator[Said]:
    """Does another awarded measure of the same carrier or municipality do the same, or for the same people, at the same time?

    Once per pair of measures, seen alike from both. A measure that overlaps with very many has one finding for all of them
    instead; of those, who overlaps with few still tells the pair.
    """
    others = [r for r in case.related if r.awards and not r.withdrawn and _neighbours(case.measure, r.measure)]
    if not others or not case.awards_in_force or case.withdrawn_on:
        yield NOT_APPLICABLE
        return
    alike = [
        other.measure for other in others
        if _same(case.measure, other.measure) and _days(case.measure, other.measure) and _two_awards(case, other)
    ]
    if len(alike) > MOST_PAIRS:
        yield _many(case, alike)
    else:
        yield from (_pair(case, other) for other in alike)


def _pair(case: Case, other: MeasureData) -> Noticed:
    first, second = sorted((case.measure, other), key=lambda m: m.key)
    return Noticed(
        object=objects.measures(first.key, second.key),
        inputs={first.key: first.name, second.key: second.name, **_same(case.measure, other)},
        arithmetic=_days(case.measure, other),
        references=(case.source.reference, *case.references_of(other)),
        crosses=crossed((first.key, second.key)),
    )


def _many(case: Case, others: Sequence[MeasureData]) -> Noticed:
    """A finding of this measure alone: thousands that do the same would make millions of pairs."""
    ordered = sorted(others, key=lambda m: m.key)
    return Noticed(
        object=objects.measure(case),
        inputs={other.key: _days(case.measure, other) for other in ordered},
        arithmetic=f"{write_count(len(ordered))} > {MOST_PAIRS}",
        references=(case.source.reference, *case.references_of(*ordered)),
    )


def _days(one: MeasureData, other: MeasureData) -> str:
    """The days both run; empty if there are none."""
    shared = one.implementation.overlap(other.implementation)
    return f"{write_day(shared.start)}–{write_day(shared.end)}" if shared else ""


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
