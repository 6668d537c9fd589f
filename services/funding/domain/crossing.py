"""What vouchers and months of several measures share: they are found by its hash, whichever measure they are of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, TypeVar
from uuid import UUID

from services.funding.domain.invoice import Named, named_by, number_of, perhaps_of_one
from shared.contracts.intake import Fact, StaffAssigned, Voucher, VoucherCorrected, VoucherRecorded


def of_invoice(voucher: Voucher) -> int | None:
    """What vouchers of one invoice always share, as PostgreSQL's bigint: number and amount, also of what cancels it.

    Who issued it may be said otherwise in each list. None where the voucher names no invoice.
    """
    if not voucher.invoice_number:
        return None
    return _hash("invoice", number_of(voucher.invoice_number), str(abs(voucher.gross_cents)))


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
F = TypeVar("F", bound=Fact)


def sharing(own: Iterable[Fact], found: Sequence[F]) -> list[F]:
    """Of what was found by its hash, all that may be of an invoice of one's own, and the months of one's own persons."""
    months = {of_month(fact) for fact in own if isinstance(fact, StaffAssigned)}
    alike = perhaps_of_one((named for _, named in _named(own)), _named(found))
    return [fact for fact in found if fact.id in alike or (isinstance(fact, StaffAssigned) and of_month(fact) in months)]


def _named(facts: Iterable[Fact]) -> list[tuple[UUID, Named]]:
    return [
        (fact.id, named)
        for fact in facts
        if isinstance(fact, VoucherRecorded | VoucherCorrected) and (named := named_by(fact.voucher))
    ]


def _hash(*parts: str) -> int:
    return int.from_bytes(hashlib.blake2b("\x1f".join(parts).encode(), digest_size=8).digest(), "big", signed=True)
