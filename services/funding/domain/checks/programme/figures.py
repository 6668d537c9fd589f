"""Published figures: which one counts on the day, and what it is compared with."""

from __future__ import annotations

from services.funding.domain.case import ProgrammeCase
from shared.contracts.intake import FigurePublished, Participation

MUNICIPALITIES = "municipalities"
"""Scope of a figure that counts municipalities (PRG-03)."""
PARTICIPATIONS = "participations"
"""Scope of a figure that is the sum of the participations' amounts (PRG-01)."""


def latest(case: ProgrammeCase, scope: str, unit: str) -> FigurePublished | None:
    """The latest figure of a scope published by the day it is judged on."""
    known = [
        f for f in case.figures
        if f.figure.scope == scope and f.figure.unit == unit and f.figure.published_on <= case.judged_on
    ]
    return max(known, key=lambda f: f.figure.published_on, default=None)


def joined(case: ProgrammeCase) -> tuple[Participation, ...]:
    """Participations begun by the day, ended ones too: what a municipality got stays until the programme corrects it."""
    return tuple(p for p in case.participations if p.joined_on <= case.judged_on)


def active(case: ProgrammeCase) -> tuple[Participation, ...]:
    """Municipalities that take part on the day; the last day of a participation counts."""
    return tuple(p for p in joined(case) if p.left_on is None or p.left_on >= case.judged_on)
