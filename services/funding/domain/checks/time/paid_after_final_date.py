"""ZEI-03."""

from __future__ import annotations

from collections.abc import Iterator

from services.funding.domain.case import Case
from services.funding.domain.checks.proofs import Proofs, part_paid, references, unproven
from services.funding.domain.finding import NOT_APPLICABLE, Said, about, check
from shared.contracts.funding import Severity
from shared.values.german import write_day


@check("ZEI-03", Severity.BLOCKING, "voucher")
def paid_after_final_date(case: Case) -> Iterator[Said]:
    """Was every voucher paid while spending was eligible? By value date; what has no proof of payment is BEL-05's business.

    Of what was paid in instalments those paid too late are at risk.
    """
    last = case.rules.day("eligible_until")
    if last is None or not case.claims:
        yield NOT_APPLICABLE
        return
    proofs = Proofs(case)
    yield from unproven(case, case.claims, proofs)
    for voucher in case.claims:
        proof = proofs.of(voucher)
        if proof and proof.value_date > last:
            late, how = part_paid(voucher.data.eligible_cents, proof, last.__lt__)
            yield about(
                case,
                voucher,
                at_risk=late,
                legal_basis=case.rules.source("eligible_until"),
                inputs={"paid_on": proof.value_date, "eligible_until": last, "claimed": voucher.data.eligible_cents},
                arithmetic=f"{write_day(proof.value_date)} > {write_day(last)}" + (f"; {how}" if how else ""),
                also=references(proof),
            )
