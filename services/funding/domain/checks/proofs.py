"""Proof of payment by invoice: one debit proves payment for all vouchers of the same invoice, whichever measure claims them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.funding.domain.case import Case, CaseVoucher, Proof
from services.funding.domain.checks import objects
from services.funding.domain.finding import NOT_APPLICABLE, Lacks, Said


class Proofs:
    """Looks up the proof of payment of a voucher: its own, or that of another voucher of the same invoice."""

    def __init__(self, case: Case) -> None:
        self._by_invoice = {v.invoice: v.proof for v in (*case.elsewhere, *case.vouchers) if v.invoice and v.proof}

    def of(self, voucher: CaseVoucher) -> Proof | None:
        """None: no booked bank line pays it."""
        return voucher.proof or (self._by_invoice.get(voucher.invoice) if voucher.invoice else None)


def unproven(case: Case, vouchers: Sequence[CaseVoucher], proofs: Proofs) -> Iterator[Said]:
    """What a check of payments says about vouchers without proof, so that what is not known does not look as if it held.

    Without any bank statement the statement is missing, once per measure. Where statements are there and none of these vouchers
    is proven there is nothing to judge: that they are unpaid is BEL-05's business.
    """
    without = sum(proofs.of(voucher) is None for voucher in vouchers)
    if without and not case.bank_statements:
        yield Lacks(objects.measure(case), "Kontoauszug")
    elif without == len(vouchers):
        yield NOT_APPLICABLE


def reference(proof: Proof) -> str:
    """Trail reference of the bank line: its entry in the account's journal."""
    return f"{proof.account}/{proof.payment_entry}"
