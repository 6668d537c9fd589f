"""BEL-01."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.funding.domain.case import Case, CaseVoucher
from services.funding.domain.checks import objects
from services.funding.domain.checks.arithmetic import less, number, sum_of
from services.funding.domain.checks.claims import beyond_invoice, claims_by_invoice, exceed_invoice, share_of, whole_of
from services.funding.domain.checks.crossing import crossed, eu_part, spread
from services.funding.domain.finding import NOT_APPLICABLE, Noticed, Said, check, written
from services.funding.domain.invoice import Invoice
from shared.contracts.funding import Severity


@check("BEL-01", Severity.ERROR, "voucher")
def claimed_twice(case: Case) -> Iterator[Said]:
    """Is an invoice (issuer, number, gross) claimed at more than 100 %, in any measure?

    A voucher without a declared share claims all of it. At risk is what is claimed beyond the invoice: Σ claims less the largest
    of them taken to 100 %, and that no more than was payable.
    """
    invoices = claims_by_invoice(case)
    if not invoices or case.withdrawn_on:
        yield NOT_APPLICABLE                                    # what is withdrawn claims nothing, seen from any side
        return
    for invoice, claims in invoices.items():
        if exceed_invoice(claims):
            yield _beyond_invoice(case, invoice, claims)


def _beyond_invoice(case: Case, invoice: Invoice, claims: Sequence[CaseVoucher]) -> Noticed:
    cents = [v.data.eligible_cents for v in claims]
    at_risk = beyond_invoice(claims)
    parts = spread(at_risk, claims, cents)
    return Noticed(
        object=objects.invoice(invoice),
        at_risk_cents=at_risk,
        at_risk_eu_cents=eu_part(case, parts.by_measure),
        inputs={
            **written({v.name: v.data.eligible_cents for v in claims}),
            "shares": " + ".join(number(share_of(v)) for v in claims),
        },
        arithmetic=f"{sum_of(cents)}; {less(sum(cents), whole_of(claims))}",
        references=tuple(r for v in claims for r in v.references),
        crosses=crossed(parts.by_measure),
        vouchers=parts.by_voucher,
    )
