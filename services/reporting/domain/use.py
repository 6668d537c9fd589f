"""Use of the money: whose money paid for what was proven paid.

Money carries no mark of its origin, so use is allotted by a rule (ANBest-P Nr. 1.2: all funds meet all expenditure): what was
proven paid for a budget year is borne by the funders of that year in proportion to what they secured for it, deficit funding
(Fehlbedarfsfinanzierung) only when the others are used up; what is more than that, by what earlier years left over, the oldest
first. Where an award secures the whole term without naming years, the term is allotted as one. What was paid beyond all that is
borne by nobody: it is uncovered. No year is borne by a later one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from services.reporting.domain.lines import VoucherLine
from services.reporting.domain.snapshot import MeasureSnapshot
from shared.contracts.funding import CoverageLine
from shared.contracts.intake import FinancingType
from shared.values.money import apportion


@dataclass(frozen=True, slots=True)
class Used:
    """A line of the coverage, and what of the expenditure it bore, in cents."""

    line: CoverageLine
    used_cents: int

    @property
    def balance_cents(self) -> int:
        """Received and not used; negative where the measure pays in advance."""
        return self.line.received_cents - self.used_cents


@dataclass(frozen=True, slots=True)
class Spell:
    """A budget year, or the whole term (``budget_year`` None): its funders and the vouchers of it."""

    budget_year: int | None
    funders: tuple[Used, ...]
    """What each of them bore, of this year's expenditure and of later years'."""
    vouchers: tuple[VoucherLine, ...]
    """Those with proof of payment."""
    own_cents: int
    """What of its expenditure its own funders bore."""
    left_over_cents: int
    """What of its expenditure earlier years' funders bore."""

    @property
    def spent_cents(self) -> int:
        """Claimed expenditure with proof of payment."""
        return _spent(self.vouchers)

    @property
    def uncovered_cents(self) -> int:
        """What nobody bears."""
        return self.spent_cents - self.own_cents - self.left_over_cents


def _spent(vouchers: Sequence[VoucherLine]) -> int:
    return sum(v.voucher.eligible_cents for v in vouchers)


def use_of(snapshot: MeasureSnapshot) -> tuple[Spell, ...]:
    """Use by budget year, or one spell for the term where an award names no years; every coverage line and every voucher with
    proof of payment is in exactly one of them."""
    coverage = snapshot.statement.coverage
    by_term = any(line.whole_term for line in coverage)
    lines: dict[int | None, list[CoverageLine]] = defaultdict(list)
    vouchers: dict[int | None, list[VoucherLine]] = defaultdict(list)
    for line in coverage:
        lines[None if by_term else line.budget_year].append(line)
    for voucher in snapshot.vouchers:
        if voucher.proof is not None:
            vouchers[None if by_term else voucher.voucher.budget_year].append(voucher)
    last = _deficit(snapshot)
    years = sorted({*lines, *vouchers}, key=lambda year: year or 0)
    used = {year: [0] * len(lines[year]) for year in years}
    borne: dict[int | None, tuple[int, int]] = {}
    for before, year in enumerate(years):
        spent = _spent(vouchers[year])
        own, left_over = _allot(lines[year], used[year], spent, last), 0
        for earlier in years[:before]:
            left_over += _allot(lines[earlier], used[earlier], spent - own - left_over, last)
        borne[year] = own, left_over
    return tuple(
        Spell(year, tuple(map(Used, lines[year], used[year])), tuple(vouchers[year]), *borne[year]) for year in years
    )


def _deficit(snapshot: MeasureSnapshot) -> frozenset[tuple[str, str]]:
    """Awards that pay only what the others leave, by grantor and reference."""
    awards = (fact.award for fact in snapshot.awards)
    return frozenset((a.grantor.key, a.reference) for a in awards if a.financing is FinancingType.DEFICIT)


def _allot(lines: Sequence[CoverageLine], used: list[int], cents: int, last: frozenset[tuple[str, str]]) -> int:
    """Let the lines bear as much as they can, in proportion to what of their secured money is left; returns how much that is."""
    taken = 0
    for deficit in (False, True):
        ranked = [i for i, line in enumerate(lines) if deficit is _is_deficit(line, last)]
        free = [max(0, min(lines[i].valid_cents, lines[i].valid_cents - used[i])) for i in ranked]
        if not sum(free):
            continue
        part = min(cents - taken, sum(free))
        for i, share in zip(ranked, apportion(part, free), strict=True):
            used[i] += share
        taken += part
    return taken


def _is_deficit(line: CoverageLine, last: frozenset[tuple[str, str]]) -> bool:
    return any((line.funder.key, decision) in last for decision in (line.decision or "").split("; "))
