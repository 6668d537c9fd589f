"""Facts of intake as reports show them: which of them stand and count on a day, and council papers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from shared.contracts.intake import (
    AwardAmended,
    CofundingCommitted,
    DecisionDetailed,
    DecisionRecorded,
    Fact,
    FigurePublished,
    GrantAwarded,
    MeasureRegistered,
    ParticipationRecorded,
    PlanLineRecorded,
    PopulationRecorded,
    ProgrammeRegistered,
    ReceiptRecorded,
    ReportSigned,
    SizeBandSet,
    StaffAssigned,
)
from shared.values.subject import paper_key, subject_of


@dataclass(frozen=True, slots=True)
class Paper:
    """A council paper as reports show it: its latest state and the details people read from it."""

    key: str
    recorded: DecisionRecorded | None
    details: tuple[DecisionDetailed, ...] = ()


def shown(facts: Sequence[Fact], on: date, dismissed: Collection[UUID] = ()) -> tuple[Fact, ...]:
    """Those of a subject's facts that a report as of a day prints: no later one corrects them, and they count by the day.

    What was parked and ``dismissed`` is as if it had never been told: it corrects nothing either.
    """
    told = [f for f in facts if f.id not in dismissed]
    corrected = {f.corrects for f in told if f.corrects}
    return tuple(f for f in told if f.id not in corrected and (since := _since(f)) is not None and since <= on)


def _since(fact: Fact) -> date | None:
    """From when on a fact counts; None for those a report does not print."""
    match fact:
        case GrantAwarded() | AwardAmended():
            return fact.award.awarded_on
        case CofundingCommitted():
            return fact.commitment.committed_on
        case ReceiptRecorded():
            return fact.receipt.received_on
        case StaffAssigned():
            return date(fact.staff.year, fact.staff.month, 1)
        case ParticipationRecorded():
            return fact.participation.joined_on
        case FigurePublished():
            return fact.figure.published_on
        case ReportSigned():
            return fact.report.signed_on
        case PopulationRecorded():
            return fact.population.counted_on
        case MeasureRegistered() | ProgrammeRegistered() | PlanLineRecorded() | SizeBandSet():
            return date.min
        case DecisionRecorded() | DecisionDetailed():  # its steps have days of their own
            return date.min
    return None


def registration(facts: Iterable[Fact]) -> MeasureRegistered | None:
    """The latest registration of a measure among its facts."""
    return next((f for f in reversed(tuple(facts)) if isinstance(f, MeasureRegistered)), None)


def plan_of(facts: Iterable[Fact]) -> tuple[PlanLineRecorded, ...]:
    """The plan as it is: the last line of each cell, that is of position, year, module and district."""
    cells: dict[tuple[str, int, str | None, str | None], PlanLineRecorded] = {}
    for fact in facts:
        if isinstance(fact, PlanLineRecorded):
            cells[fact.line.position, fact.line.budget_year, fact.line.module, fact.line.district] = fact
    return tuple(cells.values())


def papers_named(facts: Iterable[Fact], municipality: str) -> tuple[str, ...]:
    """Subjects of the council papers that promises name, in their order, each once."""
    promises = (f.commitment for f in facts if isinstance(f, CofundingCommitted))
    return tuple(dict.fromkeys(subject_of("paper", paper_key(municipality, p.decision)) for p in promises if p.decision))


def papers_of(facts: Iterable[Fact]) -> dict[str, Paper]:
    """Council papers by key, from facts that stand: the latest state, the latest detail of each funder and year."""
    recorded: dict[str, DecisionRecorded | None] = {}
    details: dict[str, dict[tuple[str, int], DecisionDetailed]] = {}
    for fact in facts:
        if isinstance(fact, DecisionRecorded):
            recorded[fact.decision.paper] = fact
        elif isinstance(fact, DecisionDetailed):
            recorded.setdefault(fact.detail.paper, None)
            details.setdefault(fact.detail.paper, {})[fact.detail.funder.key, fact.detail.budget_year] = fact
    return {key: Paper(key, fact, tuple(details.get(key, {}).values())) for key, fact in recorded.items()}
