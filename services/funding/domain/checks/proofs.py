"""Proof of payment by invoice: one debit proves payment for all vouchers of the same invoice, whichever measure claims them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from fractions import Fraction
from typing import Final

from services.funding.domain.case import Case, CaseVoucher, Proof
from services.funding.domain.checks import objects
from services.funding.domain.finding import NOT_APPLICABLE, Lacks, Said
from shared.contracts.intake import Voucher
from shared.values.german import write_cents
from shared.values.money import round_half_up

TOLERANCE_CENTS: Final = 1
"""Invoice and payment differ above one cent, as the rule says (BEL-04)."""


class Proofs:
    """Looks up the proof of payment of a voucher: its own, or that of another voucher of the same invoice."""

    def __init__(self, case: Case) -> None:
        self._invoices = case.invoices
        self._by_invoice = {
            self._invoices[v.fact]: v.proof for v in (*case.elsewhere, *case.vouchers) if v.proof and v.fact in self._invoices
        }

    def of(self, voucher: CaseVoucher) -> Proof | None:
        """None: no booked bank line pays it."""
        if voucher.proof is not None or voucher.fact not in self._invoices:
            return voucher.proof
        return self._by_invoice.get(self._invoices[voucher.fact])


def discount_unused(voucher: Voucher, proof: Proof) -> bool:
    """Was the invoice paid in full although it allowed a discount?"""
    undiscounted = voucher.payable_cents + voucher.discount_cents
    return voucher.discount_cents > 0 and abs(proof.invoice_paid_cents - undiscounted) <= TOLERANCE_CENTS


def owed_cents(voucher: Voucher, proof: Proof | None) -> int:
    """What had to be paid for the whole invoice: a discount that was not taken is none."""
    return voucher.payable_cents + (voucher.discount_cents if proof and discount_unused(voucher, proof) else 0)


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


def part_paid(cents: int, proof: Proof, when: Callable[[date], bool]) -> tuple[int, str]:
    """What of a claim was paid on days of which ``when`` holds, and its arithmetic where that is not all of it.

    A claim paid in instalments is divided as they are.
    """
    whole = proof.invoice_paid_cents
    then = sum(line.invoice_paid_cents for line in proof.lines if when(line.value_date))
    if all(when(line.value_date) for line in proof.lines) or not 0 <= then < whole:
        return cents, ""
    part = round_half_up(Fraction(cents * then, whole))
    return part, f"{write_cents(cents)} × {write_cents(then)}/{write_cents(whole)} = {write_cents(part)}"


def references(proof: Proof) -> tuple[str, ...]:
    """Trail references of the bank lines: their entries in the journals of their accounts."""
    return tuple(f"{line.account}/{line.payment_entry}" for line in proof.lines)
