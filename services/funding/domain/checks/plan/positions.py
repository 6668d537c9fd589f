"""Planned and actual expenditure by position (Einzelansatz) over the whole term."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from services.funding.domain.case import Case
from shared.values.money import round_down


@dataclass(frozen=True, slots=True)
class Position:
    """One position over the term, in cents."""

    name: str
    planned_cents: int
    actual_cents: int
    flat_rate: bool
    consented: bool
    """The grantor consented to exceeding it beforehand."""

    @property
    def overrun_cents(self) -> int:
        """Beyond the plan: all of it where nothing was planned."""
        return max(0, self.actual_cents - self.planned_cents)

    @property
    def is_unplanned(self) -> bool:
        """Is money spent that no plan line provides for?"""
        return not self.planned_cents and self.actual_cents > 0

    @property
    def saving_cents(self) -> int:
        """Left of the plan."""
        return max(0, self.planned_cents - self.actual_cents)


def positions_of(case: Case) -> tuple[Position, ...]:
    """All positions of plan and vouchers, by name."""
    planned: dict[str, int] = defaultdict(int)
    actual: dict[str, int] = defaultdict(int)
    for fact in case.plan:
        planned[fact.line.position] += fact.line.amount_cents
    for voucher in case.vouchers:
        actual[voucher.data.position] += voucher.data.eligible_cents
    flat = {f.line.position for f in case.plan if f.line.flat_rate}
    consented = {c.position for c in case.consents}
    return tuple(
        Position(name, planned[name], actual[name], name in flat, name in consented) for name in sorted({*planned, *actual})
    )


def excess_cents(case: Case, position: Position) -> int:
    """What a position exceeds its plan by beyond what may be exceeded without consent (FIN-01), in cents."""
    allowed = case.rules.share("overrun")
    if allowed is None or position.flat_rate or position.consented or position.planned_cents <= 0:
        return 0
    return max(0, position.actual_cents - round_down((1 + allowed) * position.planned_cents))
