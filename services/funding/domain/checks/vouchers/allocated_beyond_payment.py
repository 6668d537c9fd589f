"""BEL-03."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction

from services.funding.domain.case import Case, CaseVoucher
from services.funding.domain.checks import objects
from services.funding.domain.checks.arithmetic import less, sum_of
from services.funding.domain.checks.crossing import crossed, eu_part, spread
from services.funding.domain.checks.proofs import Proofs, references, unproven
from services.funding.domain.finding import NOT_APPLICABLE, Noticed, Said, check, written
from services.funding.domain.invoice import Invoice
from shared.contracts.funding import Severity
from shared.values.money import round_half_up


@check("BEL-03", Severity.ERROR, "voucher")
def allocated_beyond_payment(case: Case) -> Iterator[Said]:
    """Do the declared allocations of an invoice claim more than was paid for it? Undeclared doubles are BEL-01's business.

    Where shares fall on halves of a cent, each is rounded up: that cent is nobody's claim beyond the payment.
    """
    invoices: dict[Invoice, list[CaseVoucher]] = defaultdict(list)
    for voucher in (*case.vouchers, *case.elsewhere):
        invoice = case.invoices.get(voucher.fact)
        if invoice is not None and voucher.data.allocation is not None and voucher.data.eligible_cents > 0:
            invoices[invoice].append(voucher)
    if not invoices or case.withdrawn_on:
        yield NOT_APPLICABLE                                    # what is withdrawn claims nothing, seen from any side
        return
    proofs = Proofs(case)
    yield from unproven(case, [of[0] for of in invoices.values()], proofs)
    for invoice in sorted(invoices):
        claims = sorted(invoices[invoice], key=lambda v: v.name)
        cents = [v.data.eligible_cents for v in claims]
        proof = proofs.of(claims[0])
        rounded_up = _rounded_up_cents(claims)
        if proof is None or sum(cents) - rounded_up <= proof.invoice_paid_cents:
            continue
        # Shares that exceed the invoice itself are at risk in BEL-01; only what the payment falls short is at risk here.
        claimed = min(sum(cents), claims[0].data.payable_cents) if _beyond_whole(claims) else sum(cents) - rounded_up
        at_risk = max(0, claimed - proof.invoice_paid_cents)
        parts = spread(at_risk, claims)
        yield Noticed(
            object=objects.invoice(invoice),
            at_risk_cents=at_risk,
            at_risk_eu_cents=eu_part(case, parts.by_measure),
            inputs=written({v.name: v.data.eligible_cents for v in claims} | {"paid": proof.invoice_paid_cents}),
            arithmetic=f"{sum_of(cents)}; {less(claimed, proof.invoice_paid_cents)}",
            references=(*(r for v in claims for r in v.references), *references(proof)),
            crosses=crossed(parts.by_measure),
            vouchers=parts.by_voucher,
        )


def _beyond_whole(claims: list[CaseVoucher]) -> bool:
    return sum(v.data.allocation or 0 for v in claims) > 1


def _rounded_up_cents(claims: list[CaseVoucher]) -> int:
    """What shares of no more than the whole add up to beyond it only because each is rounded to its cent: 2 × 50,01 of 100,01."""
    if _beyond_whole(claims):
        return 0
    payable = max(v.data.payable_cents for v in claims)
    shares = (round_half_up(payable * Fraction(v.data.allocation or 0)) for v in claims)
    return max(0, sum(min(v.data.eligible_cents, share) for v, share in zip(claims, shares, strict=True)) - payable)
