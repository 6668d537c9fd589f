"""BEL-05."""

from __future__ import annotations

from collections.abc import Iterator

from services.funding.domain.case import Case
from services.funding.domain.checks.arithmetic import less
from services.funding.domain.checks.proofs import Proofs, unproven
from services.funding.domain.finding import NOT_APPLICABLE, Said, about, check
from shared.contracts.funding import Severity


@check("BEL-05", Severity.BLOCKING, "voucher")
def unpaid(case: Case) -> Iterator[Said]:
    """Does a booked bank line prove the payment of every voucher claimed? One debit proves it for all vouchers of an invoice.

    Where no bank statement was handed in at all nothing is known about payments: then the statement is missing, once.
    """
    if not case.claims:
        yield NOT_APPLICABLE
        return
    proofs = Proofs(case)
    without = [v for v in case.claims if proofs.of(v) is None]
    if without and not case.bank_statements:
        yield from unproven(case, without, proofs)
        return
    taken_back = {claim.fact: max(0, -taker.data.eligible_cents) for claim, taker in case.cancellations}
    for voucher in without:
        claimed, back = voucher.data.eligible_cents, taken_back.get(voucher.fact, 0)
        yield about(
            case,
            voucher,
            at_risk=claimed - back,
            inputs={"claimed": claimed, "invoice_date": voucher.data.invoice_date},
            arithmetic=less(claimed, back),
        )
