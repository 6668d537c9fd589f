"""Proof of payment by invoice: one debit proves payment for all vouchers of the same invoice, whichever measure claims them."""

from __future__ import annotations

from services.funding.domain.case import Case, CaseVoucher, Proof


class Proofs:
    """Looks up the proof of payment of a voucher: its own, or that of another voucher of the same invoice."""

    def __init__(self, case: Case) -> None:
        self._by_invoice = {v.invoice: v.proof for v in (*case.elsewhere, *case.vouchers) if v.invoice and v.proof}

    def of(self, voucher: CaseVoucher) -> Proof | None:
        """None: no booked bank line pays it."""
        return voucher.proof or (self._by_invoice.get(voucher.invoice) if voucher.invoice else None)


def reference(proof: Proof) -> str:
    """Trail reference of the bank line: its entry in the account's journal."""
    return f"{proof.account}/{proof.payment_entry}"
