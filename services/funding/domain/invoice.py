"""What makes two vouchers vouchers of one invoice, whichever measures claim them."""

from __future__ import annotations

from typing import NamedTuple

from shared.contracts.intake import Voucher


class Invoice(NamedTuple):
    """Fingerprint of an invoice (BEL-01)."""

    issuer: str
    """Pseudonym."""
    number: str
    """Without blanks, in lower case."""
    gross_cents: int


def invoice_of(voucher: Voucher) -> Invoice | None:
    """The invoice a voucher is of; None where it names no invoice number."""
    if not voucher.invoice_number:
        return None
    return Invoice(voucher.issuer.ref, "".join(voucher.invoice_number.split()).casefold(), voucher.gross_cents)
