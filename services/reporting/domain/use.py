"""Use of the money: whose money paid for what was proven paid.

Money carries no mark of its origin, so use is allotted by a rule (``domain.md`` 2.2: all funds meet all expenditure): what was
proven paid for a budget year is borne by the funders of that year in proportion to what they secured for it, deficit funding
(Fehlbedarfsfinanzierung) only when the others are used up. Where an award secures the whole term without naming years, the term
is allotted as one. What was paid beyond all that is secured is borne by nobody: it is uncovered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
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
    """A budget year, or the whole term (``budget_year`` None): its funders and the vouchers they pay for."""

    budget_year: int | None
    funders: tuple[Used, ...]
    vouchers: tuple[VoucherLine, ...]
    """Those with proof of payment."""

    @property
    def spent_cents(self) -> int:
        """Claimed expenditure with proof of payment."""
        return sum(v.voucher.eligible_cents for v in self.vouchers)

    @property
    def used_cents(self) -> int:
        """What the funders bear of it."""
        return sum(f.used_cents for f in self.funders)

    @property
    def uncovered_cents(self) -> int:
        """What nobody bears."""
        return self.spent_cents - self.used_cents


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
    return tuple(
        Spell(
            year,
            tuple(_allotted(lines[year], sum(v.voucher.eligible_cents for v in vouchers[year]), last)),
            tuple(vouchers[year]),
        )
        for year in sorted({*lines, *vouchers}, key=lambda year: year or 0)
    )


def _deficit(snapshot: MeasureSnapshot) -> frozenset[tuple[str, str]]:
    """Awards that pay only what the others leave, by grantor and reference."""
    awards = (fact.award for fact in snapshot.awards)
    return frozenset((a.grantor.key, a.reference) for a in awards if a.financing is FinancingType.DEFICIT)


def _allotted(lines: list[CoverageLine], spent_cents: int, last: frozenset[tuple[str, str]]) -> Iterator[Used]:
    """What each line bears, in the order given: in proportion to what is secured, and never more than that."""
    rest, parts = spent_cents, dict.fromkeys(range(len(lines)), 0)
    for deficit in (False, True):
        ranked = [i for i, line in enumerate(lines) if line.valid_cents and deficit is _is_deficit(line, last)]
        secured = [lines[i].valid_cents for i in ranked]
        if ranked:
            taken = min(rest, sum(secured))
            parts |= zip(ranked, apportion(taken, secured), strict=True)
            rest -= taken
    return (Used(line, parts[i]) for i, line in enumerate(lines))


def _is_deficit(line: CoverageLine, last: frozenset[tuple[str, str]]) -> bool:
    return any((line.funder.key, decision) in last for decision in (line.decision or "").split("; "))
