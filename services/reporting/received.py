"""Are the bytes kept here those that came? Every subject's events form a hash chain, and the digest of each is kept at arrival.

A seal says what an entry books, not what its voucher looks like, and a fact has none: who changes either in the database of
reports would otherwise have it printed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.messaging.envelope import ZERO, chain


@dataclass(frozen=True, slots=True)
class Kept:
    """An event as the database holds it. ``number``: its place in its subject's order, where that is known."""

    reference: str
    """What people call it: ``M-1/123`` or a row."""
    type: str
    body: bytes
    number: int | None = None


def changed(subject: str, digests: Sequence[bytes], kept: Iterable[Kept]) -> Kept | None:
    """The first event that is not what came under its number; None if all are. ``digests``: of all that came, in order."""
    for one in kept:
        if one.number and not _came(subject, digests, one.number, one):
            return one
    return None


def changed_in_order(subject: str, digests: Sequence[bytes], orders: Iterable[Iterable[Kept]]) -> Kept | None:
    """The same for events whose numbers are not known, in orders that came interleaved with each other and with others."""
    waiting = [deque(order) for order in orders]
    for number in range(1, len(digests) + 1):
        for order in waiting:
            if order and _came(subject, digests, number, order[0]):
                order.popleft()
                break
    return next((order[0] for order in waiting if order), None)


def _came(subject: str, digests: Sequence[bytes], number: int, kept: Kept) -> bool:
    if number > len(digests):
        return False
    previous = digests[number - 2] if number > 1 else ZERO
    return chain(previous, number, subject, kept.type.encode("ascii"), kept.body) == digests[number - 1]
