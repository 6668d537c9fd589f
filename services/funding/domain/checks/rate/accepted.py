"""A_accepted: what is claimed, less what open voucher findings put at risk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.funding.domain.case import Case
from services.funding.domain.checks.time.outside_implementation import outside_implementation
from services.funding.domain.checks.time.paid_after_final_date import paid_after_final_date
from services.funding.domain.checks.vouchers.allocated_beyond_payment import allocated_beyond_payment
from services.funding.domain.checks.vouchers.claimed_twice import claimed_twice
from services.funding.domain.checks.vouchers.paid_other_amount import paid_other_amount
from services.funding.domain.checks.vouchers.unpaid import unpaid
from services.funding.domain.finding import Check, Noticed
from shared.contracts.intake import Award
from shared.values.funders import FunderKind

VOUCHER_CHECKS: Final[tuple[Check, ...]] = (
    outside_implementation,
    paid_after_final_date,
    claimed_twice,
    allocated_beyond_payment,
    paid_other_amount,
    unpaid,
)
"""Checks that put the claim of single vouchers at risk."""

PUBLIC: Final = frozenset({FunderKind.ESF, FunderKind.BUND, FunderKind.LAND, FunderKind.MUNICIPALITY, FunderKind.JOBCENTER})
"""Funders whose money is public expenditure, where an award's rate applies to that only."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The base an award's rate applies to, in cents."""

    claimed_cents: int
    at_risk_cents: int
    private_cents: int
    """Paid by private funders; 0 where the rate applies to the total."""

    @property
    def cents(self) -> int:
        """A_accepted, never negative."""
        return max(0, self.claimed_cents - self.at_risk_cents - self.private_cents)


def accepted(case: Case, award: Award) -> Accepted:
    """A_accepted of an award. No euro of a voucher is taken off twice, however many findings it has."""
    at_risk = _at_risk_by_voucher(case, VOUCHER_CHECKS)
    off = sum(min(max(0, v.data.eligible_cents), at_risk[v.fact]) for v in case.vouchers if v.fact in at_risk)
    private = sum(f.receipt.amount_cents for f in case.receipts if f.receipt.funder.kind not in PUBLIC)
    return Accepted(case.claimed_cents, off, max(0, private) if award.base == "public" else 0)


def _at_risk_by_voucher(case: Case, checks: Iterable[Check]) -> dict[UUID, int]:
    """Cents at risk in open findings that block or are errors, by the voucher's fact."""
    at_risk: dict[UUID, int] = defaultdict(int)
    for check in checks:
        for said in check.of_measure(case) if check.of_measure else ():
            if not isinstance(said, Noticed) or not (said.severity or check.severity).is_serious:
                continue
            waiver = case.waivers.get(check.identity(said))
            if waiver is None or not waiver.covers(said.at_risk_cents, said.inputs or {}):
                for fact, cents in (said.vouchers or {}).items():
                    at_risk[fact] += cents
    return dict(at_risk)
