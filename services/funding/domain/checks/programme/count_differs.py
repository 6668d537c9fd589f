"""PRG-03."""

from __future__ import annotations

from collections.abc import Iterator

from services.funding.domain.case import ProgrammeCase
from services.funding.domain.checks import objects
from services.funding.domain.checks.programme.figures import MUNICIPALITIES, active, latest
from services.funding.domain.finding import NOT_APPLICABLE, Lacks, Noticed, Said, programme_check
from shared.contracts.funding import Severity
from shared.values.german import write_day


@programme_check("PRG-03", Severity.WARNING)
def count_differs(case: ProgrammeCase) -> Iterator[Said]:
    """Do as many municipalities take part as were published, both on the same day?"""
    fact = latest(case, MUNICIPALITIES, "count")
    if fact is None:
        yield NOT_APPLICABLE
        return
    if not case.participations:
        yield Lacks(objects.figure(case, MUNICIPALITIES), "Teilnahmen")
        return
    figure, counted = fact.figure, len({p.municipality.key for p in active(case)})
    if counted != figure.value:
        yield Noticed(
            object=objects.figure(case, MUNICIPALITIES),
            inputs={
                "published": str(figure.value), "published_on": write_day(figure.published_on), "publication": figure.publication,
                "counted": str(counted), "counted_on": write_day(case.judged_on),
            },
            arithmetic=f"{counted} ≠ {figure.value}",
            references=(fact.source.reference, *case.references_of(*active(case))),
        )
