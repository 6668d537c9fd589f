"""BEL-04."""

from __future__ import annotations

from collections.abc import Iterator

from services.funding.domain.case import Case, Proof
from services.funding.domain.checks.arithmetic import less
from services.funding.domain.checks.proofs import TOLERANCE_CENTS, Proofs, discount_unused, owed_cents, references, unproven
from services.funding.domain.finding import NOT_APPLICABLE, Said, about, check
from shared.contracts.funding import Severity
from shared.contracts.intake import Voucher


@check("BEL-04", Severity.ERROR, "voucher")
def paid_other_amount(case: Case) -> Iterator[Said]:
    """Was exactly what was payable paid: gross less discount and credit? Silent without proof of payment (BEL-05).

    At risk is what is claimed beyond the payment or beyond the invoice, also where it was paid as invoiced; where a share was
    declared BEL-03 judges that. A discount not taken is a note.
    """
    proofs = Proofs(case)
    standing = [v for v in case.vouchers if v.fact not in case.void]
    judged = [v for v in standing if v.data.gross_cents > 0 or (v.data.gross_cents < 0 and proofs.of(v))]
    if not judged:
        yield NOT_APPLICABLE
        return
    yield from unproven(case, judged, proofs)
    for voucher in judged:
        data, proof = voucher.data, proofs.of(voucher)
        if proof is None:
            continue
        paid, unused = proof.invoice_paid_cents, discount_unused(data, proof)
        claim, most = _limits(data, proof)
        beyond = max(0, claim - most) if data.allocation is None else 0
        if abs(paid - data.payable_cents) <= TOLERANCE_CENTS and beyond <= TOLERANCE_CENTS:
            continue
        steps = [less(data.gross_cents, data.discount_cents, data.credit_cents), less(paid, data.payable_cents)]
        steps += [less(claim, most)] if beyond else []
        yield about(
            case,
            voucher,
            severity=Severity.NOTE if unused and beyond <= TOLERANCE_CENTS else Severity.ERROR,
            at_risk=beyond,
            inputs={
                "gross": data.gross_cents, "discount": data.discount_cents, "credit": data.credit_cents,
                "paid": paid, "paid_on": proof.value_date, "claimed": data.eligible_cents,
            },
            arithmetic="; ".join(steps),
            also=references(proof),
        )


def _limits(data: Voucher, proof: Proof) -> tuple[int, int]:
    """What is claimed, and what it may come to: the payment, and no more than was owed. Of a credit note: what it takes back, and
    what came back, whatever part of it had been claimed."""
    if data.gross_cents < 0:
        return data.payable_cents, proof.invoice_paid_cents
    return data.eligible_cents, min(proof.invoice_paid_cents, owed_cents(data, proof))
