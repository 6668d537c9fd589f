"""ZEI-07."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from services.funding.domain.case import Case, ProgrammeCase
from services.funding.domain.checks import objects
from services.funding.domain.finding import NOT_APPLICABLE, Check, Noticed, Said, written
from shared.contracts.funding import Severity
from shared.contracts.intake import ReportSigned
from shared.values.german import write_day


def _of_measure(case: Case) -> Iterator[Said]:
    """Was a report of the measure signed before its period was over? Its programme's reports are the programme's business."""
    yield from _early(f for f in case.reports if f.report.measure == case.measure.key)


def _of_programme(case: ProgrammeCase) -> Iterator[Said]:
    """Was a report of the programme signed before its period was over?"""
    yield from _early(f for f in case.reports if f.report.measure is None)


def _early(facts: Iterable[ReportSigned]) -> Iterator[Said]:
    """A report signed on or after the end of the same period settles it."""
    reports = list(facts)
    if not reports:
        yield NOT_APPLICABLE
    final = {f.report.period for f in reports if f.report.signed_on >= f.report.period.end}
    for fact in reports:
        report = fact.report
        if report.signed_on < report.period.end and report.period not in final:
            yield Noticed(
                object=objects.report(report),
                budget_year=report.period.end.year,
                inputs=written(
                    {"signed_on": report.signed_on, "period_end": report.period.end, "cut_off": report.cut_off}
                ),
                arithmetic=f"{write_day(report.signed_on)} < {write_day(report.period.end)}",
                references=(fact.source.reference,),
            )


signed_before_period_end = Check("ZEI-07", Severity.NOTE, "measure", of_measure=_of_measure, of_programme=_of_programme)
