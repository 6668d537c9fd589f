"""What vouchers and months of several measures share: they are found by its hash, whichever measure they are of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from services.funding.domain.invoice import invoice_of
from shared.contracts.intake import Fact, StaffAssigned, Voucher, VoucherCorrected, VoucherRecorded


def of_invoice(voucher: Voucher) -> int | None:
    """What vouchers of one invoice share, as PostgreSQL's bigint; None where the voucher names no invoice."""
    invoice = invoice_of(voucher)
    return _hash("invoice", *map(str, invoice)) if invoice else None


def of_month(assigned: StaffAssigned) -> int:
    """What the months of one person share."""
    return _hash("person", assigned.staff.person, str(assigned.staff.year), str(assigned.staff.month))


def crossings(facts: Iterable[Fact]) -> list[int]:
    """What these vouchers and months share with others. The same are asked for whenever their measure is reconciled."""
    found = (
        _again(fact.voucher) if isinstance(fact, VoucherRecorded | VoucherCorrected)
        else of_month(fact) if isinstance(fact, StaffAssigned) else None
        for fact in facts
    )
    return [key for key in found if key is not None]


_again: Final = lru_cache(4096)(of_invoice)


def _hash(*parts: str) -> int:
    return int.from_bytes(hashlib.blake2b("\x1f".join(parts).encode(), digest_size=8).digest(), "big", signed=True)
