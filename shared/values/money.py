"""Whole cents. No float comes near money; rounding has names and happens only where they are called."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Annotated

from pydantic import Field

LIMIT = 10**15
"""No amount reaches ten trillion euro; a larger one is a misread file, not money."""

Cents = Annotated[int, Field(ge=-LIMIT, le=LIMIT, strict=True)]
"""Amount in whole euro cents; negative for refunds, repayments and corrections."""

LARGEST_SUM = 10**18
"""Totals of amounts that are each within ``LIMIT`` need room of their own; this still fits PostgreSQL's bigint."""

Sum = Annotated[int, Field(ge=-LARGEST_SUM, le=LARGEST_SUM, strict=True)]
"""A total of amounts, in whole euro cents."""


def round_half_up(value: Fraction | Decimal) -> int:
    """Whole cents by commercial rounding (half away from zero), at the named points of ``domain``: voucher line, grant result.

    >>> round_half_up(Fraction(5, 2)), round_half_up(Fraction(-5, 2))
    (3, -3)
    """
    exact = Fraction(value)
    whole = (abs(exact) * 2 + 1) // 2
    return int(whole) if exact >= 0 else -int(whole)


def round_down(value: Fraction | Decimal) -> int:
    """Whole cents towards zero: a grant is never rounded up (FQ-01).

    >>> round_down(Fraction(47222222, 1) + Fraction(4, 10))
    47222222
    """
    exact = Fraction(value)
    whole = abs(exact) // 1
    return int(whole) if exact >= 0 else -int(whole)


def apportion(total: int, weights: Sequence[int | Fraction | Decimal]) -> list[int]:
    """Parts of ``total`` cents in proportion to ``weights`` that add up to it exactly, by largest remainder.

    Equal remainders go to the earlier part, so the result depends on nothing but the arguments. A negative total is
    apportioned as its positive twin.

    >>> apportion(100, [1, 1, 1])
    [34, 33, 33]
    """
    exact = [Fraction(weight) for weight in weights]
    whole = sum(exact)
    if not whole or any(weight < 0 for weight in exact):
        raise ValueError("apportioning needs weights of zero or more that do not all vanish")
    if total < 0:
        return [-part for part in apportion(-total, exact)]
    ideal = [total * weight / whole for weight in exact]
    parts = [int(share // 1) for share in ideal]
    by_remainder = sorted(range(len(parts)), key=lambda i: (parts[i] - ideal[i], i))
    for i in by_remainder[: total - sum(parts)]:
        parts[i] += 1
    return parts
