"""Claims of one invoice, whichever measures they are of (BEL-01, BEL-03)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction

from services.funding.domain.case import Case, CaseVoucher
from services.funding.domain.invoice import Invoice
from shared.values.money import round_half_up


def claims_by_invoice(case: Case) -> dict[Invoice, list[CaseVoucher]]:
    """All that is claimed of each invoice that this measure claims some of, by name; what was cancelled is out."""
    found: dict[Invoice, list[CaseVoucher]] = defaultdict(list)
    for vouchers, own in ((case.vouchers, True), (case.elsewhere, False)):
        for voucher in vouchers:
            invoice = case.invoices.get(voucher.fact)
            if invoice and voucher.data.eligible_cents > 0 and voucher.fact not in case.cancelled and (own or invoice in found):
                found[invoice].append(voucher)
    return {invoice: sorted(found[invoice], key=lambda v: v.name) for invoice in sorted(found)}


def share_of(voucher: CaseVoucher) -> Fraction:
    """Its share of the invoice: all of it where none was declared."""
    return Fraction(voucher.data.allocation if voucher.data.allocation is not None else 1)


def exceed_invoice(claims: Sequence[CaseVoucher]) -> bool:
    """Are the shares of these claims of one invoice more than the whole of it?"""
    return len(claims) > 1 and sum(map(share_of, claims)) > 1


def whole_of(claims: Sequence[CaseVoucher]) -> int:
    """What claims of one invoice may come to together where their shares exceed it, in cents: the largest of them taken to 100 %,
    and that no more than was payable."""
    largest = max(round_half_up(v.data.eligible_cents / share_of(v)) for v in claims)
    return max(0, min(largest, max(v.data.payable_cents for v in claims)))


def beyond_invoice(claims: Sequence[CaseVoucher]) -> int:
    """What claims of one invoice put at risk because their shares are more than the whole of it (BEL-01), in cents."""
    return 0 if not exceed_invoice(claims) else max(0, sum(v.data.eligible_cents for v in claims) - whole_of(claims))
