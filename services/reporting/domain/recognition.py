"""What stands of each voucher after the checks: claimed less what open findings put at risk on it.

It is the sum by which funding judges award rates, voucher by voucher. It anticipates, and never replaces, what the granting
authority recognises (anerkannt).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from services.reporting.domain.lines import VoucherLine
from services.reporting.domain.snapshot import MeasureSnapshot
from shared.contracts.funding import Finding


@dataclass(frozen=True, slots=True)
class Recognition:
    """Open findings by what their amounts at risk lie on."""

    at_risk: Mapping[UUID, int]
    """Fact of a voucher → cents, of all findings about it."""
    beyond: tuple[Finding, ...]
    """Findings whose amounts lie on no voucher."""

    def of(self, voucher: VoucherLine) -> int | None:
        """What stands of a voucher, in cents: no euro is taken off twice, however many findings it has. None where its payment is
        neither proven nor objected to: unknown is not zero."""
        claimed, at_risk = voucher.voucher.eligible_cents, self.at_risk.get(voucher.line.entry.fact, 0)
        if voucher.proof is None and at_risk < claimed:
            return None
        return claimed - min(max(0, claimed), at_risk)

    @property
    def beyond_cents(self) -> int:
        """At risk, and on no voucher."""
        return sum(f.at_risk_cents for f in self.beyond)


def recognise(snapshot: MeasureSnapshot) -> Recognition:
    """What the open findings of a measure take off its vouchers."""
    at_risk: dict[UUID, int] = {}
    beyond: list[Finding] = []
    for finding in snapshot.findings:
        if not finding.is_serious:
            continue
        if finding.at_risk_cents and not finding.vouchers:
            beyond.append(finding)
        for fact, cents in finding.vouchers.items():
            at_risk[fact] = at_risk.get(fact, 0) + cents
    return Recognition(at_risk, tuple(beyond))
