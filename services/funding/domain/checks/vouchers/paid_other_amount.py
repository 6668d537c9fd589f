"""BEL-04."""

from __future__ import annotations

from collections.abc import Iterator

from services.funding.domain.case import Case
from services.funding.domain.checks.arithmetic import less
from services.funding.domain.checks.proofs import Proofs, references, unproven
from services.funding.domain.finding import NOT_APPLICABLE, Said, about, check
from shared.contracts.funding import Severity
from shared.values.german import write_cents

TOLERANCE_CENTS = 1
"""A difference counts above one cent, as the rule says."""


@check("BEL-04", Severity.ERROR, "voucher")
def paid_other_amount(case: Case) -> Iterator[Said]:
    """Was exactly what was payable paid: gross less discount and credit? Silent without proof of payment (BEL-05).

    At risk is what is claimed beyond the payment, also where it was paid as invoiced and more was claimed; where a share was
    declared BEL-03 judges that. A discount not taken is a note.
    """
    judged = [v for v in case.vouchers if v.data.gross_cents > 0]
    if not judged:
        yield NOT_APPLICABLE
        return
    proofs = Proofs(case)
    yield from unproven(case, judged, proofs)
    for voucher in judged:
        data, proof = voucher.data, proofs.of(voucher)
        if proof is None:
            continue
        paid = proof.invoice_paid_cents
        unused = data.discount_cents > 0 and abs(paid - data.payable_cents - data.discount_cents) <= TOLERANCE_CENTS
        beyond = max(0, data.eligible_cents - paid) if data.allocation is None and not unused else 0
        if abs(paid - data.payable_cents) <= TOLERANCE_CENTS and beyond <= TOLERANCE_CENTS:
            continue
        payable = less(data.gross_cents, data.discount_cents, data.credit_cents)
        yield about(
            case,
            voucher,
            severity=Severity.NOTE if unused else Severity.ERROR,
            at_risk=beyond,
            inputs={
                "gross": data.gross_cents, "discount": data.discount_cents, "credit": data.credit_cents,
                "paid": paid, "paid_on": proof.value_date, "claimed": data.eligible_cents,
            },
            arithmetic=f"{payable}; {less(paid, data.payable_cents)}"
            + (f"; {write_cents(data.eligible_cents)} − {write_cents(paid)} = {write_cents(beyond)}" if beyond else ""),
            also=references(proof),
        )
